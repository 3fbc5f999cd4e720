"""Handles API responses: stores the value, or fills the window that is waiting for it. [pure]

`PendingCall.purpose`, as given to `api_calls.fetch`, identifies that window.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from dashboard_client.formatting.figures import rate
from dashboard_client.tui.model import effects, events
from dashboard_client.tui.model.server_requests import ServerRequest, chain_requests, start_file
from dashboard_client.tui.model.state import MAX_RESULTS, State
from dashboard_client.tui.model.windows import Compare, Form, History, Logs, Page, ProcessDetails, RunPage, Window
from dashboard_client.tui.text.node_text import info_lines, info_title, slow_log_lines, slow_log_title
from dashboard_client.tui.text.window_text import LATEST, latest_lines
from dashboard_client.tui.update.api_calls import (
    Transition,
    confirm_or_send,
    fetch,
    log_activity,
    push_window,
    send,
    show_toast,
)
from dashboard_client.tui.update.chart_data import (
    UNSUPPORTED_STATUSES,
    fill_charts,
    is_for_chart,
    keep_streams_alone,
)
from dashboard_client.tui.update.open_windows import with_current_items
from dashboard_client.wire.action_result import ActionResult, StartPreview
from dashboard_client.wire.benchmarks import (
    AcceptedRun,
    BenchmarkResult,
    BenchmarkResults,
    BenchmarkRun,
    Comparison,
    LatestResults,
)
from dashboard_client.wire.host_and_pm2 import LogLines, ProcessPage
from dashboard_client.wire.metric_history import MetricHistory
from dashboard_client.wire.readiness import Readiness
from dashboard_client.wire.redis import NodeInfo, RedisStatus, SlowLog
from dashboard_client.wire.system_config import SavedTarget, SystemConfig

MAX_ANNOUNCED = 3  # more new results at once come from an import
AnyWindow = TypeVar("AnyWindow")


def on_response(state: State, call_id: str, value: object) -> Transition:
    call = state.pending_calls.get(call_id)
    if call is None:  # sent to the previous server, or a duplicate
        return state, ()
    state = _remove_call(state, call_id)
    if call.request:
        return _finish_request(state, call.request, value)
    match value:
        case MetricHistory():
            return fill_charts(state, call, value)
        case SystemConfig():
            return with_current_items(replace(state, config=value)), ()
        case BenchmarkResults() if call.purpose == "latest":
            state = _announce_results(state, value.results)
            return replace(state, live=replace(state.live, results=value.results[:MAX_RESULTS])), ()
        case BenchmarkResults():
            return _fill(state, History, lambda window: replace(window, results=value.results)), ()
        case BenchmarkRun():
            return _fill(state, RunPage, lambda page: replace(page, run=value) if page.run_id == value.id else page), ()
        case ProcessPage():
            return _fill(
                state,
                ProcessDetails,
                lambda page: replace(page, response=value) if call.purpose == f"process {page.process.pm_id}" else page,
            ), ()
        case Comparison():
            return _fill(
                state,
                Compare,
                lambda window: (
                    replace(window, comparison=value)
                    if call.purpose == f"compare {window.base.id} {window.new.id}"
                    else window
                ),
            ), ()
        case LogLines():
            return _fill(state, Logs, lambda logs: replace(logs, lines=(*value.lines, *logs.lines))), ()
        case LatestResults():
            return _fill_page(state, LATEST, latest_lines(value)), ()
        case NodeInfo():
            return _fill_page(state, info_title(value.port), info_lines(value)), ()
        case SlowLog():
            return _fill_page(state, slow_log_title(value.port), slow_log_lines(value)), ()
        case Readiness():
            return push_window(state, Page("The server's installation", value.lines())), ()
        case _:
            return state, ()


def _announce_results(state: State, results: tuple[BenchmarkResult, ...]) -> State:
    """Report benchmarks that have finished since the last response."""
    if state.live.results is None:  # in the first response, none is new
        return state
    known = {result.id for result in state.live.results}
    for result in reversed([result for result in results[:MAX_ANNOUNCED] if result.id not in known]):
        text = f"{result.framework} {result.method} {result.endpoint}: {rate(result)} requests/s, {result.validity}"
        tone = {"valid": "ok", "invalid": "bad"}.get(result.validity, "warn")
        state = log_activity(show_toast(state, text, tone), "benchmark", text, tone)
    return state


def _remove_call(state: State, call_id: str) -> State:
    return replace(state, pending_calls={key: call for key, call in state.pending_calls.items() if key != call_id})


def _finish_request(state: State, request: ServerRequest, value: object) -> Transition:
    """Report the result, then send the next request of a chain."""
    if isinstance(value, StartPreview):
        return confirm_or_send(state, start_file(str(request.arguments["ecosystem"]), value.apps))
    text, tone = _describe_result(request.title, value)
    state = show_toast(state, text, tone)
    if state.link.phase != "live":  # when live, the activity stream reports it
        state = log_activity(state, "done", text, tone)
    if isinstance(value, ActionResult):
        for warning in value.warnings:
            state = log_activity(state, "warning", warning, "warn")
        for skipped in value.skipped:
            state = log_activity(state, "skipped", f"{skipped.name}: {skipped.reason}", "plain")
    if isinstance(value, RedisStatus):
        lines = tuple(line for line in (value.state, value.message, value.next_step) if line)
        state = push_window(state, Page("Redis Cluster", lines))
    calls: tuple[effects.Effect, ...] = ()
    if isinstance(value, AcceptedRun):
        state = replace(_close_form(state, request), focus="run")
    if isinstance(value, SavedTarget):
        state, calls = fetch(state, "config", "system_config", SystemConfig)
    if request.next_requests:
        state, next_calls = send(state, chain_requests(request.next_requests))
        return state, (*calls, *next_calls)
    page = state.top_window
    if isinstance(page, RunPage) and page.run_id:  # the request may have changed the displayed run
        return fetch(state, "run", "benchmark_run_details", BenchmarkRun, {"run_id": page.run_id})
    return state, calls


def _close_form(state: State, request: ServerRequest) -> State:
    """The form whose run the server has accepted, unless it was closed meanwhile."""
    windows = tuple(window for window in state.windows if not (isinstance(window, Form) and window.sent == request))
    return replace(state, windows=windows)


def _describe_result(title: str, value: object) -> tuple[str, str]:
    """Text and tone."""
    if isinstance(value, AcceptedRun):
        return value.message or f"{title}: queued", "ok"
    if isinstance(value, SavedTarget):
        return value.message or f"{title}: done", "ok"
    if isinstance(value, RedisStatus):
        return f"Redis Cluster: {value.state}", "plain"
    if isinstance(value, ActionResult):
        return value.message or f"{title}: done", "ok" if value.success else "bad"
    return f"{title}: done", "ok"


def _fill(state: State, kind: type[AnyWindow], fill: Callable[[AnyWindow], Window]) -> State:
    """Apply `fill` to every open window of one kind."""
    windows = tuple(fill(window) if isinstance(window, kind) else window for window in state.windows)
    return replace(state, windows=windows)


def _fill_page(state: State, title: str, lines: tuple[str, ...]) -> State:
    """Set the text of the page with this title, unless it has been closed."""
    return _fill(state, Page, lambda page: replace(page, lines=lines) if page.title == title else page)


def on_failure(state: State, event: events.ApiFailed) -> Transition:
    """Failed requests are reported with a toast, failed fetches in the window that waits for the response."""
    call = state.pending_calls.get(event.call_id)
    if call is None:
        return state, ()
    state = _remove_call(state, event.call_id)
    if call.request:
        text = f"{call.title}: {event.message}"
        state = show_toast(state, text, "bad")
        if state.link.phase != "live" or not event.status:  # the activity stream reports what the server refused
            state = log_activity(state, "failed", text, "bad")
        if call.request.next_requests:
            state = log_activity(state, "failed", "The remaining steps were skipped", "warn")
        return _show_problem_in_form(state, call.request, text), ()
    if is_for_chart(call):
        return keep_streams_alone(state, call, event)
    if call.purpose in ("config", "latest"):
        if event.status in UNSUPPORTED_STATUSES:  # menus have fewer items
            return state, ()
        return log_activity(state, "server", event.message, "warn"), ()
    if call.purpose == "ready":
        return push_window(state, Page("The server's installation", (event.message,))), ()
    state = _fill_page(state, call.purpose, (event.message,))
    return _show_problem(state, call.purpose, event.message), ()


def _show_problem(state: State, purpose: str, message: str) -> State:
    """Show the message in the windows that wait for this response."""
    kind = _WAITING_WINDOWS.get(purpose.split(" ")[0])

    def with_problem(window: Window) -> Window:
        if type(window) is kind and isinstance(window, (History, Logs, RunPage, ProcessDetails)):
            return replace(window, problem=message)
        return window

    return replace(state, windows=tuple(with_problem(window) for window in state.windows))


def _show_problem_in_form(state: State, request: ServerRequest, problem: str) -> State:
    """Why the run of an open form, or the request before it, failed."""
    run = (request, *request.next_requests)[-1]
    return _fill(state, Form, lambda form: replace(form, problem=problem, sent=None) if form.sent == run else form)


_WAITING_WINDOWS = {"history": History, "logs": Logs, "run": RunPage, "process": ProcessDetails}
