"""Samples what is recorded whether or not somebody watches, except what a watcher has just caused to be sampled."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from django.conf import settings

from monitoring.sampling import demand, taps
from monitoring.sampling.own_cost import loop_lag
from pm2site.live.hub import Source, Stream, get_hub

PERIOD_S = 5.0  # two samples in each step of the history; PM2's list is polled as often without it
SLACK_S = 0.5  # a sample that is nearly a period old is not too old
NAMES = (taps.host.name, taps.pm2.name, taps.redis.name)


async def keep_sampling(sources: Mapping[str, Source]) -> None:
    """Runs until it is cancelled."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(loop_lag.measure())
        tasks.create_task(_sample_all(sources))


async def _sample_all(sources: Mapping[str, Source]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        if settings.HISTORY or demand.is_current():
            streams = [get_hub(sources).streams[name] for name in NAMES]
            waiting = [stream.fresh(PERIOD_S - SLACK_S) for stream in streams if isinstance(stream, Stream)]
            await asyncio.gather(*waiting, taps.own.sample(), return_exceptions=True)  # the stream reports its errors
        await asyncio.sleep(PERIOD_S - loop.time() % PERIOD_S)
