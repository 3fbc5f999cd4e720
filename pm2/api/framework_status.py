"""The frameworks as they are shown: what can be started, what is running."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from pm2.daemon.process import Status
from pm2.frameworks.registry import Framework, availability, registry
from pm2.monitor.current import sample
from pm2.monitor.listing import Stats


@dataclass(frozen=True, slots=True)
class Offer:
    """A framework of the registry, here and now. `running`: instances online."""

    name: str
    display_name: str
    runtime: str
    port: int
    color: str
    exec_mode: str
    instances: int
    installed: bool
    reason: str | None
    running: int


@dataclass(frozen=True, slots=True)
class Offers:
    frameworks: tuple[Offer, ...]
    timestamp: datetime


async def frameworks() -> Offers:
    stats = await sample()
    offers = [await asyncio.to_thread(_offer, each, stats) for each in registry().frameworks]
    return Offers(tuple(offers), datetime.now(UTC))


def _offer(framework: Framework, stats: Stats) -> Offer:
    found = availability(framework)
    online = [each for each in stats.processes if each.status is Status.ONLINE and not stats.stale]
    return Offer(
        name=framework.name,
        display_name=framework.display_name,
        runtime=framework.runtime,
        port=framework.port,
        color=framework.color,
        exec_mode=framework.exec_mode,
        instances=framework.instances,
        installed=found.installed,
        reason=found.reason,
        running=sum(each.framework == framework.name for each in online),
    )
