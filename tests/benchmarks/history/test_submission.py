from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

from benchmarks.analysis import histogram
from benchmarks.history.submission import SubmittedResultSerializer, without_details
from system.lib.fields import error_sentences

HISTOGRAM = histogram.encode(((1000, 5),))
TRIAL: dict[str, Any] = {
    "index": 1, "startedAt": "2026-11-23T09:40:22.123Z", "duration": 10.0, "totalReqs": 1000, "reqPerSec": 100.0,
    "percentiles": {"50": 1.5}, "facts": {"saturation": "server-bound"}, "histograms": {"raw": HISTOGRAM},
}  # fmt: skip
GATE = {"code": "errors", "state": "pass", "message": "Fine.", "value": 0.0, "trial": None}


RESULT = {"framework": "x", "reqPerSec": 5.0, "timestamp": "2026-11-23T09:40:32Z"}


def columns_of(entry: object) -> Any:
    """The columns, or the messages of the validation error."""
    serializer = SubmittedResultSerializer(context={"now": "2026-11-23T10:00:00Z"})
    try:
        return serializer.run_validation(entry)
    except ValidationError as error:
        return error_sentences(error.detail)


def test_a_result_becomes_columns() -> None:
    details = {"host": "h:1", "connectionsUsed": 7, "trials": 1, "gates": [GATE], "trialResults": [TRIAL]}

    assert columns_of({**RESULT, "totalReqs": 50, "duration": 10, "label": None, "unknown": 1, **details}) == {
        "framework": "x", "endpoint": "/", "method": "GET", "generator": "", "label": "", "saturation": "",
        "state": "done", "at": datetime(2026, 11, 23, 9, 40, 32, tzinfo=UTC), "req_per_sec": 5.0, "total_requests": 50,
        "started_at": datetime(2026, 11, 23, 9, 40, 22, tzinfo=UTC), "duration_s": 10, "trials_planned": 1,
        "validity": "unknown", "reasons": [], "host": "h:1", "connections_used": 7, "gates": [GATE],
        "trials": [
            {
                "index": 1, "is_warmup": False, "started_at": datetime(2026, 11, 23, 9, 40, 22, 123000, UTC),
                "duration_s": 10.0, "requests": 1000, "req_per_sec": 100.0, "percentiles_ms": {"50": 1.5},
                "facts": {"saturation": "server-bound"}, "output": "", "histogram": HISTOGRAM,
                "corrected_histogram": "", "probe_histogram": "",
            },
        ],
    }  # fmt: skip


MET = {"text": "p99<50ms", "met": "met", "value": 12.0, "low": 10.0, "high": 14.0, "message": "p99 12 ms."}
LONG_TRIAL = {**TRIAL, "histograms": {"raw": histogram.encode(((1000, 990), (5000, 10)))}, "percentiles": {"99": 1.0}}


def test_a_budget_is_stored_as_it_was_sent() -> None:
    columns = columns_of({**RESULT, "validity": "valid", "expect": [" p99<50ms "], "budget": {"items": [MET]}})

    assert (columns["expect"], columns["budget"]) == (["p99<50ms"], {"met": "met", "items": [MET]})
    restored = columns_of({**RESULT, "validity": "valid", "budget": {"met": "met", "items": [MET]}})
    assert (restored["expect"], restored["budget"]) == (columns["expect"], columns["budget"])
    assert not {"expect", "budget"} & set(columns_of({**RESULT, "budget": None, "expect": None}))


def test_a_budget_that_was_not_sent_is_judged_by_the_trials() -> None:
    warm_up = {**TRIAL, "index": 0, "errors": 5}
    expect = ["p99<50ms", "errors<=0", "rate>50/s", "max<1s"]
    entry = {
        **RESULT,
        "expect": expect,
        "totalReqs": 50,
        "duration": 10,
        "trialResults": [warm_up, LONG_TRIAL],
        "budget": {"items": [{**MET, "text": "max<1s"}]},
    }

    valid, unknown = (columns_of({**entry, **more})["budget"] for more in ({"validity": "valid"}, {"budget": None}))

    assert (valid["met"], [item["met"] for item in valid["items"]]) == ("not_shown", ["met", "met", "not_shown", "met"])
    assert (unknown["met"], {item["met"] for item in unknown["items"]}) == ("not_shown", {"not_shown"})
    assert unknown["items"][0]["message"] == "The run was measured without checks."


