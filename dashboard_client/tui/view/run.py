"""Draws the running benchmark: progress and live request rate. [pure]"""

from __future__ import annotations

from dashboard_client.formatting.figures import thousands
from dashboard_client.tui.model.charts import resampled
from dashboard_client.tui.model.state import State
from dashboard_client.tui.screen import chart
from dashboard_client.tui.screen.frame import Frame, Rect
from dashboard_client.tui.screen.theme import Glyphs, Style
from dashboard_client.tui.view.panel import draw_border, draw_bottom_text, draw_message

SPAN_S = 30.0


def draw(frame: Frame, rect: Rect, state: State, glyphs: Glyphs) -> None:
    runs = state.displayed.runs
    run = runs[0] if runs else None
    title = f"4 Run  {run.framework} {run.method} {run.endpoint}" if run else "4 Run"
    right = f"trial {run.trial} of {run.trials}" if run and run.trial else run.state if run else ""
    box = draw_border(frame, rect, state, glyphs, "run", title, right, "benchmark:progress" if run else "")
    if run is None:
        _draw_jobs(frame, box, state, glyphs)
        return
    left = f"{run.generator or 'load'} · {run.connections} connections · {run.phase or run.state}"
    total_s = run.elapsed_seconds + run.remaining_seconds
    remaining = run.remaining_seconds and f"{run.remaining_seconds:.1f} s"
    end = frame.right(box.y, box.right - 1, remaining or "", Style.PLAIN)
    width = max(0, min(20, end - box.x - len(left) - 4))
    frame.text(box.y, box.x + 1, left, Style.PLAIN, max(0, end - box.x - width - 3))
    if total_s and width >= 4:
        frame.text(box.y, end - width - 1, chart.bar(run.elapsed_seconds / total_s, width, glyphs), Style.INFO)
    if box.height >= 2:
        rate = "" if run.req_per_sec is None else f"now {thousands(run.req_per_sec)} req/s"
        peak = (
            max((point.value for point in state.displayed.rates), default=0.0)
            if state.displayed.rates_run == run.id
            else 0.0
        )
        peak_text = f"    best {thousands(peak)}" if peak else ""
        frame.text(box.y + 1, box.x + 1, f"{rate}{peak_text}" or run.state, Style.BOLD, box.width - 2)
    if box.height >= 3 and state.displayed.rates_run == run.id:
        _draw_chart(frame, Rect(box.y + 2, box.x + 1, box.height - 2, box.width - 2), state, glyphs)
    queued_count = len(runs) - 1
    draw_bottom_text(frame, rect, f"{queued_count} more queued" if queued_count > 0 else "", run.label)


def _draw_chart(frame: Frame, box: Rect, state: State, glyphs: Glyphs) -> None:
    """Scaled from zero, so that small changes look small."""
    points = state.displayed.rates
    columns = box.width * (2 if glyphs.dots else 1)
    now_s = state.paused_at_s if state.paused else state.now_s
    values = resampled(points, columns, max(now_s, points[-1].at_s) if points else now_s, SPAN_S)
    high = max((point.value for point in points), default=1.0) * 1.05
    for index, text in enumerate(chart.line(values, box.height, box.width, 0.0, max(high, 1.0), glyphs)):
        frame.text(box.y + index, box.x, text, Style.CHART, box.width)


def _draw_jobs(frame: Frame, box: Rect, state: State, glyphs: Glyphs) -> None:
    """Draw our pending actions if no benchmark is running."""
    jobs = [job for job in state.pending_calls.values() if job.title]
    for index, job in enumerate(jobs[: box.height]):
        text = f"{glyphs.part} {job.title}, {max(0.0, state.now_s - job.since_s):.0f} s"
        frame.text(box.y + index, box.x + 1, text, Style.INFO, box.width - 2)
    if not jobs:
        draw_message(frame, box, "nothing is running: m, Benchmarks" if state.link.is_up else "")
