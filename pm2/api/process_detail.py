"""A single process with its details and last exits."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from asgiref.sync import sync_to_async

from pm2.daemon import rpc_client
from pm2.daemon.process import Process, ProcessDetails, as_int, parse_details
from pm2.errors import ProcessNotFound
from pm2.exits.classify import Exit
from pm2.instance_tracking import instance_store, reconciliation
from pm2.monitor import current_monitor, listing

MAX_EXITS = 10


@dataclass(frozen=True)
class ProcessDetail(ProcessDetails, Process):
    """Body of `GET /api/pm2/processes/ID`: the fields of the process and its details, and its last exits."""

    exits: tuple[Exit, ...]
    timestamp: datetime


async def get(pm_id: int) -> ProcessDetail:
    """Raises ProcessNotFound, DaemonNotRunning."""
    async with rpc_client.connect() as daemon:
        entries = await listing.fetch_entries(daemon)
    for entry in entries:
        if as_int(entry.get("pm_id")) == pm_id:
            listed = await listing.measure(listing.parse_entries(entries))
            measured = [process for process in listed if process.pm_id == pm_id]
            [process] = reconciliation.with_total_restarts(current_monitor.get_monitor().instances.known, measured)
            exits = await sync_to_async(instance_store.load_exits)(MAX_EXITS, process.name, pm_id)
            details = parse_details(entry)
            return ProcessDetail(
                **_values(process), **_values(details), exits=tuple(exits), timestamp=datetime.now(UTC)
            )
    raise ProcessNotFound(f"number {pm_id}")


def _values(value: Process | ProcessDetails) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}
