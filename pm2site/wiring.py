"""Connects rooms that may not import each other: hands to a lower one what only a higher one knows.

Every such connection of the server is made here, by a `set_` function of the lower room. The values are read at each
use, so a changed setting takes effect.
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from monitoring.admin import history_section
from monitoring.api import timeline
from monitoring.sampling import own_cost
from pm2 import admin as pm2_admin
from pm2.actions import start_steps
from pm2.frameworks import registry
from pm2site.audit import deploys, trail
from pm2site.live.connections import sockets
from rediscluster.nodes.addresses import redis_ports
from system.host import binaries, host_sampler
from system.lib import audit_hook


def connect_rooms() -> None:
    """Called once, when Django's apps are loaded and before PM2's app checks its registry."""
    binaries.set_configured_programs(lambda name: str(settings.REDIS_SERVER or "") if name == "redis-server" else "")
    registry.set_port_offset(lambda: int(settings.FRAMEWORK_PORT_OFFSET))
    start_steps.set_redis_ports(redis_ports)
    host_sampler.set_disk_folder(lambda: Path(settings.DATA_DIR))
    own_cost.set_socket_count(lambda: len(sockets.open))
    timeline.set_actions(deploys.actions_between)
    pm2_admin.set_history_section(history_section.render_section)
    audit_hook.set_recorder(trail.record_command, trail.record_own)
