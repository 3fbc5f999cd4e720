"""A run in three pictures: its trials, its latencies, and who used the processors. [pure]"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.admin.charts.canvas import (
    ACCENT,
    BOTTOM,
    INK,
    LEFT,
    QUIET,
    RIGHT,
    TOP,
    WRONG,
    Frame,
    drawn,
    line,
    nothing,
    path,
    text,
)
from benchmarks.admin.charts.scale import Scale, number, short, ticks, top
from benchmarks.analysis.measurement import Latencies

CPU = (
    ("generator", "generatorCpuPercent", WRONG, "stroke-dasharray:6 3"),
    ("server", "targetCpuPercent", ACCENT, ""),
    ("Redis", "redisCpuPercent", INK, "stroke-dasharray:2 2"),
    ("host (of all processors)", "hostCpuPercent", QUIET, "stroke-width:3;opacity:.6"),
)
MOST_NINES = 6


@dataclass(frozen=True, slots=True)
class Bar:
    """One trial's rate."""

    index: int
    req_per_sec: float
    is_warmup: bool


def trials_strip(bars: Sequence[Bar], median: float | None, low: float | None, high: float | None) -> str:
    """Each trial's requests/s as a point over the band of the median's interval; the warm-up hollow, to the left."""
    title = "Requests/s of each trial"
    if not bars:
        return nothing(title, "no trial is stored for this run.")
    rows = ticks(top([*(number(bar.req_per_sec) for bar in bars), number(median), number(high)]))
    x, y = Scale(-0.5, len(bars) - 0.5, LEFT, RIGHT), Scale(0, rows[-1], BOTTOM, TOP)
    marks = []
    if low is not None and high is not None:
        marks.append(
            f'<rect x="{LEFT}" y="{y.at(high):g}" width="{RIGHT - LEFT}" height="{max(1, y.at(low) - y.at(high)):g}"'
            f' style="fill:{ACCENT};opacity:.18"><title>interval {low:,.0f} to {high:,.0f}</title></rect>'
        )
    if median is not None:
        marks.append(line(LEFT, y.at(median), RIGHT, y.at(median), ACCENT, "stroke-dasharray:6 3"))
        marks.append(text(RIGHT, TOP - 10, f"median {median:,.0f}", "end", ACCENT))
    for place, bar in enumerate(bars):
        fill = "none" if bar.is_warmup else ACCENT
        what = "warm-up" if bar.is_warmup else f"trial {bar.index}"
        marks.append(
            f'<circle cx="{x.at(place):g}" cy="{y.at(min(bar.req_per_sec, rows[-1])):g}" r="5"'
            f' style="fill:{fill};stroke:{ACCENT}"><title>{what}: {bar.req_per_sec:,.0f} requests/s</title></circle>'
        )
    every = math.ceil(len(bars) / 12)
    names = [(place, "warm-up" if bar.is_warmup else str(bar.index)) for place, bar in enumerate(bars)][::every]
    told = "; ".join(f"{'warm-up' if bar.is_warmup else bar.index}: {bar.req_per_sec:,.0f}" for bar in bars)
    frame = Frame(title, told, x, y, names, [(each, short(each)) for each in rows], "trial", "Requests/s of each trial")
    return drawn(frame, marks)


def latency_curve(latencies: Latencies) -> str:
    """Latency by percentile; each step to the right is one more nine, as HdrHistogram plots it.

    `latencies`: (microseconds, count), rising. The curve ends where a single request would decide.
    """
    title = "Latency by percentile"
    total = sum(count for _, count in latencies)
    if total < 2:
        return nothing(title, "no latency histogram is stored for this run.")
    nines = min(MOST_NINES, math.log10(total))
    points, seen = [(0.0, latencies[0][0] / 1000)], 0
    for value_us, count in latencies:
        seen += count
        place = min(nines, -math.log10(1 - seen / total)) if seen < total else nines
        points.append((place, value_us / 1000))
    rows = ticks(points[-1][1])
    x, y = Scale(0, nines, LEFT, RIGHT), Scale(0, rows[-1], BOTTOM, TOP)
    pixels = [(x.at(place), y.at(value)) for place, value in points]
    thin = [pixel for place, pixel in enumerate(pixels) if not place or pixel != pixels[place - 1]]
    percents = {0.0: "0 %", math.log10(2): "50 %"} | {
        float(count): f"{100 - 100 / 10**count:.10g} %" for count in range(1, math.floor(nines) + 1)
    }
    columns = [(place, label) for place, label in percents.items() if place <= nines]
    told = f"{total:,} requests; the slowest took {latencies[-1][0] / 1000:.3g} ms"
    frame = Frame(
        title, told, x, y, columns, [(each, short(each)) for each in rows], "percentile of requests", "Latency in ms"
    )
    return drawn(frame, [path(thin, ACCENT)])


def cpu_lines(samples: Sequence[Mapping[str, object]]) -> str:
    """CPU of generator, server, Redis and host for each second; trials one after the other, a rule between them."""
    title = "CPU over the run"
    seconds, rules = _clock(samples)
    series = [(name, [number(each.get(key)) for each in samples], stroke, more) for name, key, stroke, more in CPU]
    known = [each for each in series if any(value is not None for value in each[1])]
    if not known or len(samples) < 2:
        return nothing(title, "fewer than two samples are stored for this run.")
    rows = ticks(max(100.0, top(value for _, values, _, _ in known for value in values)))
    columns = ticks(seconds[-1], 8)
    x, y = Scale(0, max(seconds[-1], 1e-3), LEFT, RIGHT), Scale(0, rows[-1], BOTTOM, TOP)
    marks = [line(x.at(rule), TOP, x.at(rule), BOTTOM) for rule in rules]
    told = []
    for place, (name, values, stroke, more) in enumerate(known):
        points = [(x.at(at), y.at(value)) for at, value in zip(seconds, values, strict=True) if value is not None]
        marks += [
            path(points, stroke, more),
            path([(LEFT + 112 * place, 234), (LEFT + 112 * place + 18, 234)], stroke, more),
        ]
        marks.append(text(LEFT + 112 * place + 23, 238, name, fill=INK))
        told.append(f"{name} at most {top(values):.0f} %")
    shown = [(each, f"{short(each)} s") for each in columns if each <= seconds[-1]]
    label = "CPU in % of one processor"
    return drawn(Frame(title, "; ".join(told), x, y, shown, [(each, short(each)) for each in rows], "", label), marks)


def _clock(samples: Sequence[Mapping[str, object]]) -> tuple[list[float], list[float]]:
    """Seconds of load at each sample, and where a trial ends: each trial's own clock begins at 0."""
    seconds: list[float] = []
    rules: list[float] = []
    begin, trial = 0.0, samples[0].get("trial") if samples else None
    for sample in samples:
        if sample.get("trial") != trial:
            begin, trial = seconds[-1], sample.get("trial")
            rules.append(begin)
        seconds.append(max(seconds[-1] if seconds else 0.0, begin + (number(sample.get("seconds")) or 0.0)))
    return seconds, rules
