"""UI actions shared by keys, menu and palette: opening windows, acting on rows, quitting. [pure]"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from dashboard_client.network.quick_start import DEFAULT_NODES
from dashboard_client.tui.model import actions, effects, keymap
from dashboard_client.tui.model.rows import replicas, rows, selected_row
from dashboard_client.tui.model.state import ActivityLine, State
from dashboard_client.tui.model.windows import (
    Compare,
    Form,
    History,
    Logs,
    Menu,
    Page,
    Palette,
    ProcessDetails,
    Prompt,
    RunPage,
)
from dashboard_client.tui.text.connection_advice import connection_checklist
from dashboard_client.tui.text.node_text import info_title, node_lines, slow_log_title
from dashboard_client.tui.text.window_text import LATEST
from dashboard_client.tui.update.api_calls import Outcome, fetch, log_activity, push_window, request_action, show_toast
from dashboard_client.tui.update.network_events import refresh
from dashboard_client.wire.benchmarks import BenchmarkResult, BenchmarkResults, BenchmarkRun, Comparison, LatestResults
from dashboard_client.wire.host_and_pm2 import LogLines, Process, ProcessPage
from dashboard_client.wire.readiness import Readiness
from dashboard_client.wire.redis import NodeInfo, RedisNode, SlowLog

LOG_TAIL = 200
LOGS_MS = 500
LOADING = "asking the server…"


def handle_action(state: State, action: str, arguments: tuple[str, ...]) -> Outcome:
    """`action`: a `keymap.Binding.action` or a `UiAction.name`. Unknown actions do nothing."""
    plain = _ACTIONS.get(action)
    if plain:
        return plain(state)
    with_arguments = _ACTIONS_WITH_ARGUMENTS.get(action)
    return with_arguments(state, arguments) if with_arguments else (state, ())


def open_selected_row(state: State) -> Outcome:
    """Details of the selected row; connection advice if offline without data."""
    if not state.link.is_up and not state.displayed.stream_values:
        return _open_connection_advice(state)
    if state.focus == "run":
        runs = state.displayed.runs
        if runs:
            return open_run_page(state, runs[0].id, None)
        return show_toast(state, "No benchmark is running", "plain"), ()
    row = selected_row(state, state.focus)
    if row is None:
        return (state, ()) if state.link.is_up else _open_connection_advice(state)
    match row.item:
        case Process() as process:
            state = push_window(state, ProcessDetails(process))
            return fetch(state, f"process {process.pm_id}", "pm2_process", ProcessPage, {"pm_id": process.pm_id})
        case BenchmarkResult() as result:
            return open_run_page(state, result.id, result)
        case ActivityLine() as line:
            return push_window(state, Page("Activity", (f"{line.at or ''}", line.kind, line.text))), ()
        case RedisNode() as node:
            return push_window(state, Page(f"Redis node {node.port}", node_lines(node))), ()
    return state, ()


def open_run_page(state: State, run_id: str, result: BenchmarkResult | None) -> Outcome:
    """`run_id`: empty for a result without a run on the server."""
    state = push_window(state, RunPage(run_id, result=result))
    return fetch(state, "run", "benchmark_run_details", BenchmarkRun, {"run_id": run_id}) if run_id else (state, ())


def available_items(state: State) -> tuple[actions.MenuItem, ...]:
    """The menu's items, without those that --readonly forbids."""
    items = actions.menu_items(state.config, state.view.processes, state.view.redis)
    return tuple(item for item in items if not _is_mutating(item)) if state.is_read_only else items


def _is_mutating(item: actions.MenuItem) -> bool:
    action = item.action
    return not action.is_read_only if isinstance(action, actions.ApiAction) else action.name in keymap.MUTATING_ACTIONS


def _open_menu(state: State) -> Outcome:
    return push_window(state, Menu(available_items(state))), ()


def _open_palette(state: State) -> Outcome:
    """The menu's items and every action with a key in the panels."""
    key_items = tuple(
        actions.key_item(binding.help, binding.action, keymap.key_label(binding.keys[0]))
        for binding in keymap.BINDINGS
        if binding.context in ("global", "list", "pm2", "redis", "benchmarks", "run", "activity")
        and not (state.is_read_only and binding.action in keymap.MUTATING_ACTIONS)
    )
    return push_window(state, Palette((*available_items(state), *key_items))), ()


def _open_history(state: State) -> Outcome:
    state = push_window(state, History(state.view.results))
    return fetch(state, "history", "benchmark_all", BenchmarkResults, {"limit": 1000})


