"""Charts of runs, and the admin pages that show them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from benchmarks.admin.charts.history import LevelChange, Point, render_rates_over_time, render_sparkline
from benchmarks.admin.charts.run import TrialRate, render_cpu_usage, render_latency_curve, render_trials
from benchmarks.admin.charts.sweep import render_sweep
from benchmarks.analysis import histogram
from benchmarks.models import Run, RunState, Trial

START = datetime(2026, 1, 1, tzinfo=UTC)
HOSTILE = "</svg><script>alert(1)</script>"
SVG = "{http://www.w3.org/2000/svg}"


def labels(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314 - ours


def titles(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}title")]  # noqa: S314 - ours


def test_the_trials_chart_distinguishes_the_warm_up() -> None:
    svg = render_trials([TrialRate(0, 50, True), TrialRate(1, 90, False), TrialRate(2, 100, False)], 95, 90, 100)

    assert titles(svg) == [
        "Requests/s of each trial", "interval 90 to 100", "warm-up: 50 requests/s", "trial 1: 90 requests/s",
        "trial 2: 100 requests/s",
    ]  # fmt: skip
    assert labels(svg) == [
        "Requests/s of each trial", "trial", "0", "20", "40", "60", "80", "100", "warm-up", "1", "2", "median 95",
    ]  # fmt: skip


def test_a_latency_curve_has_as_many_nines_as_the_sample_allows() -> None:
    assert labels(render_latency_curve(((1000, 900), (2000, 99), (5000, 1)))) == [
        "Latency in ms", "percentile of requests", "0", "1", "2", "3", "4", "5", "0 %", "50 %", "90 %", "99 %", "99.9 %",
    ]  # fmt: skip


def test_cpu_is_drawn_only_for_measured_processes() -> None:
    samples = [{"trial": 1, "seconds": at, "generatorCpuPercent": 40, "hostCpuPercent": 90} for at in (1, 2)]

    assert labels(render_cpu_usage(samples))[-2:] == ["generator", "host (of all processors)"]


def test_the_cpu_time_axis_continues_from_trial_to_trial() -> None:
    samples = [{"trial": trial, "seconds": at, "hostCpuPercent": 90} for trial in (1, 2) for at in (5, 10)]

    assert [label for label in labels(render_cpu_usage(samples)) if label.endswith(" s")] == [
        "0 s",
        "5 s",
        "10 s",
        "15 s",
        "20 s",
    ]


def test_a_chart_without_data_is_replaced_by_a_sentence() -> None:
    for svg in (
        render_trials([], None, None, None),
        render_latency_curve(()),
        render_cpu_usage([]),
        render_rates_over_time("x", []),
    ):
        assert svg.startswith('<p class="no-picture">')
    assert render_sparkline([1]) == ""


def test_a_name_is_escaped() -> None:
    svg = render_rates_over_time(HOSTILE, [Point(START, 10, 9, 11, "invalid", f'/"{HOSTILE}')])

    assert "<script" not in svg
    assert titles(svg) == [f"Requests/s of {HOSTILE} over time", "2026-01-01 00:00: 10 requests/s, invalid"]


def test_a_history_shows_level_changes_and_the_baseline() -> None:
    points = [Point(START + timedelta(days=day), rate, None, None, "valid", "/") for day, rate in enumerate((90, 100))]
    changes = [
        LevelChange(START + timedelta(days=1), "11 % <faster>"),
        LevelChange(START - timedelta(days=9), "outside the chart"),
    ]
    svg = render_rates_over_time("x", points, changes, 120.0)

    assert "2026-01-02 00:00: 11 % <faster>" in titles(svg)
    assert not any("outside the chart" in title for title in titles(svg))
    assert "baseline 120" in labels(svg)
    assert labels(svg)[2:6] == ["0", "50", "100", "150"]


@pytest.mark.django_db
def test_the_admin_shows_a_run_its_history_and_trends() -> None:
    columns = {"framework": HOSTILE, "endpoint": "/simple", "state": RunState.DONE, "req_per_sec_low": 900.0}
    for minute in range(3):
        run = Run.objects.create(
            **columns, at=START + timedelta(minutes=minute), req_per_sec=1000.0 + minute, req_per_sec_high=1100.0,
            validity="invalid" if minute == 2 else "valid", reasons=["2 % errors <b>"], command=["wrk", "-t 1"],
            expect=["p99<50ms"], budget={"met": "missed", "items": [{"text": "p99<50ms", "met": "missed", "message": HOSTILE}]},
            gates=[{"code": "errors", "state": "fail", "message": "2 % errors", "value": 0.02, "trial": 1}],
        )  # fmt: skip
    Trial.objects.create(
        run=run, index=1, started_at=START, duration_s=1, requests=1000, req_per_sec=1002, output=HOSTILE,
        histogram=histogram.encode(((1000, 900), (2000, 100))),
    )  # fmt: skip
    client = Client(headers={"Host": "localhost", "Accept": "text/html"})
    client.force_login(get_user_model().objects.create_superuser("boss", password="a password of 20"))

    run_list, run_page = (
        client.get(f"/admin/benchmarks/run/{path}").content.decode() for path in ("", f"{run.pk}/change/")
    )
    response = client.get(
        "/admin/benchmarks/run/history/", {"framework": HOSTILE, "endpoint": "/simple", "method": "GET"}
    )
    history_page = response.content.decode()

    assert all("<script>alert" not in page for page in (run_list, run_page, history_page))
    assert run_list.count("the newest 2 rates, from 1,000 to 1,001 requests/s") == 3
    assert "2 % errors &lt;b&gt;" in run_page
    assert "wrk &#x27;-t 1&#x27;" in run_page
    assert "Latency by percentile" in run_page
    assert "<h3>Budget: missed</h3>" in run_page
    assert '<th scope="row">p99&lt;50ms</th><td>missed</td>' in run_page
    assert run_list.count('<td class="field-judgement">missed</td>') == 3
    assert "<s>1,002 requests/s</s>" in run_page
    assert history_page.count("<circle") == 3
    assert f"/admin/benchmarks/run/{run.pk}/change/" in history_page


def sweep_step(rate: object, p99: object, outcome: str = "held") -> dict[str, object]:
    return {"rate": rate, "p50": 1.0, "p99": p99, "outcome": outcome}


def test_a_sweep_is_a_curve_of_latency_over_rate() -> None:
    steps = [
        sweep_step(400, 4), sweep_step(600, 50, "failed"), sweep_step(600, 5), sweep_step(800, 300, "failed"),
        sweep_step(800, 400, "failed"),
    ]  # fmt: skip
    svg = render_sweep({"low": 600.0, "high": 800.0, "steps": steps})

    assert titles(svg) == [
        "Latency over rate", "holds 600, but not 800 requests/s", "400 requests/s: p50 1 ms, held",
        "600 requests/s: p50 1 ms, held", "800 requests/s: p50 1 ms, failed", "400 requests/s: p99 4 ms, held",
        "600 requests/s: p99 5 ms, held", "800 requests/s: p99 400 ms, failed",
    ]  # fmt: skip
    assert labels(svg) == [
        "Latency in ms over requests/s", "", "1", "10", "100", "0", "100", "200", "300", "400", "500", "600", "700", "800",
        "holds 600, but not 800 requests/s", "p50", "p99",
    ]  # fmt: skip


def test_a_stored_sweep_may_hold_anything() -> None:
    for steps in (None, 5, [], [5, {}, {"rate": "x"}], [sweep_step(1, 0)], [sweep_step(1, True), sweep_step(None, 2)]):
        assert "fewer than two steps" in render_sweep({"steps": steps, "low": "x"})
    hostile = render_sweep({"steps": [sweep_step(1, 2, HOSTILE), sweep_step(2, 2, HOSTILE)], "high": HOSTILE})
    assert "<script>" not in hostile
    assert f"1 requests/s: p99 2 ms, {HOSTILE}" in titles(hostile)


@pytest.mark.django_db
def test_the_admin_shows_a_sweep_instead_of_its_trials() -> None:
    sweep = {"low": 400.0, "high": 800.0, "steps": [sweep_step(400, 4), sweep_step(800, 300, "failed")]}
    run = Run.objects.create(framework="fastify", endpoint="/simple", state=RunState.DONE, profile="sweep", sweep=sweep)
    client = Client(headers={"Host": "localhost", "Accept": "text/html"})
    client.force_login(get_user_model().objects.create_superuser("boss", password="a password of 20"))

    page = client.get(f"/admin/benchmarks/run/{run.pk}/change/").content.decode()

    assert "holds 400, but not 800 requests/s" in page
    assert "Requests/s of each trial" not in page
