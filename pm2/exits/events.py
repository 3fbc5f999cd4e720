"""What happens under PM2, for whoever wants to be told: exits with their cause, restarts, the daemon's own fate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pm2.exits.classify import Exit
from system.lib.feed import Feed

KEPT = 1000


@dataclass(frozen=True, slots=True)
class Happening:
    """`kind`: exit, restarted, appeared, deleted, status, daemon. `text` is a sentence for people."""

    at: datetime
    kind: str
    name: str | None
    pm_id: int | None
    text: str
    exit: Exit | None = None


feed: Feed[Happening] = Feed(
    "events",
    max_items=KEPT,
    max_bytes=KEPT,
    filters={"framework": lambda event, name: event.name == name, "kind": lambda event, kind: event.kind == kind},
)