def _open_latest_by_framework(state: State) -> Outcome:
    state = push_window(state, Page(LATEST, (LOADING,)))
    return fetch(state, LATEST, "benchmark_latest_by_framework", LatestResults)


def _open_help(state: State) -> Outcome:
    return push_window(state, Page("Keys", keymap.help_lines())), ()


def _open_connection_advice(state: State) -> Outcome:
    advice = connection_checklist(state.server, state.link.reason, is_rejected=state.link.phase == "rejected")
    return push_window(state, Page("Cannot connect", advice)), ()


def _check_installation(state: State) -> Outcome:
    return fetch(state, "ready", "ready", Readiness)


def _prompt_server(state: State) -> Outcome:
    return push_window(state, Prompt("server", "Address of another server", state.server)), ()


def _prompt_nodes(state: State) -> Outcome:
    return push_window(state, Prompt("nodes", "How many Redis nodes?", str(DEFAULT_NODES))), ()


def _prompt_instances(state: State, arguments: tuple[str, ...]) -> Outcome:
    framework, default = arguments
    return push_window(state, Prompt("instances", f"How many instances of {framework}?", default, framework)), ()


def _prompt_scale(state: State, arguments: tuple[str, ...]) -> Outcome:
    framework, count = arguments
    return push_window(state, Prompt("scale", f"Scale {framework} to how many instances?", count, framework)), ()


def _open_run_form(state: State, arguments: tuple[str, ...]) -> Outcome:
    framework, endpoint, method = arguments
    return push_window(state, Form(framework, endpoint, method)), ()


def _run_again(state: State) -> Outcome:
    row = selected_row(state, "benchmarks")
    if row is None or not isinstance(row.item, BenchmarkResult):
        return show_toast(state, "No benchmark yet: m, Benchmarks", "plain"), ()
    return _open_run_form(state, (row.item.framework, row.item.endpoint or "/simple", row.item.method or "GET"))


def _open_logs(state: State, arguments: tuple[str, ...]) -> Outcome:
    """The last lines, then live ones. `arguments`: framework or process name (empty for all), and a pm_id, to which
    lines that carry one are then limited."""
    name = arguments[0] if arguments else ""
    pm_id = int(arguments[1]) if len(arguments) > 1 else None
    state = push_window(state, Logs(name, pm_id=pm_id))
    query: dict[str, object] = {"lines": LOG_TAIL, "framework": name or None, "pm_id": pm_id}
    state, calls = fetch(state, "logs", "pm2_logs", LogLines, query)
    filters = {"framework": name} if name else {}
    return state, (*calls, effects.Subscribe("pm2:logs", LOGS_MS, filters))


def _open_process_logs(state: State) -> Outcome:
    process = _selected_process(state)
    if process is None:
        return show_toast(state, "No process is selected", "warn"), ()
    return _open_logs(state, (process.framework or process.name, str(process.pm_id)))


def _selected_process(state: State) -> Process | None:
    """Of the top window if it is a process, else of the PM2 panel."""
    if isinstance(state.top_window, ProcessDetails):
        return state.top_window.process
    row = selected_row(state, "pm2")
    return row.item if row and isinstance(row.item, Process) else None


def _process_handler(verb: str) -> Callable[[State], Outcome]:
    def handle_selected_process(state: State) -> Outcome:
        process = _selected_process(state)
        if process is None:
            return show_toast(state, "No process is selected", "warn"), ()
        return request_action(state, actions.process_action(verb, process))

    return handle_selected_process


def _node_handler(handle: Callable[[State, RedisNode], Outcome]) -> Callable[[State], Outcome]:
    def handle_selected_node(state: State) -> Outcome:
        row = selected_row(state, "redis")
        if row is None or not isinstance(row.item, RedisNode):
            return show_toast(state, "No Redis node is selected", "warn"), ()
        return handle(state, row.item)

    return handle_selected_node


def _open_node_info(state: State, node: RedisNode) -> Outcome:
    state = push_window(state, Page(info_title(node.port), (LOADING,)))
    return fetch(state, info_title(node.port), "redis_node_info", NodeInfo, {"port": node.port})


def _open_slow_log(state: State, node: RedisNode) -> Outcome:
    state = push_window(state, Page(slow_log_title(node.port), (LOADING,)))
    return fetch(state, slow_log_title(node.port), "redis_slowlog", SlowLog, {"port": node.port})


def _request_failover(state: State, node: RedisNode) -> Outcome:
    return request_action(state, actions.failover(node, replicas(state, node.port)))


