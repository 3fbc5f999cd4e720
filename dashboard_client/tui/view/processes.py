"""Draws the PM2 process list. [pure]"""

from __future__ import annotations

from dashboard_client.formatting.figures import DASH, seconds, size
from dashboard_client.formatting.width import clipped, padded
from dashboard_client.tui.model.rows import Row, active_sort, has_header, rows
from dashboard_client.tui.model.state import State
from dashboard_client.tui.screen.frame import Frame, Rect
from dashboard_client.tui.screen.theme import Glyphs, Style, level_style
from dashboard_client.tui.view.panel import Segments, draw_border, draw_list, draw_message, waiting_text
from dashboard_client.wire.host_and_pm2 import Process


def draw(frame: Frame, rect: Rect, state: State, glyphs: Glyphs) -> None:
    pm2 = state.displayed.pm2
    counts = f"  {pm2.counts.online}/{pm2.counts.total} online" if pm2 else ""
    mark = glyphs.rising if "pm2" in state.reversed_panels else glyphs.falling
    right = f"sort {active_sort(state, 'pm2')} {mark}" if rect.width >= 50 else ""
    box = draw_border(frame, rect, state, glyphs, "pm2", f"1 PM2{counts}", right, "pm2:stats")
    if pm2 is None:
        is_lost = bool(state.link.reason) and not state.link.is_up
        text = f"{state.link.reason.removesuffix('.')}. Enter: what to check." if is_lost else ""
        draw_message(frame, box, text or waiting_text(state, "processes"), Style.WARN if is_lost else Style.DIM)
        return
    used = 0
    if pm2.daemon.state != "up":
        text = pm2.daemon.message or f"The PM2 daemon is {pm2.daemon.state}."
        if not pm2.processes:
            draw_message(frame, box, text, Style.WARN)
            return
        old = f"; the list is {seconds(pm2.age_seconds)} old" if pm2.stale else ""
        frame.text(box.y, box.x + 1, clipped(text.removesuffix(".") + old, box.width - 2), Style.WARN)
        used = 1
    if has_header("pm2", box.height, box.width):
        _header(frame, box.y + used, box)
        used += 1
    rest = Rect(box.y + used, box.x, max(0, box.height - used), box.width)
    if not rows(state, "pm2"):
        is_filtered = bool(state.filters.get("pm2"))
        draw_message(frame, rest, "no matching processes" if is_filtered else "no processes: m, PM2, Start")
        return
    drawn = draw_list(frame, rest, state, glyphs, "pm2", lambda row, width: _line(row, width, glyphs))
    _draw_last_failure(frame, Rect(rest.y + drawn, rest.x, rest.height - drawn, rest.width), state, glyphs)


def _name_width(width: int) -> int:
    """The width left for the name column."""
    return max(6, width - (49 if width >= 50 else 30))


def _header(frame: Frame, y: int, box: Rect) -> None:
    name = padded("name", _name_width(box.width - 1))
    text = f"  {'id':>4} {'pid':>6} {name} {'status':<8} {'cpu':>7} {'memory':>7} {'up':>5}   ↺"
    frame.text(y, box.x + 1, text, Style.DIM, box.width - 1)


def _line(row: Row, width: int, glyphs: Glyphs) -> Segments:
    process = row.item
    if not isinstance(process, Process):
        return ()
    is_online = process.status == "online"
    is_bad = process.status == "errored"
    mark = glyphs.up if is_online else glyphs.down if is_bad else glyphs.part
    tone = Style.OK if is_online else Style.BAD if is_bad else Style.DIM
    cpu = f"{process.cpu:.1f} %" if is_online else DASH
    memory = size(process.memory_bytes or process.memory * 2**20) if is_online else DASH
    name = padded(process.name, _name_width(width))
    heat = level_style(process.cpu) if is_online else Style.DIM
    heat = Style.PLAIN if heat == Style.OK else heat
    if width < 49:
        return (
            (f"{mark} ", tone), (f"{process.pm_id:>2} {name} ", Style.PLAIN), (padded(process.status, 8), tone),
            (f"{cpu:>7} ", heat), (f"{memory:>7}", Style.PLAIN),
        )  # fmt: skip
    up = seconds(process.uptime_seconds) if is_online else DASH
    pid = str(process.pid) if process.pid else DASH
    restarts = Style.WARN if process.unstable_restarts or is_bad else Style.PLAIN
    return (
        (f"{mark} ", tone), (f"{process.pm_id:>4} {pid:>6} {name} ", Style.PLAIN), (padded(process.status, 8), tone),
        (f" {cpu:>7}", heat), (f" {memory:>7} {up:>5}", Style.PLAIN), (f" {process.restarts:>3}", restarts),
    )  # fmt: skip


def _draw_last_failure(frame: Frame, rest: Rect, state: State, glyphs: Glyphs) -> None:
    """Draw the last failure and the keys of the row below the list if there is room."""
    if rest.height < 2:
        return
    failure = next((line for line in state.activity if line.kind == "pm2" and line.tone == "bad"), None)
    if failure and rest.height >= 3:
        at = f"{failure.at:%H:%M:%S} " if failure.at else ""
        frame.text(rest.y + 1, rest.x + 1, f"{glyphs.down} {at}{failure.text}", Style.BAD, rest.width - 2)
    if state.focus == "pm2" and rest.width >= 50:
        x, y = rest.x + 1, rest.bottom - 1
        changing = () if state.is_read_only else (("R", "restart"), ("S", "stop"), ("D", "delete"), ("B", "bench"))
        for key, text in (*changing, ("L", "logs"), ("Enter", "details")):
            x = frame.text(y, x + 1, key, Style.KEY, rest.right - x - 1)
            x = frame.text(y, x + 1, text, Style.DIM, rest.right - x - 1)
