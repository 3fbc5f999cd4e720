"""What the API answered, and who had asked. [pure]"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from dashboard_client.formatting.figures import rate
from dashboard_client.tui.model import events
from dashboard_client.tui.model.actions import Act
from dashboard_client.tui.model.state import MAX_RESULTS, Job, State
from dashboard_client.tui.model.windows import Compare, History, Logs, Overlay, Page, ProcessDetails, RunPage
from dashboard_client.tui.text.node_text import info_lines, info_title, slow_log_lines, slow_log_title
from dashboard_client.tui.text.window_text import LATEST, latest_lines
from dashboard_client.tui.update.requests import Outcome, ask, note, opened, send, toast
from dashboard_client.wire.benchmarks import (
    AcceptedRun,
    BenchmarkResult,
    BenchmarkResults,
    BenchmarkRun,
    Comparison,
    Done,
    LatestResults,
    SystemConfig,
)
from dashboard_client.wire.host_and_pm2 import LogLines, ProcessPage
from dashboard_client.wire.readiness import Readiness
from dashboard_client.wire.redis import NodeInfo, RedisStatus, SlowLog

TOO_OLD = (404, 405)
NEWEST = 3  # more come by an import, and are no news
Window = TypeVar("Window")


def answered(state: State, call_id: str, value: object) -> Outcome:
    job = state.jobs.get(call_id)
    if job is None:  # asked of another server, or twice
        return state, ()
    state = _without(state, call_id)
    if job.kind == "act":
        return _done(state, job, value)
    match value:
        case SystemConfig():
            return replace(state, config=value), ()
        case BenchmarkResults() if job.kind == "latest":
            state = _announced(state, value.results)
            return replace(state, view=replace(state.view, results=value.results[:MAX_RESULTS])), ()
        case BenchmarkResults():
            return _filled(state, History, lambda each: replace(each, results=value.results)), ()
        case BenchmarkRun():
            return _filled(
                state, RunPage, lambda each: replace(each, run=value) if each.run_id == value.id else each
            ), ()
        case ProcessPage():
            return _filled(
                state,
                ProcessDetails,
                lambda each: replace(each, page=value) if job.kind == f"process {each.process.pm_id}" else each,
            ), ()
        case Comparison():
            return _filled(
                state,
                Compare,
                lambda each: replace(each, word=value) if job.kind == f"compare {each.base.id} {each.new.id}" else each,
            ), ()
        case LogLines():
            return _filled(state, Logs, lambda each: replace(each, lines=(*value.lines, *each.lines))), ()
        case LatestResults():
            return _texted(state, LATEST, latest_lines(value)), ()
        case NodeInfo():
            return _texted(state, info_title(value.port), info_lines(value)), ()
        case SlowLog():
            return _texted(state, slow_log_title(value.port), slow_log_lines(value)), ()
        case Readiness():
            return opened(state, Page("The server's installation", value.lines())), ()
        case _:
            return state, ()


def _announced(state: State, results: tuple[BenchmarkResult, ...]) -> State:
    """That a benchmark has ended, and with what: somebody may have waited for it."""
    if state.view.results is None:  # the first answer tells nothing new
        return state
    known = {each.id for each in state.view.results}
    for each in reversed([each for each in results[:NEWEST] if each.id not in known]):
        text = f"{each.framework} {each.method} {each.endpoint}: {rate(each)} requests/s, {each.validity}"
        tone = {"valid": "ok", "invalid": "bad"}.get(each.validity, "warn")
        state = note(toast(state, text, tone), "benchmark", text, tone)
    return state


def _without(state: State, call_id: str) -> State:
    return replace(state, jobs={key: job for key, job in state.jobs.items() if key != call_id})


def _done(state: State, job: Job, value: object) -> Outcome:
    text, tone = _words(job, value)
    state = toast(state, text, tone)
    if state.link.phase != "live":  # there the stream of what is done says so itself
        state = note(state, "done", text, tone)
    if isinstance(value, Done):
        for warning in value.warnings:
            state = note(state, "warning", warning, "warn")
        for skipped in value.skipped:
            state = note(state, "left", f"{skipped.name}: {skipped.reason}", "plain")
    if isinstance(value, RedisStatus):
        lines = tuple(each for each in (value.state, value.message, value.next_step) if each)
        state = opened(state, Page("Redis Cluster", lines))
    if isinstance(value, AcceptedRun):
        state = replace(state, focus="run")
    following = [each for each in job.rest if isinstance(each, Act)]
    if following:
        return send(state, replace(following[0], then=tuple(following[1:])))
    page = state.top
    if isinstance(page, RunPage) and page.run_id:  # what was done may have changed the run that is looked at
        return ask(state, "run", "benchmark_run_details", BenchmarkRun, {"run_id": page.run_id})
    return state, ()


def _words(job: Job, value: object) -> tuple[str, str]:
    if isinstance(value, AcceptedRun):
        return value.message or f"{job.title}: queued", "ok"
    if isinstance(value, RedisStatus):
        return f"Redis Cluster: {value.state}", "plain"
    if isinstance(value, Done):
        return value.message or f"{job.title}: done", "ok" if value.success else "bad"
    return f"{job.title}: done", "ok"


def _filled(state: State, kind: type[Window], fill: Callable[[Window], Overlay]) -> State:
    overlays = tuple(fill(each) if isinstance(each, kind) else each for each in state.overlays)
    return replace(state, overlays=overlays)


def _texted(state: State, title: str, lines: tuple[str, ...]) -> State:
    """Into the page that waits under this title; one that was closed meanwhile stays so."""
    return _filled(state, Page, lambda each: replace(each, lines=lines) if each.title == title else each)


def failed(state: State, event: events.ApiFailed) -> Outcome:
    """What was asked for by hand is said loudly, the rest where the answer would have stood."""
    job = state.jobs.get(event.call_id)
    if job is None:
        return state, ()
    state = _without(state, event.call_id)
    if job.kind == "act":
        text = f"{job.title}: {event.message}"
        state = toast(state, text, "bad")
        if state.link.phase != "live" or not event.status:  # what the server refused, its own stream tells
            state = note(state, "failed", text, "bad")
        return (note(state, "failed", "What was to follow was not begun", "warn") if job.rest else state), ()
    if job.kind in ("config", "latest"):
        if event.status in TOO_OLD:  # an older server: menus have less, nothing is wrong
            return state, ()
        return note(state, "server", event.message, "warn"), ()
    if job.kind == "ready":
        return opened(state, Page("The server's installation", (event.message,))), ()
    return _explained(_texted(state, job.kind, (event.message,)), job.kind, event.message), ()


def _explained(state: State, kind: str, message: str) -> State:
    """In the window that waits for the answer."""

    def told(overlay: Overlay) -> Overlay:
        is_it = type(overlay) is _WAITING.get(kind.split(" ")[0])
        if is_it and isinstance(overlay, (History, Logs, RunPage, ProcessDetails)):
            return replace(overlay, problem=message)
        return overlay

    return replace(state, overlays=tuple(told(each) for each in state.overlays))


_WAITING = {"history": History, "logs": Logs, "run": RunPage, "process": ProcessDetails}
