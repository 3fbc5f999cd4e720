"""Actions on the selected row, or on what the top window shows: a process, a Redis node, a run. [pure]"""

from __future__ import annotations

from dataclasses import replace

from dashboard_client.tui.model import effects, server_requests
from dashboard_client.tui.model.rows import replicas, rows, selected_row
from dashboard_client.tui.model.state import ActivityLine, State
from dashboard_client.tui.model.windows import Compare, ProcessDetails, RunPage
from dashboard_client.tui.update.api_calls import (
    Transition,
    confirm_or_send,
    fetch,
    log_activity,
    push_window,
    show_toast,
)
from dashboard_client.wire.benchmarks import BenchmarkResult, Comparison
from dashboard_client.wire.host_and_pm2 import Process
from dashboard_client.wire.redis import RedisNode

NO_PROCESS, NO_NODE = "No process is selected", "No Redis node is selected"


def selected_process(state: State) -> Process | None:
    """Of the top window if it is a process, else of the PM2 panel."""
    if isinstance(state.top_window, ProcessDetails):
        return state.top_window.process
    row = selected_row(state, "pm2")
    return row.item if row and isinstance(row.item, Process) else None


def selected_node(state: State) -> RedisNode | None:
    row = selected_row(state, "redis")
    return row.item if row and isinstance(row.item, RedisNode) else None


def request_for_process(state: State, verb: str) -> Transition:
    """Opens the confirmation of `verb`: restart, stop or delete."""
    process = selected_process(state)
    if process is None:
        return show_toast(state, NO_PROCESS, "warn"), ()
    return confirm_or_send(state, server_requests.for_process(verb, process))


def fail_over_node(state: State) -> Transition:
    node = selected_node(state)
    if node is None:
        return show_toast(state, NO_NODE, "warn"), ()
    return confirm_or_send(state, server_requests.failover(node, replicas(state, node.port)))


def cancel_run(state: State) -> Transition:
    runs = state.live.runs
    run_id = state.top_window.run_id if isinstance(state.top_window, RunPage) else runs[0].id if runs else ""
    run = next((run for run in runs if run.id == run_id), None)
    if run is None:
        return show_toast(state, "This run is not in progress", "warn"), ()
    title = f"{run.framework} {run.method} {run.endpoint}, {run.state}"
    return confirm_or_send(state, server_requests.cancel_run(run.id, title))


def toggle_baseline(state: State) -> Transition:
    """Make the run of the top window the baseline, or remove it if it already is."""
    run = state.top_window.run if isinstance(state.top_window, RunPage) else None
    if run is None:
        return state, ()
    title = f"{run.framework} {run.method} {run.endpoint}, run {run.id}"
    is_baseline = run.baseline is not None and run.baseline.is_this
    build = server_requests.remove_baseline if is_baseline else server_requests.set_baseline
    return confirm_or_send(state, build(run.id, title))


def clear_history(state: State) -> Transition:
    return confirm_or_send(state, server_requests.clear_history())


def mark_run(state: State) -> Transition:
    row = selected_row(state, "benchmarks")
    return mark_or_compare(state, row.item, state.live.results or ()) if row else (state, ())


def mark_or_compare(state: State, item: object, results: tuple[BenchmarkResult, ...]) -> Transition:
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


def copy_activity(state: State) -> Transition:
    lines = [row.item for row in rows(state, "activity")]
    text = "\n".join(f"{line.at or ''} {line.kind} {line.text}" for line in lines if isinstance(line, ActivityLine))
    return (state, (effects.Copy(text),)) if text else (show_toast(state, "Nothing to copy", "warn"), ())


def export_history(state: State, format: str) -> Transition:
    if not state.link.is_up:
        return show_toast(state, "Not exported: no connection", "warn"), ()
    return log_activity(state, "file", f"export as {format} started"), (effects.Export(format),)
