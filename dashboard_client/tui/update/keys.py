"""What a key does: found in the keymap, done here for the panels. [pure]"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from dashboard_client.tui.model import keymap
from dashboard_client.tui.model.actions import Go
from dashboard_client.tui.model.layout import is_one_line
from dashboard_client.tui.model.rows import chosen, position, rows
from dashboard_client.tui.model.state import LISTS, PANELS, SORTS, State
from dashboard_client.tui.model.windows import Confirm, Palette
from dashboard_client.tui.update.navigate import go, open_row
from dashboard_client.tui.update.requests import Outcome, closed, toast
from dashboard_client.tui.update.typing import typed
from dashboard_client.tui.update.window_keys import choose, entered, in_overlay, palette_choice

PAGE = 10
STEPS: Mapping[str, int] = {
    "up": -1, "down": 1, "page_up": -PAGE, "page_down": PAGE, "first": -1_000_000, "last": 1_000_000,
}  # fmt: skip


def pressed(state: State, name: str) -> Outcome:
    """An unknown key does nothing. While something is typed, characters are text. On one line nothing can be asked or
    answered: it could not be seen."""
    if is_one_line(state.height, state.width):
        return _on_one_line(state, name)
    text = typed(state, name)
    if text is not None:
        return text
    binding = keymap.bindings(keymap.contexts(state)).get(name)
    if binding is None:
        return state, ()
    if binding.action in ("redraw", "suspend"):
        return go(state, binding.action, ())
    top = state.top
    if isinstance(top, Palette) and binding.action == "choose":
        return _chosen(state, top)
    if isinstance(top, Confirm) and binding.action == "entered":
        return entered(state, top)
    return act(state, binding.action) if top is None else in_overlay(state, binding.action)


def _on_one_line(state: State, name: str) -> Outcome:
    binding = keymap.bindings(keymap.contexts(state)).get(name)
    if binding and binding.action in ("close", "forget") and state.top is not None:
        return in_overlay(state, binding.action)
    if binding and state.top is None and binding.action in ("quit", "redraw", "suspend", "refresh", "pause"):
        return act(state, binding.action)
    return state, ()


def _chosen(state: State, palette: Palette) -> Outcome:
    """An entry of the palette may stand for a key of the panels."""
    offer = palette_choice(palette)
    if offer is None:
        return state, ()
    state = closed(state)
    if isinstance(offer.does, Go) and offer.does.action == "key":
        return act(state, offer.does.about[0])
    return choose(state, offer)


def act(state: State, action: str) -> Outcome:
    """An action of the panels."""
    if action in STEPS:
        return moved(state, state.focus, STEPS[action]), ()
    if action.startswith("panel_"):
        return _focused(state, action.removeprefix("panel_")), ()
    change = _CHANGES.get(action)
    if change:
        return change(state), ()
    if action == "open":
        return open_row(state)
    return go(state, action, ())


def moved(state: State, panel: str, step: int) -> State:
    """The selection of a list, `step` rows away."""
    found = rows(state, panel)
    if not found:
        return state
    at = max(0, min(len(found) - 1, position(found, state.selected.get(panel)) + step))
    return replace(state, selected={**state.selected, panel: found[at].identity})


def _focused(state: State, where: str) -> State:
    if where.isdigit():
        return replace(state, focus=PANELS[int(where) - 1])
    step = 1 if where == "after" else -1
    return replace(state, focus=PANELS[(PANELS.index(state.focus) + step) % len(PANELS)])


def _zoomed(state: State) -> State:
    return replace(state, is_zoomed=not state.is_zoomed)


def _paused(state: State) -> State:
    if state.paused:
        return replace(state, paused=None)
    return replace(state, paused=state.view, paused_at_s=state.now_s)


def _filtering(state: State) -> State:
    if state.focus not in LISTS:
        return toast(state, "This panel is no list: nothing to filter", "warn")
    return replace(state, filtering=True)


def _sorted(state: State) -> State:
    names = SORTS.get(state.focus)
    if not names:
        return state
    following = (state.sorts.get(state.focus, 0) + 1) % len(names)
    row = chosen(state, state.focus)  # the selection is kept, by identity
    selected = {**state.selected, state.focus: row.identity} if row else state.selected
    return replace(state, sorts={**state.sorts, state.focus: following}, selected=selected)


def _reversed(state: State) -> State:
    row = chosen(state, state.focus)
    selected = {**state.selected, state.focus: row.identity} if row else state.selected
    return replace(state, reversed=state.reversed ^ {state.focus}, selected=selected)


def _back(state: State) -> State:
    """One thing at a time: the selecting, the filter, the zoom, the pause."""
    if state.filters.get(state.focus):
        return replace(state, filters={**state.filters, state.focus: ""})
    if state.is_zoomed:
        return replace(state, is_zoomed=False)
    return replace(state, paused=None)


_CHANGES: Mapping[str, Callable[[State], State]] = {
    "zoom": _zoomed,
    "pause": _paused,
    "filter": _filtering,
    "sort": _sorted,
    "reverse": _reversed,
    "back": _back,
}
