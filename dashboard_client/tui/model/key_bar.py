"""Fits the key bar's entries into its row, and maps columns back to keys. [pure]"""

from __future__ import annotations

from dashboard_client.formatting.width import clipped, width_of
from dashboard_client.tui.model import keymap
from dashboard_client.tui.model.state import State
from dashboard_client.tui.screen.frame import Rect


def fitting_entries(state: State, rect: Rect) -> tuple[tuple[int, str, str], ...]:
    """The entries that fit beside the toast: column, key label, description."""
    end = rect.right - 1 - width_of(toast_text(state, rect)) - 1 if state.toast else rect.right
    x, placed = rect.x + 1, []
    for label, description in _select_fitting(keymap.bar_entries(state), end - x - 1):
        placed.append((x, label, description))
        x += _entry_width((label, description))
    return tuple(placed)


def key_at(state: State, rect: Rect, x: int) -> str | None:
    """The key of the entry at column `x`."""
    for start, label, description in fitting_entries(state, rect):
        if start <= x < start + _entry_width((label, description)) - 2:
            return keymap.key_with_label(state, label)
    return None


def toast_text(state: State, rect: Rect) -> str:
    return clipped(state.toast.text, rect.width - 2) if state.toast else ""


def _select_fitting(entries: tuple[tuple[str, str], ...], columns: int) -> list[tuple[str, str]]:
    """The entries that fit into `columns`. The last two take precedence."""
    last = [entry for entry in entries[-2:] if _entry_width(entry) <= columns]
    columns -= sum(map(_entry_width, last))
    selected = []
    for entry in entries[:-2]:
        if _entry_width(entry) > columns:
            break
        selected.append(entry)
        columns -= _entry_width(entry)
    return [*selected, *last]


def _entry_width(entry: tuple[str, str]) -> int:
    return width_of(entry[0]) + width_of(entry[1]) + 3
