"""The taps of this server's sampled streams."""

from __future__ import annotations

from monitoring.sampling import own_cost
from monitoring.sampling.own_cost import OwnCost
from monitoring.sampling.tap import Tap
from pm2.monitor import current_monitor
from pm2.monitor.listing import Stats
from rediscluster.status import cluster_sampler
from rediscluster.status.cluster_stats import RedisStats
from system.host import host_sampler
from system.host.metrics import HostStats

host: Tap[HostStats] = Tap("system:metrics", host_sampler.sample)
pm2: Tap[Stats] = Tap("pm2:stats", current_monitor.sample)
own: Tap[OwnCost] = Tap("self", own_cost.sample)
redis: Tap[RedisStats] = Tap("redis:stats", cluster_sampler.sample)