def test_texts_may_be_empty_but_for_the_framework() -> None:
    blank = dict.fromkeys(("endpoint", "method", "generator", "label", "host", "generatorVersion", "profile"), "")
    columns = columns_of({**RESULT, **blank, "gates": [{**GATE, "code": "", "message": ""}], "reasons": [""]})

    assert {name: columns[name] for name in ("endpoint", "method", "generator", "host", "profile", "reasons")} == {
        "endpoint": "/", "method": "GET", "generator": "", "host": "", "profile": "", "reasons": [""],
    }  # fmt: skip
    assert columns_of({**RESULT, "framework": ""}) == ["framework: This field may not be blank."]


def test_a_method_fits_its_column_in_upper_case() -> None:
    assert columns_of({**RESULT, "method": "ß" * 16})["method"] == "S" * 16


def test_a_result_without_a_time_is_of_now() -> None:
    assert columns_of({"framework": "x", "reqPerSec": 5})["at"] == datetime(2026, 11, 23, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"host": 5}, "host: Must be a string."),
        ({"profile": "x" * 21}, "profile: Ensure this field has no more than 20 characters."),
        ({"connectionsUsed": -1}, "connectionsUsed: Ensure this value is greater than or equal to 0."),
        *(
            ({key: 2**31}, f"{key}: Ensure this value is less than or equal to 2147483647.")
            for key in ("connections", "connectionsUsed", "workers", "pipelining", "instances", "trials")
        ),
        (
            {"trialResults": [{**TRIAL, "index": 2**31}]},
            "trialResults.0.index: Ensure this value is less than or equal to 2147483647.",
        ),
        ({"gates": "x"}, 'gates: Expected a list of items but got type "str".'),
        ({"gates": [GATE] * 101}, "gates: Ensure this field has no more than 100 elements."),
        ({"gates": [{**GATE, "state": "great"}]}, 'gates.0.state: "great" is not a valid choice.'),
        ({"gates": [GATE, {**GATE, "value": "1"}]}, "gates.1.value: '1' is not a number."),
        ({"gates": [{**GATE, "trial": 10**400}]}, f"gates.0.trial: {str(10**400)[:50]} is out of range."),
        ({"expect": ["p99<5"]}, "expect.0: 'p99<5' cannot be judged: the units of p99 are us, µs, ms, s."
         " Write it like 'p99 < 50ms'."),
        ({"budget": 5}, "budget: Invalid data. Expected a dictionary, but got int."),
        ({"budget": {"items": []}}, "budget.items: Ensure this field has at least 1 elements."),
        ({"budget": {"items": [{**MET, "met": "perhaps"}]}}, 'budget.items.0.met: "perhaps" is not a valid choice.'),
        ({"budget": {"items": [{**MET, "high": -1}]}}, "budget.items.0.high: Ensure this value is greater than or equal to 0."),
        ({"validity": "valid", "budget": {"items": [{**MET, "high": 60}]}},
         "budget: p99<50ms cannot be met with an interval from 10.0 to 60.0."),
        ({"validity": "invalid", "reasons": ["It failed."], "budget": {"items": [MET]}},
         "budget: p99<50ms cannot be met. The run is invalid. It failed."),
        ({"reasons": ["a\0b"]}, "reasons.0: Null characters are not allowed."),
        ({"reasons": ["\ud800"]}, "reasons.0: Must not contain lone surrogates, which UTF-8 cannot encode."),
        ({"reasons": ["x"] * 1001}, "reasons: Ensure this field has no more than 1000 elements."),
        ({"samples": [{"trial": "1"}]}, "samples.0.trial: '1' is not a number."),
        ({"samples": [dict.fromkeys(map(str, range(21)), 1)]}, "samples.0: Must not have more than 20 values."),
        ({"environment": []}, "environment: Must be an object."),
        ({"environment": {"a": "\0"}}, "environment: Must not contain NaN, NUL or lone surrogates."),
        ({"environment": {"a": ["\ud800"]}}, "environment: Must not contain NaN, NUL or lone surrogates."),
        ({"environment": {"a": float("nan")}}, "environment: Must not contain NaN, NUL or lone surrogates."),
        ({"command": [1]}, "command.0: Must be a string."),
        ({"trialResults": [TRIAL, TRIAL]}, "trialResults: Two trials have the same index."),
        ({"trialResults": [{**TRIAL, "duration": None}]}, "trialResults.0.duration: This field is required."),
        (
            {"trialResults": [{**TRIAL, "startedAt": "2026-11-23"}]},
            "trialResults.0.startedAt: '2026-11-23' has no time zone.",
        ),
        (
            {"trialResults": [{**TRIAL, "startedAt": "now"}]},
            "trialResults.0.startedAt: 'now' is not an ISO 8601 time.",
        ),
        ({"trialResults": [{**TRIAL, "percentiles": {"50": "1"}}]}, "trialResults.0.percentiles.50: '1' is not a number."),
        (
            {"trialResults": [{**TRIAL, "histograms": {"raw": "abc"}}]},
            "trialResults.0.histograms.raw: Is not a readable histogram.",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_stored_is_named(entry: dict[str, Any], message: str) -> None:
    assert columns_of({**RESULT, **entry}) == [message]


@settings(max_examples=300)
@given(
    st.dictionaries(
        st.sampled_from([*RESULT, "id", "reasons", "label", "gates", "samples", "environment", "trialResults", "totalReqs"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
            lambda values: st.lists(values) | st.dictionaries(st.text(), values),
            max_leaves=5,
        ),
        max_size=8,
    )
)  # fmt: skip
def test_arbitrary_values_raise_only_validation_errors(change: dict[str, Any]) -> None:
    assert columns_of({**RESULT, **change})


def test_details_are_removed_from_the_original_entry() -> None:
    assert without_details({"framework": "x", "samples": [1], "trialResults": [2]}) == {"framework": "x"}


def test_a_submitted_histogram_must_match_our_format() -> None:
    own = histogram.encode(((1000, 5),))

    assert histogram.is_valid(own)
    two_digits = "HISTFAAAACF4nJNpmSzMwMDAxAABMJoRRFybvITB/gNEgJMJAFonBJM="
    assert not any(histogram.is_valid(text) for text in ("", "abc", "x" * 100, own[:-8], two_digits))


STEP = {"rate": 400, "achieved": 399.5, "errors": 0, "outcome": "held"}
SWEEP = {"sustainedRate": 399.5, "low": 399.5, "high": None, "limit": "max_steps", "text": "It holds.", "steps": [STEP]}


def test_a_sweep_is_stored_with_the_keys_of_the_wire() -> None:
    columns = columns_of({**RESULT, "sweep": SWEEP})

    assert columns["profile"] == "sweep"
    assert columns["sweep"] == {
        **SWEEP, "isMonotone": True,
        "steps": [{
            **STEP, "p50": None, "p90": None, "p99": None, "max": None, "generatorShare": None, "targetShare": None,
            "reasons": [], "isUnanswered": False, "isClear": False,
        }],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"limit": "sky"}, 'sweep.limit: "sky" is not a valid choice.'),
        ({"low": -1}, "sweep.low: Ensure this value is greater than or equal to 0."),
        ({"steps": [{**STEP, "rate": "fast"}]}, "sweep.steps.0.rate: 'fast' is not a number."),
        ({"steps": [STEP] * 61}, "sweep.steps: Ensure this field has no more than 60 elements."),
        ({"text": "x" * 2001}, "sweep.text: Ensure this field has no more than 2000 characters."),
    ],
)
def test_a_sweep_that_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    assert columns_of({**RESULT, "sweep": {**SWEEP, **changes}}) == [message]
