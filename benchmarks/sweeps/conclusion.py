"""What the steps of a sweep have shown: the bracket, what limited it, and a sentence. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.sweeps import search
from benchmarks.sweeps.search import Findings, SweepLimits
from benchmarks.sweeps.steps import BUDGET, GENERATOR, MAX_STEPS, TARGET, Sweep, SweepStep
from system.lib.quantities import pluralize, significant


def conclude(limits: SweepLimits, steps: Sequence[SweepStep]) -> Sweep:
    """The result of the steps so far: at least one. A sweep that was stopped is like one of fewer steps."""
    findings = search.find(steps)
    low = None if findings.low is None else search.answered_at(steps, findings.low)
    limit = _limit(limits, steps, findings, low)
    return Sweep(
        sustained_rate=low,
        low=low,
        high=findings.high,
        limit=limit,
        is_monotone=findings.contradicted is None,
        text=" ".join(_sentences(steps, findings, low, limit)),
        steps=tuple(steps),
    )


def sustained_step(steps: Sequence[SweepStep]) -> int | None:
    """Index of the step whose figures are those of the sweep; None if no rate held."""
    low = search.find(steps).low
    if low is None:
        return None
    counted = search.step_at(steps, low)
    return next(index for index in reversed(range(len(steps))) if steps[index] is counted)


def _limit(limits: SweepLimits, steps: Sequence[SweepStep], findings: Findings, low: float | None) -> str:
    if findings.high is None:
        return GENERATOR if findings.low is not None and findings.low >= limits.max_rate else MAX_STEPS
    if search.next_rate(replace(limits, max_steps=len(steps) + 1), steps) is not None:
        return MAX_STEPS
    above = [step for step in steps if step.rate == findings.high]
    if any(step.outcome == GENERATOR for step in above):
        return GENERATOR
    return TARGET if any(step.is_unanswered for step in above) else BUDGET


def _sentences(steps: Sequence[SweepStep], findings: Findings, low: float | None, limit: str) -> list[str]:
    return [
        _main_sentence(findings, low, limit, len(steps)),
        *([_reason(steps, findings.high)] if findings.high is not None else []),
        *([_contradiction(steps, findings.contradicted)] if findings.contradicted is not None else []),
    ]


def _main_sentence(findings: Findings, low: float | None, limit: str, count: int) -> str:
    high = None if findings.high is None else _rate(findings.high)
    if low is None:
        at = f"{high} requests/s, the lowest rate that was tried" if high else "any rate"
        if limit == GENERATOR:
            return f"The generator was the limit already at {at}: nothing is known about the target."
        return f"The target does not hold {at}."
    holds = f"The target holds {_rate(low)} requests/s"
    if limit == GENERATOR:
        return f"The generator was the limit: the target holds at least {_rate(low)} requests/s."
    if limit == MAX_STEPS:
        until = f", but not {high}" if high else ""
        return f"{holds}{until}; the sweep ended after {pluralize(count, 'step')}, so the limit may lie anywhere above."
    return f"{holds}, but not {high}."


def _reason(steps: Sequence[SweepStep], rate: float) -> str:
    reasons = search.step_at(steps, rate).reasons
    return f"At {_rate(rate)}: {' '.join(reasons)}" if reasons else ""


def _contradiction(steps: Sequence[SweepStep], failed: float) -> str:
    held = max(step.rate for step in steps if step.has_held)
    times = pluralize(sum(step.rate == failed for step in steps), "time")
    return f"It held {_rate(held)} requests/s although it failed {_rate(failed)} {times}: that is not its capacity."


def _rate(rate: float) -> str:
    return significant(rate, 3) if rate < 100 else f"{rate:,.0f}"
