"""Whatever a load generator prints becomes figures that do not contradict each other, or UnreadableOutput."""

from __future__ import annotations

import json
import math
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.analysis.measurement import Measurement, merge_trials
from benchmarks.errors import UnreadableOutput
from benchmarks.generators import autocannon, h2load, wrk
from tests.fixtures.odd_json import any_json

RECORDED = Path(__file__).parents[2] / "data"
WRK_LINE = (RECORDED / "wrk-4.1.0/simple.txt").read_text().partition(wrk.MARK)[2].splitlines()[0]
WRK: dict[str, Any] = json.loads(WRK_LINE) | {"latencies": [[90, 5], [100, 9]]}
AUTOCANNON: dict[str, Any] = json.loads((RECORDED / "autocannon-9.0.0/simple.json").read_text().splitlines()[-1])
H2LOAD = (RECORDED / "h2load-1.52.0/rate.txt").read_text()
FIGURES = re.compile(r"[0-9][0-9.]*")
PLACES = len(FIGURES.findall(H2LOAD[:3000]))


def check(generator: Any, output: str) -> None:
    """Parses; of a measurement, checks each figure and what they say together."""
    try:
        measurement: Measurement = generator.parse(output)
    except UnreadableOutput:
        return
    merged = merge_trials([measurement, measurement])
    for figures in (measurement, merged):
        counts = (figures.responses, figures.successes, figures.errors, figures.timeouts, figures.non_2xx,
                  figures.bytes_read, figures.connections_used)  # fmt: skip
        times = (figures.duration_s, figures.rate, figures.error_rate, figures.mean_ms or 0, figures.max_ms or 0)
        assert all(type(count) is int and count >= 0 for count in counts)
        assert all(math.isfinite(value) and value >= 0 for value in (*times, *figures.percentiles_ms.values()))
        assert figures.timeouts <= figures.errors
        assert all(before <= after for before, after in pairwise(figures.percentiles_ms.values()))
        json.dumps(figures.percentiles_ms, allow_nan=False)


def in_place(figures: dict[str, Any], place: tuple[str, ...], value: object) -> dict[str, Any]:
    """A copy with another value in one place."""
    first, *rest = place
    return figures | {first: in_place(figures[first], tuple(rest), value) if rest else value}


def places(figures: dict[str, Any]) -> list[tuple[str, ...]]:
    nested = [(key, inner) for key, value in figures.items() if isinstance(value, dict) for inner in value]
    return [*((key,) for key in figures), *nested]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("requests",), 1e999), (("requests",), 10**400), (("requests",), -5), (("duration_us",), float("nan")),
        (("connect",), [1]), (("status",), True), (("timeout",), 1.5), (("mean_us",), "1"), (("max_us",), 1e999),
        (("latencies",), [[100, 5], [90, 9]]), (("latencies",), [[90, -5]]), (("latencies",), {"a": 1}),
        (("percentiles_us",), None), (("connections",), float("nan")),
    ],
)  # fmt: skip
def test_a_damaged_figure_of_wrk_is_refused(place: tuple[str, ...], value: object) -> None:
    with pytest.raises(UnreadableOutput, match="the line of exact figures is damaged"):
        wrk.parse(wrk.MARK + json.dumps(in_place({**WRK, "latencies": []}, place, value)))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("requests", "total"), 1e999), (("duration",), float("nan")), (("errors",), -1), (("2xx",), "5"),
        (("timeouts",), 10**6), (("latency", "max"), 1e999), (("latency", "p50"), 2**40), (("workers",), 1e999),
        (("non2xx",), 0.5),
    ],
)  # fmt: skip
def test_a_damaged_figure_of_autocannon_is_refused(place: tuple[str, ...], value: object) -> None:
    with pytest.raises(UnreadableOutput, match="a figure is missing or invalid"):
        autocannon.parse(json.dumps(in_place(AUTOCANNON, place, value)))


@pytest.mark.parametrize(
    ("figure", "damaged"),
    [
        ("finished in 2.00s", "finished in 2.0.0s"), ("finished in 2.00s", "finished in .s"),
        ("finished in 2.00s", f"finished in {'9' * 400}s"), ("400 done", f"{'9' * 5000} done"), ("0 timeout", "7 timeout"),
    ],
)  # fmt: skip
def test_a_damaged_figure_of_h2load_is_refused(figure: str, damaged: str) -> None:
    assert figure in H2LOAD
    with pytest.raises(UnreadableOutput, match="a figure of its report is damaged"):
        h2load.parse(H2LOAD.replace(figure, damaged))


@pytest.mark.parametrize("generator", [wrk, autocannon])
def test_output_that_is_nested_too_deeply_is_refused(generator: Any) -> None:
    with pytest.raises(UnreadableOutput):
        generator.parse(wrk.MARK + "[" * 100_000 if generator is wrk else "[" * 100_000)


@given(st.sampled_from(places(WRK)), any_json())
def test_any_value_in_wrks_line(place: tuple[str, ...], value: object) -> None:
    check(wrk, wrk.MARK + json.dumps(in_place(WRK, place, value)))


@given(st.sampled_from(places(AUTOCANNON)), any_json())
def test_any_value_in_autocannons_result(place: tuple[str, ...], value: object) -> None:
    check(autocannon, json.dumps(in_place(AUTOCANNON, place, value)))


@given(st.integers(0, PLACES - 1), st.sampled_from(["9" * 400, "9" * 5000, "0", "-1", ".", "1.2.3", "", "nan", "٣"]))
def test_any_figure_in_h2loads_report(place: int, value: str) -> None:
    match = list(FIGURES.finditer(H2LOAD[:3000]))[place]

    check(h2load, H2LOAD[: match.start()] + value + H2LOAD[match.end() :])


@given(st.sampled_from([wrk, h2load, autocannon]), st.text(), any_json("latency", "requests", "total"))
def test_any_output(generator: object, text: str, value: object) -> None:
    check(generator, text)
    check(generator, f"{text}\n{wrk.MARK}{json.dumps(value)}\n{json.dumps(value)}")
