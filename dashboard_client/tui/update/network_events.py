"""What the connection and its streams bring. [pure]"""

from __future__ import annotations

from dataclasses import replace

from dashboard_client.tui.model import effects, events
from dashboard_client.tui.model.rows import chosen, kept, process_identity
from dashboard_client.tui.model.state import HISTORY_S, Heard, Link, Point, State, View
from dashboard_client.tui.model.windows import MAX_LOG_LINES, Logs, Overlay, ProcessDetails, RunPage
from dashboard_client.tui.update.requests import Outcome, ask, note, toast
from dashboard_client.wire.benchmarks import BenchmarkProgress, BenchmarkResults, BenchmarkRun, SystemConfig
from dashboard_client.wire.host_and_pm2 import Activity, Happenings, HostStats, LogLines, Pm2Stats

RECENT = 20
HERE = "this machine"  # the server's word for whoever needs no key: no news
LIST_OF = {"pm2:stats": "pm2", "redis:stats": "redis"}
UNKNOWN = "what happened meanwhile is not known: the server began anew, or it was too much"
TONES = {"exit": "bad", "daemon": "warn", "restarted": "warn"}
OUTCOMES = {"ok": "plain", "refused": "warn", "failed": "bad"}


def connecting(state: State, attempt: int) -> Outcome:
    if state.link.is_up:  # polling goes on while /ws is tried again
        return state, ()
    phase = "offline" if state.link.was_up or state.link.phase == "offline" else "connecting"
    return replace(state, link=replace(state.link, phase=phase, attempt=attempt, retry_at_s=None)), ()


def connected(state: State, event: events.Connected) -> Outcome:
    link = Link(
        "polling" if event.is_polling else "live", reason=event.reason, since_s=event.received_at_s, was_up=True
    )
    is_new = not state.link.is_up
    state = replace(state, link=link)
    if is_new:
        how = f"by polling: {event.reason}" if event.is_polling else "live"
        state = note(state, "connect", f"{state.server} {how}", "ok")
    state, first = ask(state, "config", "system_config", SystemConfig)
    state, second = ask(state, "latest", "benchmark_latest", BenchmarkResults, {"count": RECENT})
    return state, (*first, *second)


