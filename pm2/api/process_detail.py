"""A single process with its details and last exits."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from asgiref.sync import sync_to_async

from pm2.daemon import client
from pm2.daemon.process import Process, ProcessDetails, from_monitor_data, parse_details
from pm2.errors import ProcessNotFound
from pm2.exits.classify import Exit
from pm2.instance_tracking import instance_store, reconciliation
from pm2.monitor import current, listing
from system.lib.wire import to_wire

MAX_EXITS = 10


@dataclass(frozen=True, slots=True)
class ProcessDetail:
    process: Process
    details: ProcessDetails
    exits: tuple[Exit, ...]
    timestamp: datetime


async def get(pm_id: int) -> ProcessDetail:
    """Raises ProcessNotFound, DaemonNotRunning."""
    async with client.connect() as daemon:
        entries = await listing.fetch_entries(daemon)
    for entry in entries:
        if from_monitor_data(entry, 1000 * time.time()).pm_id == pm_id:
            matches = tuple(process for process in listing.parse_entries(entries) if process.pm_id == pm_id)
            measured = await listing.with_tree_usage(matches)
            [process] = reconciliation.with_total_restarts(current.get_monitor().instances.known, measured)
            exits = await sync_to_async(instance_store.load_exits)(MAX_EXITS, process.name, pm_id)
            return ProcessDetail(process, parse_details(entry), tuple(exits), datetime.now(UTC))
    raise ProcessNotFound(f"number {pm_id}")


def to_dict(detail: ProcessDetail) -> dict[str, object]:
    """One flat object: the fields of the process and its details, and its last exits."""
    process, details = to_wire(detail.process), to_wire(detail.details)
    assert isinstance(process, dict)  # noqa: S101 - dataclasses become objects
    assert isinstance(details, dict)  # noqa: S101
    return {**process, **details, "exits": detail.exits, "timestamp": detail.timestamp}
