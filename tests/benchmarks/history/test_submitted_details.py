from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from benchmarks.analysis import histogram
from benchmarks.history.submitted_details import Parts, parts_of, without_parts
from benchmarks.history.submitted_result import BadEntry

TRIAL: dict[str, Any] = {
    "index": 1, "startedAt": "2026-11-23T09:40:22.123Z", "duration": 10.0, "totalReqs": 1000, "reqPerSec": 100.0,
    "percentiles": {"50": 1.5}, "facts": {"saturation": "server-bound"}, "histograms": {"raw": "abc"},
}  # fmt: skip
GATE = {"code": "errors", "state": "pass", "message": "Fine.", "value": 0.0, "trial": None}


def test_what_is_there_becomes_columns() -> None:
    parts = parts_of({"host": "h:1", "rate": 50, "memoryBytes": 7, "gates": [GATE], "trialResults": [TRIAL]})

    assert parts == Parts(
        {"host": "h:1", "rate_per_second": 50, "memory_bytes": 7, "gates": [GATE]},
        (
            {
                "index": 1, "is_warmup": False, "started_at": datetime(2026, 11, 23, 9, 40, 22, 123000, UTC),
                "duration_s": 10.0, "requests": 1000, "req_per_sec": 100.0, "percentiles_ms": {"50": 1.5},
                "facts": {"saturation": "server-bound"}, "output": "", "histogram": "abc",
                "corrected_histogram": "", "probe_histogram": "",
            },
        ),
    )  # fmt: skip
    assert parts_of({"framework": "x"}) == Parts({}, ())


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"host": 5}, "host is no text"),
        ({"profile": "x" * 21}, "profile is no text of at most 20 characters"),
        ({"rate": -1}, "rate is -1, not a number from 0"),
        ({"gates": "x"}, "gates is no list"),
        ({"gates": [GATE] * 101}, "gates is no list of at most 100"),
        ({"gates": [{**GATE, "state": "great"}]}, "gates has a state"),
        ({"gates": [{**GATE, "value": "1"}]}, "gates has '1' for a number"),
        ({"samples": [{"trial": "1"}]}, "samples holds something other than numbers"),
        ({"environment": []}, "environment is no object"),
        ({"environment": {"a": "\0"}}, "environment holds a character"),
        ({"environment": {"a": "\ud800"}}, "environment holds a lone surrogate"),
        ({"environment": {"a": float("nan")}}, "environment holds what JSON has no word for"),
        ({"command": [1]}, "command is no text"),
        ({"trialResults": [TRIAL, TRIAL]}, "trialResults has an index twice"),
        ({"trialResults": [{**TRIAL, "duration": None}]}, "trialResults.duration is None"),
        ({"trialResults": [{**TRIAL, "startedAt": "2026-11-23"}]}, "trialResults.startedAt is out of range"),
        ({"trialResults": [{**TRIAL, "startedAt": "now"}]}, "trialResults.startedAt is not an ISO"),
        ({"trialResults": [{**TRIAL, "percentiles": {"50": "1"}}]}, "percentiles is '1'"),
        ({"trialResults": [{**TRIAL, "histograms": {"raw": "x" * 70_000}}]}, "histograms is no text"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_named(entry: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadEntry) as refused:
        parts_of(entry)

    assert str(refused.value).startswith(reason)


def test_the_figures_are_kept_untouched_without_the_bulk() -> None:
    assert without_parts({"framework": "x", "samples": [1], "trialResults": [2]}) == {"framework": "x"}


def test_a_histogram_from_elsewhere_must_be_like_ours() -> None:
    ours = histogram.encode(((1000, 5),))

    assert histogram.is_valid(ours)
    two_digits = "HISTFAAAACF4nJNpmSzMwMDAxAABMJoRRFybvITB/gNEgJMJAFonBJM="
    assert not any(histogram.is_valid(text) for text in ("", "abc", "x" * 100, ours[:-8], two_digits))
