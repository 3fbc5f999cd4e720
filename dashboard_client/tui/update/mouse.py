"""What a click and the wheel do. [pure]"""

from __future__ import annotations

from dataclasses import replace

from dashboard_client.tui.model import key_bar, layout
from dashboard_client.tui.model.events import Mouse
from dashboard_client.tui.model.layout import Panel
from dashboard_client.tui.model.rows import first_shown, lines_above, position, rows
from dashboard_client.tui.model.state import State
from dashboard_client.tui.update.keys import moved, pressed
from dashboard_client.tui.update.requests import Outcome

WHEEL = 3


def clicked(state: State, mouse: Mouse) -> Outcome:
    """A click focuses and selects, and presses the keys of the key bar; the wheel scrolls what is under it."""
    placed = layout.solve(state.height, state.width, Panel(state.focus), is_zoomed=state.is_zoomed)
    if mouse.kind == "press" and placed.keys and mouse.y == placed.keys.y:
        named = key_bar.key_at(state, placed.keys, mouse.x)
        return pressed(state, named) if named else (state, ())
    if state.top is not None:
        key = {"up": "up", "down": "down"}.get(mouse.kind)
        return pressed(state, key) if key else (state, ())
    panel = placed.panel_at(mouse.y, mouse.x)
    if panel is None:
        return state, ()
    if mouse.kind in ("up", "down"):
        return moved(state, panel.value, -WHEEL if mouse.kind == "up" else WHEEL), ()
    state = replace(state, focus=panel.value, filtering=False)
    found = rows(state, panel.value)
    box = placed.panels[panel].inner
    header = lines_above(state, panel.value, box.height, box.width)
    at = position(found, state.selected.get(panel.value))
    row = mouse.y - box.y - header + first_shown(len(found), at, box.height - header)
    if mouse.y - box.y >= header and 0 <= row < len(found):
        state = replace(state, selected={**state.selected, panel.value: found[row].identity})
    return state, ()
