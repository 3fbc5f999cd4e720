"""What the lists show: rows with an identity, filtered and sorted. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dashboard_client.tui.model.state import SORTS, Note, State
from dashboard_client.tui.model.windows import History
from dashboard_client.wire.benchmarks import BenchmarkResult
from dashboard_client.wire.host_and_pm2 import Process
from dashboard_client.wire.redis import RedisNode


@dataclass(frozen=True, slots=True)
class Row:
    """`identity` stays with the thing, wherever it stands in the list; `text` is what a filter looks at."""

    identity: str
    item: object
    text: str


def rows(state: State, panel: str) -> tuple[Row, ...]:
    """Of a list panel, as it is shown. Empty for panels that are no lists."""
    make = {"pm2": _processes, "redis": _nodes, "benchmarks": _results, "activity": _notes}.get(panel)
    if make is None:
        return ()
    found = make(state)
    wanted = state.filters.get(panel, "").lower()
    return tuple(row for row in found if matches(row.text, wanted)) if wanted else tuple(found)


def matches(text: str, wanted: str) -> bool:
    """`!` before it turns it around."""
    if wanted.startswith("!"):
        return len(wanted) == 1 or wanted[1:].lower() not in text.lower()
    return wanted.lower() in text.lower()


def sort_of(state: State, panel: str) -> str:
    names = SORTS.get(panel, ("",))
    return names[state.sorts.get(panel, 0) % len(names)]


def process_identity(process: Process) -> str:
    """PM2 gives ids out again, so the name belongs to it."""
    return f"{process.pm_id} {process.name}"


def _processes(state: State) -> list[Row]:
    sort = sort_of(state, "pm2")
    keys = {
        "id": lambda each: (each.pm_id,),
        "cpu": lambda each: (-each.cpu, each.pm_id),
        "memory": lambda each: (-each.memory, each.pm_id),
        "name": lambda each: (each.name, each.pm_id),
        "restarts": lambda each: (-each.restarts, each.pm_id),
    }
    found = sorted(state.shown.processes, key=keys[sort], reverse="pm2" in state.reversed)
    return [
        Row(process_identity(each), each, f"{each.pm_id} {each.name} {each.status} {each.framework or ''} {each.pid}")
        for each in found
    ]


def _nodes(state: State) -> list[Row]:
    redis = state.shown.redis
    nodes = redis.stats if redis else ()
    ports = {each.port for each in nodes}
    masters = [each for each in nodes if each.master_port not in ports]  # and replicas that lost theirs
    keys = {
        "port": lambda each: (0.0, each.port),
        "ops": lambda each: (-(each.ops_per_second or 0), each.port),
        "memory": lambda each: (-(each.memory_bytes or 0), each.port),
    }
    found: Sequence[RedisNode] = sorted(masters, key=keys[sort_of(state, "redis")], reverse="redis" in state.reversed)
    return [Row(str(each.port), each, f"{each.port} {each.state} {each.role or ''} {each.owner}") for each in found]


def replicas(state: State, port: int) -> tuple[RedisNode, ...]:
    """Of the master on `port`."""
    redis = state.shown.redis
    return tuple(each for each in (redis.stats if redis else ()) if each.master_port == port)


def result_text(each: BenchmarkResult) -> str:
    return f"{each.framework} {each.endpoint} {each.method} {each.validity} {each.label} {each.generator}"


def sorted_results(results: Sequence[BenchmarkResult], sort: str, *, is_reversed: bool = False) -> list[Row]:
    keys = {
        "newest": lambda pair: (pair[0],),
        "rate": lambda pair: (-pair[1].req_per_sec, pair[0]),
        "framework": lambda pair: (pair[1].framework, pair[1].endpoint, pair[0]),
    }
    found = sorted(enumerate(results), key=keys[sort], reverse=is_reversed)
    return [Row(each.id or f"#{number}", each, result_text(each)) for number, each in found]


def _results(state: State) -> list[Row]:
    results = state.shown.results or ()
    return sorted_results(results, sort_of(state, "benchmarks"), is_reversed="benchmarks" in state.reversed)


def _notes(state: State) -> list[Row]:
    count = len(state.notes)
    return [
        Row(f"{note.at} {count - number} {note.text}", note, f"{note.kind} {note.text}")
        for number, note in enumerate(state.notes)
        if isinstance(note, Note)
    ]


def position(found: Sequence[Row], identity: str | None) -> int:
    """Where the row stands now; the first when it is gone."""
    return next((index for index, row in enumerate(found) if row.identity == identity), 0)


def kept(before: State, after: State, panel: str) -> tuple[State, str]:
    """With a selection that is there: where the selected row has gone, its neighbour is selected, and the identity that
    went is told; else empty."""
    identity, found = before.selected.get(panel), rows(after, panel)
    if identity is None or not found or any(row.identity == identity for row in found):
        return after, ""
    at = min(position(rows(before, panel), identity), len(found) - 1)
    return replace(after, selected={**after.selected, panel: found[at].identity}), identity


def chosen(state: State, panel: str) -> Row | None:
    """The selected row."""
    found = rows(state, panel)
    return found[position(found, state.selected.get(panel))] if found else None


def first_shown(count: int, at: int, height: int) -> int:
    """The row at the top of a list `height` rows high, so that row `at` can be seen."""
    return max(0, min(at - height // 2, count - height))


def history_rows(history: History) -> list[Row]:
    sort = SORTS["benchmarks"][history.sort % len(SORTS["benchmarks"])]
    return [row for row in sorted_results(history.results or (), sort) if matches(row.text, history.text)]


def lines_above(state: State, panel: str, height: int, width: int) -> int:
    """Of a list: its column names, and what is said of a daemon that is not up."""
    pm2 = state.shown.pm2
    is_warned = panel == "pm2" and pm2 is not None and pm2.daemon.state != "up"
    return int(is_warned) + int(has_header(panel, height, width))


def has_header(panel: str, height: int, width: int) -> bool:
    """Column names stand over the lists of processes and shards where there is room."""
    return panel in ("pm2", "redis") and width >= 50 and height >= 4
