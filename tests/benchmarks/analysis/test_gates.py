import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.analysis import gates, oddities
from benchmarks.analysis.gate import Gate, GateInput, ProbeCounts, TrialGateInput
from benchmarks.analysis.gates import Assessment, assess, evaluate_gates, littles_law_ratio, rank_correlation
from benchmarks.analysis.measurement import Measurement
from benchmarks.analysis.saturation import CpuLoad
from benchmarks.sweeps import progress

# 10 connections, 5 ms per request: 2000 requests/s by Little's law.
GOOD = Measurement(
    duration_s=10, responses=20_000, successes=20_000, errors=0, timeouts=0, non_2xx=0, bytes_read=1000,
    mean_ms=5.0, max_ms=9.0, percentiles_ms={"50": 5.0}, latencies_us=((5000, 20_000),), connections_used=10,
)  # fmt: skip
SERVER_BOUND = CpuLoad(generator=0.2, target=0.95, host=0.6, others_cores=0.0, steal=0.0)
CLEAN = TrialGateInput(GOOD, SERVER_BOUND, ProbeCounts(250, 0, 0), 50_000_000)
RUN = GateInput(
    trials=(CLEAN,) * 5, planned_duration_s=10, is_steady=True, restarts=0, background_cores=0.0, trials_planned=5
)


def assess_with(**changes: Any) -> Assessment:
    return assess(evaluate_gates(replace(RUN, **changes)))


def trials(**changes: Any) -> tuple[TrialGateInput, ...]:
    return (replace(CLEAN, **changes),) * 5


def measured(**changes: Any) -> tuple[TrialGateInput, ...]:
    return trials(measurement=replace(GOOD, **changes))


def rates(*successes: int) -> tuple[TrialGateInput, ...]:
    return tuple(replace(CLEAN, measurement=replace(GOOD, successes=count)) for count in successes)


def test_a_clean_run_is_valid_and_every_check_passed() -> None:
    evaluated = evaluate_gates(RUN)

    assert assess(evaluated) == Assessment("valid", ())
    assert [gate.state for gate in evaluated] == ["pass"] * len(evaluated)
    assert len({gate.code for gate in evaluated}) == len(evaluated) >= 12


@pytest.mark.parametrize(
    ("changes", "validity", "reason"),
    [
        ({"trials": measured(successes=19_990, non_2xx=10)}, "caution", "0.05 % of the requests failed"),
        ({"trials": measured(successes=19_600, non_2xx=400)}, "invalid", "2 % of the requests failed"),
        ({"trials": measured(responses=12, successes=12)}, "invalid", "Rate, latency and connections are inconsistent"),
        ({"trials": measured(responses=12, successes=12, mean_ms=None)}, "caution", "Only 60 responses"),
        ({"trials": measured(duration_s=0.3, responses=600, successes=600)}, "caution", "It lasted only 1.5 s"),
        ({"trials": measured(duration_s=9, responses=18_000)}, "caution", "A trial lasted 9.0 s instead of 10 s"),
        ({"trials": (CLEAN,) * 3}, "caution", "Only 3 of 5 trials were measured"),
        ({"trials": trials(load=replace(SERVER_BOUND, generator=0.97, target=0.5))}, "caution", "The load generator used 97 %"),
        ({"trials": trials(load=replace(SERVER_BOUND, target=0.7, host=0.99))}, "caution", "Every processor was busy"),
        ({"trials": trials(load=replace(SERVER_BOUND, target=0.3))}, "caution", "Neither side was at its limit"),
        ({"trials": trials(load=replace(SERVER_BOUND, generator=0.85))}, "caution", "The load generator was close"),
        ({"trials": measured(mean_ms=3.0)}, "caution", "Rate, latency and connections are inconsistent: Little's law gives 0.60"),
        ({"trials": measured(mean_ms=2.0)}, "invalid", "Rate, latency and connections are inconsistent: Little's law gives 0.40"),
        ({"trials": measured(resolution_us=1000)}, "caution", "Latencies are truncated to 1 ms"),
        ({"trials": trials(probe=ProbeCounts(250, 0, 1))}, "invalid", "5 of 1250 probes under load got a different body"),
        ({"trials": trials(probe=ProbeCounts(250, 1, 0))}, "caution", "5 of 1250 probes under load got no 2xx response"),
        ({"response_oddities": ("No Date.",)}, "caution", "No Date."),
        ({"response_change": "It changed."}, "invalid", "It changed."),
        ({"cached_date": True}, "caution", "The Date header did not change"),
        ({"restarts": 2}, "invalid", "Processes of the target restarted during the run: 2."),
        ({"is_steady": False}, "caution", "The rate had not settled"),
        ({"trials": rates(18_000, 20_000, 19_000, 21_000, 19_500)}, "caution", "The trials differ by 5.7 %"),
        ({"trials": rates(10_000, 20_000, 15_000, 9_000, 19_500)}, "caution", "The trials differ by 35.0 %"),
        ({"trials": rates(20_000, 19_800, 19_600, 19_400, 19_200)}, "caution", "The rate drifted by -4.0 %"),
        ({"background_cores": 0.8}, "caution", "Other programs used 0.8 processors before"),
        ({"trials": trials(load=replace(SERVER_BOUND, others_cores=0.5))}, "caution", "Other programs used 0.5 processors during"),
        ({"trials": trials(load=replace(SERVER_BOUND, steal=0.03))}, "caution", "The hypervisor took 3.0 %"),
        ({"trials": trials(load=replace(SERVER_BOUND, is_throttled=True))}, "caution", "The cgroup's CPU limit"),
        ({"rate_per_second": 2500.0}, "caution", "The target did not sustain 2,500 requests/s: 80.0 %"),
        ({"rate_per_second": 1_000_000.0}, "caution", "The target did not sustain 1,000,000 requests/s: 0.2 %"),
        ({"trials": measured(successes=0, non_2xx=20_000)}, "invalid", "100 % of the requests failed (100000 errors"),
        ({"cross_rate": 1700.0}, "caution", "A second load generator measured 1,700 requests/s, -15 %"),
        ({"notes": ("Two of four.",)}, "caution", "Two of four."),
    ],
)  # fmt: skip
def test_a_gate_that_does_not_pass_gives_the_reason(changes: dict[str, Any], validity: str, reason: str) -> None:
    assessment = assess_with(**changes)

    assert assessment.validity == validity
    assert assessment.reasons[0].startswith(reason)


