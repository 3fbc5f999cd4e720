"""Handles clicks and the mouse wheel. [pure]"""

from __future__ import annotations

from dataclasses import replace

from dashboard_client.tui.model import key_bar, layout
from dashboard_client.tui.model.events import Mouse
from dashboard_client.tui.model.layout import Panel
from dashboard_client.tui.model.rows import first_shown, lines_above, position, rows
from dashboard_client.tui.model.state import State
from dashboard_client.tui.update.api_calls import Transition
from dashboard_client.tui.update.keys import handle_key
from dashboard_client.tui.update.panel_actions import move_selection

WHEEL_ROWS = 3


def handle_mouse(state: State, mouse: Mouse) -> Transition:
    """Clicks focus panels, select rows and press keys of the key bar; the wheel scrolls the panel under it."""
    screen = layout.solve(state.height, state.width, Panel(state.focus), is_zoomed=state.is_zoomed)
    if mouse.kind == "press" and screen.keys and mouse.y == screen.keys.y:
        key = key_bar.key_at(state, screen.keys, mouse.x)
        return handle_key(state, key) if key else (state, ())
    if state.top_window is not None:
        return handle_key(state, mouse.kind) if mouse.kind in ("up", "down") else (state, ())
    panel = screen.panel_at(mouse.y, mouse.x)
    if panel is None:
        return state, ()
    if mouse.kind in ("up", "down"):
        return move_selection(state, panel.value, -WHEEL_ROWS if mouse.kind == "up" else WHEEL_ROWS), ()
    state = replace(state, focus=panel.value, is_filtering=False)
    visible = rows(state, panel.value)
    box = screen.panels[panel].inner
    header = lines_above(state, panel.value, box.height, box.width)
    selected = position(visible, state.selected.get(panel.value))
    row = mouse.y - box.y - header + first_shown(len(visible), selected, box.height - header)
    if mouse.y - box.y >= header and 0 <= row < len(visible):
        state = replace(state, selected={**state.selected, panel.value: visible[row].identity})
    return state, ()
