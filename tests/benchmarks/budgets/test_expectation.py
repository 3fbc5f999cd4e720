from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.budgets.expectation import (
    EXAMPLES,
    MAX_CHARACTERS,
    METRICS,
    OPERATORS,
    Expectation,
    parse_expectation,
    parse_expectations,
)
from benchmarks.errors import InvalidRunRequest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p99<50ms", Expectation("p99<50ms", "p99", "<", 50, "ms")),
        (" p50 <= 300 us ", Expectation("p50 <= 300 us", "p50", "<=", 0.3, "ms")),
        ("p90<700µs", Expectation("p90<700µs", "p90", "<", 0.7, "ms")),
        ("p95<700\u03bcs", Expectation("p95<700\u03bcs", "p95", "<", 0.7, "ms")),
        ("p999<1.5s", Expectation("p999<1.5s", "p999", "<", 1500, "ms")),
        ("max > 1 s", Expectation("max > 1 s", "max", ">", 1000, "ms")),
        ("rate>=20000", Expectation("rate>=20000", "rate", ">=", 20_000, "/s")),
        ("rate>=20k/s", Expectation("rate>=20k/s", "rate", ">=", 20_000, "/s")),
        ("rate > 0.5 M", Expectation("rate > 0.5 M", "rate", ">", 500_000, "/s")),
        ("errors<0.1%", Expectation("errors<0.1%", "errors", "<", 0.1, "%")),
        ("errors <= 0", Expectation("errors <= 0", "errors", "<=", 0, "")),
        ("non2xx<5 %", Expectation("non2xx<5 %", "non2xx", "<", 5, "%")),
        ("cpu<80us", Expectation("cpu<80us", "cpu", "<", 80, "µs")),
        ("cpu<1ms", Expectation("cpu<1ms", "cpu", "<", 1000, "µs")),
        ("memory<200MB", Expectation("memory<200MB", "memory", "<", 200 * 2**20, "bytes")),
        ("memory<8KB", Expectation("memory<8KB", "memory", "<", 8192, "bytes")),
    ],
)
def test_an_expectation_is_read_with_its_unit(text: str, expected: Expectation) -> None:
    assert parse_expectation(text) == expected


SHAPE = "it is not METRIC OP NUMBER UNIT (OP: < <= > >=). Write it like 'p99 < 50ms'."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", f"'' cannot be judged: {SHAPE}"),
        ("p99=50ms", f"'p99=50ms' cannot be judged: {SHAPE}"),
        ("p99 < -1ms", f"'p99 < -1ms' cannot be judged: {SHAPE}"),
        ("p99 < 1e3ms", "'p99 < 1e3ms' cannot be judged: the units of p99 are us, µs, ms, s. Write it like 'p99 < 50ms'."),
        ("p99 < \u0665ms", f"'p99 < \u0665ms' cannot be judged: {SHAPE}"),
        ("p99\n<5ms", f"'p99\\n<5ms' cannot be judged: {SHAPE}"),
        ("p98<5ms", "'p98<5ms' cannot be judged: the metrics are rate, p50, p90, p95, p99, p999, max, errors, non2xx, cpu,"
         " memory. Write it like 'p99 < 50ms'."),
        ("p99<50", "'p99<50' cannot be judged: the units of p99 are us, µs, ms, s. Write it like 'p99 < 50ms'."),
        ("rate>5ms", "'rate>5ms' cannot be judged: the units of rate are none, /s, k, k/s, M, M/s."
         " Write it like 'rate >= 20k/s'."),
        ("cpu<50%", "'cpu<50%' cannot be judged: the units of cpu are us, µs, ms. Write it like 'cpu < 80us'."),
        ("memory<5GB", "'memory<5GB' cannot be judged: the units of memory are B, KB, MB. Write it like 'memory < 200MB'."),
        ("errors<0", "'errors<0' cannot be judged: nothing is below 0. Write it like 'errors <= 0'."),
        ("errors<101%", "'errors<101%' cannot be judged: a share is at most 100 %. Write it like 'errors < 0.1%'."),
        ("p99<" + "1" * 99, f"'{('p99<' + '1' * 99)[:60]}' cannot be judged: it is longer than 60 characters."
         " Write it like 'p99 < 50ms'."),
    ],
)  # fmt: skip
def test_what_cannot_be_judged_is_refused_with_a_right_example(text: str, message: str) -> None:
    with pytest.raises(InvalidRunRequest) as refused:
        parse_expectation(text)

    assert refused.value.sentence == message


@pytest.mark.parametrize("example", EXAMPLES.values())
def test_the_examples_are_right(example: str) -> None:
    assert parse_expectation(example).text == example


def test_a_budget_is_bounded_and_has_no_repetitions() -> None:
    texts = [f"p99<{limit}ms" for limit in range(1, 21)]

    assert [expectation.text for expectation in parse_expectations([*texts, *texts])] == texts
    with pytest.raises(InvalidRunRequest, match="a budget has at most 20 expectations"):
        parse_expectations([*texts, "p99<21ms"])


@given(st.text(max_size=80) | st.from_regex(r"[a-z0-9]{1,6} ?[<>=]{1,2} ?[0-9.,e-]{1,20} ?[a-zA-Zµ%/]{0,4}"))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(InvalidRunRequest):
        expectation = parse_expectation(text)
        assert (expectation.metric in METRICS, expectation.op in OPERATORS) == (True, True)
        assert (expectation.limit >= 0, len(expectation.text) <= MAX_CHARACTERS) == (True, True)
        assert expectation.text.isprintable()
