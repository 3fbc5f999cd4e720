"""Draws the title line: server, connection and data age; and the single line of tiny terminals. [pure]"""

from __future__ import annotations

from urllib.parse import urlsplit

from dashboard_client.formatting.figures import clock, percent, seconds, thousands
from dashboard_client.formatting.width import clipped, width_of
from dashboard_client.tui.model.state import State, age_s
from dashboard_client.tui.screen.frame import Frame, Rect
from dashboard_client.tui.screen.theme import Glyphs, Style

NEWEST = "system:metrics"


def draw(frame: Frame, rect: Rect, state: State, glyphs: Glyphs) -> None:
    """The status is right-aligned and kept on narrow terminals."""
    text, style = status(state, glyphs)
    clock_text = f"   {clock(state.wall)} " if rect.width >= 100 else " "
    start = frame.right(rect.y, rect.right, clock_text, Style.PLAIN)
    start = frame.right(rect.y, start, clipped(text, max(0, start - 9)), style)
    host = state.displayed.host
    end = frame.text(rect.y, 1, "pm2site", Style.TITLE, max(0, start - 2))
    name = host.hostname if host and host.hostname else urlsplit(state.server).hostname or ""
    left = f"{name} · {state.server}" if rect.width >= 100 else name
    end = frame.text(rect.y, end + 3, left, Style.PLAIN, max(0, start - end - 5))
    parts = _service_parts(state, glyphs) if rect.width >= 100 else []
    x = start - _total_width(parts)
    if x <= end + 1:  # the state of PM2 and Redis first
        parts = [part for part in parts if part[0] != _saved_part(state, glyphs)]
        x = start - _total_width(parts)
    if parts and x > end + 1:
        for part, tone in parts:
            x = frame.text(rect.y, x, part, tone) + 3


def status(state: State, glyphs: Glyphs) -> tuple[str, int]:
    """The connection state and the age of the latest data."""
    link = state.link
    if state.paused:
        behind = "" if link.is_up else ", and OFFLINE"
        return f"PAUSED {seconds(state.now_s - state.paused_at_s)}{behind} · p resumes", Style.ALARM
    if link.phase == "connecting":
        tries = f", attempt {link.attempt}" if link.attempt > 1 else ""
        return f"{glyphs.part} connecting to {state.server}{tries}", Style.WARN
    if link.is_up:
        mode = "polling" if link.phase == "polling" else "live"
        mode = f"read-only · {mode}" if state.is_read_only else mode
        age = age_s(state, NEWEST)
        if age is None:
            return f"{glyphs.part} {mode}, waiting", Style.WARN
        is_old = age > 2.5
        return f"{glyphs.part if is_old else glyphs.up} {mode} {seconds(age)}", Style.WARN if is_old else Style.OK
    return _offline(state), Style.ALARM


def _offline(state: State) -> str:
    link = state.link
    latest = state.displayed.stream_values.get(NEWEST) or next(iter(state.displayed.stream_values.values()), None)
    age = f" · data from {clock(latest.wall)} ({seconds(state.now_s - latest.at_s)} ago)" if latest else ""
    if link.phase == "rejected":
        return f"REJECTED · {link.reason}{age}"
    if link.retry_at_s is None:
        return f"OFFLINE{age} · retrying"
    wait = link.retry_at_s - state.now_s
    cause = "" if latest else f" · {link.reason}"
    if wait < 0.5:
        return f"OFFLINE{cause}{age} · retrying"
    return f"OFFLINE{cause}{age} · retry in {wait:.0f} s"


def _total_width(parts: list[tuple[str, int]]) -> int:
    return sum(width_of(part) + 3 for part, _ in parts)


def _saved_part(state: State, glyphs: Glyphs) -> str:
    """That a reboot would not bring PM2's list back; empty if it would."""
    pm2 = state.displayed.pm2
    loss = pm2.dump.loss(len(pm2.processes)) if pm2 and pm2.dump else ""
    return f"{glyphs.part} {loss}" if loss else ""


def _service_parts(state: State, glyphs: Glyphs) -> list[tuple[str, int]]:
    """Short PM2 and Redis status."""
    parts: list[tuple[str, int]] = []
    if pm2 := state.displayed.pm2:
        is_up = pm2.daemon.state == "up"
        text = f"PM2 {glyphs.up if is_up else glyphs.down} {(pm2.daemon.version or '') if is_up else pm2.daemon.state}"
        parts.append((text.rstrip(), Style.OK if is_up else Style.BAD))
        if saved := _saved_part(state, glyphs):
            parts.append((saved, Style.WARN))
    if redis := state.displayed.redis:
        cluster = redis.cluster
        is_ok, count = cluster.state == "ok", len(redis.stats)
        up = sum(node.state == "up" for node in redis.stats)
        tone = Style.DIM if cluster.state in ("absent", "stopped") else Style.BAD
        tone = tone if not is_ok else Style.OK if up == count else Style.WARN
        mark = glyphs.down if tone == Style.BAD else glyphs.up if tone == Style.OK else glyphs.part
        nodes = f" {count} nodes" if up == count else f" {up}/{count} nodes"
        nodes = nodes if redis.stats else ""
        parts.append((f"Redis {mark} {cluster.state}{nodes}", tone))
    return parts


def one_line(frame: Frame, rect: Rect, state: State, glyphs: Glyphs) -> None:
    """As much as fits: `pm2 3/4 · redis 6/6 · cpu 41 % · mem 19 % · fastify 184.7k · ● live`."""
    text, style = status(state, glyphs)
    short_status = text.split(" · ")[0] if not state.link.is_up else " ".join(text.split(" ")[:2])
    parts = summary(state)
    room = rect.width - width_of(short_status) - 3
    while parts and width_of(" · ".join(parts)) > room:
        parts.pop()
    left = " · ".join(parts)
    x = frame.text(rect.y, 0, f"{left} · " if left else "", Style.PLAIN)
    frame.text(rect.y, x, clipped(short_status, rect.width - x), style)


def summary(state: State) -> list[str]:
    view, parts = state.displayed, []
    if view.pm2:
        parts.append(f"pm2 {view.pm2.counts.online}/{view.pm2.counts.total}")
    if view.redis:
        up = sum(node.state == "up" for node in view.redis.stats)
        parts.append(f"redis {up}/{len(view.redis.stats)}")
    if view.host:
        shares = (("cpu", view.host.cpu), ("mem", view.host.memory_percent))
        parts += [f"{name} {percent(share)}" for name, share in shares if share is not None]
    if view.results:
        parts.append(f"{view.results[0].framework} {thousands(view.results[0].req_per_sec)}")
    return parts
