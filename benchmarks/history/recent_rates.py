"""Newest rates of runs of one kind, i.e. the same framework, endpoint and method. [io: database]"""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.errors import RunUnreadable
from benchmarks.history.completed import KIND, RunKind, completed_runs, newest_of_kinds, position_of, without_sweeps
from benchmarks.history.readable_rows import read_rows
from benchmarks.models import Run, Validity

SPARKLINE_POINTS = 20
HISTORY_POINTS = 500
RATES = ("req_per_sec", "req_per_sec_low", "req_per_sec_high")
POINT_COLUMNS = ("id", "at", *RATES)


def fetch_newest(kind: RunKind) -> list[Run]:
    """At most HISTORY_POINTS runs that have a rate, oldest first, without large columns."""
    rows = without_sweeps(completed_runs(dict(zip(KIND, kind, strict=True))))
    summary_rows = rows.only(*POINT_COLUMNS, "validity")
    read = read_rows(summary_rows.exclude(req_per_sec=None)[:HISTORY_POINTS], with_rate)
    return [run for run in read if run is not None][::-1]


def with_rate(run: Run) -> Run:
    """The row itself, if it can be a point of a chart. Raises RunUnreadable."""
    position_of(run)
    for name in RATES:
        value = getattr(run, name)
        if not isinstance(value, (int, float)) and (value is not None or name == "req_per_sec"):
            raise RunUnreadable(run.pk, name, value)
    return run


def fetch_rates(kinds: Iterable[RunKind]) -> dict[RunKind, list[float]]:
    """Newest rates of each kind, oldest first, without invalid runs."""
    unique_kinds = list(dict.fromkeys(kinds))
    rows = without_sweeps(completed_runs()).exclude(validity=Validity.INVALID).exclude(req_per_sec=None)
    rates: dict[RunKind, list[float]] = {kind: [] for kind in unique_kinds}
    for *kind, rate in newest_of_kinds(rows, unique_kinds, [*KIND, "req_per_sec"], SPARKLINE_POINTS):
        if isinstance(rate, (int, float)):  # SQLite stores any type in any column
            rates[kind[0], kind[1], kind[2]].insert(0, rate)
    return rates
