"""Handles events of the connection and its streams. [pure]"""

from __future__ import annotations

from dataclasses import replace

from dashboard_client.tui.model import effects, events
from dashboard_client.tui.model.charts import Point, with_point
from dashboard_client.tui.model.rows import keep_selection, selected_row
from dashboard_client.tui.model.state import HISTORY_S, Link, LiveData, State, StreamValue
from dashboard_client.tui.model.windows import MAX_LOG_LINES, Logs, RunPage
from dashboard_client.tui.update.api_calls import Transition, fetch, log_activity, show_toast
from dashboard_client.tui.update.chart_data import (
    fetch_again,
    with_current_node,
    with_current_process,
    with_server_clock,
)
from dashboard_client.wire.benchmarks import BenchmarkProgress, BenchmarkResults, BenchmarkRun
from dashboard_client.wire.host_and_pm2 import Activity, HostStats, LogLines, Pm2Events, Pm2Stats, Process
from dashboard_client.wire.redis import RedisStats
from dashboard_client.wire.system_config import SystemConfig

RECENT_RESULTS = 20
LOCAL_ACTOR = "this machine"  # the server's name for local clients without a key; not worth displaying
LIST_PANELS = {"pm2:stats": "pm2", "redis:stats": "redis"}
EVENTS_LOST = "events may be missing: the server restarted, or there were too many"
EVENT_TONES = {"exit": "bad", "daemon": "warn", "restarted": "warn"}
OUTCOME_TONES = {"ok": "plain", "refused": "warn", "failed": "bad"}


def on_connecting(state: State, attempt: int) -> Transition:
    if state.link.is_up:  # polling continues while /ws is retried
        return state, ()
    phase = "offline" if state.link.was_up or state.link.phase == "offline" else "connecting"
    return replace(state, link=replace(state.link, phase=phase, attempt=attempt, retry_at_s=None)), ()


def on_connected(state: State, event: events.Connected) -> Transition:
    link = Link(
        "polling" if event.is_polling else "live", reason=event.reason, since_s=event.received_at_s, was_up=True
    )
    is_new = not state.link.is_up
    state = replace(state, link=link)
    if is_new:
        how = f"by polling: {event.reason}" if event.is_polling else "live"
        state = log_activity(state, "connect", f"{state.server} {how}", "ok")
    return _fetch_everything(replace(state, history_problem=""))


def _fetch_everything(state: State) -> Transition:
    state, calls = _fetch_config_and_results(state)
    state, chart_calls = fetch_again(state)
    return state, (*calls, *chart_calls)


def _fetch_config_and_results(state: State) -> Transition:
    state, config_call = fetch(state, "config", "system_config", SystemConfig)
    state, results_call = fetch(state, "latest", "benchmark_latest", BenchmarkResults, {"count": RECENT_RESULTS})
    return state, (*config_call, *results_call)


def _fetch_new_targets(state: State, before: tuple[Process, ...], now: Pm2Stats) -> Transition:
    """Fetch the configuration again once a process listens that it does not know: the server may offer it."""
    listening = {process.name for process in now.processes if process.ports and process.framework is None}
    new = listening - {process.name for process in before if process.ports}
    if state.config is None or all(state.config.target_of(name) for name in new):
        return state, ()
    return fetch(state, "config", "system_config", SystemConfig)


def on_disconnected(state: State, event: events.Disconnected) -> Transition:
    is_final = event.retry_in_s is None
    link = Link(
        "rejected" if is_final else "offline",
        state.link.attempt,
        event.reason,
        event.at_s if state.link.is_up or not state.link.reason else state.link.since_s,
        None if event.retry_in_s is None else event.at_s + event.retry_in_s,
        event.code,
        state.link.was_up,
    )
    code = f" ({event.code})" if event.code else ""
    if state.link.is_up or event.reason != state.link.reason:
        lost = "connection lost: " if state.link.is_up else ""
        reason = event.reason.replace(f"Cannot connect to API server {state.server}", "cannot connect")
        state = log_activity(state, "connect", f"{lost}{reason}{code}", "bad")
    return replace(state, link=link), ()


def on_stream_data(state: State, event: events.StreamData) -> Transition:
    """Keep the stream's newest value and update what depends on it. Log lines go to open log windows instead."""
    value = event.value
    if isinstance(value, LogLines):
        return _append_log_lines(state, value), ()
    before = state
    stream_values = {**state.live.stream_values, event.stream: StreamValue(value, event.received_at_s, state.wall)}
    state = replace(state, live=replace(state.live, stream_values=stream_values))
    panel = LIST_PANELS.get(event.stream)
    if panel:
        state = _keep_selection(before, state, panel)
    match value:
        case Pm2Stats():
            windows = tuple(with_current_process(window, value, event.received_at_s) for window in state.windows)
            state = replace(state, windows=windows)
            return _fetch_new_targets(state, before.live.processes, value)
        case RedisStats():
            windows = tuple(with_current_node(window, value, event.received_at_s) for window in state.windows)
            return replace(state, windows=windows), ()
        case HostStats():
            state = with_server_clock(state, event)
            return replace(state, live=_add_chart_points(state.live, value, event.received_at_s)), ()
        case BenchmarkProgress():
            progress = before.live.value("benchmark:progress")
            known = progress if isinstance(progress, BenchmarkProgress) else BenchmarkProgress(())
            return _on_progress(state, known, value, event.received_at_s)
        case Activity():
            return _mark_happened(before, _log_activity_entries(state, value), event.received_at_s), ()
        case Pm2Events():
            return _mark_happened(before, _log_pm2_events(state, value), event.received_at_s), ()
    return state, ()


