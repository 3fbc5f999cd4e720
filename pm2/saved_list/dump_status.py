"""What a reboot would bring back of PM2's list, by the saved one. [pure]"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pm2.daemon.process import RUNNING, Process, as_text
from pm2.saved_list.startup_unit import Startup


@dataclass(frozen=True, slots=True)
class DumpStatus:
    """Names only: the file holds every environment. `missing`, `extra`: against the current list."""

    path: str
    saved_at: Annotated[datetime | None, "null: nothing has been saved"]
    missing: Annotated[
        tuple[str, ...], "Listed, and not brought back by a reboot as they are: unsaved, or saved as stopped"
    ]
    extra: Annotated[tuple[str, ...], "Saved, and not listed any more"]
    startup: Annotated[Startup, "Whether the machine's init starts PM2: `pm2 startup`"]
    problem: Annotated[str | None, "Why the saved list cannot be used"] = None


@dataclass(frozen=True, slots=True)
class SavedNames:
    """How many processes of each name are saved, and how many of them start again."""

    saved: Mapping[str, int]
    starting: Mapping[str, int]


def count_names(entries: Sequence[Mapping[str, object]]) -> SavedNames:
    """By entries of the saved list. PM2 lists one that was saved as stopped, and does not start it."""
    named = [(as_text(entry.get("name")), as_text(entry.get("status"))) for entry in entries]
    return SavedNames(
        Counter(name for name, _ in named), Counter(name for name, status in named if status != "stopped")
    )


def compare(names: SavedNames, processes: Sequence[Process]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """`missing` and `extra`. Modules of PM2 are not saved: PM2 starts them by itself."""
    own = [process for process in processes if not process.is_module]
    listed = Counter(process.name for process in own)
    running = Counter(process.name for process in own if process.status in RUNNING)
    missing = {name for name, count in listed.items() if count > names.saved.get(name, 0)}
    missing |= {name for name, count in running.items() if count > names.starting.get(name, 0)}
    extra = {name for name, count in names.saved.items() if count > listed[name]}
    return tuple(sorted(missing)), tuple(sorted(extra))
