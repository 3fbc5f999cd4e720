"""Renders a state to a frame: `render(state, glyphs)`. [pure]"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dashboard_client.tui.model import layout
from dashboard_client.tui.model.layout import Panel
from dashboard_client.tui.model.state import State
from dashboard_client.tui.model.windows import (
    Compare,
    Confirm,
    Form,
    History,
    Logs,
    Menu,
    NodeDetails,
    Page,
    Palette,
    ProcessDetails,
    Prompt,
    RunPage,
)
from dashboard_client.tui.screen.frame import ASCII, Frame, Rect
from dashboard_client.tui.screen.theme import Glyphs, Style
from dashboard_client.tui.view import (
    activity,
    benchmarks,
    charts,
    details,
    dialogs,
    key_bar,
    processes,
    run,
    shards,
    text_windows,
    title,
)

Draw = Callable[[Frame, Rect, State, Glyphs], None]
PANELS: Mapping[Panel, Draw] = {
    Panel.CPU: charts.cpu,
    Panel.MEMORY: charts.memory,
    Panel.PM2: processes.draw,
    Panel.REDIS: shards.draw,
    Panel.BENCHMARKS: benchmarks.draw,
    Panel.RUN: run.draw,
    Panel.ACTIVITY: activity.draw,
}
# ASCII replacements for the characters the dashboard itself uses. Others become `?`.
PLAIN = str.maketrans({
    "–": "-", "·": "-", "…": "~", "≥": ">", "±": "~", "×": "x", "✓": "v", "✖": "x", "●": "*", "↑": "^", "↓": "v",
    "←": "<", "→": ">", "’": "'", "↺": "r",
})  # fmt: skip


def render(state: State, glyphs: Glyphs) -> Frame:
    """Returns a frame of exactly the state's size."""
    frame = Frame(state.height, state.width)
    screen_layout = layout.solve(state.height, state.width, Panel(state.focus), is_zoomed=state.is_zoomed)
    if screen_layout.line is not None and screen_layout.line.height:
        title.one_line(frame, screen_layout.line, state, glyphs)
    for panel, rect in screen_layout.panels.items():
        PANELS[panel](frame, rect, state, glyphs)
    if screen_layout.title:
        title.draw(frame, screen_layout.title, state, glyphs)
    if screen_layout.tabs:
        key_bar.tabs(frame, screen_layout.tabs, state, glyphs)
    if screen_layout.keys:
        key_bar.draw(frame, screen_layout.keys, state, glyphs)
    if state.top_window is not None and screen_layout.line is None:
        _draw_top_window(frame, state, glyphs)
    if glyphs.lines is ASCII:
        _to_ascii(frame)
    return frame


def _draw_top_window(frame: Frame, state: State, glyphs: Glyphs) -> None:
    """Draw the top window over dimmed panels."""
    frame.restyle(Rect(1, 0, frame.height - 2, frame.width), Style.DIM)
    match state.top_window:
        case Menu() as window:
            dialogs.draw_menu(frame, window, glyphs)
        case Palette() as window:
            dialogs.draw_palette(frame, window, glyphs)
        case Prompt() as window:
            dialogs.draw_prompt(frame, window, glyphs)
        case Confirm() as window:
            dialogs.draw_confirm(frame, window, glyphs)
        case Form() as window:
            dialogs.draw_form(frame, window, glyphs)
        case History() as window:
            text_windows.draw_history(frame, window, state, glyphs)
        case Compare() as window:
            text_windows.draw_compare(frame, window, glyphs)
        case Logs() as window:
            text_windows.draw_logs(frame, window, glyphs)
        case (ProcessDetails() | NodeDetails()) as window:
            details.draw_details(frame, window, state, glyphs)
        case (RunPage() | Page()) as window:
            text_windows.draw_page(frame, window, glyphs)


def _to_ascii(frame: Frame) -> None:
    for row in frame.chars:
        if not "".join(row).isascii() or "" in row:
            row[:] = [cell if cell.isascii() and cell else _plain(cell) for cell in row]


def _plain(cell: str) -> str:
    text = cell.translate(PLAIN)
    return text if text.isascii() and text else "?"