def _mark_happened(before: State, state: State, at_s: float) -> State:
    """Unless the values are repeated, as by polling: the history has new annotations."""
    return state if state.activity == before.activity else replace(state, happened_s=at_s)


def _log_activity_entries(state: State, activity: Activity) -> State:
    for entry in activity.entries:
        actor = f" by {entry.actor}" if entry.actor not in ("", LOCAL_ACTOR) else ""
        at = entry.at.astimezone() if entry.at else None
        text = f"{(entry.message or f'{entry.action} {entry.target}').removesuffix('.')}{actor}"
        tone = OUTCOME_TONES.get(entry.outcome, "plain")
        state = log_activity(state, entry.action.split(".")[0], text, tone, at)
    return state


def _log_pm2_events(state: State, pm2_events: Pm2Events) -> State:
    for event in pm2_events.events:
        at = event.at.astimezone() if event.at else None
        text = event.text or f"{event.name or ''} {event.kind}"
        if event.name and event.name not in text:
            text = f"{event.name} {text}"
        is_intended = event.exit is not None and (event.exit.by is not None or event.exit.cause == "manual")
        state = log_activity(state, "pm2", text, "plain" if is_intended else EVENT_TONES.get(event.kind, "plain"), at)
    return state


def _keep_selection(before: State, state: State, panel: str) -> State:
    """Move the selection to the neighbour of a removed row, with a toast if the panel is focused."""
    state, removed = keep_selection(before, state, panel)
    row = selected_row(state, panel)
    if not removed or row is None or panel != state.focus:
        return state
    return show_toast(state, f"{removed} is gone; selected {row.identity}", "warn")


def _add_chart_points(live: LiveData, host: HostStats, at_s: float) -> LiveData:
    cpu, memory = (with_point(live.cpu, at_s, host.cpu), with_point(live.memory, at_s, host.memory))
    return replace(live, cpu=cpu, memory=memory)


def _on_progress(state: State, known: BenchmarkProgress, progress: BenchmarkProgress, at_s: float) -> Transition:
    """Chart the rate of the first run, fetch results when there is a new one, and runs on open pages that advanced."""
    live = state.live
    run = progress.runs[0] if progress.runs else None
    if run and run.req_per_sec is not None:
        points = live.rates if live.rates_run == run.id else ()
        rates = (*(point for point in points if at_s - point.at_s <= 2 * HISTORY_S), Point(at_s, run.req_per_sec))
        state = replace(state, live=replace(live, rates=rates, rates_run=run.id))
    calls: tuple[effects.Effect, ...] = ()
    if progress.last_result != known.last_result and state.link.is_up:
        state, calls = fetch(state, "latest", "benchmark_latest", BenchmarkResults, {"count": RECENT_RESULTS})
    for page in state.windows:
        if isinstance(page, RunPage) and page.run_id and _stage(known, page.run_id) != _stage(progress, page.run_id):
            state, call = fetch(state, "run", "benchmark_run_details", BenchmarkRun, {"run_id": page.run_id})
            calls += call
    return state, calls


def _stage(progress: BenchmarkProgress, run_id: str) -> tuple[str, str, int] | None:
    """State, phase and trial of a run; None if it is not in progress."""
    return next(((run.state, run.phase, run.trial) for run in progress.runs if run.id == run_id), None)


def _append_log_lines(state: State, value: LogLines) -> State:
    windows = tuple(_with_log_lines(window, value) if isinstance(window, Logs) else window for window in state.windows)
    return replace(state, windows=windows)


def _with_log_lines(logs: Logs, value: LogLines) -> Logs:
    """Append lines that are new. If scrolled up, the visible lines stay in place."""
    known = set(logs.lines[-len(value.lines) - 200 :]) if logs.lines else set()
    new = tuple(
        line
        for line in value.lines
        if (line.at is None or line not in known) and (logs.pm_id is None or line.pm_id in (None, logs.pm_id))
    )
    lines = (*logs.lines, *new)[-MAX_LOG_LINES:]
    lines_back = min(logs.lines_back + len(new), len(lines)) if logs.lines_back else 0
    return replace(logs, lines=lines, lines_back=lines_back)


def on_missed(state: State, stream: str, count: int | None) -> Transition:
    """`count`: None if the number of lost items is unknown."""
    if stream == "pm2:logs":
        windows = tuple(
            replace(window, missed=window.missed + (count or 1)) if isinstance(window, Logs) else window
            for window in state.windows
        )
        return replace(state, windows=windows), ()
    if count is None:
        is_logged = any(line.text == EVENTS_LOST and line.at == state.wall for line in state.activity)
        return (state if is_logged else log_activity(state, "connect", EVENTS_LOST)), ()
    return log_activity(state, "connect", f"{stream}: {count} messages were missed", "warn"), ()


def on_error_reported(state: State, event: events.ErrorReported) -> Transition:
    """Logged once only: an older server rejects an unknown stream at every connection."""
    if any(line.text == event.message for line in state.activity[:20]):
        return state, ()
    return log_activity(state, "server", event.message, "warn"), ()


def refresh(state: State) -> Transition:
    """Fetch configuration and results again; reconnect immediately if offline."""
    if not state.link.is_up:
        link = replace(state.link, phase="offline" if state.link.was_up else "connecting", retry_at_s=None)
        return show_toast(replace(state, link=link), "Reconnecting", "plain"), (effects.Reconnect(),)
    state, calls = _fetch_everything(replace(state, history_problem=""))
    return show_toast(state, "Refreshed", "plain"), calls
