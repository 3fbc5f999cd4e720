"""Judges a budget: met or missed only where the whole interval is on one side of the limit, else not shown. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from benchmarks.analysis.gates import MIN_RATE_RATIO
from benchmarks.analysis.measurement import Measurement, merge_trials
from benchmarks.analysis.saturation import is_lower_bound
from benchmarks.budgets.evidence import MIN_TRIALS, BudgetTrial, Evidence, gather
from benchmarks.budgets.expectation import Expectation
from system.lib.quantities import pluralize, significant

MAX_TRIALS = 50  # of a run


class Judgement(StrEnum):
    MET = "met"
    MISSED = "missed"
    NOT_SHOWN = "not_shown"


JUDGEMENTS = tuple(judgement.value for judgement in Judgement)


@dataclass(frozen=True, slots=True)
class BudgetItem:
    """`value`, `low`, `high`: in ms, /s, %, µs, bytes, or as a count; None where unknown, or without a bound."""

    text: Annotated[str, "The expectation, as written"]
    met: Annotated[str, JUDGEMENTS]
    value: Annotated[float | None, "As in the result: requests/s, ms, %, a count, µs or bytes"]
    low: Annotated[float | None, "Confidence interval; null without a bound"]
    high: float | None
    message: Annotated[str, "The judgement in a sentence, with what would settle one that is not shown"]


@dataclass(frozen=True, slots=True)
class Budget:
    """`met`: missed if one item is, else not_shown if one is, else met."""

    met: Annotated[str, JUDGEMENTS]
    items: tuple[BudgetItem, ...]


@dataclass(frozen=True, slots=True)
class BudgetInput:
    """What is judged. `objection`: why no figure of the run counts, in a sentence; empty if they do.

    `is_rate_lower_bound`: the target may be capable of a higher rate than was measured.
    """

    trials: tuple[BudgetTrial, ...]
    objection: str = ""
    is_rate_lower_bound: bool = False


def judge(expectations: Sequence[Expectation], run: BudgetInput) -> Budget | None:
    """None without expectations. A run without trials shows nothing."""
    if not expectations:
        return None
    whole = merge_trials([trial.measurement for trial in run.trials]) if run.trials else None
    items = tuple(_judge_item(expectation, run, whole) for expectation in expectations)
    return Budget(overall([item.met for item in items]), items)


def overall(judgements: Sequence[str]) -> str:
    """The judgement of several: missed if one is, else not_shown if one is, else met."""
    return next(
        (worst for worst in (Judgement.MISSED, Judgement.NOT_SHOWN) if worst in judgements), Judgement.MET
    ).value


def judgement_words(budget: Budget | None) -> str:
    """`met`, `missed` or `not shown`; empty without a budget."""
    return budget.met.replace("_", " ") if budget else ""


def object_to(validity: str, reasons: Sequence[str]) -> str:
    """Why the figures of a run of this validity do not count; empty if they do."""
    if validity == "unknown":
        return " ".join(["The run was measured without checks.", *reasons])
    return " ".join(["The run is invalid.", *reasons]) if validity == "invalid" else ""


def is_rate_lower_bound(saturation: str, rate: float, requested_rate: float | None) -> bool:
    """Whether the target may be capable of a higher rate than was measured: something else was the limit, or a fixed
    rate was sustained."""
    return is_lower_bound(saturation) or (requested_rate is not None and rate >= MIN_RATE_RATIO * requested_rate)


def _judge_item(expectation: Expectation, run: BudgetInput, whole: Measurement | None) -> BudgetItem:
    if whole is None:
        objection = run.objection or "There are no figures of single trials."
        return BudgetItem(expectation.text, Judgement.NOT_SHOWN.value, None, None, None, objection)
    evidence = gather(expectation, run.trials, whole, is_rate_lower_bound=run.is_rate_lower_bound)
    judgement = Judgement.NOT_SHOWN if run.objection else decide(expectation, evidence.low, evidence.high)
    message = run.objection or _sentence(expectation, evidence, judgement, len(run.trials))
    return BudgetItem(expectation.text, judgement.value, evidence.value, evidence.low, evidence.high, message)


def decide(expectation: Expectation, low: float | None, high: float | None) -> Judgement:
    """From the interval; None is no bound on that side."""
    limit = expectation.limit
    if expectation.op in ("<", "<="):
        is_met = high is not None and (high < limit or (high == limit and expectation.op == "<="))
        is_missed = low is not None and (low > limit or (low == limit and expectation.op == "<"))
    else:
        is_met = low is not None and (low > limit or (low == limit and expectation.op == ">="))
        is_missed = high is not None and (high < limit or (high == limit and expectation.op == ">"))
    return Judgement.MET if is_met else Judgement.MISSED if is_missed else Judgement.NOT_SHOWN


def _sentence(expectation: Expectation, evidence: Evidence, judgement: Judgement, trials: int) -> str:
    metric, unit = expectation.metric, expectation.unit
    if evidence.value is None:
        return evidence.gap
    value = f"{metric} {_quantity(evidence.value, unit)}"
    if evidence.low == evidence.high == evidence.value:
        return f"{value} in {pluralize(trials, 'trial')}."
    interval = f"{value} ({_interval(evidence, unit)} in {pluralize(trials, 'trial')})"
    if judgement is not Judgement.NOT_SHOWN:
        return f"{interval}."
    if not evidence.gap:
        return f"{interval}, too close to the limit: {_needed(trials_needed(expectation, evidence, trials))}."
    stated = value if evidence.low is None and evidence.high is None else interval
    settled = f" {evidence.settled_by} trials would settle it." if evidence.settled_by else ""
    return f"{stated}. {evidence.gap}{settled}"


def _quantity(value: float, unit: str) -> str:
    if unit == "bytes":
        return f"{significant(value / 2**20, 4)} MB"
    return f"{significant(value, 4)}{' ' * (unit not in ('', '/s'))}{unit}"


def _interval(evidence: Evidence, unit: str) -> str:
    if evidence.high is None:
        return f"at least {_quantity(evidence.low or 0, unit)}"
    if evidence.low is None:
        return f"at most {_quantity(evidence.high, unit)}"
    low, high = _quantity(evidence.low, unit), _quantity(evidence.high, unit)
    return f"{low.split(' ')[0].removesuffix(unit)} to {high}"


def _needed(trials: int | None) -> str:
    if trials is None:
        return f"more than {MAX_TRIALS} trials would be needed to settle it"
    return f"about {pluralize(trials, 'trial')} would settle it"


def trials_needed(expectation: Expectation, evidence: Evidence, trials: int) -> int | None:
    """How many trials would narrow the interval until it is on one side; None for more than MAX_TRIALS.

    An interval narrows with the square root of the trials, that of a share without events with the trials.
    """
    value, limit = evidence.value, expectation.limit
    if value is None or evidence.low is None or evidence.high is None or value == limit or trials >= MAX_TRIALS:
        return None
    ratio = ((evidence.high - value) if value < limit else (value - evidence.low)) / abs(value - limit)
    if ratio >= MAX_TRIALS:  # before its square, which may be too large for a float
        return None
    estimate = trials * (ratio if value == 0 else ratio**2)
    if estimate >= MAX_TRIALS:
        return None
    return max(MIN_TRIALS, trials + 1, int(estimate) + 1)
