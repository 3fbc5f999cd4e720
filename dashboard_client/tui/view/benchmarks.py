"""Draws the latest benchmark results with interval and validity. [pure]"""

from __future__ import annotations

from dashboard_client.formatting.figures import LOWER_BOUNDS, judgement, milliseconds, minute, rate, spread
from dashboard_client.formatting.width import padded
from dashboard_client.tui.model.rows import Row, rows
from dashboard_client.tui.model.state import State
from dashboard_client.tui.screen.frame import Frame, Rect
from dashboard_client.tui.screen.theme import Glyphs, Style
from dashboard_client.tui.view.panel import Segments, draw_border, draw_list, draw_message, waiting_text
from dashboard_client.wire.benchmarks import BenchmarkResult

MARKS = {"valid": ("✓", Style.OK), "caution": ("!", Style.WARN), "invalid": ("✖", Style.BAD)}
BUDGET_TONES = {"met": Style.OK, "missed": Style.BAD, "not shown": Style.WARN}
MIN_WIDTH_OF_BUDGET = 82  # below that, a missed one takes the place of the interval


def draw(frame: Frame, rect: Rect, state: State, glyphs: Glyphs) -> None:
    box = draw_border(frame, rect, state, glyphs, "benchmarks", "3 Benchmarks", "b history")
    results = state.displayed.results
    if results is None:
        draw_message(frame, box, waiting_text(state, "results"))
    elif not results:
        draw_message(frame, box, "no benchmarks yet: m, Benchmarks")
    elif not rows(state, "benchmarks"):
        draw_message(frame, box, "no matching benchmarks")
    else:
        draw_list(frame, box, state, glyphs, "benchmarks", lambda row, width: line(row, width, state.marked_run))


def line(row: Row, width: int, marked: str = "", *, has_date: bool = False) -> Segments:
    """One result. The rate is a lower bound if the target was not the only bottleneck."""
    result = row.item
    if not isinstance(result, BenchmarkResult):
        return ()
    mark, tone = MARKS.get(result.validity, ("?", Style.DIM))
    is_bound = result.saturation in LOWER_BOUNDS
    interval = result.saturation if is_bound else spread(result)
    at = f"{result.timestamp.astimezone():%m-%d %H:%M}" if has_date and result.timestamp else minute(result.timestamp)
    star = "* " if marked and result.id == marked else ""
    is_missed = judgement(result) == "missed" and width < MIN_WIDTH_OF_BUDGET
    if width < 49:
        short = "missed" if is_missed else interval.removeprefix("generator-")
        return (
            (f"{at} ", Style.DIM),
            (f"{star}{padded(result.framework, max(6, width - 28))} {rate(result):>8} ", Style.PLAIN),
            (f"{short:>8} ", Style.DIM),
            (mark, tone),
        )
    name = padded(f"{star}{result.framework}", 8)
    endpoint = padded(result.endpoint, max(7, min(16, width - 49)))
    p99 = "" if is_bound else f"p99 {milliseconds(result.p99_latency)}"
    figures = interval if is_bound else f"{interval:<8} {p99:<12}"
    return (
        (f"{at} ", Style.DIM), (f"{name} {endpoint} {rate(result):>7}/s ", Style.PLAIN),
        ("budget missed".ljust(21), Style.BAD) if is_missed else (f"{figures:<21}", Style.DIM), (mark, tone),
        *_budget(result, width),
    )  # fmt: skip


def _budget(result: BenchmarkResult, width: int) -> Segments:
    """The judgement of the budget behind a wide row."""
    text = judgement(result)
    if not text or width < MIN_WIDTH_OF_BUDGET:
        return ()
    return ((f" budget {text}", BUDGET_TONES.get(text, Style.DIM)),)
