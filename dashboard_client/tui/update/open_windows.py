"""Actions that open a window: menus, pages, prompts, the run form, logs. [pure]"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from dashboard_client.network.quick_start import DEFAULT_NODES
from dashboard_client.tui.model import effects, keymap, windows
from dashboard_client.tui.model.charts import node_chart, process_chart
from dashboard_client.tui.model.matching import palette_matches
from dashboard_client.tui.model.menu_items import MenuItem, menu_items
from dashboard_client.tui.model.prompts import (
    NODE_LIMIT,
    PATH_FIELD,
    PLACE_FIELD,
    RUN_DEFAULTS,
    RUN_FIELDS,
    run_fields,
)
from dashboard_client.tui.model.rows import selected_row
from dashboard_client.tui.model.state import PANELS, ActivityLine, State
from dashboard_client.tui.text.connection_advice import connection_checklist
from dashboard_client.tui.text.node_text import info_title, slow_log_title
from dashboard_client.tui.text.window_text import LATEST
from dashboard_client.tui.update.api_calls import Transition, fetch, push_window, show_toast
from dashboard_client.tui.update.chart_data import fetch_due
from dashboard_client.tui.update.row_actions import NO_NODE, NO_PROCESS, selected_node, selected_process
from dashboard_client.wire.benchmarks import BenchmarkResult, BenchmarkResults, BenchmarkRun, LatestResults
from dashboard_client.wire.host_and_pm2 import LogLines, Process, ProcessPage
from dashboard_client.wire.readiness import Readiness
from dashboard_client.wire.redis import NodeInfo, RedisNode, SlowLog
from dashboard_client.wire.system_config import ANY_NUMBER, ROOT, Endpoint, Limit, SystemConfig, Target

LOG_TAIL = 200
LOGS_MS = 500
LOADING = "asking the server…"


def open_selected_row(state: State) -> Transition:
    """Details of the selected row; connection advice if offline without data."""
    if not state.link.is_up and not state.displayed.stream_values:
        return open_connection_advice(state), ()
    if state.focus == "run":
        runs = state.displayed.runs
        if runs:
            return open_run_page(state, runs[0].id, None)
        return show_toast(state, "No benchmark is running", "plain"), ()
    row = selected_row(state, state.focus)
    if row is None:
        return (state if state.link.is_up else open_connection_advice(state)), ()
    match row.item:
        case Process() as process:
            state = push_window(state, windows.ProcessDetails(process, chart=process_chart(process)))
            arguments = {"pm_id": process.pm_id}
            state, call = fetch(state, f"process {process.pm_id}", "pm2_process", ProcessPage, arguments)
            state, chart_calls = fetch_due(state)
            return state, (*call, *chart_calls)
        case BenchmarkResult() as result:
            return open_run_page(state, result.id, result)
        case ActivityLine() as line:
            return push_window(state, windows.Page("Activity", (f"{line.at or ''}", line.kind, line.text))), ()
        case RedisNode() as node:
            return fetch_due(push_window(state, windows.NodeDetails(node, chart=node_chart(node))))
    return state, ()


def open_run_page(state: State, run_id: str, result: BenchmarkResult | None) -> Transition:
    """`run_id`: empty for a result without a run on the server."""
    state = push_window(state, windows.RunPage(run_id, result=result))
    return fetch(state, "run", "benchmark_run_details", BenchmarkRun, {"run_id": run_id}) if run_id else (state, ())


def available_items(state: State) -> tuple[MenuItem, ...]:
    """The menu's items, without those that --readonly forbids."""
    dump = state.live.pm2.dump if state.live.pm2 else None
    items = menu_items(state.config, state.live.processes, state.live.redis, dump)
    return tuple(item for item in items if not (state.is_read_only and item.is_mutating))


def open_menu(state: State) -> State:
    return push_window(state, windows.Menu(available_items(state)))


def open_palette(state: State) -> State:
    return push_window(state, windows.Palette(_palette_items(state)))


def with_current_items(state: State) -> State:
    """An open menu or palette with the items of now: it may have been opened before the server's configuration came.
    The same item stays selected."""
    return replace(state, windows=tuple(_with_current_items(state, window) for window in state.windows))


def _with_current_items(state: State, window: windows.Window) -> windows.Window:
    match window:
        case windows.Menu():
            items = available_items(state)
            return windows.Menu(items, _moved(window.cursor, window.items, items))
        case windows.Palette(text=text):
            items = _palette_items(state)
            before, now = (palette_matches(offered, text) for offered in (window.items, items))
            return replace(window, items=items, cursor=_moved(window.cursor, before, now))
    return window


def _moved(cursor: int, before: tuple[MenuItem, ...], now: tuple[MenuItem, ...]) -> int:
    """Where the selected item is now; the same place if it is gone."""
    selected = [(item.section, item.title) for item in before[cursor : cursor + 1]]
    matches = (index for index, item in enumerate(now) if [(item.section, item.title)] == selected)
    return next(matches, max(0, min(cursor, len(now) - 1)))


def _palette_items(state: State) -> tuple[MenuItem, ...]:
    """The menu's items and every action with a key in the panels."""
    key_items = tuple(
        MenuItem("Keys", binding.help, binding.action, key=keymap.key_label(binding.keys[0]))
        for binding in keymap.BINDINGS
        if binding.context in ("global", *PANELS, "list", "chart")
    )
    offered = [item for item in key_items if not (state.is_read_only and item.is_mutating)]
    return (*available_items(state), *offered)


def open_history(state: State) -> Transition:
    state = push_window(state, windows.History(state.live.results))
    return fetch(state, "history", "benchmark_all", BenchmarkResults, {"limit": 1000})


