"""Chart of a series over time: the mean as a line in a band from minimum to maximum, gaps as gaps. [pure]"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from monitoring.charts.axes import Symbol, choose_symbol, describe_range, format_length, time_ticks, value_ticks
from monitoring.charts.marks import Mark, render_marks
from monitoring.series.catalogue import Unit
from monitoring.series.resolution import MINUTE_S
from system.charts.canvas import ACCENT, BOTTOM, LEFT, RIGHT, TOP, Axes, render_chart, render_placeholder, svg_text
from system.charts.scale import Scale, drawable_number
from system.lib.quantities import pluralize

MAX_READINGS = 120  # areas with a tooltip: about 4 pixels wide
LINE = f"fill:none;stroke:{ACCENT};stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round"
NOTHING = "nothing is recorded of this time."

Interval = tuple[float, float, float, float]  # start in unix seconds, minimum, mean, maximum


@dataclass(frozen=True, slots=True)
class Series:
    """`quantity`: what is measured, as `CPU`; `of`: what its unit relates to, as `of one core`; `seconds`: length of an
    interval. The intervals are in the order of their times."""

    subject: str
    quantity: str
    unit: Unit
    seconds: float
    intervals: Sequence[Interval]
    of: str = ""


def render_series(
    series: Series, marks: Sequence[Mark], from_s: float, to_s: float, *, list_link: str = "", reason: str = NOTHING
) -> str:
    """`marks`: in the order of their times, with `list_link` to the list of all; `reason`: why there is nothing to
    draw."""
    title = f"{series.quantity} of {series.subject}"
    intervals = [
        interval
        for interval in series.intervals
        if interval[0] + series.seconds > from_s
        and interval[0] < to_s
        and None not in map(drawable_number, interval[1:])
    ]
    if not intervals:
        return render_placeholder(title, reason)
    high = max(interval[3] for interval in intervals)
    symbol = choose_symbol(series.unit, high)
    y_ticks = value_ticks(high, symbol)
    x, y = Scale(from_s, to_s, LEFT, RIGHT), Scale(0, y_ticks[-1][0], BOTTOM, TOP)
    segments = list(_segments(intervals, series.seconds))
    legend = f"line: mean of {format_length(series.seconds)}; band: minimum to maximum"
    drawn = [f'<g class="legend">{svg_text(RIGHT, 14, legend, "end")}</g>']
    for segment in segments:
        drawn += _draw(segment, series.seconds, x, y)
    drawn += _readings(segments, series.seconds, x, symbol)
    drawn += render_marks(marks, x, list_link)
    unit = " ".join(part for part in (symbol.name, series.of) if part)
    axes = Axes(
        title,
        _describe(intervals, len(segments) - 1, symbol, from_s, to_s),
        x,
        y,
        time_ticks(from_s, to_s),
        y_ticks,
        describe_range(from_s, to_s),
        f"{series.quantity} in {unit}" if unit else series.quantity,
    )
    return render_chart(axes, drawn)


def _segments(intervals: Sequence[Interval], seconds: float) -> Iterator[Sequence[Interval]]:
    """The runs of intervals without a gap."""
    begin = 0
    for index in range(1, len(intervals) + 1):
        if index == len(intervals) or intervals[index][0] - intervals[index - 1][0] > seconds * 1.001:
            yield intervals[begin:index]
            begin = index


def _draw(segment: Sequence[Interval], seconds: float, x: Scale, y: Scale) -> list[str]:
    """Values are drawn in the middle of their intervals; the first and last extend to the edges of theirs."""
    edges = _clip(segment[0][0], x), _clip(segment[-1][0] + seconds, x)
    middles = [x.at(min(max(start + seconds / 2, x.low), x.high)) for start, *_ in segment]
    lefts = [edges[0], *middles, edges[1]]
    lows, means, highs = (
        [y.at(interval[column]) for interval in (segment[0], *segment, segment[-1])] for column in (1, 2, 3)
    )
    around = [*zip(lefts, highs, strict=True), *reversed(list(zip(lefts, lows, strict=True)))]
    return [
        f'<path d="{_path(around)}Z" style="fill:{ACCENT};opacity:.25"/>',
        f'<path d="{_path(list(zip(lefts, means, strict=True)))}" style="{LINE}"/>',
    ]


def _clip(moment: float, x: Scale) -> float:
    return x.at(min(max(moment, x.low), x.high))


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{left:g} {top:g}" for left, top in points)


def _readings(segments: Sequence[Sequence[Interval]], seconds: float, x: Scale, symbol: Symbol) -> Iterator[str]:
    """Areas whose tooltips have the values."""
    size = -(-sum(map(len, segments)) // MAX_READINGS)
    for segment in segments:
        for begin in range(0, len(segment), size):
            part = segment[begin : begin + size]
            first, last = part[0][0], part[-1][0] + seconds
            mean = sum(interval[2] for interval in part) / len(part)
            low, high = min(interval[1] for interval in part), max(interval[3] for interval in part)
            label = f"{_moments(first, last)} UTC: mean {symbol.format(mean)}, "
            label += f"{symbol.format(low)} to {symbol.format(high)}"
            left, right = _clip(first, x), _clip(last, x)
            yield (
                f'<rect class="reading" x="{left:g}" y="{TOP}" width="{max(1.0, right - left):g}"'
                f' height="{BOTTOM - TOP}"><title>{escape(label)}</title></rect>'
            )


def _moments(first: float, last: float) -> str:
    """Beginning and end of a few intervals, as precise as their length."""
    begin, end = (datetime.fromtimestamp(moment, UTC) for moment in (first, last))
    time = "%H:%M:%S" if last - first < MINUTE_S or first % MINUTE_S or last % MINUTE_S else "%H:%M"
    until = f"{end:{time}}" if begin.date() == end.date() else f"{end:%Y-%m-%d {time}}"
    return f"{begin:%Y-%m-%d {time}} – {until}"


def _describe(intervals: Sequence[Interval], gaps: int, symbol: Symbol, from_s: float, to_s: float) -> str:
    mean = sum(interval[2] for interval in intervals) / len(intervals)
    low, high = min(interval[1] for interval in intervals), max(interval[3] for interval in intervals)
    values = f"mean {symbol.format(mean)}, minimum {symbol.format(low)}, maximum {symbol.format(high)}"
    newest = f"the newest mean is {symbol.format(intervals[-1][2])}"
    without = f"; {pluralize(gaps, 'gap')}" if gaps else ""
    return f"{describe_range(from_s, to_s)}: {values}; {newest}{without}"
