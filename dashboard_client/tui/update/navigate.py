"""Actions that keys, menu and palette share: pages, prompts, rows, the program's own life. [pure]"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from dashboard_client.tui.model import actions, effects, keymap
from dashboard_client.tui.model.rows import chosen, replicas, rows
from dashboard_client.tui.model.state import Note, State
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
from dashboard_client.tui.text.connection_advice import what_to_check
from dashboard_client.tui.text.node_text import info_title, node_lines, slow_log_title
from dashboard_client.tui.text.window_text import LATEST
from dashboard_client.tui.update.network_events import refresh
from dashboard_client.tui.update.requests import Outcome, ask, note, opened, perform, toast
from dashboard_client.wire.benchmarks import BenchmarkResult, BenchmarkResults, BenchmarkRun, Comparison, LatestResults
from dashboard_client.wire.host_and_pm2 import LogLines, Process, ProcessPage
from dashboard_client.wire.readiness import Readiness
from dashboard_client.wire.redis import NodeInfo, RedisNode, SlowLog

LOG_TAIL = 200
LOGS_MS = 500


def go(state: State, action: str, about: tuple[str, ...]) -> Outcome:
    """Do what `offers.Go` or a key names. An unknown action does nothing."""
    plain = _PLAIN.get(action)
    if plain:
        return plain(state)
    subject = _SUBJECT.get(action)
    return subject(state, about) if subject else (state, ())


def open_row(state: State) -> Outcome:
    """Enter: details of the selected row; offline, what to check."""
    if not state.link.is_up and not state.shown.heard:
        return _advice(state)
    if state.focus == "run":
        runs = state.shown.runs
        return open_run(state, runs[0].id, None) if runs else (toast(state, "No benchmark is running", "plain"), ())
    row = chosen(state, state.focus)
    if row is None:
        return (state, ()) if state.link.is_up else _advice(state)
    match row.item:
        case Process() as process:
            state = opened(state, ProcessDetails(process))
            return ask(state, f"process {process.pm_id}", "pm2_process", ProcessPage, {"pm_id": process.pm_id})
        case BenchmarkResult() as result:
            return open_run(state, result.id, result)
        case Note() as line:
            return opened(state, Page("Activity", (f"{line.at or ''}", line.kind, line.text))), ()
        case RedisNode() as node:
            return opened(state, Page(f"Redis node {node.port}", node_lines(node))), ()
    return state, ()


def open_run(state: State, run_id: str, result: BenchmarkResult | None) -> Outcome:
    state = opened(state, RunPage(run_id, result=result))
    if not run_id:
        return state, ()
    return ask(state, "run", "benchmark_run_details", BenchmarkRun, {"run_id": run_id})


def offered(state: State) -> tuple[actions.Offer, ...]:
    redis = state.view.redis
    found = actions.offers(state.config, state.view.processes, redis)
    return tuple(each for each in found if not _changes(each)) if state.is_readonly else found


def _changes(offer: actions.Offer) -> bool:
    """Whether the server would not be as it was: nothing for --readonly."""
    does = offer.does
    return not does.is_reading if isinstance(does, actions.Act) else does.action in keymap.CHANGING


def _menu(state: State) -> Outcome:
    return opened(state, Menu(offered(state))), ()


def _palette(state: State) -> Outcome:
    """The menu's entries and every action that has a key in the panels."""
    own = tuple(
        actions.Offer("Keys", each.help, actions.Go("key", (each.action,)), keymap.shown(each.keys[0]))
        for each in keymap.TABLE
        if each.context in ("global", "list", "pm2", "redis", "benchmarks", "run", "activity")
        and not (state.is_readonly and each.action in keymap.CHANGING)
    )
    return opened(state, Palette((*offered(state), *own))), ()


def _history(state: State) -> Outcome:
    state = opened(state, History(state.view.results))
    return ask(state, "history", "benchmark_all", BenchmarkResults, {"limit": 1000})


def _latest_of_each(state: State) -> Outcome:
    state = opened(state, Page(LATEST, ("asking the server…",)))
    return ask(state, LATEST, "benchmark_latest_by_framework", LatestResults)


