"""The benchmark that is going on: how far, how fast, live. [pure]"""

from __future__ import annotations

from dashboard_client.formatting.figures import thousands
from dashboard_client.tui.model.state import State
from dashboard_client.tui.screen import chart
from dashboard_client.tui.screen.frame import Frame, Rect
from dashboard_client.tui.screen.theme import Glyphs, Style
from dashboard_client.tui.view.charts import spaced
from dashboard_client.tui.view.panel import border, on_bottom, say

SPAN_S = 30.0


def draw(frame: Frame, rect: Rect, state: State, glyphs: Glyphs) -> None:
    runs = state.displayed.runs
    run = runs[0] if runs else None
    title = f"4 Run  {run.framework} {run.method} {run.endpoint}" if run else "4 Run"
    right = f"trial {run.trial} of {run.trials}" if run and run.trial else run.state if run else ""
    box = border(frame, rect, state, glyphs, "run", title, right, "benchmark:progress" if run else "")
    if run is None:
        _jobs(frame, box, state, glyphs)
        return
    left = f"{run.generator or 'load'} · {run.connections} connections · {run.phase or run.state}"
    whole = run.elapsed_seconds + run.remaining_seconds
    shown = run.remaining_seconds and f"{run.remaining_seconds:.1f} s"
    end = frame.right(box.y, box.right - 1, shown or "", Style.PLAIN)
    width = max(0, min(20, end - box.x - len(left) - 4))
    frame.text(box.y, box.x + 1, left, Style.PLAIN, max(0, end - box.x - width - 3))
    if whole and width >= 4:
        frame.text(box.y, end - width - 1, chart.bar(run.elapsed_seconds / whole, width, glyphs), Style.INFO)
    if box.height >= 2:
        rate = "" if run.req_per_sec is None else f"now {thousands(run.req_per_sec)} req/s"
        most = (
            max((each.value for each in state.displayed.rates), default=0.0)
            if state.displayed.rates_run == run.id
            else 0.0
        )
        best = f"    best {thousands(most)}" if most else ""
        frame.text(box.y + 1, box.x + 1, f"{rate}{best}" or run.state, Style.BOLD, box.width - 2)
    if box.height >= 3 and state.displayed.rates_run == run.id:
        _chart(frame, Rect(box.y + 2, box.x + 1, box.height - 2, box.width - 2), state, glyphs)
    waiting = len(runs) - 1
    on_bottom(frame, rect, f"{waiting} more queued" if waiting > 0 else "", run.label)


def _chart(frame: Frame, box: Rect, state: State, glyphs: Glyphs) -> None:
    """From zero: a small change shall look small."""
    points = state.displayed.rates
    columns = box.width * (2 if glyphs.dots else 1)
    now_s = state.paused_at_s if state.paused else state.now_s
    values = spaced(points, columns, max(now_s, points[-1].at_s) if points else now_s, SPAN_S)
    high = max((each.value for each in points), default=1.0) * 1.05
    for index, text in enumerate(chart.line(values, box.height, box.width, 0.0, max(high, 1.0), glyphs)):
        frame.text(box.y + index, box.x, text, Style.CHART, box.width)


def _jobs(frame: Frame, box: Rect, state: State, glyphs: Glyphs) -> None:
    """Without a run: what is under way on the server at our request."""
    jobs = [each for each in state.pending_calls.values() if each.title]
    for index, job in enumerate(jobs[: box.height]):
        text = f"{glyphs.part} {job.title}, {max(0.0, state.now_s - job.since_s):.0f} s"
        frame.text(box.y + index, box.x + 1, text, Style.INFO, box.width - 2)
    if not jobs:
        say(frame, box, "nothing is running: m, Benchmarks" if state.link.is_up else "")
