"""A framework's rates over time: a picture with intervals and links, and a small one for a table. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from benchmarks.admin.charts.canvas import (
    ACCENT,
    BOTTOM,
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

SPARK_WIDTH, SPARK_HEIGHT = 84, 20
DASHED = "stroke-dasharray:4 3"


@dataclass(frozen=True, slots=True)
class Point:
    """One run. `link`: where it is shown."""

    at: datetime
    req_per_sec: float
    low: float | None
    high: float | None
    validity: str
    link: str


@dataclass(frozen=True, slots=True)
class Move:
    """From `at` on the rate was on another level."""

    at: datetime
    text: str


def rates_over_time(
    name: str, points: Sequence[Point], moves: Sequence[Move] = (), baseline: float | None = None
) -> str:
    """Requests/s with intervals, oldest first; invalid runs hollow and struck through, outside of the line. A dashed
    line lies at the baseline's rate, an upright one where the rate moved."""
    title = f"Requests/s of {name} over time"
    if not points:
        return nothing(title, "no run with a result yet.")
    rows = ticks(top(number(each) for point in points for each in (point.req_per_sec, point.high, baseline)))
    first, last = points[0].at.timestamp(), points[-1].at.timestamp()
    x, y = Scale(first, max(last, first + 1), LEFT + 8, RIGHT - 8), Scale(0, rows[-1], BOTTOM, TOP)
    sound = [point for point in points if point.validity != "invalid"]
    marks = [path([(x.at(each.at.timestamp()), y.at(each.req_per_sec)) for each in sound], ACCENT, "opacity:.4")]
    marks += [_moved(move, x) for move in moves if x.low <= move.at.timestamp() <= x.high]
    if baseline is not None:
        marks.append(_level(f"baseline {baseline:,.0f}", y.at(baseline)))
    marks += [_mark(point, x, y) for point in points]
    places = [first + (last - first) * place / 4 for place in range(5)] if last - first >= 1 else [first]
    form = "%Y-%m-%d" if last - first > 4 * 86_400 else "%d %b %H:%M"
    days = [(place, datetime.fromtimestamp(place, UTC).strftime(form)) for place in places]
    told = f"{len(points)} runs, {len(points) - len(sound)} of them invalid; the newest {points[-1].req_per_sec:,.0f}"
    frame = Frame(
        title, told, x, y, days, [(each, short(each)) for each in rows], "time (UTC)", "Requests/s with intervals"
    )
    return drawn(frame, marks)


def _moved(move: Move, x: Scale) -> str:
    left = x.at(move.at.timestamp())
    words = f"{move.at:%Y-%m-%d %H:%M}: {move.text}"
    return f"<g><title>{escape(words)}</title>{line(left, TOP, left, BOTTOM, WRONG, DASHED)}</g>"


def _level(words: str, height: float) -> str:
    return f"{line(LEFT, height, RIGHT, height, QUIET, DASHED)}{text(RIGHT, height - 4, words, 'end')}"


def _mark(point: Point, x: Scale, y: Scale) -> str:
    left, height = x.at(point.at.timestamp()), y.at(point.req_per_sec)
    is_invalid = point.validity == "invalid"
    stroke = WRONG if is_invalid else ACCENT
    marks = ""
    if point.low is not None and point.high is not None:
        low, high = y.at(point.low), y.at(point.high)
        ends = ((left, low, left, high), (left - 3, low, left + 3, low), (left - 3, high, left + 3, high))
        marks += "".join(line(*each, stroke) for each in ends)
    marks += (
        f'<circle cx="{left:g}" cy="{height:g}" r="3" style="fill:{"none" if is_invalid else ACCENT};stroke:{stroke}"/>'
    )
    if is_invalid:
        marks += line(left - 7, height, left + 7, height, stroke)
    words = f"{point.at:%Y-%m-%d %H:%M}: {point.req_per_sec:,.0f} requests/s, {point.validity}"
    return f'<a href="{escape(point.link)}"><title>{escape(words)}</title>{marks}</a>'


def sparkline(rates: Sequence[float]) -> str:
    """A table cell's worth of history, oldest first, from 0: a small change looks small."""
    drawable = [rate for rate in rates if number(rate) is not None]
    if len(drawable) < 2:
        return ""
    x = Scale(0, len(drawable) - 1, 2, SPARK_WIDTH - 4)
    y = Scale(0, max(drawable) or 1, SPARK_HEIGHT - 2, 3)
    points = [(x.at(place), y.at(rate)) for place, rate in enumerate(drawable)]
    told = f"the newest {len(drawable)} rates, from {drawable[0]:,.0f} to {drawable[-1]:,.0f} requests/s"
    dot = f'<circle cx="{points[-1][0]:g}" cy="{points[-1][1]:g}" r="2" style="fill:{ACCENT}"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{SPARK_WIDTH}" height="{SPARK_HEIGHT}">'
        f"<title>{told}</title>{path(points, ACCENT)}{dot}</svg>"
    )
