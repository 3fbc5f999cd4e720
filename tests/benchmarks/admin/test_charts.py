"""Pictures of runs, and the admin's pages that show them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from benchmarks.admin.charts.history import Move, Point, rates_over_time, sparkline
from benchmarks.admin.charts.run import Bar, cpu_lines, latency_curve, trials_strip
from benchmarks.admin.charts.scale import Scale, number, short, ticks
from benchmarks.analysis import histogram
from benchmarks.models import Run, RunState, Trial

START = datetime(2026, 1, 1, tzinfo=UTC)
HOSTILE = "</svg><script>alert(1)</script>"
SVG = "{http://www.w3.org/2000/svg}"


def labels(picture: str) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(picture).iter(f"{SVG}text")]  # noqa: S314 - ours


def titles(picture: str) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(picture).iter(f"{SVG}title")]  # noqa: S314 - ours


def test_an_axis_has_round_numbers_up_to_the_largest_value() -> None:
    assert ticks(0) == (0, 1)
    assert ticks(100) == (0, 20, 40, 60, 80, 100)
    assert ticks(0.31) == (0, 0.1, 0.2, 0.3, 0.4)
    assert [short(each) for each in (0.02, 950, 12_000, 1_500_000)] == ["0.02", "950", "12k", "1.5M"]
    assert [number(each) for each in (3, None, "3", float("nan"), 1e300, -1, True)] == [3, *[None] * 6]
    assert Scale(0, 10, 100, 0).at(2.5) == 75


def test_a_strip_tells_the_trials_apart_from_the_warm_up() -> None:
    shown = trials_strip([Bar(0, 50, True), Bar(1, 90, False), Bar(2, 100, False)], 95, 90, 100)

    assert titles(shown) == [
        "Requests/s of each trial", "interval 90 to 100", "warm-up: 50 requests/s", "trial 1: 90 requests/s",
        "trial 2: 100 requests/s",
    ]  # fmt: skip
    assert labels(shown) == [
        "Requests/s of each trial", "trial", "0", "20", "40", "60", "80", "100", "warm-up", "1", "2", "median 95",
    ]  # fmt: skip


def test_a_latency_curve_has_as_many_nines_as_the_sample_allows() -> None:
    assert labels(latency_curve(((1000, 900), (2000, 99), (5000, 1)))) == [
        "Latency in ms", "percentile of requests", "0", "1", "2", "3", "4", "5", "0 %", "50 %", "90 %", "99 %", "99.9 %",
    ]  # fmt: skip


def test_cpu_is_shown_of_those_who_were_seen() -> None:
    seen = [{"trial": 1, "seconds": at, "generatorCpuPercent": 40, "hostCpuPercent": 90} for at in (1, 2)]

    assert labels(cpu_lines(seen))[-2:] == ["generator", "host (of all processors)"]


def test_the_clock_of_the_cpu_goes_on_from_trial_to_trial() -> None:
    seen = [{"trial": trial, "seconds": at, "hostCpuPercent": 90} for trial in (1, 2) for at in (5, 10)]

    assert [each for each in labels(cpu_lines(seen)) if each.endswith(" s")] == ["0 s", "5 s", "10 s", "15 s", "20 s"]


def test_nothing_to_draw_is_said_in_words() -> None:
    for shown in (trials_strip([], None, None, None), latency_curve(()), cpu_lines([]), rates_over_time("x", [])):
        assert shown.startswith('<p class="no-picture">')
    assert sparkline([1]) == ""


def test_a_name_cannot_leave_its_picture() -> None:
    shown = rates_over_time(HOSTILE, [Point(START, 10, 9, 11, "invalid", f'/"{HOSTILE}')])

    assert "<script" not in shown
    assert titles(shown) == [f"Requests/s of {HOSTILE} over time", "2026-01-01 00:00: 10 requests/s, invalid"]


def test_a_history_shows_where_the_rate_moved_and_the_baseline() -> None:
    points = [Point(START + timedelta(days=day), rate, None, None, "valid", "/") for day, rate in enumerate((90, 100))]
    moves = [Move(START + timedelta(days=1), "11 % <faster>"), Move(START - timedelta(days=9), "not in the picture")]
    shown = rates_over_time("x", points, moves, 120.0)

    assert "2026-01-02 00:00: 11 % <faster>" in titles(shown)
    assert not any("not in the picture" in title for title in titles(shown))
    assert "baseline 120" in labels(shown)
    assert labels(shown)[2:6] == ["0", "50", "100", "150"]


@pytest.mark.django_db
def test_the_admin_shows_a_run_its_history_and_trends() -> None:
    columns = {"framework": HOSTILE, "endpoint": "/simple", "state": RunState.DONE, "req_per_sec_low": 900.0}
    for minute in range(3):
        run = Run.objects.create(
            **columns, at=START + timedelta(minutes=minute), req_per_sec=1000.0 + minute, req_per_sec_high=1100.0,
            validity="invalid" if minute == 2 else "valid", reasons=["2 % errors <b>"], command=["wrk", "-t 1"],
            gates=[{"code": "errors", "state": "fail", "message": "2 % errors", "value": 0.02, "trial": 1}],
        )  # fmt: skip
    Trial.objects.create(
        run=run, index=1, started_at=START, duration_s=1, requests=1000, req_per_sec=1002, output=HOSTILE,
        histogram=histogram.encode(((1000, 900), (2000, 100))),
    )  # fmt: skip
    client = Client(headers={"Host": "localhost", "Accept": "text/html"})
    client.force_login(get_user_model().objects.create_superuser("boss", password="a password of 20"))

    listed, one = (client.get(f"/admin/benchmarks/run/{place}").content.decode() for place in ("", f"{run.pk}/change/"))
    history = client.get(
        "/admin/benchmarks/run/history/", {"framework": HOSTILE, "endpoint": "/simple", "method": "GET"}
    )
    past = history.content.decode()

    assert all("<script>alert" not in page for page in (listed, one, past))
    assert listed.count("the newest 2 rates, from 1,000 to 1,001 requests/s") == 3
    assert "2 % errors &lt;b&gt;" in one
    assert "wrk &#x27;-t 1&#x27;" in one
    assert "Latency by percentile" in one
    assert "<s>1,002 requests/s</s>" in one
    assert past.count("<circle") == 3
    assert f"/admin/benchmarks/run/{run.pk}/change/" in past