def _help(state: State) -> Outcome:
    return opened(state, Page("Keys", keymap.help_lines())), ()


def _advice(state: State) -> Outcome:
    advice = what_to_check(state.server, state.link.reason, is_refused=state.link.phase == "refused")
    return opened(state, Page("Cannot connect", advice)), ()


def _check(state: State) -> Outcome:
    return ask(state, "ready", "ready", Readiness)


def _ask_server(state: State) -> Outcome:
    return opened(state, Prompt("server", "Address of another server", state.server)), ()


def _ask_nodes(state: State) -> Outcome:
    return opened(state, Prompt("nodes", "How many Redis nodes?", str(actions.DEFAULT_NODES))), ()


def _ask_instances(state: State, about: tuple[str, ...]) -> Outcome:
    name, default = about
    return opened(state, Prompt("instances", f"How many instances of {name}?", default, name)), ()


def _ask_scale(state: State, about: tuple[str, ...]) -> Outcome:
    name, count = about
    return opened(state, Prompt("scale", f"How many instances of {name} from now on?", count, name)), ()


def _ask_run(state: State, about: tuple[str, ...]) -> Outcome:
    framework, endpoint, method = about
    return opened(state, Form(framework, endpoint, method)), ()


def _again(state: State) -> Outcome:
    row = chosen(state, "benchmarks")
    if row is None or not isinstance(row.item, BenchmarkResult):
        return toast(state, "No benchmark yet: m, Benchmarks", "plain"), ()
    return _ask_run(state, (row.item.framework, row.item.endpoint or "/simple", row.item.method or "GET"))


def _logs(state: State, about: tuple[str, ...]) -> Outcome:
    """The last lines, and then what comes. Of one process only its own, where lines say whose they are."""
    name = about[0] if about else ""
    pm_id = int(about[1]) if len(about) > 1 else None
    state = opened(state, Logs(name, pm_id=pm_id))
    arguments: dict[str, object] = {"lines": LOG_TAIL, "framework": name or None, "pm_id": pm_id}
    state, asked = ask(state, "logs", "pm2_logs", LogLines, arguments)
    wanted = {"framework": name} if name else {}
    return state, (*asked, effects.Subscribe("pm2:logs", LOGS_MS, wanted))


def _row_logs(state: State) -> Outcome:
    process = selected_process(state)
    if process is None:
        return toast(state, "No process is selected", "warn"), ()
    return _logs(state, (process.framework or process.name, str(process.pm_id)))


def selected_process(state: State) -> Process | None:
    """Of the window on top, or of the list."""
    if isinstance(state.top, ProcessDetails):
        return state.top.process
    row = chosen(state, "pm2")
    return row.item if row and isinstance(row.item, Process) else None


def _on_row(verb: str) -> Callable[[State], Outcome]:
    def change(state: State) -> Outcome:
        process = selected_process(state)
        if process is None:
            return toast(state, "No process is selected", "warn"), ()
        return perform(state, actions.on_process(verb, process))

    return change


def _node(state: State) -> RedisNode | None:
    row = chosen(state, "redis")
    return row.item if row and isinstance(row.item, RedisNode) else None


def _node_info(state: State) -> Outcome:
    node = _node(state)
    if node is None:
        return toast(state, "No Redis node is selected", "warn"), ()
    state = opened(state, Page(info_title(node.port), ("asking the server…",)))
    return ask(state, info_title(node.port), "redis_node_info", NodeInfo, {"port": node.port})


def _slow_log(state: State) -> Outcome:
    node = _node(state)
    if node is None:
        return toast(state, "No Redis node is selected", "warn"), ()
    state = opened(state, Page(slow_log_title(node.port), ("asking the server…",)))
    return ask(state, slow_log_title(node.port), "redis_slowlog", SlowLog, {"port": node.port})


def _failover(state: State) -> Outcome:
    node = _node(state)
    if node is None:
        return toast(state, "No Redis node is selected", "warn"), ()
    return perform(state, actions.failover(node, replicas(state, node.port)))


