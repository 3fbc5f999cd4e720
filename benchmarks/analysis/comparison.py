"""Compares two runs: a verdict for each metric, as a sentence, or the reasons for having none. [pure]"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Annotated

from benchmarks.analysis import rank_tests
from benchmarks.analysis.rank_tests import Ratio
from system.lib.quantities import pluralize

MIN_TRIALS = 4  # with 3 against 3 not even complete separation reaches p < 5 %
SIGNIFICANCE_LEVEL = 0.05
BASE_NAME, NEW_NAME = "the base run", "the new run"  # when both runs have the same name
MAX_SPREAD = 0.10  # coefficient of variation; above this the trials measure noise


class Verdict(StrEnum):
    BETTER = "better"
    WORSE = "worse"
    SLIGHTLY_BETTER = "slightly better"
    SLIGHTLY_WORSE = "slightly worse"
    SAME = "same"
    NOT_SHOWN = "not shown"
    NO_VERDICT = "no verdict"


@dataclass(frozen=True, slots=True)
class Metric:
    """`limit`: smallest relevant difference, as a share. `more`, `less`: adjectives for a larger and smaller value."""

    name: str
    title: str
    unit: str
    higher_is_better: bool
    limit: float
    more: str
    less: str


METRICS = (
    Metric("reqPerSec", "requests/s", "req/s", True, 0.05, "faster", "slower"),
    Metric("p50Latency", "median latency", "ms", False, 0.10, "longer", "shorter"),
    Metric("p99Latency", "p99 latency", "ms", False, 0.10, "longer", "shorter"),
    Metric("cpuMicrosPerRequest", "CPU per request", "µs", False, 0.05, "more", "less"),
    Metric("memoryBytes", "memory", "bytes", False, 0.10, "more", "less"),
)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two runs. `values`: one figure per trial for each metric. `conditions`: parameters that must be equal
    for the figures to be comparable; `environment`: key of the machine and its programs."""

    id: str
    name: str
    validity: str
    conditions: Mapping[str, object]
    environment: str
    values: Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True)
class MetricComparison:
    """One metric of a comparison. `ratio`: new/base, with interval `low` to `high`. `p`: adjusted for the number of
    metrics."""

    metric: str
    unit: str
    verdict: Verdict
    base: Annotated[float | None, "Median of its trials"]
    new: float | None
    ratio: Annotated[float | None, "new/base, Hodges-Lehmann"]
    low: Annotated[float | None, "95 % interval of the ratio"]
    high: float | None
    p: Annotated[float | None, "Exact Mann-Whitney test, Holm-adjusted"]
    text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """`verdict`: of requests/s. `reasons`: why there is no verdict. `warnings`: doubts that do not block it."""

    base: str
    new: str
    verdict: Verdict
    text: str
    reasons: Annotated[tuple[str, ...], "Why there is no verdict"]
    warnings: tuple[str, ...]
    metrics: tuple[MetricComparison, ...]


def compare(base: Side, new: Side) -> Comparison:
    names = (base.name, new.name) if base.name != new.name or base.id == new.id else (BASE_NAME, NEW_NAME)
    reasons = _blocking_reasons(base, new, names)
    pairs = {metric: (base.values.get(metric.name, ()), new.values.get(metric.name, ())) for metric in METRICS}
    comparable = [metric for metric, (left, right) in pairs.items() if _is_comparable(left) and _is_comparable(right)]
    p_values = rank_tests.holm([rank_tests.mann_whitney(*pairs[metric]) for metric in comparable])
    metrics = tuple(
        _compare_metric(metric, *pairs[metric], p, *names, is_blocked=bool(reasons))
        for metric, p in zip(comparable, p_values, strict=True)
    )
    rate = next((metric for metric in metrics if metric.metric == METRICS[0].name), None)
    verdict = rate.verdict if rate else Verdict.NO_VERDICT
    if not rate and not reasons:
        reasons = ("One of them has no figures of single trials.",)
    text = rate.text if rate and not reasons else "No verdict: " + " ".join(reasons)
    return Comparison(base.id, new.id, verdict, text, reasons, _warnings(base, new, names), metrics)


def _is_comparable(values: Sequence[float]) -> bool:
    return bool(values) and all(math.isfinite(value) and value > 0 for value in values)


