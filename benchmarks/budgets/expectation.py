"""The grammar of a budget: `METRIC OP NUMBER UNIT`, like `p99 < 50 ms`. [pure]"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

from benchmarks.errors import InvalidRunRequest

MAX_EXPECTATIONS = 20
MAX_CHARACTERS = 60  # the longest sensible one has about 25
OPERATORS = ("<", "<=", ">", ">=")
# Percentile metrics → their percent, as in `Measurement.percentiles_ms`.
PERCENTILES = {"p50": "50", "p90": "90", "p95": "95", "p99": "99", "p999": "99.9"}
_SHAPE = re.compile(r"([A-Za-z0-9]+) *(<=|>=|<|>) *([0-9]{1,15}(?:\.[0-9]{1,9})?) *([^ 0-9.][^ ]{0,9})?")


@dataclass(frozen=True, slots=True)
class Unit:
    """`factor`: how many of `name`, the unit in which the metric is judged, one of the written unit is."""

    factor: Decimal
    name: str


def _units(name: str, factors: Mapping[str, str]) -> dict[str, Unit]:
    return {written: Unit(Decimal(factor), name) for written, factor in factors.items()}


# µ is the micro sign; the Greek letter, which keyboards produce as well, is replaced by it.
_LATENCY = _units("ms", {"us": "0.001", "µs": "0.001", "ms": "1", "s": "1000"})
_RATE = _units("/s", {"": "1", "/s": "1", "k": "1000", "k/s": "1000", "M": "1000000", "M/s": "1000000"})
_FAILURES = {**_units("%", {"%": "1"}), **_units("", {"": "1"})}
_CPU = _units("µs", {"us": "1", "µs": "1", "ms": "1000"})
_MEMORY = _units("bytes", {"B": "1", "KB": "1024", "MB": "1048576"})  # as everywhere in the reports, 1 MB is 2**20 B
METRICS: Mapping[str, Mapping[str, Unit]] = {
    "rate": _RATE, **dict.fromkeys(PERCENTILES, _LATENCY), "max": _LATENCY, "errors": _FAILURES, "non2xx": _FAILURES,
    "cpu": _CPU, "memory": _MEMORY,
}  # fmt: skip
EXAMPLES = {
    "rate": "rate >= 20k/s", **{name: f"{name} < 50ms" for name in (*PERCENTILES, "max")},
    "errors": "errors < 0.1%", "non2xx": "non2xx <= 0", "cpu": "cpu < 80us", "memory": "memory < 200MB",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Expectation:
    """`text`: as written, without spaces around it. `limit` is in `unit`: /s, ms, %, µs, bytes, or "" for a count."""

    text: str
    metric: str
    op: str
    limit: float
    unit: str


def parse_expectation(text: str) -> Expectation:
    """Raises InvalidRunRequest, whose sentence shows a right example."""
    text = text.strip()
    if len(text) > MAX_CHARACTERS:
        raise _refusal(text, f"it is longer than {MAX_CHARACTERS} characters", EXAMPLES["p99"])
    match = _SHAPE.fullmatch(text)
    if not match:
        raise _refusal(text, f"it is not METRIC OP NUMBER UNIT (OP: {' '.join(OPERATORS)})", EXAMPLES["p99"])
    metric, op, number, written = match[1], match[2], match[3], (match[4] or "").replace("\u03bc", "\u00b5")
    units = METRICS.get(metric)
    if units is None:
        raise _refusal(text, f"the metrics are {', '.join(METRICS)}", EXAMPLES["p99"])
    unit = units.get(written)
    if unit is None:
        raise _refusal(text, f"the units of {metric} are {_unit_names(units)}", EXAMPLES[metric])
    limit = float(Decimal(number) * unit.factor)
    if limit == 0 and op == "<":
        raise _refusal(text, "nothing is below 0", f"{metric} <= 0{written}")
    if unit.name == "%" and limit > 100:
        raise _refusal(text, "a share is at most 100 %", EXAMPLES[metric])
    return Expectation(text, metric, op, limit, unit.name)


def _refusal(text: str, reason: str, example: str) -> InvalidRunRequest:
    """`example`: a right one."""
    sentence = f"{text[:MAX_CHARACTERS]!r} cannot be judged: {reason}. Write it like {example!r}."
    return InvalidRunRequest("expect", sentence)


def parse_stored(texts: Iterable[object]) -> tuple[Expectation, ...]:
    """Those of a stored budget; what cannot be judged, because the row is damaged, is left out."""
    expectations = []
    for text in texts:
        with suppress(InvalidRunRequest):
            expectations.append(parse_expectation(str(text)))
    return tuple(expectations[:MAX_EXPECTATIONS])


def _unit_names(units: Mapping[str, Unit]) -> str:
    return ", ".join(written or "none" for written in units)


def parse_expectations(texts: Iterable[str]) -> tuple[Expectation, ...]:
    """Repetitions are left out. Raises InvalidRunRequest, also for more than MAX_EXPECTATIONS."""
    expectations = tuple(dict.fromkeys(parse_expectation(text) for text in texts))
    if len(expectations) > MAX_EXPECTATIONS:
        last = expectations[-1].text
        raise _refusal(last, f"a budget has at most {MAX_EXPECTATIONS} expectations", EXAMPLES["p99"])
    return expectations
