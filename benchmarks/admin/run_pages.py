"""Template contexts of the admin pages: overview of a run, history of a framework, comparison. [io: database]"""

from __future__ import annotations

import shlex
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from benchmarks.admin.charts.history import LevelChange, Point, render_rates_over_time, render_sparkline
from benchmarks.admin.charts.run import TrialRate, render_cpu_usage, render_latency_curve, render_trials
from benchmarks.admin.charts.sweep import render_sweep
from benchmarks.analysis import histogram
from benchmarks.analysis.measurement import merge_latencies
from benchmarks.budgets.judgement import judgement_words
from benchmarks.budgets.stored import parse_budget
from benchmarks.errors import RunUnreadable
from benchmarks.history import baselines, recent_rates, run_side, trends
from benchmarks.history.completed import RunKind
from benchmarks.history.readable_rows import readable
from benchmarks.history.run_side import check_details
from benchmarks.models import Run, Validity
from system.charts.scale import drawable_number

HISTORY_URL_NAME = "admin:benchmarks_run_history_of"


def history_url(run: Run) -> str:
    query = urlencode({"framework": run.framework, "endpoint": run.endpoint, "method": run.method})
    return f"{reverse(HISTORY_URL_NAME)}?{query}"


def run_overview(run: Run) -> dict[str, Any]:
    """Context of the overview above the fields of a run; of one that cannot be read, the reason."""
    trials = list(run.trials.order_by("index"))
    try:
        check_details(readable(run), trials)
    except RunUnreadable as error:
        return {"problem": str(error)}
    baseline = baselines.baseline_for(run)
    rates = [TrialRate(trial.index, trial.req_per_sec, trial.is_warmup) for trial in trials]
    measured = [trial for trial in trials if not trial.is_warmup]
    if run.sweep:
        charts: tuple[str, ...] = (render_sweep(run.sweep),)  # the trials are at different rates
    else:
        latencies = merge_latencies(histogram.decode(trial.histogram) for trial in measured if trial.histogram)
        charts = (
            render_trials(rates, run.req_per_sec, run.req_per_sec_low, run.req_per_sec_high),
            render_latency_curve(latencies),
        )
    return {
        "run": run,
        "is_invalid": run.validity == Validity.INVALID,
        "charts": [_mark_svg_safe(chart) for chart in (*charts, render_cpu_usage(run.samples))],
        "history_url": history_url(run),
        "budget": _budget_context(run),
        "baseline": baseline,
        "comparison": baselines.comparison_for(run, baseline),
        "command_line": shlex.join(str(part) for part in run.command),
        "outputs": [(trial, trial.output) for trial in trials if trial.output],
    }


def _budget_context(run: Run) -> dict[str, Any] | None:
    """The budget in words; None without one. Before the first trial it has no judgement."""
    budget = parse_budget(run.budget)
    if budget is None:
        return {"judgement": "not judged", "rows": [(text, "", "") for text in run.expect]} if run.expect else None
    rows = [(item.text, item.met.replace("_", " "), item.message) for item in budget.items]
    return {"judgement": judgement_words(budget), "rows": rows}


def history_context(kind: RunKind) -> dict[str, Any]:
    """Context of the history page of one framework, endpoint and method."""
    runs = recent_rates.fetch_newest(kind)
    name = f"{kind[0]} {kind[2]} {kind[1]}"
    points = [
        Point(
            run.at, run.req_per_sec or 0.0, run.req_per_sec_low, run.req_per_sec_high, run.validity,
            reverse("admin:benchmarks_run_change", args=(run.pk,)),
        )
        for run in runs
    ]  # fmt: skip
    changes, _ = trends.find_change_points(*kind)
    baseline = baselines.baseline_for(runs[-1]) if runs else None
    baseline_rate = drawable_number(baseline.run.req_per_sec) if baseline else None
    chart = render_rates_over_time(
        name, points, [LevelChange(change.at, change.text) for change in changes], baseline_rate
    )
    return {
        "title": f"History of {name}", "chart": _mark_svg_safe(chart), "changes": changes[::-1],
        "rows": [_table_row(point) for point in reversed(points)],
        "baseline": baseline,
    }  # fmt: skip


def _table_row(point: Point) -> dict[str, str]:
    """A point of the chart as a row of text for its table: formatting in the template takes three times as long."""
    has_interval = point.low is not None and point.high is not None
    return {
        "at": f"{point.at:%Y-%m-%d %H:%M}", "rate": f"{point.req_per_sec:,.0f}", "validity": point.validity,
        "interval": f"{point.low:,.0f} – {point.high:,.0f}" if has_interval else "–", "link": point.link,
    }  # fmt: skip


def comparison_context(base: str, new: str) -> dict[str, Any]:
    """Context of the comparison page. Raises RunNotFound, RunUnfinished."""
    comparison = run_side.compare_runs(base, new)
    return {
        "title": "Comparison of two runs",
        "comparison": comparison,
        "sides": [(name, run_side.fetch_measured_run(run_id)) for name, run_id in (("base", base), ("new", new))],
    }


def sparkline_html(rates: list[float]) -> SafeString:
    return _mark_svg_safe(render_sparkline(rates))


def _mark_svg_safe(svg: str) -> SafeString:
    """Mark a chart as safe HTML: charts escape all text themselves."""
    return mark_safe(svg)  # noqa: S308
