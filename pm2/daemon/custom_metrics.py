"""The numbers among an app's custom metrics, which PM2 keeps as `axm_monitor`. [pure]"""

from __future__ import annotations

import re
from collections.abc import Mapping

EVENT_LOOP_LATENCY = "Event Loop Latency"  # milliseconds, of @pm2/io; the app sends it every few seconds
EVENT_LOOP_LATENCY_P95 = "Event Loop Latency p95"
MAX_CUSTOM_METRICS = 20
MAX_NAME_LENGTH = 100
MAX_TEXT_LENGTH = 40
MAX_VALUE = 2.0**53
_NUMBER = re.compile(r"\s*([-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)\s*[A-Za-zµ%/]*\s*", re.ASCII)
_FIRST = (EVENT_LOOP_LATENCY, EVENT_LOOP_LATENCY_P95)


def parse_custom_metrics(monitor: object) -> dict[str, float]:
    """Name → number: `{"HTTP": {"value": "0.41", "unit": "req/min"}}` becomes `{"HTTP": 0.41}`.

    What is no number is left out, and so is what follows the first MAX_CUSTOM_METRICS numbers; the latencies of the
    event loop come first.
    """
    if not isinstance(monitor, Mapping) or not monitor:
        return {}
    numbers: dict[str, float] = {}
    for name in (*_FIRST, *(key for key in monitor if key not in _FIRST)):
        number = _number(monitor.get(name)) if isinstance(name, str) else None
        if number is not None:
            numbers.setdefault(name[:MAX_NAME_LENGTH].encode(errors="replace").decode(), number)
        if len(numbers) == MAX_CUSTOM_METRICS:
            break
    return numbers


def _number(metric: object) -> float | None:
    """The value of a metric, from text too, with or without a unit: 3, "0.41", "12ms", {"value": "0.41"}."""
    value = metric.get("value") if isinstance(metric, Mapping) else metric
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and len(value) <= MAX_TEXT_LENGTH:
        match = _NUMBER.fullmatch(value)
        value = float(match[1]) if match else None
    return float(value) if isinstance(value, (int, float)) and -MAX_VALUE <= value <= MAX_VALUE else None
