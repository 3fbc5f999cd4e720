"""A sweep while it goes on: its steps so far, and which rate comes next. [pure]"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from benchmarks.analysis.gate import Gate
from benchmarks.sweeps import search
from benchmarks.sweeps.budget import StepBudget
from benchmarks.sweeps.conclusion import conclude, sustained_step
from benchmarks.sweeps.judgement import NO_BUDGET, StepInput, judge
from benchmarks.sweeps.search import SweepLimits
from benchmarks.sweeps.steps import BUDGET, TARGET, Sweep, SweepStep

# h2load sends with all connections at the same moment, once per period. With fewer than twenty periods in a step, the
# rate would be that of a few bursts.
MIN_PERIODS = 20
MAX_GATE_CHARACTERS = 500  # a server accepts no longer message in a submitted result


@dataclass(slots=True)
class SweepProgress:
    """Grows by a step at a time. `connections`: of every step, so that their latencies can be compared."""

    limits: SweepLimits
    connections: int
    budget: StepBudget = NO_BUDGET
    inputs: list[StepInput] = field(default_factory=list)
    steps: list[SweepStep] = field(default_factory=list)

    @classmethod
    def plan(
        cls,
        closed_loop_rate: float,
        max_steps: int,
        duration_s: float,
        connections: int,
        budget: StepBudget = NO_BUDGET,
    ) -> SweepProgress:
        """`closed_loop_rate`: what the warm-up reached with `connections`; `duration_s`: of a step."""
        first = search.first_rate(closed_loop_rate)
        fewest = max(1, math.floor(first * duration_s / MIN_PERIODS))
        return cls(SweepLimits(first, max_steps), min(connections, fewest), budget)

    def next_rate(self) -> float | None:
        """None if the sweep is over."""
        return search.next_rate(self.limits, self.steps)

    def add(self, step: StepInput) -> None:
        held = [other for other, judged in zip(self.inputs, self.steps, strict=True) if judged.has_held]
        self.steps.append(judge(step, min(held, key=lambda other: other.rate, default=None), self.budget))
        self.inputs.append(step)

    def conclude(self) -> Sweep:
        """Of at least one step."""
        return conclude(self.limits, self.steps)

    @property
    def counted_index(self) -> int:
        """Of the step whose figures are those of the run: at the sustained rate, or the last one if no rate held."""
        index = sustained_step(self.steps)
        return len(self.steps) - 1 if index is None else index

    @property
    def counted(self) -> StepInput:
        return self.inputs[self.counted_index]

    def gate(self) -> Gate:
        """The sweep as one check of its run."""
        sweep = self.conclude()
        is_known = sweep.limit in (TARGET, BUDGET) and sweep.is_monotone
        state = "fail" if sweep.low is None else "pass" if is_known else "warn"
        return Gate("sweep", state, sweep.text[:MAX_GATE_CHARACTERS], sweep.sustained_rate)
