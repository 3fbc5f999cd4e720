"""Whether a step holds, and whose limit it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.analysis.gate import TrialGateInput
from benchmarks.analysis.measurement import Measurement
from benchmarks.analysis.saturation import CpuLoad
from benchmarks.budgets.evidence import BudgetTrial
from benchmarks.budgets.expectation import parse_expectations
from benchmarks.sweeps.budget import StepBudget, judge_sweep
from benchmarks.sweeps.judgement import StepInput, judge
from benchmarks.sweeps.steps import Sweep, SweepStep

IDLE = CpuLoad(generator=0.1, target=0.2, host=0.3, others_cores=0.0)


def measured(p99_ms: float | None = 3.0, errors: int = 0) -> Measurement:
    percentiles = {"50": 1.0, "90": 2.0} | ({} if p99_ms is None else {"99": p99_ms})
    return Measurement(5, 5000, 5000 - errors, errors, 0, 0, 10**6, 1.0, 9.0, percentiles, (), 50)


def step_input(
    rate: float = 1000, achieved: float | None = None, load: CpuLoad = IDLE, sent_mean_ms: float = 1.0,
    p99_ms: float | None = 3.0, errors: int = 0,
) -> StepInput:  # fmt: skip
    answered = rate if achieved is None else achieved
    return StepInput(rate, answered, TrialGateInput(measured(p99_ms, errors), load), sent_mean_ms)


LOWEST = step_input(200)


def test_a_step_that_is_answered_in_time_holds() -> None:
    assert judge(step_input(), LOWEST) == SweepStep(
        rate=1000, achieved=1000, p50_ms=1.0, p90_ms=2.0, p99_ms=3.0, max_ms=9.0, errors=0, generator_share=0.1,
        target_share=0.2, outcome="held", reasons=(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("step", "outcome", "reasons"),
    [
        (step_input(achieved=981), "held", ()),
        (
            step_input(achieved=979, sent_mean_ms=40),
            "failed",
            ("97.9 % of the requests were answered in time; 98 % are needed.",),
        ),
        (step_input(errors=2), "failed", ("2 requests failed or were answered outside 2xx.",)),
        (
            step_input(p99_ms=9.1),
            "failed",
            ("The p99 latency of 9.1 ms is more than 3 times that of 200 requests/s, 3 ms.",),
        ),
        (step_input(p99_ms=None), "held", ()),  # too few requests for p99: p90 is compared
        (
            step_input(achieved=900, load=CpuLoad(0.95, 0.4, 0.7, 0.0)),
            "generator",
            (
                "The load generator was busy (95 % of its CPU).",
                "90 % of the requests were answered in time; 98 % are needed.",
            ),
        ),
        (
            step_input(achieved=900, load=CpuLoad(0.5, 0.5, 0.95, 0.1), sent_mean_ms=40),
            "generator",
            (
                "The machine that generator and target share was full.",
                "90 % of the requests were answered in time; 98 % are needed.",
            ),
        ),
        (
            step_input(achieved=900, load=CpuLoad(0.1, 0.2, 0.95, 1.2), sent_mean_ms=40),  # others filled the machine
            "generator",
            (
                "The machine was full: other programs used 1.2 of its processors.",
                "90 % of the requests were answered in time; 98 % are needed.",
            ),
        ),
        (
            step_input(achieved=900, load=CpuLoad(0.3, 0.98, 0.95, 0.0), sent_mean_ms=1),  # the target was busy
            "failed",
            ("90 % of the requests were answered in time; 98 % are needed.",),
        ),
        (
            step_input(achieved=900),
            "generator",
            (
                "The load generator did not send the requests in time, although most of its connections were idle.",
                "90 % of the requests were answered in time; 98 % are needed.",
            ),
        ),
        (
            step_input(achieved=900, load=CpuLoad(0.95, 0.4, 0.7, 0.0), errors=3),  # failed requests are the target's
            "failed",
            (
                "3 requests failed or were answered outside 2xx.",
                "90 % of the requests were answered in time; 98 % are needed.",
            ),
        ),
    ],
)
def test_the_outcome_has_its_reasons(step: StepInput, outcome: str, reasons: tuple[str, ...]) -> None:
    judged = judge(step, LOWEST)

    assert (judged.outcome, judged.reasons) == (outcome, reasons)


def test_too_few_connections_are_a_limit_of_the_generator() -> None:
    """A target that takes 100 ms for every response, at any rate: ten connections send at most 100 requests/s."""
    lowest = replace(step_input(20, sent_mean_ms=100), sent_p10_ms=99)
    waiting = replace(measured(), connections_used=10)
    step = replace(
        step_input(150, achieved=99, sent_mean_ms=101), trial=TrialGateInput(waiting, CpuLoad(0.0, None, 0.0, 0.0))
    )

    judged = judge(step, lowest)

    assert (judged.outcome, judged.reasons[0]) == (
        "generator",
        "All 10 connections waited for responses that took no longer than before: use more connections, or longer"
        " steps.",
    )
    assert judge(step, replace(lowest, sent_p10_ms=20)).outcome == "failed"  # a queue, of bursts at the lowest rate


def expect(*texts: str) -> StepBudget:
    return StepBudget.of(parse_expectations(texts))


def test_a_budget_of_the_latency_replaces_the_limit_of_the_lowest_step() -> None:
    steps = [judge(step_input(1000, p99_ms=p99_ms), LOWEST, expect("p99<20ms")) for p99_ms in (19, 21)]
    unanswered = judge(step_input(1000, achieved=500, sent_mean_ms=90), LOWEST, expect("p99<20ms"))

    assert [(step.outcome, step.reasons) for step in steps] == [
        ("held", ()),
        ("failed", ("p99<20ms was not kept: it is 21 ms.",)),
    ]
    assert (unanswered.outcome, unanswered.is_clear) == ("failed", True)


def test_other_budgets_are_kept_in_addition() -> None:
    cpu = replace(step_input(), cpu_micros_per_request=90.0)
    judged = [
        judge(step, LOWEST, expect("cpu<80us", "rate>9k/s")) for step in (cpu, step_input(p99_ms=9.1), step_input())
    ]

    assert [step.reasons for step in judged] == [
        ("cpu<80us was not kept: it is 90 µs.",),
        ("The p99 latency of 9.1 ms is more than 3 times that of 200 requests/s, 3 ms.",),
        (),
    ]


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("rate>=1900", "target", "met"),
        ("rate>=2050", "target", "not_shown"),
        ("rate>=2200", "target", "missed"),
        ("rate>=2200", "generator", "not_shown"),
        ("p50<2ms", "target", "met"),
    ],
)
def test_the_rate_of_a_sweep_is_judged_by_its_bracket(text: str, limit: str, expected: str) -> None:
    sweep = Sweep(2000, 2000, 2080, limit, True, "It holds 2,000.", ())
    latencies = tuple((microseconds, 10) for microseconds in range(1000, 1500))
    trial = BudgetTrial(replace(measured(), latencies_us=latencies))

    assert judge_sweep(parse_expectations([text]), sweep, trial, "").met == expected
    assert judge_sweep(parse_expectations([text]), sweep, trial, "It is invalid.").items[0].message == "It is invalid."
