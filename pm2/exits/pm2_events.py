"""The feed of PM2 events: exits with their causes, restarts, changes of status, the daemon's state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pm2.exits.classify import Exit
from system.lib.feed import Feed

MAX_EVENTS = 1000


@dataclass(frozen=True, slots=True)
class PM2Event:
    """`kind`: exit, restarted, appeared, deleted, status or daemon. `text`: a description for people."""

    at: datetime
    kind: str
    name: str | None
    pm_id: int | None
    text: str
    exit: Exit | None = None


feed: Feed[PM2Event] = Feed(
    "events",
    max_items=MAX_EVENTS,
    max_bytes=MAX_EVENTS,
    filters={"framework": lambda event, name: event.name == name, "kind": lambda event, kind: event.kind == kind},
)