def open_latest_by_framework(state: State) -> Transition:
    state = push_window(state, windows.Page(LATEST, (LOADING,)))
    return fetch(state, LATEST, "benchmark_latest_by_framework", LatestResults)


def open_help(state: State) -> State:
    return push_window(state, windows.Page("Keys", keymap.help_lines()))


def open_connection_advice(state: State) -> State:
    advice = connection_checklist(state.server, state.link.reason, is_rejected=state.link.phase == "rejected")
    return push_window(state, windows.Page("Cannot connect", advice))


def check_installation(state: State) -> Transition:
    return fetch(state, "ready", "ready", Readiness)


def _limit(state: State, name: str, default: Limit = ANY_NUMBER) -> Limit:
    """The server's limit of a parameter."""
    return state.config.limits.get(name, default) if state.config else default


def prompt_server(state: State) -> State:
    return push_window(state, windows.Prompt("server", "Address of another server", state.server))


def prompt_nodes(state: State) -> State:
    limit = _limit(state, "nodes", NODE_LIMIT)
    return push_window(state, windows.Prompt("nodes", "How many Redis nodes?", str(DEFAULT_NODES), limit=limit))


def prompt_instances(state: State, framework: str, default: str) -> State:
    title = f"How many instances of {framework}?"
    return push_window(state, windows.Prompt("start", title, default, framework, _limit(state, "instances")))


def prompt_scale(state: State, framework: str, count: str) -> State:
    title = f"Scale {framework} to how many instances?"
    return push_window(state, windows.Prompt("scale", title, count, framework, _limit(state, "instances")))


def prompt_file(state: State) -> State:
    return push_window(state, windows.Prompt("file", "Path of an ecosystem file on the server"))


def open_run_form(state: State, name: str, endpoint: str, method: str, **texts: str) -> State:
    """`name`: of a framework, or of another target, whose path can be changed. `texts`: of fields, by name; the others
    are empty."""
    fields = run_fields(state.config) if state.config else RUN_FIELDS
    values = tuple(texts.get(field.name, "") for field in fields)
    if state.config is None or state.config.is_framework(name):
        return push_window(state, windows.Form(name, endpoint, method, fields, values))
    fields = (replace(PATH_FIELD, note=_address(state, name)), *fields)
    return push_window(state, windows.Form(name, "", method, fields, (endpoint, *values), kind="target"))


def _address(state: State, name: str) -> str:
    """Where the target or the process of this name answers; empty if that is unknown."""
    targets = state.config.own_targets if state.config else ()
    target = next((target for target in targets if target.name == name), Target(name))
    ports = next((one.ports for one in state.live.processes if one.name == name and one.ports), ())
    where = target.where or Target(name, ports=ports).where
    return f"at {where}" if where else ""


def open_run_form_again(state: State) -> State:
    row = selected_row(state, "benchmarks")
    if row is None or not isinstance(row.item, BenchmarkResult):
        return show_toast(state, "No benchmark yet: m, Benchmarks", "plain")
    result = row.item
    expect = ", ".join(item.text for item in result.budget.items) if result.budget else ""
    return open_run_form(state, result.framework, result.endpoint or "/simple", result.method or "GET", expect=expect)


def open_process_run_form(state: State) -> State:
    """For the endpoint of its latest run, else its first one. Asks for port or URL if these are not known."""
    process = selected_process(state)
    if process is None:
        return show_toast(state, NO_PROCESS, "warn")
    if state.config is None:
        return show_toast(state, "The server has not answered yet", "warn")
    target = state.config.target_of(process.name)
    name = process.framework or (target.name if target else process.name)
    first = next(iter(_endpoints(state.config, process, target)), ROOT)
    last = next((result for result in state.live.results or () if result.framework == name and result.endpoint), None)
    if process.framework or target or process.ports:
        path, method = (last.endpoint, last.method or "GET") if last else (first.path, first.method)
        return open_run_form(state, name, path, method)
    fields, values = (PLACE_FIELD, *run_fields(state.config)), ("", *RUN_DEFAULTS)
    return push_window(state, windows.Form(name, "", "GET", fields, values, kind="process"))


def _endpoints(config: SystemConfig, process: Process, target: Target | None) -> tuple[Endpoint, ...]:
    if process.framework:
        return config.benchmarkable_endpoints
    return target.offered_endpoints if target else ()


def open_logs(state: State, name: str, pm_id: int | None = None) -> Transition:
    """The last lines, then live ones. `name`: of a framework or process, empty for all; `pm_id`: to which lines that
    carry one are limited."""
    state = push_window(state, windows.Logs(name, pm_id=pm_id))
    query: dict[str, object] = {"lines": LOG_TAIL, "framework": name or None, "pm_id": pm_id}
    state, calls = fetch(state, "logs", "pm2_logs", LogLines, query)
    filters = {"framework": name} if name else {}
    return state, (*calls, effects.Subscribe("pm2:logs", LOGS_MS, filters))


def open_process_logs(state: State) -> Transition:
    process = selected_process(state)
    if process is None:
        return show_toast(state, NO_PROCESS, "warn"), ()
    return open_logs(state, process.framework or process.name, process.pm_id)


def open_node_info(state: State) -> Transition:
    return _open_node_page(state, info_title, "redis_node_info", NodeInfo)


def open_slow_log(state: State) -> Transition:
    return _open_node_page(state, slow_log_title, "redis_slowlog", SlowLog)


def _open_node_page(
    state: State, title_of: Callable[[int], str], api_method: str, response_type: type[object]
) -> Transition:
    """A page about the selected node, filled by the response."""
    node = selected_node(state)
    if node is None:
        return show_toast(state, NO_NODE, "warn"), ()
    title = title_of(node.port)
    state = push_window(state, windows.Page(title, (LOADING,)))
    return fetch(state, title, api_method, response_type, {"port": node.port})
