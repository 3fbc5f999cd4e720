"""What the admin shows of a run and of a framework's history: rows become pictures and lines of words."""

from __future__ import annotations

import shlex
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from benchmarks import histogram, recent
from benchmarks.measurement import together
from benchmarks.models import Run, Validity
from benchmarks.pictures.history import Point, rates_over_time, sparkline
from benchmarks.pictures.run import Bar, cpu_lines, latency_curve, trials_strip

NAME = "admin:benchmarks_run_history_of"


def history_link(run: Run) -> str:
    return f"{reverse(NAME)}?{urlencode({'framework': run.framework, 'endpoint': run.endpoint, 'method': run.method})}"


def story(run: Run) -> dict[str, Any]:
    """The run page's part above the fields."""
    trials = list(run.trials.order_by("index"))
    bars = [Bar(each.index, each.req_per_sec, each.is_warmup) for each in trials]
    measured = [each for each in trials if not each.is_warmup]
    latencies = together(histogram.decode(each.histogram) for each in measured if each.histogram)
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
        "command_line": shlex.join(str(part) for part in run.command),
        "outputs": [(each, each.output) for each in trials if each.output],
    }


def history_picture(wanted: recent.Kind) -> dict[str, Any]:
    """The page of one framework, endpoint and method."""
    runs = recent.newest(wanted)
    name = f"{wanted[0]} {wanted[2]} {wanted[1]}"
    points = [
        Point(
            each.at, each.req_per_sec or 0.0, each.req_per_sec_low, each.req_per_sec_high, each.validity,
            reverse("admin:benchmarks_run_change", args=(each.pk,)),
        )
        for each in runs
    ]  # fmt: skip
    return {"title": f"History of {name}", "picture": _safe(rates_over_time(name, points)), "runs": runs[::-1]}


def spark(rates: list[float]) -> SafeString:
    return _safe(sparkline(rates))


def _safe(picture: str) -> SafeString:
    """Pictures escape every text themselves."""
    return mark_safe(picture)  # noqa: S308
