"""Reads the figures that a load generator prints: numbers that are none, and contradictions, are refused. [pure]"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise

from benchmarks.analysis.measurement import Latencies, Measurement

MAX_FIGURE = 2**53  # larger integers are not exact in JSON


def parse_json(text: str) -> object:
    """Raises ValueError, also for JSON that is nested too deeply."""
    try:
        value: object = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return value


def number(value: object) -> float:
    """A finite number from 0 on. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= MAX_FIGURE:
        raise ValueError(f"{value!r:.50} is not a figure")
    return float(value)


def count(value: object) -> int:
    """A whole number from 0 on. Raises ValueError."""
    figure = number(value)
    if figure != int(figure):
        raise ValueError(f"{value!r:.50} is not a count")
    return int(figure)


def latencies(value: object) -> Latencies:
    """Pairs of value and count, ascending. Raises ValueError."""
    if not isinstance(value, (list, tuple)) or not all(
        isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in value
    ):
        raise ValueError("the latencies are not pairs of value and count")
    pairs = tuple((count(latency), count(times)) for latency, times in value)
    if any(before[0] >= after[0] for before, after in pairwise(pairs)):
        raise ValueError("the latencies are not ascending")
    return pairs


def check(measurement: Measurement) -> Measurement:
    """The measurement itself. Raises ValueError if one of its figures cannot be, or contradicts another one."""
    whole, times = measurement, measurement.percentiles_ms.values()
    counts = (whole.responses, whole.successes, whole.errors, whole.timeouts, whole.non_2xx, whole.bytes_read)
    for total in (*counts, whole.connections_used):
        count(total)
    for duration in (whole.duration_s, whole.mean_ms or 0, whole.max_ms or 0, *times):
        number(duration)
    if whole.successes > whole.responses:
        raise ValueError(f"{whole.successes} successes are more than {whole.responses} responses")
    if whole.timeouts > whole.errors:
        raise ValueError(f"{whole.timeouts} timeouts are more than {whole.errors} errors")
    _check_order(whole.percentiles_ms)
    return whole


def _check_order(percentiles_ms: Mapping[str, float]) -> None:
    ordered = sorted(percentiles_ms.items(), key=lambda item: float(item[0]))
    for (percent, value), (next_percent, next_value) in pairwise(ordered):
        if value > next_value:
            raise ValueError(f"the {percent}th percentile is above the {next_percent}th")
