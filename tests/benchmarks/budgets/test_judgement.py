"""A budget is never met wrongly: by single cases, by properties, and by the rate of errors on simulated runs."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.analysis.measurement import Latencies, Measurement, mean_us, percentiles_in_ms
from benchmarks.budgets.evidence import BudgetTrial
from benchmarks.budgets.expectation import EXAMPLES, PERCENTILES, Expectation, parse_expectation, parse_expectations
from benchmarks.budgets.judgement import Budget, BudgetInput, BudgetItem, judge, object_to, overall

RUNS = 400  # simulated; a share of 2.5 % of them exceeds MAX_WRONG with a probability below 1 in 10,000
MAX_WRONG = 24


def trial(
    latencies: Latencies = (), *, rate: float = 1000, errors: int = 0, non_2xx: int = 0, resolution_us: int = 1,
    percentiles_ms: dict[str, float] | None = None, max_ms: float | None = None, cpu: float | None = None,
    memory: float | None = None, duration_s: float = 10,
) -> BudgetTrial:  # fmt: skip
    successes = sum(count for _, count in latencies) or round(rate * duration_s)
    mean = mean_us(latencies)
    measurement = Measurement(
        duration_s=successes / rate, responses=successes + non_2xx, successes=successes, errors=errors, timeouts=0,
        non_2xx=non_2xx, bytes_read=0, mean_ms=mean / 1000 if mean else None,
        max_ms=latencies[-1][0] / 1000 if latencies else max_ms,
        percentiles_ms=percentiles_in_ms(latencies) if latencies else percentiles_ms or {}, latencies_us=latencies,
        connections_used=10, resolution_us=resolution_us,
    )  # fmt: skip
    return BudgetTrial(measurement, cpu, memory)


def judged(text: str, *trials: BudgetTrial, objection: str = "", is_lower_bound: bool = False) -> BudgetItem:
    budget = judge([parse_expectation(text)], BudgetInput(trials, objection, is_lower_bound))
    assert budget
    (item,) = budget.items
    assert budget.met == item.met
    return item


FIVE_RATES = [trial(rate=rate) for rate in (1000, 1010, 990, 1020, 980)]
FIVE_P99 = [trial(percentiles_ms={"99": value}) for value in (10.0, 11.0, 12.0, 13.0, 14.0)]


@pytest.mark.parametrize(
    ("text", "trials", "expected"),
    [
        ("rate>=900", FIVE_RATES, BudgetItem("rate>=900", "met", 1000, 980, 1020, "rate 1,000/s (980 to 1,020/s in 5 trials).")),
        ("rate>=1.1k", FIVE_RATES, BudgetItem("rate>=1.1k", "missed", 1000, 980, 1020, "rate 1,000/s (980 to 1,020/s in 5 trials).")),
        ("rate>980", FIVE_RATES, BudgetItem("rate>980", "not_shown", 1000, 980, 1020,
         "rate 1,000/s (980 to 1,020/s in 5 trials), too close to the limit: about 6 trials would settle it.")),
        ("rate>=980", FIVE_RATES, BudgetItem("rate>=980", "met", 1000, 980, 1020, "rate 1,000/s (980 to 1,020/s in 5 trials).")),
        ("rate>999", FIVE_RATES, BudgetItem("rate>999", "not_shown", 1000, 980, 1020,
         "rate 1,000/s (980 to 1,020/s in 5 trials), too close to the limit:"
         " more than 50 trials would be needed to settle it.")),
        ("rate>100", FIVE_RATES[:4], BudgetItem("rate>100", "not_shown", 1005, None, None,
         "rate 1,005/s. 4 trials give no interval for rate. 5 trials would settle it.")),
        ("errors<=0", [trial(), trial()], BudgetItem("errors<=0", "met", 0, 0, 0, "errors 0 in 2 trials.")),
        ("errors<=0", [trial(), trial(errors=1)], BudgetItem("errors<=0", "missed", 1, 1, 1, "errors 1 in 2 trials.")),
        ("max<50ms", [trial(max_ms=1)], BudgetItem("max<50ms", "not_shown", 1, None, None,
         "max 1 ms. 1 trial gives no interval for max. 5 trials would settle it.")),
        ("cpu<80us", [trial(cpu=50)] * 5, BudgetItem("cpu<80us", "met", 50, 50, 50, "cpu 50 µs in 5 trials.")),
        ("cpu<80us", [trial(cpu=50), trial()], BudgetItem("cpu<80us", "not_shown", 50, None, None,
         "cpu 50 µs. The cpu of the target could not be measured in every trial.")),
        ("memory<2MB", [trial(memory=2**20)] * 4 + [trial(memory=3 * 2**20)], BudgetItem("memory<2MB", "not_shown",
         3 * 2**20, 2**20, 3 * 2**20,
         "memory 3 MB (1 to 3 MB in 5 trials), too close to the limit: about 21 trials would settle it.")),
        ("p999<5ms", [trial()], BudgetItem("p999<5ms", "not_shown", None, None, None,
         "The load generator does not report p999.")),
        ("p999<5ms", [trial(rate=9)], BudgetItem("p999<5ms", "not_shown", None, None, None,
         "p999 needs 10,000 responses, and there were 90. Measure for longer.")),
        ("p99<5ms", [trial(percentiles_ms={"99": 1.0})], BudgetItem("p99<5ms", "not_shown", 1, None, None,
         "p99 1 ms. The load generator reports no single latencies, from which a trial would get an interval for p99."
         " 5 trials would settle it.")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_an_item_is_judged_by_its_whole_interval(text: str, trials: list[BudgetTrial], expected: BudgetItem) -> None:
    assert judged(text, *trials) == expected


def test_a_percentile_of_several_trials_is_between_them_and_contains_the_result() -> None:
    item = judged("p99<20ms", *FIVE_P99)

    assert (item.met, item.value) == ("met", 12.0)
    assert (item.low, item.high) == pytest.approx((10 * 0.999 - 0.001, 14 * 1.001 + 0.001))


def test_truncated_latencies_do_not_meet_a_limit_within_their_resolution() -> None:
    """autocannon shows 0 ms for everything below 1 ms."""
    trials = [trial(percentiles_ms={"50": 0.0}, resolution_us=1000)] * 5

    assert [judged(f"p50<{limit}", *trials).met for limit in ("500us", "1ms", "1.1ms")] == [
        "not_shown", "not_shown", "met",
    ]  # fmt: skip


def test_a_rate_that_the_generator_limited_is_never_missed() -> None:
    judgements = [judged(f"rate>={rate}", *FIVE_RATES, is_lower_bound=True) for rate in (900, 2000)]

    assert [(item.met, item.low, item.high) for item in judgements] == [("met", 980, None), ("not_shown", 980, None)]
    assert judgements[1].message == (
        "rate 1,000/s (at least 980/s in 5 trials). The target was not at its limit, or shared the machine with the load"
        " generator: it may be capable of more."
    )
    assert judged("rate<2000", *FIVE_RATES, is_lower_bound=True).met == "not_shown"


def test_fewer_trials_than_an_interval_needs_have_to_hold_a_percentile_each() -> None:
    fast: Latencies = ((1000, 9_500), (5000, 500))
    slow: Latencies = ((1000, 9_500), (60_000, 500))

    assert judged("p99<50ms", trial(fast), trial(fast)).met == "met"
    assert judged("p99<50ms", trial(fast), trial(slow)).met == "not_shown"
    assert judged("p99<50ms", trial(slow), trial(slow)).met == "missed"


def test_trials_too_short_for_a_percentile_count_as_one() -> None:
    short: Latencies = ((1000, 490), (5000, 10))
    item = judged("p99<50ms", *[trial(short, rate=50)] * 5)

    assert (item.met, item.value) == ("met", 5.0)
    assert judged("p99<50ms", *[trial(short, rate=50)] * 1).message == (
        "p99 needs 1,000 responses, and there were 500. Measure for longer."
    )


def test_nothing_of_an_invalid_run_is_shown() -> None:
    objection = object_to("invalid", ["2 % of the requests failed."])

    item = judged("rate>=900", *FIVE_RATES, objection=objection)

    assert item == BudgetItem(
        "rate>=900", "not_shown", 1000, 980, 1020, "The run is invalid. 2 % of the requests failed."
    )
    assert (object_to("valid", ()), object_to("caution", ["noisy"])) == ("", "")
    assert object_to("unknown", ()) == "The run was measured without checks."
    assert judged("rate>=900").message == "There are no figures of single trials."


def test_a_budget_is_missed_before_it_is_not_shown() -> None:
    assert [overall(judgements) for judgements in (["met"], ["met", "not_shown"], ["not_shown", "missed", "met"], [])] == [
        "met", "not_shown", "missed", "met",
    ]  # fmt: skip
    assert judge([], BudgetInput(())) is None


# Properties.

latencies = st.dictionaries(st.integers(1, 10**6), st.integers(1, 20_000), min_size=1, max_size=12).map(
    lambda counts: tuple(sorted(counts.items()))
)
trials = st.lists(
    st.builds(
        trial, latencies, rate=st.floats(1, 1e6), errors=st.integers(0, 1000), non_2xx=st.integers(0, 1000),
        resolution_us=st.sampled_from([1, 1000]), cpu=st.none() | st.floats(1, 1e5),
        memory=st.none() | st.integers(1, 10**10),
    )
    | st.builds(
        trial, st.just(()), rate=st.floats(1, 1e6), max_ms=st.floats(1, 1e4),
        percentiles_ms=st.fixed_dictionaries({percent: st.floats(0, 1000) for percent in PERCENTILES.values()}),
    ),
    min_size=1, max_size=9,
)  # fmt: skip
examples = st.sampled_from([parse_expectation(text) for text in [*EXAMPLES.values(), "errors < 5"]])
limits = st.floats(0, 1e7)


def judge_one(metric: Expectation, op: str, limit: float, measured: list[BudgetTrial]) -> BudgetItem:
    expectation = Expectation(metric.text, metric.metric, op, limit, metric.unit)
    budget = judge([expectation], BudgetInput(tuple(measured)))
    assert budget
    return budget.items[0]


def holds(value: float, op: str, limit: float) -> bool:
    return {"<": value < limit, "<=": value <= limit, ">": value > limit, ">=": value >= limit}[op]


@given(examples, st.sampled_from(["<", "<=", ">", ">="]), limits, trials)
def test_what_is_met_holds_for_the_result_and_for_both_bounds(
    metric: Expectation, op: str, limit: float, measured: list[BudgetTrial]
) -> None:
    item = judge_one(metric, op, limit, measured)

    known = [value for value in (item.low, item.value, item.high) if value is not None]
    assert known == sorted(known)
    if item.met != "not_shown":
        assert item.value is not None
        assert {holds(value, op, limit) for value in known} == {item.met == "met"}
        assert (item.high if (item.met == "met") == (op[0] == "<") else item.low) is not None
    assert item.message


@given(examples, limits, trials)
def test_opposite_expectations_are_judged_oppositely(
    metric: Expectation, limit: float, measured: list[BudgetTrial]
) -> None:
    opposite = {"met": "missed", "missed": "met", "not_shown": "not_shown"}

    for op, other in (("<", ">="), ("<=", ">")):
        assert judge_one(metric, op, limit, measured).met == opposite[judge_one(metric, other, limit, measured).met]


# The rate of wrong judgements, where the limit is exactly what the target holds: half of all runs look better.


def independent(chance: random.Random) -> Latencies:
    return tuple(sorted(Counter(round(1000 + chance.expovariate(1 / 10_000)) for _ in range(2000)).items()))


def in_batches(chance: random.Random) -> Latencies:
    """Twenty requests at a time share a latency, as those behind a pause of the target do."""
    counts = Counter(round(1000 + chance.expovariate(1 / 10_000)) for _ in range(400))
    return tuple(sorted((value, 20 * count) for value, count in counts.items()))


@pytest.mark.parametrize(("draw", "in_flight"), [(independent, 1), (in_batches, 20)], ids=["independent", "in batches"])
def test_a_percentile_at_its_limit_is_hardly_ever_judged_from_one_trial(
    draw: Callable[[random.Random], Latencies], in_flight: int
) -> None:
    chance = random.Random(7)
    true_p90_ms = (1000 + 10_000 * 2.302585) / 1000  # of 1 + an exponential distribution with a mean of 10 ms
    text = f"p90<{true_p90_ms:.6f}ms"

    judgements = Counter(judged(text, trial(draw(chance), rate=in_flight / 0.011)).met for _ in range(RUNS))

    assert (judgements["met"] <= MAX_WRONG, judgements["missed"] <= MAX_WRONG, judgements["not_shown"] > 300) == (
        True,
        True,
        True,
    )


@pytest.mark.parametrize("count", [5, 6, 9])
def test_a_rate_at_its_limit_is_hardly_ever_judged_from_several_trials(count: int) -> None:
    chance = random.Random(7)

    judgements = Counter(
        judged("rate>1000", *[trial(rate=chance.lognormvariate(0, 0.1) * 1000) for _ in range(count)]).met
        for _ in range(RUNS)
    )

    assert (judgements["met"] <= MAX_WRONG, judgements["missed"] <= MAX_WRONG, judgements["not_shown"] > 300) == (
        True,
        True,
        True,
    )


def test_a_share_of_errors_at_its_limit_is_hardly_ever_judged() -> None:
    chance = random.Random(7)
    runs = [sum(chance.random() < 0.002 for _ in range(2000)) for _ in range(RUNS)]

    judgements = Counter(
        judged("errors<0.2%", trial(rate=2000 - errors, errors=errors, duration_s=1)).met for errors in runs
    )

    assert (judgements["met"] <= MAX_WRONG, judgements["missed"] <= MAX_WRONG, judgements["not_shown"] > 300) == (
        True,
        True,
        True,
    )


def test_no_errors_in_few_requests_do_not_show_a_small_share() -> None:
    few, many = [trial(rate=20, duration_s=1)] * 5, [trial(rate=2000)] * 5

    assert (judged("errors<0.1%", *few).met, judged("errors<0.1%", *many).met) == ("not_shown", "met")


def test_a_budget_of_many_trials_is_judged_as_a_whole() -> None:
    expectations = parse_expectations(["rate>100", "p99<20ms", "p50<1s"])

    budget = judge(expectations, BudgetInput(tuple(FIVE_P99)))

    assert budget == Budget("not_shown", budget.items if budget else ())
    assert budget
    assert [item.met for item in budget.items] == ["met", "met", "not_shown"]
