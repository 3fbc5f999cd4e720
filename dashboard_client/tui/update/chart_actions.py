"""Actions on charts: their range, their time, the cursor. Of the top window, else of the panels. [pure]"""

from __future__ import annotations

from dataclasses import replace

from dashboard_client.tui.model import layout
from dashboard_client.tui.model.charts import KEPT_S, RANGES, Chart
from dashboard_client.tui.model.layout import PANEL_GUTTER, WINDOW_GUTTER, Panel
from dashboard_client.tui.model.state import CHARTS, State, clock_offset_s
from dashboard_client.tui.model.windows import NodeDetails, ProcessDetails
from dashboard_client.tui.update.api_calls import Transition, replace_top_window
from dashboard_client.tui.update.chart_data import fetch_due
from dashboard_client.tui.update.panel_actions import focus_neighbour


def active_chart(state: State) -> Chart:
    window = state.top_window
    return window.chart if isinstance(window, (ProcessDetails, NodeDetails)) else state.host_chart


def _with_chart(state: State, chart: Chart) -> Transition:
    """And the calls for the time that is visible now."""
    window = state.top_window
    if isinstance(window, (ProcessDetails, NodeDetails)):
        return fetch_due(replace_top_window(state, replace(window, chart=chart)))
    return fetch_due(replace(state, host_chart=chart))


def _server_now_s(state: State) -> float:
    return (state.paused_at_s if state.paused else state.now_s) + clock_offset_s(state)


def change_range(state: State, step: int) -> Transition:
    """Around the cursor, if there is one."""
    chart, now_s = active_chart(state), _server_now_s(state)
    chart = replace(chart, range=max(0, min(len(RANGES) - 1, chart.range + step)))
    if chart.cursor_s is not None:
        chart = replace(chart, end_s=min(now_s, chart.cursor_s + chart.range_s / 2))
    return _with_chart(state, chart)


def move_cursor(state: State, step: int) -> Transition:
    """By `step` columns. The first step stops the chart and puts the cursor on its newest column; beyond an edge the
    chart follows by a quarter. Beyond now the cursor disappears; over the panels, the key then leads to the next one.
    """
    chart, now_s = active_chart(state), _server_now_s(state)
    column_s = chart.range_s / chart_columns(state)
    if chart.end_s is None and step > 0:
        return (focus_neighbour(state, step) if state.top_window is None else state), ()
    end_s = now_s if chart.end_s is None else chart.end_s
    if chart.cursor_s is None:
        return _with_chart(state, replace(chart, end_s=end_s, cursor_s=end_s - column_s / 2))
    cursor_s = max(now_s - KEPT_S, chart.cursor_s + step * column_s)
    if cursor_s >= now_s:
        return move_to_now(state)
    if cursor_s >= end_s:
        end_s = min(now_s, end_s + chart.range_s / 4)
    elif cursor_s < end_s - chart.range_s:
        end_s -= chart.range_s / 4
    return _with_chart(state, replace(chart, end_s=end_s, cursor_s=cursor_s))


def move_by_half(state: State, step: int) -> Transition:
    """The cursor keeps its place on the screen."""
    chart, now_s = active_chart(state), _server_now_s(state)
    end_s = now_s if chart.end_s is None else chart.end_s
    moved_s = max(now_s - KEPT_S, end_s + step * chart.range_s / 2)
    if moved_s >= now_s:
        return move_to_now(state)
    cursor_s = None if chart.cursor_s is None else chart.cursor_s + moved_s - end_s
    return _with_chart(state, replace(chart, end_s=moved_s, cursor_s=cursor_s))


def move_to_now(state: State) -> Transition:
    return _with_chart(state, replace(active_chart(state), end_s=None, cursor_s=None))


def select_chart(state: State, step: int) -> Transition:
    chart = active_chart(state)
    if not chart.series:
        return state, ()
    return _with_chart(state, replace(chart, selected=(chart.selected + step) % len(chart.series)))


def chart_columns(state: State) -> int:
    """Cells of the active chart, which its view divides the range by as well."""
    if state.top_window is not None:
        return max(1, layout.window_width(state.width) - WINDOW_GUTTER)
    screen = layout.solve(state.height, state.width, Panel(state.focus), is_zoomed=state.is_zoomed)
    rect = screen.panels.get(Panel(state.focus) if state.focus in CHARTS else Panel.CPU)
    return max(1, rect.inner.width - PANEL_GUTTER) if rect else 60
