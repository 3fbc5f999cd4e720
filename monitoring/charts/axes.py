"""Axes of the history: round times in UTC, and values in the unit that suits the largest. [pure]"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from monitoring.series.catalogue import Unit
from monitoring.series.resolution import DAY_S, HOUR_S, MINUTE_S
from system.charts.canvas import Ticks
from system.charts.scale import axis_ticks
from system.lib.quantities import significant

MAX_TIME_TICKS = 8
TIME_STEPS_S = (
    10, 30, MINUTE_S, 2 * MINUTE_S, 5 * MINUTE_S, 10 * MINUTE_S, 15 * MINUTE_S, 30 * MINUTE_S, HOUR_S, 2 * HOUR_S,
    3 * HOUR_S, 6 * HOUR_S, 12 * HOUR_S, DAY_S, 2 * DAY_S, 5 * DAY_S, 7 * DAY_S,
)  # fmt: skip
MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60)
BINARY = (("B", 1), ("kB", 2**10), ("MB", 2**20), ("GB", 2**30), ("TB", 2**40))  # as everywhere here, powers of 1024
SYMBOLS = {
    Unit.PERCENT: "%", Unit.MILLISECONDS: "ms", Unit.PER_SECOND: "per second", Unit.COUNT: "", Unit.LOAD: "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Symbol:
    """How values of a unit are written: divided by `size`, and followed by `name`."""

    name: str
    size: float = 1.0

    def format(self, value: float) -> str:
        return f"{significant(value / self.size, 3)} {self.name}".rstrip()


def choose_symbol(unit: Unit, high: float) -> Symbol:
    """For values up to `high`."""
    if unit not in (Unit.BYTES, Unit.BYTES_PER_SECOND):
        return Symbol(SYMBOLS[unit])
    name, size = next((pair for pair in reversed(BINARY) if high >= pair[1]), BINARY[0])
    return Symbol(f"{name}/s" if unit is Unit.BYTES_PER_SECOND else name, float(size))


def value_ticks(high: float, symbol: Symbol) -> Ticks:
    """Round in the unit of `symbol`, from 0 to at least `high`."""
    return [(tick * symbol.size, significant(tick, 4)) for tick in axis_ticks(high / symbol.size)]


def time_ticks(from_s: float, to_s: float) -> Ticks:
    """Round times between two unix times, at most about `MAX_TIME_TICKS`. Midnight is labelled with its date."""
    span_s = to_s - from_s
    step_s = next((step for step in TIME_STEPS_S if span_s / step <= MAX_TIME_TICKS), None)
    if step_s is None:
        return _month_ticks(from_s, to_s)
    first = math.ceil(from_s / step_s)
    moments = [float(index * step_s) for index in range(first, math.floor(to_s / step_s) + 1)]
    return [(moment, _time_label(moment, step_s)) for moment in moments]


def _time_label(moment: float, step_s: int) -> str:
    if moment % DAY_S == 0:
        return f"{_utc(moment):%d %b}"
    return f"{_utc(moment):%H:%M:%S}" if step_s < MINUTE_S else f"{_utc(moment):%H:%M}"


def _month_ticks(from_s: float, to_s: float) -> Ticks:
    begin, end = _utc(from_s), _utc(to_s)
    first, last = 12 * begin.year + begin.month, 12 * end.year + end.month - 1  # months since the year 0; the next one
    step = next((step for step in MONTH_STEPS if (last - first + 1) / step <= MAX_TIME_TICKS), 120)
    months = range(-(-first // step) * step, last + 1, step)
    starts = [datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in months]
    return [(start.timestamp(), f"{start:%b %Y}") for start in starts]


def describe_range(from_s: float, to_s: float) -> str:
    """`2026-11-26 22:00 to 23:00 UTC`, with the second date if it is another one."""
    begin, end = _utc(from_s), _utc(to_s)
    last = f"{end:%H:%M}" if begin.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{begin:%Y-%m-%d %H:%M} to {last} UTC"


def format_length(seconds: float) -> str:
    """`10 s`, `4 min`, `1.5 h`: of an interval."""
    for size, name in ((DAY_S, "d"), (HOUR_S, "h"), (MINUTE_S, "min")):
        if seconds >= size:
            return f"{significant(seconds / size, 3)} {name}"
    return f"{significant(seconds, 3)} s"


def _utc(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, UTC)
