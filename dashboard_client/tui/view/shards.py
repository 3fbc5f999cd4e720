"""Draws the Redis Cluster by shard: a master with its slots and replicas. [pure]"""

from __future__ import annotations

from dashboard_client.formatting.figures import percent, size, thousands
from dashboard_client.tui.model.rows import Row, has_header, replicas, rows
from dashboard_client.tui.model.state import State
from dashboard_client.tui.screen.frame import Frame, Rect
from dashboard_client.tui.screen.theme import Glyphs, Style
from dashboard_client.tui.view.panel import Segments, draw_border, draw_list, draw_message, waiting_text
from dashboard_client.wire.redis import RedisNode

EMPTY = {
    "absent": "no cluster: m, Redis, Set up a cluster",
    "stopped": "the cluster is stopped: m, Redis, Resume",
}


def draw(frame: Frame, rect: Rect, state: State, glyphs: Glyphs) -> None:
    redis = state.displayed.redis
    title, right = "2 Redis", ""
    if redis:
        cluster = redis.cluster
        up = sum(node.state == "up" for node in redis.stats)
        slots = f"  {cluster.slots_ok} slots" if rect.width >= 50 and redis.stats else ""
        summary = "  " + (f"{up}/{len(redis.stats)}{slots} {cluster.state}" if redis.stats else cluster.state)
        title = f"2 Redis{' Cluster' if rect.width >= 50 else ''}{summary}"
        right = "" if cluster.ops_per_second is None else f"{thousands(cluster.ops_per_second)} ops/s"
    box = draw_border(frame, rect, state, glyphs, "redis", title, right, "redis:stats")
    if redis is None:
        draw_message(frame, box, waiting_text(state, "the cluster"))
        return
    if not redis.stats:
        draw_message(frame, box, EMPTY.get(redis.cluster.state, f"the cluster is {redis.cluster.state}"))
        return
    header_rows = 0
    if has_header("redis", box.height, box.width):
        text = f"  {'shard':<5}{'slots':>12} {'ops/s':>6} {'memory':>7} {'hit':>5}  replica {'lag':>5}"
        frame.text(box.y, box.x + 1, text, Style.DIM, box.width - 1)
        header_rows = 1
    rest = Rect(box.y + header_rows, box.x, box.height - header_rows, box.width)
    if not rows(state, "redis"):
        draw_message(frame, rest, "no matching nodes")
        return
    drawn = draw_list(frame, rest, state, glyphs, "redis", lambda row, width: _line(row, width, state, glyphs))
    if redis.cluster.lost and rest.height > drawn:
        text = f"{glyphs.down} slots without a master: {', '.join(redis.cluster.lost)}"
        frame.text(rest.y + drawn, rest.x + 1, text, Style.BAD, rest.width - 2)


def _line(row: Row, width: int, state: State, glyphs: Glyphs) -> Segments:
    node = row.item
    if not isinstance(node, RedisNode):
        return ()
    mark, tone = _mark(node, glyphs)
    rate, memory, hit = thousands(node.ops_per_second), size(node.memory_bytes), percent(node.hit_rate_percent)
    if width < 49:
        figures = f" {rate} ops/s {memory} {hit}" if node.state == "up" else f" {node.state} {node.reason or ''}"
        return ((f"{mark} ", tone), (f"{node.port}{figures}", Style.PLAIN))
    if node.state != "up":
        return ((f"{mark} ", tone), (f"{node.port:<5}", Style.PLAIN), (f"{node.state}  {node.reason or ''}", tone))
    slots = " ".join(slot_range.replace("-", "–") for slot_range in node.slot_ranges) or (
        str(node.slots) if node.slots else "–"
    )
    slots = slots if len(slots) <= 12 else f"{node.slots} slots"
    parts: list[tuple[str, int]] = [
        (f"{mark} ", tone),
        (f"{node.port:<5}{slots:>12} {rate:>6} {memory:>7} {hit:>5}  ", Style.PLAIN),
    ]
    for replica in replicas(state, node.port):
        mark, tone = _mark(replica, glyphs)
        parts += [(f"{mark} ", tone), (f"{replica.port} {size(replica.replication_lag_bytes):>6} ", Style.PLAIN)]
    return parts


def _mark(node: RedisNode, glyphs: Glyphs) -> tuple[str, int]:
    if node.state == "up" and node.link_up is not False:
        return glyphs.up, Style.OK
    return (glyphs.down, Style.BAD) if node.state in ("down", "unresponsive") else (glyphs.part, Style.WARN)
