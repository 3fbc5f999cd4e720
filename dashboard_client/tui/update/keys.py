"""Handles key presses: edits text, or carries out the action that the keymap binds to the key. [pure]"""

from __future__ import annotations

from dashboard_client.tui.model import keymap
from dashboard_client.tui.model.action import Action
from dashboard_client.tui.model.layout import is_one_line
from dashboard_client.tui.model.state import State
from dashboard_client.tui.update.api_calls import Transition
from dashboard_client.tui.update.handlers import run_action
from dashboard_client.tui.update.text_input import handle_text_key

# Actions that open and answer no questions, which a one-line screen cannot show: over a window, and over the panels.
ONE_LINE_WINDOW_ACTIONS = frozenset({Action.CLOSE, Action.CLEAR_FILTER})
ONE_LINE_PANEL_ACTIONS = frozenset({
    Action.QUIT, Action.REDRAW, Action.SUSPEND, Action.REFRESH, Action.TOGGLE_PAUSE, Action.CLEAR_FILTER,
})  # fmt: skip


def handle_key(state: State, name: str) -> Transition:
    """Characters are text while a text field is edited; unknown keys do nothing."""
    is_small = is_one_line(state.height, state.width)
    edited = None if is_small else handle_text_key(state, name)
    if edited is not None:
        return edited
    binding = keymap.bindings_by_key(keymap.active_contexts(state)).get(name)
    if binding is None:
        return state, ()
    allowed = ONE_LINE_WINDOW_ACTIONS if state.top_window is not None else ONE_LINE_PANEL_ACTIONS
    return (state, ()) if is_small and binding.action not in allowed else run_action(state, binding.action)
