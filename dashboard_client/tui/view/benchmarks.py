"""The newest benchmark results, each with its interval and whether it can be trusted. [pure]"""

from __future__ import annotations

from dashboard_client.formatting.figures import LOWER_BOUNDS, milliseconds, minute, rate, spread
from dashboard_client.formatting.width import padded
from dashboard_client.tui.model.rows import Row, rows
from dashboard_client.tui.model.state import State
from dashboard_client.tui.screen.frame import Frame, Rect
from dashboard_client.tui.screen.theme import Glyphs, Style
from dashboard_client.tui.view.panel import Segments, border, listed, say, waiting
from dashboard_client.wire.benchmarks import BenchmarkResult

MARKS = {"valid": ("✓", Style.OK), "caution": ("!", Style.WARN), "invalid": ("✖", Style.BAD)}


def draw(frame: Frame, rect: Rect, state: State, glyphs: Glyphs) -> None:
    box = border(frame, rect, state, glyphs, "benchmarks", "3 Benchmarks", "b history")
    results = state.displayed.results
    if results is None:
        say(frame, box, waiting(state, "results"))
    elif not results:
        say(frame, box, "no benchmark yet: m, Benchmarks")
    elif not rows(state, "benchmarks"):
        say(frame, box, "no benchmark matches")
    else:
        listed(frame, box, state, glyphs, "benchmarks", lambda row, width: line(row, width, state.marked_run))


def line(row: Row, width: int, marked: str = "", *, has_date: bool = False) -> Segments:
    """The rate is a floor when the target was not the limit, or not alone."""
    each = row.item
    if not isinstance(each, BenchmarkResult):
        return ()
    mark, tone = MARKS.get(each.validity, ("?", Style.DIM))
    is_bound = each.saturation in LOWER_BOUNDS
    between = each.saturation if is_bound else spread(each)
    at = f"{each.timestamp.astimezone():%m-%d %H:%M}" if has_date and each.timestamp else minute(each.timestamp)
    star = "* " if marked and each.id == marked else ""
    if width < 49:
        short = between.removeprefix("generator-")
        return (
            (f"{at} ", Style.DIM),
            (f"{star}{padded(each.framework, max(6, width - 28))} {rate(each):>8} ", Style.PLAIN),
            (f"{short:>8} ", Style.DIM),
            (mark, tone),
        )
    name = padded(f"{star}{each.framework}", 8)
    endpoint = padded(each.endpoint, max(7, min(16, width - 49)))
    p99 = "" if is_bound else f"p99 {milliseconds(each.p99_latency)}"
    return (
        (f"{at} ", Style.DIM), (f"{name} {endpoint} {rate(each):>7}/s ", Style.PLAIN),
        (f"{between:<8} {p99:<12}" if not is_bound else f"{between:<21}", Style.DIM), (mark, tone),
    )  # fmt: skip
