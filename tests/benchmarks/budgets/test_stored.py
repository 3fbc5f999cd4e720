from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks.analysis import histogram
from benchmarks.budgets.expectation import parse_expectations
from benchmarks.budgets.judgement import Budget, BudgetInput, BudgetItem, judge
from benchmarks.budgets.stored import complete, find_contradiction, parse_budget, trial_of
from system.lib.wire import to_wire, to_wire_object
from tests.fixtures.odd_json import any_json, objects_with

ITEM = BudgetItem("p99<50ms", "met", 12.0, 10.0, 14.0, "p99 12 ms (10 to 14 ms in 5 trials).")
BUDGET = Budget("met", (ITEM,))


def test_a_stored_budget_is_read_as_it_was_written() -> None:
    assert parse_budget(to_wire(BUDGET)) == BUDGET


@pytest.mark.parametrize(
    "value", [None, 5, "x", [], {}, {"items": []}, {"met": "met", "items": {}}, {"items": [None, 1, {}]}]
)
def test_what_is_no_budget_is_none(value: object) -> None:
    assert parse_budget(value) is None


def test_an_item_that_is_none_is_left_out() -> None:
    missed = {"text": "max<1s", "met": "missed", "value": "5", "low": True, "high": 5, "message": 7}
    wired = {"met": "met", "items": [to_wire(ITEM), {"text": "a", "met": "perhaps"}, missed]}

    assert parse_budget(wired) == Budget("missed", (ITEM, BudgetItem("max<1s", "missed", None, None, 5.0, "")))


json_values = any_json("items", "met", "text", "value", "low", "high", "message")
items = st.lists(objects_with("met", "text", "value", "low", "high", "message") | st.just(to_wire_object(ITEM)))


@given(json_values | st.fixed_dictionaries({"items": items}))
def test_any_json_is_a_budget_or_none(value: object) -> None:
    budget = parse_budget(value)

    assert budget is None or parse_budget(to_wire_object(budget)) == budget


@pytest.mark.parametrize(
    ("item", "objection", "contradiction"),
    [
        (ITEM, "", ""),
        (replace(ITEM, met="not_shown"), "The run is invalid.", ""),
        (replace(ITEM, text="p99<5ms"), "", ""),
        (ITEM, "The run is invalid.", "p99<50ms cannot be met. The run is invalid."),
        (replace(ITEM, high=50.0), "", "p99<50ms cannot be met with an interval from 10.0 to 50.0."),
        (replace(ITEM, high=None), "", "p99<50ms cannot be met with an interval from 10.0 to None."),
        (replace(ITEM, met="missed"), "", "p99<50ms cannot be missed with an interval from 10.0 to 14.0."),
    ],
)
def test_a_budget_that_contradicts_itself_is_found(item: BudgetItem, objection: str, contradiction: str) -> None:
    budget = Budget(item.met, (item,))

    assert find_contradiction(parse_expectations(["p99<50ms"]), budget, objection) == contradiction


def test_what_a_sent_budget_lacks_is_judged() -> None:
    expectations = parse_expectations(["max<1s", "p99<50ms"])

    completed = complete(expectations, BUDGET, BudgetInput(()))

    nothing = BudgetItem("max<1s", "not_shown", None, None, None, "There are no figures of single trials.")
    assert completed == Budget("not_shown", (nothing, ITEM))
    assert complete((), BUDGET, BudgetInput(())) is None


COLUMNS = {
    "requests": 10_000, "duration_s": 10.0, "req_per_sec": 1000.0, "errors": 2, "non_2xx": 0, "max_latency_ms": 9.0,
    "avg_latency_ms": 1.0, "percentiles_ms": {"50": 1.0, "99": 2.0},
    "histogram": histogram.encode(((1000, 9800), (2000, 200))),
    "facts": {"targetCpuSeconds": 0.5, "targetMemoryBytes": 2**20},
}  # fmt: skip


def test_stored_trials_are_judged_as_measured_ones() -> None:
    expectations = parse_expectations(["rate>900", "p99<3ms", "cpu<60us", "memory<2MB", "errors<=10"])

    budget = judge(expectations, BudgetInput(tuple(trial_of(COLUMNS, 1) for _ in range(5))))
    single = judge(expectations, BudgetInput((trial_of(COLUMNS, 1),)))

    assert budget
    assert single
    assert [(item.met, item.value) for item in budget.items] == [
        ("met", 1000.0), ("met", 2.0), ("met", 50.0), ("met", 2**20), ("met", 10.0),
    ]  # fmt: skip
    assert [item.met for item in single.items] == ["not_shown", "met", "not_shown", "not_shown", "met"]


@example({}, {"50": 1.34e157})
@given(objects_with("targetCpuSeconds", "targetMemoryBytes"), objects_with("50", "99"))
def test_any_facts_of_a_stored_trial_can_be_judged(facts: dict[str, object], percentiles: dict[str, object]) -> None:
    trial = trial_of({**COLUMNS, "facts": facts, "percentiles_ms": percentiles}, 1)

    for trials in ((trial,), (trial,) * 5):
        assert judge(parse_expectations(["p50<1s", "cpu<9ms", "memory<1MB"]), BudgetInput(trials))
