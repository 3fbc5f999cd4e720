"""Actions on the panels: the selection, the focus, filter, sort order, zoom, pause and mouse. [pure]"""

from __future__ import annotations

from dataclasses import replace

from dashboard_client.tui.model import effects
from dashboard_client.tui.model.rows import position, rows, selected_row
from dashboard_client.tui.model.state import CHARTS, LISTS, PANELS, SORTS, State
from dashboard_client.tui.update.api_calls import Transition, show_toast


def move_in_panel(state: State, step: int) -> State:
    return move_selection(state, state.focus, step)


def move_selection(state: State, panel: str, step: int) -> State:
    """Select the row `step` rows away, stopping at the ends."""
    visible = rows(state, panel)
    if not visible:
        return state
    index = max(0, min(len(visible) - 1, position(visible, state.selected.get(panel)) + step))
    return replace(state, selected={**state.selected, panel: visible[index].identity})


def focus_panel(state: State, panel: str) -> State:
    return replace(state, focus=panel)


def focus_neighbour(state: State, step: int) -> State:
    return replace(state, focus=PANELS[(PANELS.index(state.focus) + step) % len(PANELS)])


def toggle_zoom(state: State) -> State:
    return replace(state, is_zoomed=not state.is_zoomed)


def toggle_pause(state: State) -> State:
    if state.paused:
        return replace(state, paused=None)
    return replace(state, paused=state.live, paused_at_s=state.now_s)


def edit_filter(state: State) -> State:
    if state.focus not in LISTS:
        return show_toast(state, "This panel has no list to filter", "warn")
    return replace(state, is_filtering=True)


def sort_by_next_column(state: State) -> State:
    columns = SORTS.get(state.focus)
    if not columns:
        return state
    index = (state.sorts.get(state.focus, 0) + 1) % len(columns)
    return replace(_pin_selection(state), sorts={**state.sorts, state.focus: index})


def reverse_sort(state: State) -> State:
    return replace(_pin_selection(state), reversed_panels=state.reversed_panels ^ {state.focus})


def _pin_selection(state: State) -> State:
    """Select the current row explicitly, so that the selection follows it when the order changes."""
    row = selected_row(state, state.focus)
    return replace(state, selected={**state.selected, state.focus: row.identity}) if row else state


def go_back(state: State) -> State:
    """Undo one per press: the filter, the time of a chart, the zoom, the pause."""
    if state.filters.get(state.focus):
        return replace(state, filters={**state.filters, state.focus: ""})
    if state.focus in CHARTS and state.host_chart.end_s is not None:
        return replace(state, host_chart=replace(state.host_chart, end_s=None, cursor_s=None))
    if state.is_zoomed:
        return replace(state, is_zoomed=False)
    return replace(state, paused=None)


def toggle_text_selection(state: State) -> Transition:
    is_selecting = not state.is_selecting
    text = "Select with the mouse; s ends selecting" if is_selecting else "The dashboard uses the mouse again"
    state = show_toast(replace(state, is_selecting=is_selecting), text, "plain")
    return state, (effects.CaptureMouse(not is_selecting),)