def _request_cancel_run(state: State) -> Outcome:
    runs = state.view.runs
    run_id = state.top_window.run_id if isinstance(state.top_window, RunPage) else runs[0].id if runs else ""
    run = next((run for run in runs if run.id == run_id), None)
    if run is None:
        return show_toast(state, "This run is not in progress", "warn"), ()
    title = f"{run.framework} {run.method} {run.endpoint}, {run.state}"
    return request_action(state, actions.cancel_run(run.id, title))


def _toggle_baseline(state: State) -> Outcome:
    """Make the run of the top window the baseline, or remove it if it already is."""
    run = state.top_window.run if isinstance(state.top_window, RunPage) else None
    if run is None:
        return state, ()
    title = f"{run.framework} {run.method} {run.endpoint}, run {run.id}"
    is_baseline = run.baseline is not None and run.baseline.is_this
    return request_action(state, (actions.remove_baseline if is_baseline else actions.set_baseline)(run.id, title))


def _mark_run(state: State) -> Outcome:
    row = selected_row(state, "benchmarks")
    return mark_or_compare(state, row.item, state.view.results or ()) if row else (state, ())


def mark_or_compare(state: State, item: object, results: tuple[BenchmarkResult, ...]) -> Outcome:
    """Mark a run for comparison; if another of `results` is marked, compare the two."""
    if not isinstance(item, BenchmarkResult):
        return state, ()
    base = next((result for result in results if result.id == state.marked_run and result.id), None)
    if base is None:
        return show_toast(replace(state, marked_run=item.id), f"{item.framework} marked; x on another compares"), ()
    if base.id == item.id:
        return show_toast(replace(state, marked_run=""), "No longer marked", "plain"), ()
    state = push_window(replace(state, marked_run=""), Compare(base, item))
    if not (state.link.is_up and item.id):
        return state, ()
    run_ids = {"base": base.id, "new": item.id}
    return fetch(state, f"compare {base.id} {item.id}", "benchmark_compare", Comparison, run_ids)


def _toggle_text_selection(state: State) -> Outcome:
    is_selecting = not state.is_selecting
    text = "Select with the mouse; s ends selecting" if is_selecting else "The dashboard uses the mouse again"
    state = show_toast(replace(state, is_selecting=is_selecting), text, "plain")
    return state, (effects.CaptureMouse(not is_selecting),)


def _copy_activity(state: State) -> Outcome:
    lines = [row.item for row in rows(state, "activity")]
    text = "\n".join(f"{line.at or ''} {line.kind} {line.text}" for line in lines if isinstance(line, ActivityLine))
    return (state, (effects.Copy(text),)) if text else (show_toast(state, "Nothing to copy", "warn"), ())


def _export_history(state: State, arguments: tuple[str, ...]) -> Outcome:
    if not state.link.is_up:
        return show_toast(state, "Not exported: no connection", "warn"), ()
    format = arguments[0]
    return log_activity(state, "file", f"export as {format} started"), (effects.Export(format),)


_ACTIONS: Mapping[str, Callable[[State], Outcome]] = {
    "menu": _open_menu, "palette": _open_palette, "history": _open_history, "help": _open_help,
    "latest_by_framework": _open_latest_by_framework, "connection_advice": _open_connection_advice,
    "check_installation": _check_installation, "prompt_server": _prompt_server, "prompt_nodes": _prompt_nodes,
    "run_again": _run_again, "process_logs": _open_process_logs, "restart": _process_handler("restart"),
    "stop": _process_handler("stop"), "delete": _process_handler("delete"), "cancel_run": _request_cancel_run,
    "toggle_baseline": _toggle_baseline, "mark_run": _mark_run, "select_text": _toggle_text_selection,
    "copy": _copy_activity, "refresh": refresh, "node_info": _node_handler(_open_node_info),
    "slow_log": _node_handler(_open_slow_log), "failover": _node_handler(_request_failover),
    "clear_history": lambda state: request_action(state, actions.clear_history()),
    "theme": lambda state: (state, (effects.SwitchTheme(),)),
    "quit": lambda state: (state, (effects.Quit(),)),
    "redraw": lambda state: (state, (effects.Redraw(),)),
    "suspend": lambda state: (state, (effects.Suspend(),)),
}  # fmt: skip
_ACTIONS_WITH_ARGUMENTS: Mapping[str, Callable[[State, tuple[str, ...]], Outcome]] = {
    "prompt_instances": _prompt_instances, "prompt_scale": _prompt_scale, "run_form": _open_run_form,
    "logs": _open_logs, "export": _export_history,
    "show_message": lambda state, arguments: (show_toast(state, arguments[0], "plain"), ()),
}  # fmt: skip
