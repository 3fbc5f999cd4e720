"""What h2load's request log says about a fixed rate: latencies from when a request was due, and what was answered.
[pure]

h2load 1.52 paces each connection by itself. It sends the first request as soon as it is connected, then one each
1/rate, but looks at most every 10 ms (`rps_cb` of its source); a connection that still waits for a response sends
late. The log has the time at which a request was sent, so the wait before that would be missing (coordinated omission).
It names no connection, but all have the same schedule: the n-th request that was sent is the n-th that was due.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmarks.analysis.measurement import Latencies, Measurement
from benchmarks.generators.scenario import Scenario

TICK_S = 0.01
MIN_LOGGED_SHARE = 0.99  # of the responses; less is left of a log that was cut off
_LOGGED = re.compile(r"^(\d+)\t(-?\d+)\t(\d+)", re.MULTILINE)  # sent at (µs), status (-1: failed), duration in µs


@dataclass(frozen=True, slots=True)
class PacedFigures:
    """`answered_per_second`: successful responses, over a whole number of the pace's periods: the requests of the last,
    incomplete one could not be answered. `due_latencies_us`: from when each request was due, ascending."""

    answered_per_second: float
    due_latencies_us: Latencies


def add_paced_figures(measurement: Measurement, text: str, scenario: Scenario) -> Measurement:
    """The measurement with what the log in `text` says; unchanged if there is no log, or it was cut off."""
    if not scenario.rate_per_second:
        return measurement
    period_s = scenario.connections / scenario.rate_per_second
    figures = read_log(
        text, scenario.connections, period_s, scenario.duration_s, measurement.responses, scenario.expected_class
    )
    if figures is None:
        return measurement
    return replace(measurement, corrected_us=figures.due_latencies_us, paced_rate=figures.answered_per_second)


def read_log(
    text: str, connections: int, period_s: float, duration_s: float, responses: int, expected_class: int = 2
) -> PacedFigures | None:
    """None if the log is missing or was cut off. `period_s`: between two requests of one connection."""
    logged = sorted((int(sent), int(status), int(taken)) for sent, status, taken in _LOGGED.findall(text))
    if not logged or len(logged) < MIN_LOGGED_SHARE * responses:
        return None
    sent_us = [sent for sent, _, _ in logged]
    due_us = _due_times_us(sent_us, connections, period_s)
    latencies = Counter(
        round(taken + max(0.0, sent - due))
        for (sent, status, taken), due in zip(logged, due_us, strict=True)
        if status > 0
    )
    tick_s = max(period_s, TICK_S)
    spread_s = (sent_us[min(connections, len(sent_us)) - 1] - sent_us[0]) / 1e6
    window_s = max(1, math.floor((duration_s - spread_s) / tick_s + 1e-6)) * tick_s
    end_us = sent_us[0] + window_s * 1e6
    answered = sum(status // 100 == expected_class and sent + taken <= end_us for sent, status, taken in logged)
    return PacedFigures(answered / window_s, tuple(sorted(latencies.items())))


def _due_times_us(sent_us: Sequence[int], connections: int, period_s: float) -> list[float]:
    """When each of the requests was due, ascending. The first of each connection is due when it is connected."""
    first = sent_us[:connections]
    rounds = math.ceil(len(sent_us) / len(first))
    offsets = [_offset_us(number, period_s) for number in range(rounds)]
    return sorted(start + offset for offset in offsets for start in first)[: len(sent_us)]


def _offset_us(number: int, period_s: float) -> float:
    """Of the n-th request of a connection from its first. Below 10 ms, at the tick that sends it: h2load rounds what is
    due to whole requests."""
    if period_s >= TICK_S or number == 0:
        return number * period_s * 1e6
    return math.ceil((number - 0.5) * period_s / TICK_S - 1e-9) * TICK_S * 1e6
