"""The search over simulated targets: it ends, and its bracket is that of the target."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.sweeps import search
from benchmarks.sweeps.conclusion import conclude, sustained_step
from benchmarks.sweeps.search import PRECISION, SweepLimits, next_rate
from benchmarks.sweeps.steps import FAILED, GENERATOR, HELD, Sweep, SweepStep

Target = Callable[[float], SweepStep]
MAX_STEPS = 40


def step(rate: float, outcome: str = HELD, achieved: float | None = None, *, is_clear: bool = False) -> SweepStep:
    answered = rate if achieved is None else achieved
    is_unanswered = outcome == FAILED and answered < rate
    reasons = () if outcome == HELD else (f"{outcome}.",)
    return SweepStep(
        rate, answered, 1.0, 2.0, 3.0, 4.0, 0, 0.1, 0.2, outcome, reasons, is_unanswered, is_clear=is_clear
    )  # fmt: skip


def limited_to(capacity: float, generator: float = float("inf")) -> Target:
    """Answers at most `capacity`; the generator sends at most `generator`."""

    def respond(rate: float) -> SweepStep:
        if rate > generator and generator <= capacity:
            return step(rate, GENERATOR, generator)
        achieved = min(rate, capacity)
        outcome = HELD if achieved >= 0.98 * rate else FAILED
        return step(rate, outcome, achieved, is_clear=achieved < 0.8 * rate)

    return respond


def run_sweep(target: Target, first_rate: float, max_steps: int = MAX_STEPS) -> Sweep:
    limits = SweepLimits(search.rounded(first_rate), max_steps)
    steps: list[SweepStep] = []
    while (rate := next_rate(limits, steps)) is not None:
        assert len(steps) < max_steps
        steps.append(target(rate))
    return conclude(limits, steps)


def rates_of(sweep: Sweep) -> list[float]:
    return [step.rate for step in sweep.steps]


def test_the_rates_rise_then_lie_between() -> None:
    sweep = run_sweep(limited_to(2000), 400)

    assert rates_of(sweep) == [400, 588, 864, 1270, 1870, 2750, 4040, 2270, 2270, 2060, 2060, 1960, 2010]
    assert (sweep.low, sweep.high, sweep.limit, sweep.is_monotone) == (2000, 2060, "target", True)
    assert sweep.text == "The target holds 2,000 requests/s, but not 2,060. At 2,060: failed."


@given(capacity=st.floats(10, 500_000), estimate=st.floats(0.05, 10))
def test_the_bracket_contains_the_capacity(capacity: float, estimate: float) -> None:
    sweep = run_sweep(limited_to(capacity), max(1.0, capacity * estimate))

    assert sweep.low is not None
    assert sweep.high is not None
    assert sweep.low <= capacity <= sweep.high
    assert sweep.high / sweep.low <= PRECISION * 1.0001
    assert (sweep.limit, sweep.is_monotone) == ("target", True)
    assert len(sweep.steps) <= 22


@given(capacity=st.floats(100, 1e5), share=st.floats(0.1, 0.99), estimate=st.floats(0.05, 3))
def test_a_limit_of_the_generator_is_never_the_targets(capacity: float, share: float, estimate: float) -> None:
    sweep = run_sweep(limited_to(capacity, generator=share * capacity), estimate * capacity)

    assert sweep.limit == "generator"
    assert sweep.low is not None
    assert sweep.low <= share * capacity
    assert sweep.text.startswith("The generator was the limit: the target holds at least")


@given(seed=st.integers(), disturbance=st.floats(0, 0.6), max_steps=st.integers(1, MAX_STEPS))
def test_noise_and_contradictions_end_within_the_maximum(seed: int, disturbance: float, max_steps: int) -> None:
    chance = random.Random(seed)
    capacity = chance.uniform(10, 50_000)
    holes = [chance.uniform(0, 1.2 * capacity) for _ in range(2)]  # rates around which it fails

    def respond(rate: float) -> SweepStep:
        if chance.random() < disturbance:
            return step(rate, chance.choice([FAILED, GENERATOR]), rate * chance.uniform(0.5, 1))
        if any(hole < rate < 1.3 * hole for hole in holes):
            return step(rate, FAILED, 0.9 * rate)
        return limited_to(capacity)(rate)

    sweep = run_sweep(respond, chance.uniform(0.01, 2) * capacity, max_steps)

    failed = {step.rate for step in sweep.steps if step.outcome == FAILED}
    held = {step.rate for step in sweep.steps if step.has_held}
    assert 1 <= len(sweep.steps) <= max_steps
    assert sweep.low is None or any(sweep.low <= rate for rate in held)
    if sweep.low is not None and sweep.high is not None:
        assert sweep.low < sweep.high
        assert sweep.limit == "max_steps" or sweep.high / sweep.low <= PRECISION * 1.02
    if sweep.limit == "target":
        assert sweep.high in failed - held
    if not sweep.is_monotone:
        assert any(rate < max(held) for rate in failed - held)
        assert sweep.low is None or sweep.low < min(failed - held)
    if (index := sustained_step(sweep.steps)) is not None:
        assert sweep.steps[index].has_held
        assert sweep.low == min(sweep.steps[index].rate, sweep.steps[index].achieved)


def test_a_disturbed_step_is_repeated_and_counts_as_held() -> None:
    executions: list[float] = []

    def respond(rate: float) -> SweepStep:
        executions.append(rate)
        is_disturbed = rate == 864 and executions.count(864) == 1
        return step(rate, FAILED, 0.9 * rate) if is_disturbed else limited_to(2000)(rate)

    sweep = run_sweep(respond, 400)

    assert rates_of(sweep)[:5] == [400, 588, 864, 864, 1270]
    assert (sweep.low, sweep.high, sweep.is_monotone) == (2000, 2060, True)


def test_a_rate_that_fails_below_one_that_holds_is_repeated() -> None:
    def respond(rate: float) -> SweepStep:
        return step(rate, FAILED, 0.9 * rate) if 800 < rate < 900 else limited_to(2000)(rate)

    sweep = run_sweep(respond, 400)

    assert rates_of(sweep)[:6] == [400, 588, 864, 864, 1270, 864]
    assert (sweep.is_monotone, sweep.limit) == (False, "target")
    assert sweep.low is not None
    assert sweep.high is not None
    assert 588 <= sweep.low < 800 < sweep.high <= 864
    assert sweep.text.endswith("It held 1,270 requests/s although it failed 824 2 times: that is not its capacity.")


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (FAILED, "The target does not hold 1.56 requests/s, the lowest rate that was tried. At 1.56: failed."),
        (
            GENERATOR,
            "The generator was the limit already at 1.56 requests/s, the lowest rate that was tried: nothing is known"
            " about the target. At 1.56: generator.",
        ),
    ],
)
def test_where_no_rate_holds_lower_ones_are_tried(outcome: str, expected: str) -> None:
    sweep = run_sweep(lambda rate: step(rate, outcome, 0.5 * rate, is_clear=outcome == FAILED), 100)

    assert set(rates_of(sweep)) == {100, 25, 6.25, 1.56}
    assert (sweep.sustained_rate, sweep.low, sweep.text) == (None, None, expected)


def test_a_limit_of_the_latency_is_one_of_the_budget() -> None:
    def respond(rate: float) -> SweepStep:
        return step(rate, HELD if rate <= 1000 else FAILED)

    sweep = run_sweep(respond, 400)

    assert (sweep.limit, sweep.high and 1000 < sweep.high <= 1050) == ("budget", True)


def test_a_sweep_that_ended_early_says_so() -> None:
    sweep = run_sweep(limited_to(2000), 400, max_steps=3)

    assert (sweep.sustained_rate, sweep.high, sweep.limit) == (864, None, "max_steps")
    assert sweep.text == (
        "The target holds 864 requests/s; the sweep ended after 3 steps, so the limit may lie anywhere above."
    )
