"""Figures from h2load's request log at a fixed rate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.generators.pacing import PacedFigures, read_log


def log_of(requests: list[tuple[int, int, int]]) -> str:
    """Sent at (ms), status, duration (ms); h2load writes a request when it ends."""
    ended = sorted(requests, key=lambda request: request[0] + request[2])
    return "".join(f"{(10**9 + sent) * 1000}\t{status}\t{taken * 1000}\n" for sent, status, taken in ended)


def test_requests_in_time_have_the_latency_that_was_measured() -> None:
    text = log_of([(at, 200, 3) for at in range(0, 1000, 100) for _ in range(2)])

    assert read_log(text, 2, 0.1, 1, 20) == PacedFigures(20.0, ((3000, 20),))


def test_a_stall_counts_for_every_request_that_it_delayed() -> None:
    """One connection, ten requests/s; the first response takes 350 ms, so the next three are sent late."""
    late = [(0, 200, 350), (350, 200, 10), (360, 200, 10), (370, 200, 10)]
    text = log_of([*late, *((at, 200, 10) for at in range(400, 1000, 100))])

    assert read_log(text, 1, 0.1, 1, 10) == PacedFigures(
        10.0, ((10_000, 6), (80_000, 1), (170_000, 1), (260_000, 1), (350_000, 1))
    )


def test_what_is_answered_after_the_last_period_or_with_an_error_does_not_count() -> None:
    text = log_of([(0, 200, 10), (300, 500, 10), (600, 200, 400), (900, -1, 10)])

    figures = read_log(text, 1, 0.3, 1, 4)

    assert figures == PacedFigures(1 / (3 * 0.3), ((10_000, 2), (400_000, 1)))


def test_more_than_a_hundred_per_second_and_connection_are_due_at_the_tick_that_sends_them() -> None:
    text = log_of([(0, 200, 1), *((at, 200, 1) for at in range(10, 1000, 10) for _ in range(2))])

    figures = read_log(text, 1, 0.005, 1, 199)

    assert figures == PacedFigures(199.0, ((1000, 199),))


@pytest.mark.parametrize("text", ["", "finished in 5.00s, 400.00 req/s\n", log_of([(0, 200, 1)] * 90)])
def test_a_log_that_is_missing_or_cut_off_says_nothing(text: str) -> None:
    assert read_log(text, 10, 0.1, 1, 100) is None


@given(
    requests=st.lists(st.tuples(st.integers(0, 5000), st.sampled_from([200, 404, -1]), st.integers(0, 9000))),
    connections=st.integers(1, 100), period_s=st.floats(0.0001, 100), duration_s=st.floats(0.1, 10),
)  # fmt: skip
def test_any_log_has_figures_that_can_be(
    requests: list[tuple[int, int, int]], connections: int, period_s: float, duration_s: float
) -> None:
    figures = read_log(log_of(requests), connections, period_s, duration_s, len(requests))

    if requests:
        assert figures
        assert figures.answered_per_second >= 0
        assert sum(count for _, count in figures.due_latencies_us) == sum(status > 0 for _, status, _ in requests)
        shortest = min((taken for _, status, taken in requests if status > 0), default=0)
        assert all(latency >= shortest * 1000 for latency, _ in figures.due_latencies_us)