def disconnected(state: State, event: events.Disconnected) -> Outcome:
    is_final = event.retry_in_s is None
    link = Link(
        "refused" if is_final else "offline",
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
        state = note(state, "connect", f"{lost}{reason}{code}", "bad")
    return replace(state, link=link), ()


def measured(state: State, event: events.Metric) -> Outcome:
    """Gauges replace what was known; the others are lines for the logs."""
    value = event.value
    if isinstance(value, LogLines):
        return _lines(state, value), ()
    before = state.view.value("benchmark:progress")
    heard = {**state.view.heard, event.stream: Heard(value, event.received_at_s, state.wall)}
    known, state = state, replace(state, view=replace(state.view, heard=heard))
    panel = LIST_OF.get(event.stream)
    if panel:
        state = _still_selected(known, state, panel)
    if isinstance(value, Pm2Stats):
        state = replace(state, overlays=tuple(_followed(each, value) for each in state.overlays))
    if isinstance(value, HostStats):
        return replace(state, view=_charts(state.view, value, event.received_at_s)), ()
    if isinstance(value, BenchmarkProgress):
        return _progress(state, value, before, event.received_at_s)
    if isinstance(value, Activity):
        for entry in value.entries:
            who = f" by {entry.actor}" if entry.actor not in ("", HERE) else ""
            at = entry.at.astimezone() if entry.at else None
            text = f"{(entry.message or f'{entry.action} {entry.target}').removesuffix('.')}{who}"
            state = note(state, entry.action.split(".")[0], text, OUTCOMES.get(entry.outcome, "plain"), at)
    if isinstance(value, Happenings):
        for each in value.events:
            at = each.at.astimezone() if each.at else None
            text = each.text or f"{each.name or ''} {each.kind}"
            if each.name and each.name not in text:
                text = f"{each.name} {text}"
            is_wanted = each.exit is not None and (each.exit.by is not None or each.exit.cause == "manual")
            state = note(state, "pm2", text, "plain" if is_wanted else TONES.get(each.kind, "plain"), at)
    return state, ()


def _followed(overlay: Overlay, pm2: Pm2Stats) -> Overlay:
    """The page of a process says what it is now; of one that is gone, what it was."""
    if not isinstance(overlay, ProcessDetails):
        return overlay
    same = (each for each in pm2.processes if process_identity(each) == process_identity(overlay.process))
    return replace(overlay, process=next(same, overlay.process))


def _still_selected(known: State, state: State, panel: str) -> State:
    """What was selected may be gone: the cursor goes to its neighbour, and says so where one looks."""
    state, gone = kept(known, state, panel)
    row = chosen(state, panel)
    if not gone or row is None or panel != state.focus:
        return state
    return toast(state, f"{gone} is gone; now on {row.identity}", "warn")


def _charts(view: View, host: HostStats, at_s: float) -> View:
    def later(points: tuple[Point, ...], value: float) -> tuple[Point, ...]:
        return (*(each for each in points if at_s - each.at_s <= HISTORY_S), Point(at_s, value))

    return replace(view, cpu=later(view.cpu, host.cpu), memory=later(view.memory, host.memory))


def _progress(state: State, value: BenchmarkProgress, before: object, at_s: float) -> Outcome:
    """The live rate of the first run; a new result is fetched, and a run that is looked at, when it came further."""
    view = state.view
    run = value.runs[0] if value.runs else None
    if run and run.req_per_sec is not None:
        kept = view.rates if view.rates_of == run.id else ()
        rates = (*(each for each in kept if at_s - each.at_s <= 2 * HISTORY_S), Point(at_s, run.req_per_sec))
        state = replace(state, view=replace(view, rates=rates, rates_of=run.id))
    known = before if isinstance(before, BenchmarkProgress) else BenchmarkProgress(())
    asked: tuple[effects.Effect, ...] = ()
    if value.last_result != known.last_result and state.link.is_up:
        state, asked = ask(state, "latest", "benchmark_latest", BenchmarkResults, {"count": RECENT})
    for page in state.overlays:
        if isinstance(page, RunPage) and page.run_id and _place(known, page.run_id) != _place(value, page.run_id):
            state, more = ask(state, "run", "benchmark_run_details", BenchmarkRun, {"run_id": page.run_id})
            asked += more
    return state, asked


def _place(progress: BenchmarkProgress, run_id: str) -> tuple[str, str, int] | None:
    """How far a run is; None when it is not under way."""
    return next(((run.state, run.phase, run.trial) for run in progress.runs if run.id == run_id), None)


def _lines(state: State, value: LogLines) -> State:
    """Into the open log view. Who has scrolled up stays with the lines that are read."""
    overlays = tuple(_longer(each, value) if isinstance(each, Logs) else each for each in state.overlays)
    return replace(state, overlays=overlays)


def _longer(logs: Logs, value: LogLines) -> Logs:
    known = set(logs.lines[-len(value.lines) - 200 :]) if logs.lines else set()
    fresh = tuple(
        line
        for line in value.lines
        if (line.at is None or line not in known) and (logs.pm_id is None or line.pm_id in (None, logs.pm_id))
    )
    lines = (*logs.lines, *fresh)[-MAX_LOG_LINES:]
    back = min(logs.back + len(fresh), len(lines)) if logs.back else 0
    return replace(logs, lines=lines, back=back)


def missed(state: State, stream: str, count: int | None) -> Outcome:
    if stream == "pm2:logs":
        overlays = tuple(
            replace(each, missed=each.missed + (count or 1)) if isinstance(each, Logs) else each
            for each in state.overlays
        )
        return replace(state, overlays=overlays), ()
    if count is None:
        is_said = any(each.text == UNKNOWN and each.at == state.wall for each in state.notes)
        return (state if is_said else note(state, "connect", UNKNOWN)), ()
    return note(state, "connect", f"{stream}: {count} messages were missed", "warn"), ()


def complained(state: State, event: events.Complained) -> Outcome:
    """A stream that an older server does not know is no reason to worry anybody twice."""
    if any(each.text == event.message for each in state.notes[:20]):
        return state, ()
    return note(state, "server", event.message, "warn"), ()


def refresh(state: State) -> Outcome:
    """Everything anew; offline, try again at once."""
    if not state.link.is_up:
        link = replace(state.link, phase="offline" if state.link.was_up else "connecting", retry_at_s=None)
        return toast(replace(state, link=link), "Trying again", "plain"), (effects.Reconnect(),)
    state, first = ask(state, "config", "system_config", SystemConfig)
    state, second = ask(state, "latest", "benchmark_latest", BenchmarkResults, {"count": RECENT})
    return toast(state, "Refreshed", "plain"), (*first, *second)
