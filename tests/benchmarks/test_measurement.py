from dataclasses import replace

import pytest

from benchmarks.measurement import Load, Measurement, Verdict, judge, merged, percentiles_of, saturation

GOOD = Measurement(
    duration_s=10, responses=20_000, successes=20_000, errors=0, timeouts=0, non_2xx=0, bytes_read=1000,
    mean_ms=1.0, max_ms=9.0, percentiles_ms={}, latencies_us=((1000, 20_000),), connections_used=10,
)  # fmt: skip
IDLE = Load(generator=0.2, target=0.95)


def test_rate_counts_successful_responses_only() -> None:
    assert replace(GOOD, successes=15_000, non_2xx=5_000).rate == 1500


def test_percentiles_are_values_that_occurred() -> None:
    assert percentiles_of(((1000, 98), (5000, 1), (9000, 1))) == {
        "50": 1.0, "90": 1.0, "95": 1.0, "99": 5.0, "99.9": 9.0,
    }  # fmt: skip
    assert percentiles_of(()) == {}


def test_a_clean_trial_is_valid() -> None:
    assert judge(GOOD, IDLE) == Verdict("valid", ())


@pytest.mark.parametrize(
    ("measured", "load", "validity", "reason"),
    [
        (replace(GOOD, successes=19_990, non_2xx=10), IDLE, "caution", "0.05 % of the requests failed"),
        (replace(GOOD, successes=10_000, non_2xx=10_000), IDLE, "invalid", "50 % of the requests failed"),
        (GOOD, Load(0.97, 0.5), "caution", "The load generator used 97 %"),
        (replace(GOOD, responses=12, successes=12), IDLE, "caution", "Only 12 responses"),
        (replace(GOOD, duration_s=1.0), IDLE, "caution", "It lasted 1.0 s only"),
    ],
)
def test_a_doubt_is_said_in_a_sentence(measured: Measurement, load: Load, validity: str, reason: str) -> None:
    verdict = judge(measured, load)

    assert verdict.validity == validity
    assert verdict.reasons[0].startswith(reason)


def test_trials_are_merged_by_their_latencies() -> None:
    other = replace(GOOD, latencies_us=((3000, 20_000),), max_ms=4.0)

    whole = merged([GOOD, other])

    assert (whole.duration_s, whole.responses, whole.mean_ms, whole.max_ms) == (20, 40_000, 2.0, 9.0)
    assert whole.latencies_us == ((1000, 20_000), (3000, 20_000))
    assert whole.percentiles_ms == {"50": 1.0, "90": 3.0, "95": 3.0, "99": 3.0, "99.9": 3.0}


@pytest.mark.parametrize(
    ("generator", "target", "expected"),
    [(0.2, 0.95, "server"), (0.95, 0.2, "generator"), (1, 1, "contended"), (0.1, 0.1, "none"), (None, 1, "")],
)
def test_saturation_names_who_was_at_the_limit(generator: float | None, target: float | None, expected: str) -> None:
    assert saturation(Load(generator, target)) == expected
