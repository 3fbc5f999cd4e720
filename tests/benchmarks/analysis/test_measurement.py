from dataclasses import replace

import pytest

from benchmarks.analysis.measurement import Measurement, merge_trials, percentiles_in_ms, supported_percentiles

GOOD = Measurement(
    duration_s=10, responses=20_000, successes=20_000, errors=0, timeouts=0, non_2xx=0, bytes_read=1000,
    mean_ms=1.0, max_ms=9.0, percentiles_ms={}, latencies_us=((1000, 20_000),), connections_used=10,
)  # fmt: skip


def test_rate_counts_successful_responses_only() -> None:
    assert replace(GOOD, successes=15_000, non_2xx=5_000).rate == 1500


def test_percentiles_are_values_that_occurred() -> None:
    assert percentiles_in_ms(((1000, 9_800), (5000, 100), (9000, 100))) == {
        "50": 1.0, "90": 1.0, "95": 1.0, "99": 5.0, "99.9": 9.0,
    }  # fmt: skip
    assert percentiles_in_ms(()) == {}


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (19, []),
        (20, ["50"]),
        (999, ["50", "90", "95"]),
        (1000, ["50", "90", "95", "99"]),
        (10_000, ["50", "90", "95", "99", "99.9"]),
    ],
)
def test_a_percentile_needs_ten_latencies_above_it(count: int, expected: list[str]) -> None:
    assert supported_percentiles(("50", "90", "95", "99", "99.9"), count) == expected
    assert list(percentiles_in_ms(((7, count),))) == expected


def test_trials_are_merged_by_their_latencies() -> None:
    other = replace(GOOD, latencies_us=((3000, 20_000),), max_ms=4.0)

    whole = merge_trials([GOOD, replace(other, corrected_us=())])

    assert (whole.duration_s, whole.responses, whole.mean_ms, whole.max_ms) == (20, 40_000, 2.0, 9.0)
    assert whole.latencies_us == ((1000, 20_000), (3000, 20_000))
    assert whole.corrected_us == ()
    assert whole.percentiles_ms == {"50": 1.0, "90": 3.0, "95": 3.0, "99": 3.0, "99.9": 3.0}
