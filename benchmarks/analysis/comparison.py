"""Two runs held against each other: a verdict for each figure, in words, or the reason why there is none. [pure]"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from benchmarks.analysis import rank_tests
from benchmarks.analysis.rank_tests import Ratio

FEWEST_TRIALS = 4  # with 3 against 3 not even a complete separation is below 5 %
SIGNIFICANT = 0.05
BASE, NEW = "the base run", "the new run"  # where both have one name
UNSTABLE = 0.10  # a spread above this is weather, not a measurement


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
    """`limit`: what people would notice, as a share. `more`, `less`: how a larger and a smaller figure is called."""

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
    """A run as it is compared. `values`: for each metric one figure per trial. `conditions`: what has to be equal for
    the figures to mean the same; `environment`: the key of the machine and its programs."""

    id: str
    name: str
    validity: str
    conditions: Mapping[str, object]
    environment: str
    values: Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True)
class Compared:
    """One metric. `p`: probability of such a difference by chance, adjusted for the number of metrics."""

    metric: str
    unit: str
    verdict: Verdict
    base: float | None
    new: float | None
    ratio: float | None
    low: float | None
    high: float | None
    p: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """`verdict`: that of the requests per second. `warnings`: what else differs between the two."""

    base: str
    new: str
    verdict: Verdict
    text: str
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    metrics: tuple[Compared, ...]


def compare(base: Side, new: Side) -> Comparison:
    """Hold `new` against `base`."""
    names = (base.name, new.name) if base.name != new.name or base.id == new.id else (BASE, NEW)
    reasons = _obstacles(base, new, names)
    pairs = {metric: (base.values.get(metric.name, ()), new.values.get(metric.name, ())) for metric in METRICS}
    known = [metric for metric, (left, right) in pairs.items() if _usable(left) and _usable(right)]
    chances = rank_tests.holm([rank_tests.mann_whitney(*pairs[metric]) for metric in known])
    compared = tuple(
        _compared(metric, *pairs[metric], chance, *names, blocked=bool(reasons))
        for metric, chance in zip(known, chances, strict=True)
    )
    first = next((each for each in compared if each.metric == METRICS[0].name), None)
    verdict = first.verdict if first else Verdict.NO_VERDICT
    if not first and not reasons:
        reasons = ("One of them has no figures of single trials.",)
    text = first.text if first and not reasons else "No verdict: " + " ".join(reasons)
    return Comparison(base.id, new.id, verdict, text, reasons, _differences(base, new, names), compared)


def _usable(values: Sequence[float]) -> bool:
    return bool(values) and all(math.isfinite(value) and value > 0 for value in values)


def _obstacles(base: Side, new: Side, names: tuple[str, str]) -> tuple[str, ...]:
    """Why no verdict is possible."""
    sides = tuple(zip(names, (base, new), strict=True))
    found = [f"{_first(name)} is {side.validity}." for name, side in sides if side.validity in ("invalid", "unknown")]
    different = [name for name in base.conditions if base.conditions[name] != new.conditions.get(name)]
    found += [f"They differ in {name}: {base.conditions[name]} and {new.conditions.get(name)}." for name in different]
    if base.environment != new.environment:
        found.append("They were measured on different machines or with different programs.")
    for name, side in sides:
        trials = side.values.get(METRICS[0].name, ())
        if len(trials) < FEWEST_TRIALS:
            has = f"{_first(name)} has {len(trials)} trial{'s' * (len(trials) != 1)}"
            found.append(f"{has}; at least {FEWEST_TRIALS} are needed (profile standard).")
        elif rank_tests.spread(trials) > UNSTABLE:
            found.append(f"The trials of {name} lie {100 * rank_tests.spread(trials):.0f} % apart.")
    return tuple(found)


def _differences(base: Side, new: Side, names: tuple[str, str]) -> tuple[str, ...]:
    sides = zip(names, (base, new), strict=True)
    return tuple(f"{_first(name)} is marked caution." for name, side in sides if side.validity == "caution")


def _first(name: str) -> str:
    """As the first word of a sentence; the names of frameworks stay as they are."""
    return name.capitalize() if name in (BASE, NEW) else name


def _compared(
    metric: Metric,
    base: Sequence[float],
    new: Sequence[float],
    chance: float,
    base_name: str,
    new_name: str,
    *,
    blocked: bool,
) -> Compared:
    found = rank_tests.ratio(base, new)
    verdict = Verdict.NO_VERDICT if blocked else judged(metric, found, chance)
    return Compared(
        metric=metric.name,
        unit=metric.unit,
        verdict=verdict,
        base=median(base),
        new=median(new),
        ratio=round(found.estimate, 4),
        low=None if found.low is None else round(found.low, 4),
        high=None if found.high is None else round(found.high, 4),
        p=round(chance, 4),
        text=_sentence(metric, found, verdict, base_name, new_name, min(len(base), len(new))),
    )


def judged(metric: Metric, found: Ratio, chance: float) -> Verdict:
    """The verdict from the ratio's interval, the chance and what people would notice."""
    if found.low is None or found.high is None:
        return Verdict.NOT_SHOWN
    floor, ceiling = 1 - metric.limit, 1 + metric.limit
    if floor <= found.low and found.high <= ceiling:
        return Verdict.SAME
    if chance >= SIGNIFICANT:
        return Verdict.NOT_SHOWN
    is_more = found.estimate > 1
    is_clear = found.low > ceiling if is_more else found.high < floor
    if is_more == metric.higher_is_better:
        return Verdict.BETTER if is_clear else Verdict.SLIGHTLY_BETTER
    return Verdict.WORSE if is_clear else Verdict.SLIGHTLY_WORSE


def _sentence(metric: Metric, found: Ratio, verdict: Verdict, base: str, new: str, trials: int) -> str:
    if verdict is Verdict.NO_VERDICT or found.low is None or found.high is None:
        return f"{metric.title}: no verdict."
    low, high = sorted((100 * (found.low - 1), 100 * (found.high - 1)), key=abs)
    if verdict is Verdict.SAME:
        widest = max(abs(low), abs(high))
        return f"{metric.title}: the same; {new} and {base} differ by less than {widest:.1f} %."
    if verdict is Verdict.NOT_SHOWN:
        within = f"from {_signed(found.low)} to {_signed(found.high)}"
        return f"{metric.title}: no difference is shown; it may be anything {within}."
    word = metric.more if found.estimate > 1 else metric.less
    share = f"{abs(100 * (found.estimate - 1)):.1f} % {word}"
    between = f"between {abs(low):.1f} % and {abs(high):.1f} %, {trials} trials each"
    slightly = ", though people would hardly notice" if verdict.value.startswith("slightly") else ""
    if metric.name == METRICS[0].name:
        return f"{_first(new)} is {share} than {base} ({between}){slightly}."
    return f"{metric.title}: {share} ({between}){slightly}."


def _signed(ratio: float) -> str:
    return f"{100 * (ratio - 1):+.1f} %"
