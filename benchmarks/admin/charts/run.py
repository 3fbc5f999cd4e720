"""Charts of a run: rates of its trials, latency percentiles, CPU usage. [pure]"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.analysis.measurement import Latencies
from system.charts.canvas import (
    ACCENT,
    BOTTOM,
    ERROR,
    FOREGROUND,
    LEFT,
    MUTED,
    RIGHT,
    TOP,
    Axes,
    render_chart,
    render_placeholder,
    svg_line,
    svg_path,
    svg_text,
)
from system.charts.scale import Scale, abbreviate, axis_ticks, drawable_number, largest
from system.lib.quantities import significant

CPU_SERIES = (
    ("generator", "generatorCpuPercent", ERROR, "stroke-dasharray:6 3"),
    ("server", "targetCpuPercent", ACCENT, ""),
    ("Redis", "redisCpuPercent", FOREGROUND, "stroke-dasharray:2 2"),
    ("host (of all processors)", "hostCpuPercent", MUTED, "stroke-width:3;opacity:.6"),
)
MAX_NINES = 6


@dataclass(frozen=True, slots=True)
class TrialRate:
    """The rate of one trial."""

    index: int
    req_per_sec: float
    is_warmup: bool


def render_trials(rates: Sequence[TrialRate], median: float | None, low: float | None, high: float | None) -> str:
    """Requests/s of each trial over a band, the interval of the median; the warm-up is hollow, at the left."""
    title = "Requests/s of each trial"
    if not rates:
        return render_placeholder(title, "no trial is stored for this run.")
    y_ticks = axis_ticks(
        largest(
            [*(drawable_number(rate.req_per_sec) for rate in rates), drawable_number(median), drawable_number(high)]
        )
    )
    x, y = Scale(-0.5, len(rates) - 0.5, LEFT, RIGHT), Scale(0, y_ticks[-1], BOTTOM, TOP)
    marks = []
    if low is not None and high is not None:
        marks.append(
            f'<rect x="{LEFT}" y="{y.at(high):g}" width="{RIGHT - LEFT}" height="{max(1, y.at(low) - y.at(high)):g}"'
            f' style="fill:{ACCENT};opacity:.18"><title>interval {low:,.0f} to {high:,.0f}</title></rect>'
        )
    if median is not None:
        marks.append(svg_line(LEFT, y.at(median), RIGHT, y.at(median), ACCENT, "stroke-dasharray:6 3"))
        marks.append(svg_text(RIGHT, TOP - 10, f"median {median:,.0f}", "end", ACCENT))
    for index, rate in enumerate(rates):
        fill = "none" if rate.is_warmup else ACCENT
        label = "warm-up" if rate.is_warmup else f"trial {rate.index}"
        marks.append(
            f'<circle cx="{x.at(index):g}" cy="{y.at(min(rate.req_per_sec, y_ticks[-1])):g}" r="5"'
            f' style="fill:{fill};stroke:{ACCENT}"><title>{label}: {rate.req_per_sec:,.0f} requests/s</title></circle>'
        )
    step = math.ceil(len(rates) / 12)
    x_ticks = [(index, "warm-up" if rate.is_warmup else str(rate.index)) for index, rate in enumerate(rates)][::step]
    description = "; ".join(f"{'warm-up' if rate.is_warmup else rate.index}: {rate.req_per_sec:,.0f}" for rate in rates)
    axes = Axes(
        title,
        description,
        x,
        y,
        x_ticks,
        [(tick, abbreviate(tick)) for tick in y_ticks],
        "trial",
        "Requests/s of each trial",
    )
    return render_chart(axes, marks)


def render_latency_curve(latencies: Latencies) -> str:
    """Latency by percentile; each unit to the right is one more nine, as in HdrHistogram's plots.

    `latencies`: (microseconds, count), ascending. The curve ends where a single request would determine it.
    """
    title = "Latency by percentile"
    total = sum(count for _, count in latencies)
    if total < 2:
        return render_placeholder(title, "no latency histogram is stored for this run.")
    nines = min(MAX_NINES, math.log10(total))
    points, cumulative = [(0.0, latencies[0][0] / 1000)], 0
    for value_us, count in latencies:
        cumulative += count
        position = min(nines, -math.log10(1 - cumulative / total)) if cumulative < total else nines
        points.append((position, value_us / 1000))
    y_ticks = axis_ticks(points[-1][1])
    x, y = Scale(0, nines, LEFT, RIGHT), Scale(0, y_ticks[-1], BOTTOM, TOP)
    pixels = [(x.at(position), y.at(value)) for position, value in points]
    distinct = [pixel for index, pixel in enumerate(pixels) if not index or pixel != pixels[index - 1]]
    labels = {0.0: "0 %", math.log10(2): "50 %"} | {
        float(nine): f"{100 - 100 / 10**nine:.10g} %" for nine in range(1, math.floor(nines) + 1)
    }
    x_ticks = [(position, label) for position, label in labels.items() if position <= nines]
    description = f"{total:,} requests; the slowest took {significant(latencies[-1][0] / 1000, 3)} ms"
    axes = Axes(
        title,
        description,
        x,
        y,
        x_ticks,
        [(tick, abbreviate(tick)) for tick in y_ticks],
        "percentile of requests",
        "Latency in ms",
    )
    return render_chart(axes, [svg_path(distinct, ACCENT)])


def render_cpu_usage(samples: Sequence[Mapping[str, object]]) -> str:
    """CPU of generator, server, Redis and host per second; trials follow one another, separated by vertical rules."""
    title = "CPU over the run"
    seconds, rules = _cumulative_seconds(samples)
    series = [
        (name, [drawable_number(sample.get(key)) for sample in samples], stroke, style)
        for name, key, stroke, style in CPU_SERIES
    ]
    available = [line for line in series if any(value is not None for value in line[1])]
    if not available or len(samples) < 2:
        return render_placeholder(title, "fewer than two samples are stored for this run.")
    y_ticks = axis_ticks(max(100.0, largest(value for _, values, _, _ in available for value in values)))
    tick_seconds = axis_ticks(seconds[-1], 8)
    x, y = Scale(0, max(seconds[-1], 1e-3), LEFT, RIGHT), Scale(0, y_ticks[-1], BOTTOM, TOP)
    marks = [svg_line(x.at(rule), TOP, x.at(rule), BOTTOM) for rule in rules]
    maxima = []
    for index, (name, values, stroke, style) in enumerate(available):
        points = [(x.at(at), y.at(value)) for at, value in zip(seconds, values, strict=True) if value is not None]
        marks += [
            svg_path(points, stroke, style),
            svg_path([(LEFT + 112 * index, 234), (LEFT + 112 * index + 18, 234)], stroke, style),
        ]
        marks.append(svg_text(LEFT + 112 * index + 23, 238, name, fill=FOREGROUND))
        maxima.append(f"{name} at most {largest(values):.0f} %")
    x_ticks = [(tick, f"{abbreviate(tick)} s") for tick in tick_seconds if tick <= seconds[-1]]
    label = "CPU in % of one processor"
    return render_chart(
        Axes(title, "; ".join(maxima), x, y, x_ticks, [(tick, abbreviate(tick)) for tick in y_ticks], "", label), marks
    )


def _cumulative_seconds(samples: Sequence[Mapping[str, object]]) -> tuple[list[float], list[float]]:
    """Cumulative seconds of load at each sample, and at the ends of trials: the clock of each trial starts at 0."""
    seconds: list[float] = []
    rules: list[float] = []
    trial_start_s, trial = 0.0, samples[0].get("trial") if samples else None
    for sample in samples:
        if sample.get("trial") != trial:
            trial_start_s, trial = seconds[-1], sample.get("trial")
            rules.append(trial_start_s)
        seconds.append(
            max(seconds[-1] if seconds else 0.0, trial_start_s + (drawable_number(sample.get("seconds")) or 0.0))
        )
    return seconds, rules
