"""Builds the rows of list panels, filtered and sorted, and tracks the selected row by identity. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dashboard_client.tui.model.state import SORTS, ActivityLine, State
from dashboard_client.tui.model.windows import History
from dashboard_client.wire.benchmarks import BenchmarkResult
from dashboard_client.wire.host_and_pm2 import Process
from dashboard_client.wire.redis import RedisNode


@dataclass(frozen=True, slots=True)
class Row:
    """`identity` stays the same when the row moves in its list; filters match `text`."""

    identity: str
    item: object
    text: str


def rows(state: State, panel: str) -> tuple[Row, ...]:
    """The visible rows of a list panel; empty for other panels."""
    builders = {"pm2": _process_rows, "redis": _node_rows, "benchmarks": _result_rows, "activity": _note_rows}
    build_rows = builders.get(panel)
    if build_rows is None:
        return ()
    text = state.filters.get(panel, "").lower()
    return tuple(row for row in build_rows(state) if not text or matches_filter(row.text, text))


def matches_filter(text: str, pattern: str) -> bool:
    """Whether `text` contains `pattern`, ignoring case; a leading `!` negates."""
    if pattern.startswith("!"):
        return len(pattern) == 1 or pattern[1:].lower() not in text.lower()
    return pattern.lower() in text.lower()


def active_sort(state: State, panel: str) -> str:
    names = SORTS.get(panel, ("",))
    return names[state.sorts.get(panel, 0) % len(names)]


def process_identity(process: Process) -> str:
    """Includes the name, because PM2 reuses its ids."""
    return f"{process.pm_id} {process.name}"


def _process_rows(state: State) -> list[Row]:
    keys = {
        "id": lambda process: (process.pm_id,),
        "cpu": lambda process: (-process.cpu, process.pm_id),
        "memory": lambda process: (-process.memory, process.pm_id),
        "name": lambda process: (process.name, process.pm_id),
        "restarts": lambda process: (-process.restarts, process.pm_id),
    }
    key, is_reversed = keys[active_sort(state, "pm2")], "pm2" in state.reversed_panels
    return [
        Row(process_identity(process), process, _process_text(process))
        for process in sorted(state.displayed.processes, key=key, reverse=is_reversed)
    ]


def _process_text(process: Process) -> str:
    return f"{process.pm_id} {process.name} {process.status} {process.framework or ''} {process.pid}"


def _node_rows(state: State) -> list[Row]:
    redis = state.displayed.redis
    nodes = redis.stats if redis else ()
    ports = {node.port for node in nodes}
    masters = [node for node in nodes if node.master_port not in ports]  # and replicas whose master is missing
    keys = {
        "port": lambda node: (0.0, node.port),
        "ops": lambda node: (-(node.ops_per_second or 0), node.port),
        "memory": lambda node: (-(node.memory_bytes or 0), node.port),
    }
    key, is_reversed = keys[active_sort(state, "redis")], "redis" in state.reversed_panels
    ordered: Sequence[RedisNode] = sorted(masters, key=key, reverse=is_reversed)
    return [Row(str(node.port), node, f"{node.port} {node.state} {node.role or ''} {node.owner}") for node in ordered]


def replicas(state: State, port: int) -> tuple[RedisNode, ...]:
    """The replicas of the master on `port`."""
    redis = state.displayed.redis
    return tuple(node for node in (redis.stats if redis else ()) if node.master_port == port)


def result_text(result: BenchmarkResult) -> str:
    load = f"{result.framework} {result.endpoint} {result.method}"
    return f"{load} {result.validity} {result.label} {result.generator}"


def sorted_results(results: Sequence[BenchmarkResult], sort: str, *, is_reversed: bool = False) -> list[Row]:
    keys = {
        "newest": lambda pair: (pair[0],),
        "rate": lambda pair: (-pair[1].req_per_sec, pair[0]),
        "framework": lambda pair: (pair[1].framework, pair[1].endpoint, pair[0]),
    }
    ordered = sorted(enumerate(results), key=keys[sort], reverse=is_reversed)
    return [Row(result.id or f"#{number}", result, result_text(result)) for number, result in ordered]


def _result_rows(state: State) -> list[Row]:
    results = state.displayed.results or ()
    return sorted_results(results, active_sort(state, "benchmarks"), is_reversed="benchmarks" in state.reversed_panels)


def _note_rows(state: State) -> list[Row]:
    count = len(state.activity)
    return [
        Row(f"{line.at} {count - number} {line.text}", line, f"{line.kind} {line.text}")
        for number, line in enumerate(state.activity)
        if isinstance(line, ActivityLine)
    ]


def position(visible: Sequence[Row], identity: str | None) -> int:
    """The index of the row with `identity`; 0 if it is gone."""
    return next((index for index, row in enumerate(visible) if row.identity == identity), 0)


def keep_selection(before: State, after: State, panel: str) -> tuple[State, str]:
    """If the selected row is gone, select its neighbour. Returns the state and the identity of the removed row, else
    an empty one."""
    identity, remaining = before.selected.get(panel), rows(after, panel)
    if identity is None or not remaining or any(row.identity == identity for row in remaining):
        return after, ""
    index = min(position(rows(before, panel), identity), len(remaining) - 1)
    return replace(after, selected={**after.selected, panel: remaining[index].identity}), identity


def selected_row(state: State, panel: str) -> Row | None:
    """The selected row; the first by default, None in an empty list."""
    visible = rows(state, panel)
    return visible[position(visible, state.selected.get(panel))] if visible else None


def first_shown(count: int, index: int, height: int) -> int:
    """The first of `count` rows to draw in a list `height` rows high, so that row `index` is visible."""
    return max(0, min(index - height // 2, count - height))


def history_rows(history: History) -> list[Row]:
    sort = SORTS["benchmarks"][history.sort % len(SORTS["benchmarks"])]
    return [row for row in sorted_results(history.results or (), sort) if matches_filter(row.text, history.text)]


def lines_above(state: State, panel: str, height: int, width: int) -> int:
    """Lines of a list panel above its rows: the warning about the PM2 daemon, and the column names."""
    pm2 = state.displayed.pm2
    has_warning = panel == "pm2" and pm2 is not None and pm2.daemon.state != "up"
    return int(has_warning) + int(has_header(panel, height, width))


def has_header(panel: str, height: int, width: int) -> bool:
    """Whether the panel has room for column names."""
    return panel in ("pm2", "redis") and width >= 50 and height >= 4
