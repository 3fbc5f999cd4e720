"""What the daemon's log reveals about the run of a process that ends, by the order of its lines. [pure]

The times in PM2's messages are the wall clock's, which may be set while a process runs. The messages of one connection
come in order: a line concerns the run that was started last before it.
"""

from __future__ import annotations

from dataclasses import dataclass

from pm2.daemon import bus_events
from pm2.daemon.bus_events import ExitLine


@dataclass(frozen=True, slots=True)
class RunHints:
    """`was_requested`: PM2 stopped the process, for any reason. `age_s`: since its start; None if that was not seen."""

    was_requested: bool
    over_limit_bytes: int | None
    watched_file: str | None
    exit_line: ExitLine | None
    age_s: float | None


@dataclass(frozen=True, slots=True)
class _Start:
    number: int
    at_s: float


class DaemonLog:
    """Feed it the lines of the daemon's log, in their order, then take what they reveal about a run."""

    def __init__(self) -> None:
        self._number = 0  # of the last line
        self._starts: dict[int, tuple[_Start | None, _Start]] = {}  # by pm_id, of the last run but one, and of the last
        self._stopping: dict[tuple[int, bool], int] = {}  # by pm_id and `is_old`, the number of the line
        self._exit_lines: dict[tuple[int, bool], tuple[int, ExitLine]] = {}
        self._over_limit: dict[int, tuple[int, int]] = {}  # with the bytes used
        self._changed_files: dict[str, tuple[int, str]] = {}  # by name

    def add(self, text: str, now_s: float) -> None:
        """`now_s`: by the monotonic clock."""
        self._number += 1
        if stopping := bus_events.parse_stopping(text):
            self._stopping[stopping] = self._number
        elif restart := bus_events.parse_memory_restart(text):
            self._over_limit[restart[0]] = self._number, restart[1]
        elif changed := bus_events.parse_watch_restart(text):
            self._changed_files[changed[0]] = self._number, changed[1]
        elif line := bus_events.parse_exit(text):
            self._exit_lines[line.pm_id, line.is_old] = self._number, line
        elif (pm_id := bus_events.parse_starting(text)) is not None:
            before = self._starts.get(pm_id)
            self._starts[pm_id] = before and before[1], _Start(self._number, now_s)

    def forget(self) -> None:
        """The connection is lost: what the daemon does until the next one is unknown."""
        for lines in (self._starts, self._stopping, self._exit_lines, self._over_limit, self._changed_files):
            lines.clear()

    def has_seen_start(self, pm_id: int) -> bool:
        return pm_id in self._starts

    def take(self, pm_id: int, name: str, now_s: float, *, is_old: bool) -> RunHints:
        """About the run that has ended; its exit line is used up. `is_old`: the worker that a reload replaced, which
        was started before the one that has its pm_id now."""
        start = self._starts.get(pm_id, (None, None))[0 if is_old else 1]
        since = start.number if start else 0
        exit_number, exit_line = self._exit_lines.pop((pm_id, is_old), (0, None))
        over_number, over_limit_bytes = self._over_limit.get(pm_id, (0, 0))
        changed_number, file = self._changed_files.get(name, (0, ""))
        return RunHints(
            was_requested=self._stopping.get((pm_id, is_old), 0) > since,
            over_limit_bytes=over_limit_bytes if over_number > since else None,
            watched_file=file if changed_number > since else None,
            exit_line=exit_line if exit_number > since else None,
            age_s=now_s - start.at_s if start else None,
        )
