"""The budget of a sweep: what a step has to keep, and how the whole is judged. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.budgets.evidence import BudgetTrial
from benchmarks.budgets.expectation import PERCENTILES, Expectation
from benchmarks.budgets.judgement import Budget, BudgetInput, BudgetItem, Judgement, decide, judge, overall
from benchmarks.sweeps.steps import GENERATOR, Sweep
from system.lib.quantities import significant

LATENCIES = (*PERCENTILES, "max")


@dataclass(frozen=True, slots=True)
class StepBudget:
    """What each step has to keep. Expectations of the rate are none of a step: they are of what the sweep finds."""

    expectations: tuple[Expectation, ...] = ()

    @classmethod
    def of(cls, expectations: Sequence[Expectation]) -> StepBudget:
        return cls(tuple(expectation for expectation in expectations if expectation.metric != "rate"))

    @property
    def has_latency(self) -> bool:
        """Whether it replaces the limit that is derived from the lowest step."""
        return any(expectation.metric in LATENCIES for expectation in self.expectations)

    def find_exceeded(self, trial: BudgetTrial) -> tuple[str, ...]:
        """A sentence for each expectation that the figure of a step is on the wrong side of. Its interval does not
        count here: near the limit it would contain it at many rates."""
        budget = judge(self.expectations, BudgetInput((trial,)))
        items = zip(self.expectations, budget.items if budget else (), strict=True)
        return tuple(
            f"{expectation.text} was not kept: it is {significant(item.value, 4)} {expectation.unit}".rstrip() + "."
            for expectation, item in items
            if item.value is not None and decide(expectation, item.value, item.value) is Judgement.MISSED
        )


def judge_sweep(expectations: Sequence[Expectation], sweep: Sweep, counted: BudgetTrial, objection: str) -> Budget:
    """The rate by the bracket, everything else by the step at the sustained rate."""
    items = tuple(
        _judge_rate(expectation, sweep, objection)
        if expectation.metric == "rate"
        else judge_one(expectation, counted, objection)
        for expectation in expectations
    )
    return Budget(overall([item.met for item in items]), items)


def judge_one(expectation: Expectation, trial: BudgetTrial, objection: str) -> BudgetItem:
    budget = judge([expectation], BudgetInput((trial,), objection))
    assert budget  # noqa: S101 - there is an expectation
    return budget.items[0]


def _judge_rate(expectation: Expectation, sweep: Sweep, objection: str) -> BudgetItem:
    """A limit of the generator is no bound of the target's rate."""
    high = None if sweep.limit == GENERATOR else sweep.high
    judgement = Judgement.NOT_SHOWN if objection else decide(expectation, sweep.low, high)
    return BudgetItem(expectation.text, judgement.value, sweep.sustained_rate, sweep.low, high, objection or sweep.text)
