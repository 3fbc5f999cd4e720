"""What a click and the wheel do. [pure]"""

from __future__ import annotations

from dataclasses import replace

from dashboard_client.tui.model import layout
from dashboard_client.tui.model.events import Mouse
from dashboard_client.tui.model.layout import Panel
from dashboard_client.tui.model.rows import first_shown, position, rows
from dashboard_client.tui.model.state import State
from dashboard_client.tui.update.keys import moved, pressed
from dashboard_client.tui.update.requests import Outcome
from dashboard_client.tui.view import keybar

WHEEL = 3


def clicked(state: State, mouse: Mouse) -> Outcome:
    """A click focuses and selects, and presses the keys of the key bar; the wheel scrolls what is under it."""
    placed = layout.solve(state.height, state.width, Panel(state.focus), is_zoomed=state.is_zoomed)
    if mouse.kind == "press" and placed.keys and mouse.y == placed.keys.y:
        named = keybar.key_at(state, placed.keys, mouse.x)
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


def lines_above(state: State, panel: str, height: int, width: int) -> int:
    """Of a list: its column names, and what is said of a daemon that is not up."""
    pm2 = state.shown.pm2
    is_warned = panel == "pm2" and pm2 is not None and pm2.daemon.state != "up"
    return int(is_warned) + int(has_header(panel, height, width))


def has_header(panel: str, height: int, width: int) -> bool:
    """Column names stand over the lists of processes and shards where there is room."""
    return panel in ("pm2", "redis") and width >= 50 and height >= 4
