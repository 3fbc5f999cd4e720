"""Which rate a sweep tries next: first rising until a rate does not hold, then between. [pure]

Everything follows from the steps so far, so that a sweep needs no memory besides them.

* A step that does not hold is repeated once, because a disturbance of the machine only ever lowers what is measured: a
  rate has failed when two executions failed, and holds when any of them held. A step that is clearly below its rate
  is not repeated.
* After the first rate that failed, one more above it is tried: a target that holds more, but not less, is not limited
  by its capacity. The rate that failed is then repeated once more. If it fails again, the sweep goes on below it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.sweeps.steps import FAILED, GENERATOR, HELD, SweepStep

# 1.05 ** 8: three halvings of a bracket of this width are at most 5 % wide.
GROWTH = 1.47
RETREAT = 4.0  # the first rate did not hold: the estimate was wrong, or the target is unwell
PRECISION = 1.05
FIRST_SHARE = 0.2  # of what a closed loop answered: five steps below the limit, if that was the limit
MIN_RATE = 1.0
MAX_RATE = 1_000_000.0
MAX_EXECUTIONS = 2  # of a rate that does not hold
MAX_EXECUTIONS_IF_CONTRADICTED = 3


@dataclass(frozen=True, slots=True)
class SweepLimits:
    """Bounds of a search. `first_rate`: in requests/s; `precision`: the width of the bracket, as high/low."""

    first_rate: float
    max_steps: int
    precision: float = PRECISION
    min_rate: float = MIN_RATE
    max_rate: float = MAX_RATE


@dataclass(frozen=True, slots=True)
class Findings:
    """What the steps have shown. `low`: the highest rate that held below every failed one; `high`: the lowest above it
    that did not hold, be it the generator's limit; `contradicted`: the lowest failed rate, if a higher one held."""

    low: float | None
    high: float | None
    contradicted: float | None


def first_rate(closed_loop_rate: float) -> float:
    """The rate of the first step, from what the target answered when every response was followed by a request."""
    return max(MIN_RATE, rounded(FIRST_SHARE * closed_loop_rate))


def rounded(rate: float) -> float:
    """Three digits, which are enough for a bracket of 5 % and readable."""
    return float(f"{rate:.3g}")


def next_rate(limits: SweepLimits, steps: Sequence[SweepStep]) -> float | None:
    """The rate of the next step; None if the search is over."""
    if len(steps) >= limits.max_steps:
        return None
    if not steps:
        return min(max(limits.first_rate, limits.min_rate), limits.max_rate)
    if _should_repeat(steps, steps[-1].rate):
        return steps[-1].rate
    findings = find(steps)
    if findings.contradicted is not None and not _has_been_contradicted(steps):
        return findings.contradicted
    if findings.low is None:
        lower = rounded(min(step.rate for step in steps) / RETREAT)
        return lower if lower >= limits.min_rate else None
    if findings.high is None:
        higher = rounded(findings.low * GROWTH)
        return min(higher, limits.max_rate) if findings.low < limits.max_rate else None
    if (beyond := _beyond(limits, steps, findings.high)) is not None:
        return beyond
    if findings.high <= answered_at(steps, findings.low) * limits.precision:
        return None
    between = rounded(math.sqrt(findings.low * findings.high))
    return between if findings.low < between < findings.high else None


def find(steps: Sequence[SweepStep]) -> Findings:
    """A rate that failed only once so far counts as failed: when a sweep is over, or was stopped."""
    verdicts = {step.rate: _verdict(steps, step.rate) or _last(steps, step.rate).outcome for step in steps}
    failed = [rate for rate, verdict in verdicts.items() if verdict == FAILED]
    held = [rate for rate, verdict in verdicts.items() if verdict == HELD]
    lowest_failed = min(failed, default=math.inf)
    low = max((rate for rate in held if rate < lowest_failed), default=None)
    above = [rate for rate, verdict in verdicts.items() if verdict != HELD and (low is None or rate > low)]
    is_contradicted = any(rate > lowest_failed for rate in held)
    return Findings(low, min(above, default=None), lowest_failed if is_contradicted else None)


def step_at(steps: Sequence[SweepStep], rate: float) -> SweepStep:
    """The execution that counts for a rate: the last one that held, else the last one."""
    return next((step for step in reversed(steps) if step.rate == rate and step.has_held), _last(steps, rate))


def answered_at(steps: Sequence[SweepStep], rate: float) -> float:
    """What was answered at a rate that held: up to the tolerance less than was asked for."""
    return min(rate, step_at(steps, rate).achieved)


def _should_repeat(steps: Sequence[SweepStep], rate: float) -> bool:
    """Above a rate that has failed already, one execution is enough: only one that held would say something new."""
    has_failed_below = any(step.rate < rate and _verdict(steps, step.rate) == FAILED for step in steps)
    return _verdict(steps, rate) is None and not has_failed_below


def _has_been_contradicted(steps: Sequence[SweepStep]) -> bool:
    """Whether a rate that failed was repeated because a higher one held. Further rates below it are no news."""
    return any(len(_of(steps, step.rate)) >= MAX_EXECUTIONS_IF_CONTRADICTED for step in steps)


def _verdict(steps: Sequence[SweepStep], rate: float) -> str | None:
    """The outcome of a rate; None while it is to be repeated. A failure that happened once, beside one of the
    generator, is none of the target's."""
    executions = _of(steps, rate)
    outcomes = [step.outcome for step in executions]
    if HELD in outcomes:
        return HELD
    if any(step.outcome == FAILED and step.is_clear for step in executions) or outcomes.count(FAILED) >= 2:
        return FAILED
    return GENERATOR if len(outcomes) >= MAX_EXECUTIONS else None


def _beyond(limits: SweepLimits, steps: Sequence[SweepStep], high: float) -> float | None:
    """The rate above the first one that failed, if none above it was tried; None for a limit of the generator, which
    can only send less of a higher rate."""
    is_tried = any(step.rate > high for step in steps)
    if is_tried or _verdict(steps, high) != FAILED or high >= limits.max_rate:
        return None
    return min(rounded(high * GROWTH), limits.max_rate)


def _of(steps: Sequence[SweepStep], rate: float) -> list[SweepStep]:
    return [step for step in steps if step.rate == rate]


def _last(steps: Sequence[SweepStep], rate: float) -> SweepStep:
    return _of(steps, rate)[-1]
