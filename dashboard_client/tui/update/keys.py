"""Handles key presses: looks them up in the keymap and carries out the actions of panels. [pure]

Actions of the top window are in `window_keys`, those that both share in `ui_actions`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from dashboard_client.tui.model import keymap
from dashboard_client.tui.model.actions import UiAction
from dashboard_client.tui.model.layout import is_one_line
from dashboard_client.tui.model.rows import position, rows, selected_row
from dashboard_client.tui.model.state import LISTS, PANELS, SORTS, State
from dashboard_client.tui.model.windows import Confirm, Palette
from dashboard_client.tui.update.api_calls import Outcome, pop_window, show_toast
from dashboard_client.tui.update.text_input import handle_text_key
from dashboard_client.tui.update.ui_actions import handle_action, open_selected_row
from dashboard_client.tui.update.window_keys import (
    choose_item,
    handle_window_action,
    selected_palette_item,
    submit_word,
)

PAGE = 10
STEPS: Mapping[str, int] = {
    "up": -1, "down": 1, "page_up": -PAGE, "page_down": PAGE, "first": -1_000_000, "last": 1_000_000,
}  # fmt: skip


def handle_key(state: State, name: str) -> Outcome:
    """Characters are text while a text field is edited; unknown keys do nothing."""
    if is_one_line(state.height, state.width):
        return _handle_key_on_one_line(state, name)
    outcome = handle_text_key(state, name)
    if outcome is not None:
        return outcome
    binding = keymap.bindings_by_key(keymap.active_contexts(state)).get(name)
    if binding is None:
        return state, ()
    if binding.action in ("redraw", "suspend"):
        return handle_action(state, binding.action, ())
    window = state.top_window
    if isinstance(window, Palette) and binding.action == "choose":
        return _choose_palette_item(state, window)
    if isinstance(window, Confirm) and binding.action == "submit_word":
        return submit_word(state, window)
    return handle_panel_action(state, binding.action) if window is None else handle_window_action(state, binding.action)


def _handle_key_on_one_line(state: State, name: str) -> Outcome:
    """Only keys that open and answer no questions, because a one-line screen cannot show them."""
    binding = keymap.bindings_by_key(keymap.active_contexts(state)).get(name)
    if binding and binding.action in ("close", "clear_filter") and state.top_window is not None:
        return handle_window_action(state, binding.action)
    if binding and state.top_window is None and binding.action in ("quit", "redraw", "suspend", "refresh", "pause"):
        return handle_panel_action(state, binding.action)
    return state, ()


def _choose_palette_item(state: State, palette: Palette) -> Outcome:
    """Unlike menu items, palette items can be actions of panels."""
    item = selected_palette_item(palette)
    if item is None:
        return state, ()
    state = pop_window(state)
    if isinstance(item.action, UiAction) and item.action.name == "panel_action":
        return handle_panel_action(state, item.action.arguments[0])
    return choose_item(state, item)


def handle_panel_action(state: State, action: str) -> Outcome:
    """Carry out a keymap action while no window is open."""
    if action in STEPS:
        return move_selection(state, state.focus, STEPS[action]), ()
    if action.startswith("focus_panel_"):
        return _focus_panel(state, action.removeprefix("focus_panel_")), ()
    change = _PANEL_ACTIONS.get(action)
    if change:
        return change(state), ()
    if action == "open_row":
        return open_selected_row(state)
    return handle_action(state, action, ())


def move_selection(state: State, panel: str, step: int) -> State:
    """Select the row `step` rows away, stopping at the ends."""
    visible = rows(state, panel)
    if not visible:
        return state
    index = max(0, min(len(visible) - 1, position(visible, state.selected.get(panel)) + step))
    return replace(state, selected={**state.selected, panel: visible[index].identity})


def _focus_panel(state: State, panel: str) -> State:
    """`panel`: its number from 1, previous or next."""
    if panel.isdigit():
        return replace(state, focus=PANELS[int(panel) - 1])
    step = 1 if panel == "next" else -1
    return replace(state, focus=PANELS[(PANELS.index(state.focus) + step) % len(PANELS)])


def _toggle_zoom(state: State) -> State:
    return replace(state, is_zoomed=not state.is_zoomed)


def _toggle_pause(state: State) -> State:
    if state.paused:
        return replace(state, paused=None)
    return replace(state, paused=state.view, paused_at_s=state.now_s)


def _edit_filter(state: State) -> State:
    if state.focus not in LISTS:
        return show_toast(state, "This panel has no list to filter", "warn")
    return replace(state, is_filtering=True)


def _sort_by_next_column(state: State) -> State:
    columns = SORTS.get(state.focus)
    if not columns:
        return state
    index = (state.sorts.get(state.focus, 0) + 1) % len(columns)
    return replace(_pin_selection(state), sorts={**state.sorts, state.focus: index})


def _reverse_sort(state: State) -> State:
    return replace(_pin_selection(state), reversed_panels=state.reversed_panels ^ {state.focus})


def _pin_selection(state: State) -> State:
    """Select the current row explicitly, so that the selection follows it when the order changes."""
    row = selected_row(state, state.focus)
    return replace(state, selected={**state.selected, state.focus: row.identity}) if row else state


def _go_back(state: State) -> State:
    """Undo one per press: the filter, the zoom, the pause."""
    if state.filters.get(state.focus):
        return replace(state, filters={**state.filters, state.focus: ""})
    if state.is_zoomed:
        return replace(state, is_zoomed=False)
    return replace(state, paused=None)


_PANEL_ACTIONS: Mapping[str, Callable[[State], State]] = {
    "zoom": _toggle_zoom,
    "pause": _toggle_pause,
    "filter": _edit_filter,
    "sort": _sort_by_next_column,
    "reverse": _reverse_sort,
    "back": _go_back,
}
