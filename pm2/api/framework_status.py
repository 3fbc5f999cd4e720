"""Lists the frameworks: which can be started, and how many instances are running."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from pm2.daemon.process import Status
from pm2.frameworks.registry import Framework, check_availability, registry
from pm2.monitor.current_monitor import sample
from pm2.monitor.listing import Stats


@dataclass(frozen=True, slots=True)
class FrameworkStatus:
    """A framework of the registry with its current state. `running`: number of instances online."""

    name: str
    display_name: str
    runtime: str
    port: int
    color: str
    exec_mode: str
    instances: Annotated[int, "Default number of instances"]
    installed: bool
    reason: Annotated[str | None, "Why it cannot be started on this host"]
    running: Annotated[int, "Instances online"]


@dataclass(frozen=True, slots=True)
class FrameworkList:
    frameworks: tuple[FrameworkStatus, ...]
    timestamp: datetime


async def list_frameworks() -> FrameworkList:
    stats = await sample()
    statuses = [await asyncio.to_thread(_framework_status, framework, stats) for framework in registry().frameworks]
    return FrameworkList(tuple(statuses), datetime.now(UTC))


def _framework_status(framework: Framework, stats: Stats) -> FrameworkStatus:
    availability = check_availability(framework)
    online = [process for process in stats.processes if process.status is Status.ONLINE and not stats.stale]
    return FrameworkStatus(
        name=framework.name,
        display_name=framework.display_name,
        runtime=framework.runtime,
        port=framework.port,
        color=framework.color,
        exec_mode=framework.exec_mode,
        instances=framework.instances,
        installed=availability.installed,
        reason=availability.reason,
        running=sum(process.framework == framework.name for process in online),
    )
