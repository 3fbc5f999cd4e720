"""One process with everything that is shown of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from asgiref.sync import sync_to_async

from pm2.daemon import client, process
from pm2.daemon.process import Details, Process
from pm2.errors import ProcessNotFound
from pm2.exits.classify import Exit
from pm2.instances import instance_store, reconcile
from pm2.monitor import current, listing
from system.lib.wire import to_wire

EXITS = 10


@dataclass(frozen=True, slots=True)
class ProcessPage:
    process: Process
    details: Details
    exits: tuple[Exit, ...]
    timestamp: datetime


async def one(pm_id: int) -> ProcessPage:
    """Raises ProcessNotFound, DaemonNotRunning."""
    async with client.daemon() as link:
        listed = await listing.entries(link)
    for entry in listed:
        if process.from_monitor_data(entry, 1000 * time.time()).pm_id == pm_id:
            chosen = [each for each in listing.shown(listed) if each.pm_id == pm_id]
            measured = await listing.measured(tuple(chosen))
            [shown] = reconcile.counted(current.current().register.known, measured)
            exits = await sync_to_async(instance_store.read)(EXITS, shown.name, pm_id)
            return ProcessPage(shown, process.details(entry), tuple(exits), datetime.now(UTC))
    raise ProcessNotFound(f"number {pm_id}")


def flat(page: ProcessPage) -> dict[str, object]:
    """A page as one object: the process, its details beside it, its last exits."""
    shown, details = to_wire(page.process), to_wire(page.details)
    assert isinstance(shown, dict)  # noqa: S101 - dataclasses become objects
    assert isinstance(details, dict)  # noqa: S101
    return {**shown, **details, "exits": page.exits, "timestamp": page.timestamp}