def _blocking_reasons(base: Side, new: Side, names: tuple[str, str]) -> tuple[str, ...]:
    """Why no verdict is possible."""
    sides = tuple(zip(names, (base, new), strict=True))
    reasons = [
        f"{_sentence_start(name)} is {side.validity}."
        for name, side in sides
        if side.validity in ("invalid", "unknown")
    ]
    reasons += differences(base.conditions, new.conditions)
    if base.environment != new.environment:
        reasons.append("They were measured on different machines or with different programs.")
    for name, side in sides:
        trials = side.values.get(METRICS[0].name, ())
        if len(trials) < MIN_TRIALS:
            count = f"{_sentence_start(name)} has {pluralize(len(trials), 'trial')}"
            reasons.append(f"{count}; at least {MIN_TRIALS} are needed (profile standard).")
        elif (spread := rank_tests.coefficient_of_variation(trials)) > MAX_SPREAD:
            reasons.append(f"The trials of {name} vary by {100 * spread:.0f} % (standard deviation).")
    return tuple(reasons)


def differences(base: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    """A sentence for each condition of `base` that `new` does not share."""
    different = [name for name in base if base[name] != new.get(name)]
    return [f"They differ in {name}: {base[name]} and {new.get(name)}." for name in different]


def _warnings(base: Side, new: Side, names: tuple[str, str]) -> tuple[str, ...]:
    sides = zip(names, (base, new), strict=True)
    return tuple(f"{_sentence_start(name)} is marked caution." for name, side in sides if side.validity == "caution")


def _sentence_start(name: str) -> str:
    """The name at the start of a sentence; framework names keep their case."""
    return name.capitalize() if name in (BASE_NAME, NEW_NAME) else name


def _compare_metric(
    metric: Metric,
    base: Sequence[float],
    new: Sequence[float],
    p: float,
    base_name: str,
    new_name: str,
    *,
    is_blocked: bool,
) -> MetricComparison:
    ratio = rank_tests.ratio(base, new)
    verdict = Verdict.NO_VERDICT if is_blocked else decide_verdict(metric, ratio, p)
    return MetricComparison(
        metric=metric.name,
        unit=metric.unit,
        verdict=verdict,
        base=median(base),
        new=median(new),
        ratio=round(ratio.estimate, 4),
        low=None if ratio.low is None else round(ratio.low, 4),
        high=None if ratio.high is None else round(ratio.high, 4),
        p=round(p, 4),
        text=_sentence(metric, ratio, verdict, base_name, new_name, min(len(base), len(new))),
    )


def decide_verdict(metric: Metric, ratio: Ratio, p: float) -> Verdict:
    """The verdict from the ratio's interval, the p-value and the metric's smallest relevant difference."""
    if ratio.low is None or ratio.high is None:
        return Verdict.NOT_SHOWN
    floor, ceiling = 1 - metric.limit, 1 + metric.limit
    if floor <= ratio.low and ratio.high <= ceiling:
        return Verdict.SAME
    if p >= SIGNIFICANCE_LEVEL:
        return Verdict.NOT_SHOWN
    is_more = ratio.estimate > 1
    is_clear = ratio.low > ceiling if is_more else ratio.high < floor
    if is_more == metric.higher_is_better:
        return Verdict.BETTER if is_clear else Verdict.SLIGHTLY_BETTER
    return Verdict.WORSE if is_clear else Verdict.SLIGHTLY_WORSE


def _sentence(metric: Metric, ratio: Ratio, verdict: Verdict, base: str, new: str, trials: int) -> str:
    if verdict is Verdict.NO_VERDICT or ratio.low is None or ratio.high is None:
        return f"{metric.title}: no verdict."
    low, high = sorted((100 * (ratio.low - 1), 100 * (ratio.high - 1)), key=abs)
    if verdict is Verdict.SAME:
        widest = max(abs(low), abs(high))
        return f"{metric.title}: the same; {new} and {base} differ by less than {widest:.1f} %."
    if verdict is Verdict.NOT_SHOWN:
        interval = f"from {_signed_percent(ratio.low)} to {_signed_percent(ratio.high)}"
        return f"{metric.title}: no difference shown; it may be anything {interval}."
    adjective = metric.more if ratio.estimate > 1 else metric.less
    change = f"{abs(100 * (ratio.estimate - 1)):.1f} % {adjective}"
    interval = f"between {abs(low):.1f} % and {abs(high):.1f} %, {trials} trials each"
    remark = ", hardly noticeable" if verdict.value.startswith("slightly") else ""
    if metric.name == METRICS[0].name:
        return f"{_sentence_start(new)} is {change} than {base} ({interval}){remark}."
    return f"{metric.title}: {change} ({interval}){remark}."


def _signed_percent(ratio: float) -> str:
    return f"{100 * (ratio - 1):+.1f} %"
