"""Formats numbers and times for display. [pure]"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from dashboard_client.wire.benchmarks import BenchmarkResult

DASH = "–"
MB = 2**20
LOWER_BOUNDS = frozenset({"generator-bound", "contended"})  # the measured rate is a lower bound


def number(value: float | None, digits: int = 0, unit: str = "") -> str:
    """`184,700`."""
    return DASH if value is None else f"{value:,.{digits}f}{unit}"


def short(value: float) -> str:
    """`0.5`, `12.3`, `1,235`: three digits, but all of those before the point; never an exponent."""
    if abs(value) >= 99.95:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 1e-4 else "0"


def plural(count: int, noun: str) -> str:
    """`1 trial`, `5 trials`."""
    return f"{count} {noun}{'s' * (count != 1)}"


def thousands(value: float | None) -> str:
    """`184.7k`, `12.4k`, `830`."""
    if value is None:
        return DASH
    if abs(value) >= 999_950:
        return f"{value / 1e6:.1f}M"
    return f"{value / 1e3:.1f}k" if abs(value) >= 1000 else f"{value:.0f}"


def size(count: float | None) -> str:
    """`6.9 MB`, `85 MB`, `1.9 GB`, `0 B`; MB is 2^20 bytes."""
    if count is None:
        return DASH
    if count < 1000:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB", "TB"):
        count /= 1024
        if count < 1000 or unit == "TB":
            return f"{count:.1f} {unit}" if count < 10 else f"{count:.0f} {unit}"
    return DASH


def percent(value: float | None, digits: int = 0) -> str:
    return DASH if value is None else f"{value:.{digits}f} %"


def seconds(value: float) -> str:
    """`0.4 s`, `12 s`, `3 m`, `6h`, `2d`: the largest unit only."""
    if value < 10:
        return f"{max(0.0, value):.1f} s"
    for limit, divisor, unit in ((120, 1, " s"), (7200, 60, "m"), (172800, 3600, "h")):
        if value < limit:
            return f"{value / divisor:.0f}{unit}"
    return f"{value / 86400:.0f}d"


def clock(at: datetime | None) -> str:
    return f"{at:%H:%M:%S}" if at else "--:--:--"


def date_time(at: datetime | None) -> str:
    """Local."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S") if at else DASH


def minute(at: datetime | None) -> str:
    return f"{at.astimezone():%H:%M}" if at else "--:--"


def spread(result: BenchmarkResult) -> str:
    """Half the confidence interval in percent, `±0.6 %`; empty for a single trial."""
    low, high = result.req_per_sec_low, result.req_per_sec_high
    if low is None or high is None or result.req_per_sec <= 0:
        return ""
    return f"±{(high - low) / 2 / result.req_per_sec * 100:.1f} %"


def judgement(result: BenchmarkResult) -> str:
    """Of the budget: `met`, `missed` or `not shown`; empty without one."""
    return result.budget.met.replace("_", " ") if result.budget else ""


def reasons(result: BenchmarkResult) -> list[str]:
    """Why it is not valid, without what the text of its sweep says already."""
    return [reason for reason in result.reasons if not result.sweep or reason not in result.sweep.text]


def rate(result: BenchmarkResult, format_number: Callable[[float], str] = thousands) -> str:
    """`63.4k`, or `≥ 63.4k` if the target was not the only bottleneck."""
    return f"{'≥ ' if result.saturation in LOWER_BOUNDS else ''}{format_number(result.req_per_sec)}"


def milliseconds(value: float | None) -> str:
    if value is None:
        return DASH
    return f"{value:.2f} ms" if value < 1 else f"{value:.1f} ms" if value < 100 else f"{value:.0f} ms"


def measure(value: float | None, unit: str) -> str:
    """A value of a metric, in the units of the history: `12.3 %`, `85 MB`, `1.2 kB/s`, `4.1k/s`, `2.5 ms`, `3`."""
    if value is None:
        return DASH
    match unit:
        case "percent":
            return percent(value, 0 if abs(value) >= 99.95 else 1)
        case "bytes":
            return size(value)
        case "bytesPerSecond":
            return f"{size(value)}/s"
        case "perSecond":
            return f"{thousands(value) if abs(value) >= 1000 else short(value)}/s"
        case "milliseconds":
            return milliseconds(value)
    return short(value)


def duration(value_s: float) -> str:
    """`10 s`, `15 min`, `6 h`, `14 d`: in the largest unit that divides it."""
    for unit_s, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if value_s >= unit_s and value_s % unit_s == 0:
            return f"{value_s / unit_s:.0f} {unit}"
    return f"{short(value_s)} s"


def difference(base: float | None, new: float | None) -> str:
    """`+3.2 %`."""
    if base is None or new is None or base == 0:
        return ""
    return f"{(new - base) / base * 100:+.1f} %"