def _cancel_run(state: State) -> Outcome:
    runs = state.view.runs
    wanted = state.top.run_id if isinstance(state.top, RunPage) else runs[0].id if runs else ""
    run = next((each for each in runs if each.id == wanted), None)
    if run is None:
        return toast(state, "That run is not going on", "warn"), ()
    return perform(state, actions.cancel_run(run.id, f"{run.framework} {run.method} {run.endpoint}, {run.state}"))


def _baseline(state: State) -> Outcome:
    """Name the run of the page the baseline, or drop it where it is one."""
    run = state.top.run if isinstance(state.top, RunPage) else None
    if run is None:
        return state, ()
    title = f"{run.framework} {run.method} {run.endpoint}, run {run.id}"
    is_one = run.baseline is not None and run.baseline.is_this
    return perform(state, (actions.drop_baseline if is_one else actions.name_baseline)(run.id, title))


def _mark(state: State) -> Outcome:
    row = chosen(state, "benchmarks")
    return mark(state, row.item, state.view.results or ()) if row else (state, ())


def mark(state: State, item: object, known: tuple[BenchmarkResult, ...]) -> Outcome:
    """The first press marks a run, the second one compares with it."""
    if not isinstance(item, BenchmarkResult):
        return state, ()
    base = next((each for each in known if each.id == state.marked_run and each.id), None)
    if base is None:
        return toast(replace(state, marked_run=item.id), f"{item.framework} marked; x on another one compares"), ()
    if base.id == item.id:
        return toast(replace(state, marked_run=""), "No longer marked", "plain"), ()
    state = opened(replace(state, marked_run=""), Compare(base, item))
    if not (state.link.is_up and item.id):
        return state, ()
    return ask(
        state, f"compare {base.id} {item.id}", "benchmark_compare", Comparison, {"base": base.id, "new": item.id}
    )


def _select_text(state: State) -> Outcome:
    wanted = not state.is_selecting
    text = "Select with the mouse; s gives it back" if wanted else "The mouse is the dashboard's again"
    return toast(replace(state, is_selecting=wanted), text, "plain"), (effects.CatchMouse(not wanted),)


def _copy(state: State) -> Outcome:
    lines = [row.item for row in rows(state, "activity")]
    text = "\n".join(f"{each.at or ''} {each.kind} {each.text}" for each in lines if isinstance(each, Note))
    return (state, (effects.Copy(text),)) if text else (toast(state, "Nothing to copy", "warn"), ())


def _clear_history(state: State) -> Outcome:
    return perform(state, actions.clear_history())


def _export(state: State, about: tuple[str, ...]) -> Outcome:
    if not state.link.is_up:
        return toast(state, "Not exported, there is no connection", "warn"), ()
    return note(state, "file", f"export as {about[0]} begun"), (effects.Export(about[0]),)


_PLAIN: Mapping[str, Callable[[State], Outcome]] = {
    "menu": _menu, "palette": _palette, "history": _history, "help": _help, "advice": _advice, "check": _check,
    "ask_server": _ask_server, "ask_nodes": _ask_nodes, "ask_run_here": _again, "row_logs": _row_logs,
    "restart": _on_row("restart"), "stop": _on_row("stop"), "delete": _on_row("delete"), "cancel_run": _cancel_run,
    "baseline": _baseline,
    "mark": _mark, "select_text": _select_text, "copy": _copy, "clear_history": _clear_history, "refresh": refresh,
    "latest_of_each": _latest_of_each, "node_info": _node_info, "slow_log": _slow_log, "failover": _failover,
    "theme": lambda state: (state, (effects.SwitchTheme(),)),
    "quit": lambda state: (state, (effects.Quit(),)),
    "redraw": lambda state: (state, (effects.Redraw(),)),
    "suspend": lambda state: (state, (effects.Suspend(),)),
}  # fmt: skip
_SUBJECT: Mapping[str, Callable[[State, tuple[str, ...]], Outcome]] = {
    "ask_instances": _ask_instances, "ask_scale": _ask_scale, "ask_run": _ask_run, "logs": _logs, "export": _export,
    "say": lambda state, about: (toast(state, about[0], "plain"), ()),
}  # fmt: skip
