from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from benchmarks.analysis import histogram
from benchmarks.history.submitted_details import SubmittedDetails, details_to_columns, without_details
from benchmarks.history.submitted_result import InvalidEntry

TRIAL: dict[str, Any] = {
    "index": 1, "startedAt": "2026-11-23T09:40:22.123Z", "duration": 10.0, "totalReqs": 1000, "reqPerSec": 100.0,
    "percentiles": {"50": 1.5}, "facts": {"saturation": "server-bound"}, "histograms": {"raw": "abc"},
}  # fmt: skip
GATE = {"code": "errors", "state": "pass", "message": "Fine.", "value": 0.0, "trial": None}


def test_present_keys_become_columns() -> None:
    details = details_to_columns({"host": "h:1", "connectionsUsed": 7, "gates": [GATE], "trialResults": [TRIAL]})

    assert details == SubmittedDetails(
        {"host": "h:1", "connections_used": 7, "gates": [GATE]},
        (
            {
                "index": 1, "is_warmup": False, "started_at": datetime(2026, 11, 23, 9, 40, 22, 123000, UTC),
                "duration_s": 10.0, "requests": 1000, "req_per_sec": 100.0, "percentiles_ms": {"50": 1.5},
                "facts": {"saturation": "server-bound"}, "output": "", "histogram": "abc",
                "corrected_histogram": "", "probe_histogram": "",
            },
        ),
    )  # fmt: skip
    assert details_to_columns({"framework": "x"}) == SubmittedDetails({}, ())


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"host": 5}, "host is not a string"),
        ({"profile": "x" * 21}, "profile is not a string of at most 20 characters"),
        ({"connectionsUsed": -1}, "connectionsUsed is -1, not a number of at least 0"),
        ({"gates": "x"}, "gates is not a list"),
        ({"gates": [GATE] * 101}, "gates is not a list of at most 100"),
        ({"gates": [{**GATE, "state": "great"}]}, "gates has a state"),
        ({"gates": [{**GATE, "value": "1"}]}, "gates has '1', not a number"),
        ({"samples": [{"trial": "1"}]}, "samples contains values other than numbers"),
        ({"environment": []}, "environment is not an object"),
        ({"environment": {"a": "\0"}}, "environment contains a character"),
        ({"environment": {"a": "\ud800"}}, "environment contains a lone surrogate"),
        ({"environment": {"a": float("nan")}}, "environment contains a value that JSON cannot represent"),
        ({"command": [1]}, "command is not a string"),
        ({"trialResults": [TRIAL, TRIAL]}, "trialResults has a duplicate index"),
        ({"trialResults": [{**TRIAL, "duration": None}]}, "trialResults.duration is None"),
        ({"trialResults": [{**TRIAL, "startedAt": "2026-11-23"}]}, "trialResults.startedAt is out of range"),
        ({"trialResults": [{**TRIAL, "startedAt": "now"}]}, "trialResults.startedAt is not an ISO"),
        ({"trialResults": [{**TRIAL, "percentiles": {"50": "1"}}]}, "percentiles is '1'"),
        ({"trialResults": [{**TRIAL, "histograms": {"raw": "x" * 70_000}}]}, "histograms is not a string"),
    ],
)  # fmt: skip
def test_invalid_details_are_named(entry: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidEntry) as caught:
        details_to_columns(entry)

    assert str(caught.value).startswith(reason)


def test_details_are_removed_from_the_original_entry() -> None:
    assert without_details({"framework": "x", "samples": [1], "trialResults": [2]}) == {"framework": "x"}


def test_a_submitted_histogram_must_match_our_format() -> None:
    own = histogram.encode(((1000, 5),))

    assert histogram.is_valid(own)
    two_digits = "HISTFAAAACF4nJNpmSzMwMDAxAABMJoRRFybvITB/gNEgJMJAFonBJM="
    assert not any(histogram.is_valid(text) for text in ("", "abc", "x" * 100, own[:-8], two_digits))
