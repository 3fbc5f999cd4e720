"""What the admin shows of a run and of a framework's history: rows become pictures and lines of words."""

from __future__ import annotations

import shlex
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from benchmarks.admin.charts.history import Move, Point, rates_over_time, sparkline
from benchmarks.admin.charts.run import Bar, cpu_lines, latency_curve, trials_strip
from benchmarks.analysis import histogram
from benchmarks.analysis.measurement import merge_latencies
from benchmarks.history import baselines, recent_rates, run_side, trends
from benchmarks.models import Run, Validity

NAME = "admin:benchmarks_run_history_of"


def history_link(run: Run) -> str:
    return f"{reverse(NAME)}?{urlencode({'framework': run.framework, 'endpoint': run.endpoint, 'method': run.method})}"


def story(run: Run) -> dict[str, Any]:
    """The run page's part above the fields."""
    trials = list(run.trials.order_by("index"))
    baseline = baselines.of(run)
    bars = [Bar(each.index, each.req_per_sec, each.is_warmup) for each in trials]
    measured = [each for each in trials if not each.is_warmup]
    latencies = merge_latencies(histogram.decode(each.histogram) for each in measured if each.histogram)
    pictures = (
        trials_strip(bars, run.req_per_sec, run.req_per_sec_low, run.req_per_sec_high),
        latency_curve(latencies),
        cpu_lines(run.samples),
    )
    return {
        "run": run,
        "is_invalid": run.validity == Validity.INVALID,
        "pictures": [_safe(picture) for picture in pictures],
        "history_link": history_link(run),
        "baseline": baseline,
        "verdict": baselines.verdict(run, baseline),
        "command_line": shlex.join(str(part) for part in run.command),
        "outputs": [(each, each.output) for each in trials if each.output],
    }


def history_picture(wanted: recent_rates.Kind) -> dict[str, Any]:
    """The page of one framework, endpoint and method."""
    runs = recent_rates.newest(wanted)
    name = f"{wanted[0]} {wanted[2]} {wanted[1]}"
    points = [
        Point(
            each.at, each.req_per_sec or 0.0, each.req_per_sec_low, each.req_per_sec_high, each.validity,
            reverse("admin:benchmarks_run_change", args=(each.pk,)),
        )
        for each in runs
    ]  # fmt: skip
    changes, _ = trends.change_points(*wanted)
    baseline = baselines.of(runs[-1]) if runs else None
    level = baseline.run.req_per_sec if baseline else None
    picture = rates_over_time(name, points, [Move(each.at, each.text) for each in changes], level)
    return {
        "title": f"History of {name}", "picture": _safe(picture), "changes": changes[::-1],
        "rows": [_row(each) for each in reversed(points)],
        "baseline": baseline,
    }  # fmt: skip


def _row(point: Point) -> dict[str, str]:
    """A point of the picture as a row of its table, in texts: a template would take three times as long."""
    has_interval = point.low is not None and point.high is not None
    return {
        "at": f"{point.at:%Y-%m-%d %H:%M}", "rate": f"{point.req_per_sec:,.0f}", "validity": point.validity,
        "interval": f"{point.low:,.0f} – {point.high:,.0f}" if has_interval else "–", "link": point.link,
    }  # fmt: skip


def comparison(base: str, new: str) -> dict[str, Any]:
    """The page of two runs, by their ids. Raises RunNotFound, RunUnfinished."""
    compared = run_side.compare(base, new)
    return {
        "title": "Two runs compared",
        "compared": compared,
        "sides": [(name, run_side.finished(run_id)) for name, run_id in (("base", base), ("new", new))],
    }


def spark(rates: list[float]) -> SafeString:
    return _safe(sparkline(rates))


def _safe(picture: str) -> SafeString:
    """Pictures escape every text themselves."""
    return mark_safe(picture)  # noqa: S308