def test_a_noisy_machine_only_lowers_the_validity_to_caution() -> None:
    noisy = replace(SERVER_BOUND, others_cores=1.9, steal=0.5, is_throttled=True)

    assert assess_with(trials=trials(load=noisy), background_cores=2.0, is_steady=False).validity == "caution"


def test_unmeasured_cpu_is_unknown_and_does_not_lower_the_validity() -> None:
    evaluated = evaluate_gates(replace(RUN, trials=trials(load=CpuLoad(0.3, None, 0.4), probe=None), restarts=None))

    assert [gate.code for gate in evaluated if gate.state == "unknown"] == ["saturation"]
    assert assess(evaluated).validity == "valid"


def test_failures_come_before_warnings_and_every_reason_once() -> None:
    evaluated = [
        Gate("a", "warn", "Odd."),
        Gate("b", "fail", "Wrong."),
        Gate("c", "warn", "Odd."),
        Gate("d", "pass", "Fine."),
    ]

    assert assess(evaluated) == Assessment("invalid", ("Wrong.", "Odd."))


def test_littles_law_is_skipped_if_the_mean_is_too_imprecise() -> None:
    assert littles_law_ratio(GOOD, 1) == pytest.approx(1)
    assert littles_law_ratio(replace(GOOD, mean_ms=20.0), 4) == pytest.approx(1)
    assert littles_law_ratio(replace(GOOD, resolution_us=1000), 1) is None
    assert littles_law_ratio(replace(GOOD, mean_ms=2000.0), 1) is None
    assert littles_law_ratio(replace(GOOD, mean_ms=None), 1) is None


def test_rank_correlation_has_the_sign_of_the_trend() -> None:
    assert [rank_correlation(values) for values in ([1, 2, 3], [3, 2, 1], [2, 1, 3])] == [1, -1, 0.5]


def test_the_documentation_lists_every_check() -> None:
    text = "".join(Path(str(module.__file__)).read_text(encoding="utf-8") for module in (gates, progress))
    codes = set(re.findall(r'(?:Gate|_gate)\(\s*"([a-z-]+)"', text))
    page = (Path(gates.__file__).parents[2] / "docs" / "benchmarks.md").read_text()
    section = page.partition("\n## The checks\n")[2].partition("\n## ")[0]

    assert set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE)) == codes


def test_responses_that_end_by_closing_or_are_not_counted_are_invalid() -> None:
    closing = assess_with(response_oddities=(oddities.ENDS_BY_CLOSING, "Other."))
    nothing = assess_with(trials=measured(responses=0, successes=0, mean_ms=None))

    assert closing == Assessment("invalid", (oddities.ENDS_BY_CLOSING, "Other."))
    assert (nothing.validity, nothing.reasons[0]) == ("invalid", "No response was counted.")
