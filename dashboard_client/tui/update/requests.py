"""From what a person wants to a call: the one place where something leaves, and what has to be asked before. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from dashboard_client.tui.model import effects
from dashboard_client.tui.model.actions import SAFE, Act
from dashboard_client.tui.model.state import MAX_NOTES, TOAST_S, Job, Note, State, Toast
from dashboard_client.tui.model.windows import Confirm, Overlay

Outcome = tuple[State, tuple[effects.Effect, ...]]


def toast(state: State, text: str, tone: str = "ok") -> State:
    return replace(state, toast=Toast(text, tone, state.now_s + TOAST_S))


def note(state: State, kind: str, text: str, tone: str = "plain", at: datetime | None = None) -> State:
    """A line in the activity log, the newest first. One with a time of its own that stands there already was told again
    after a loss."""
    when = at or state.wall
    if when is not None and when.tzinfo is not None:
        when = when.astimezone().replace(tzinfo=None)
    line = Note(when, kind, text, tone)
    if at is not None and line in state.notes:
        return state
    newer = 0
    while when and newer < len(state.notes) and (state.notes[newer].at or when) > when:  # replayed after a loss
        newer += 1
    return replace(state, notes=(*state.notes[:newer], line, *state.notes[newer:])[:MAX_NOTES])


def opened(state: State, overlay: Overlay) -> State:
    return replace(state, overlays=(*state.overlays, overlay))


def closed(state: State) -> State:
    return replace(state, overlays=state.overlays[:-1])


def on_top(state: State, overlay: Overlay) -> State:
    """The top overlay in another condition."""
    return replace(state, overlays=(*state.overlays[:-1], overlay))


def ask(
    state: State, kind: str, endpoint: str, reads: type[object], arguments: Mapping[str, object] | None = None
) -> Outcome:
    """A question that changes nothing on the server; `kind` says who waits for the answer."""
    return _call(state, endpoint, reads, arguments or {}, Job("", state.now_s, kind))


def perform(state: State, act: Act) -> Outcome:
    """Do it, or say why not, or ask first."""
    if state.is_readonly and not act.is_reading:
        return toast(state, f"{act.title}: not with --readonly", "warn"), ()
    if not state.link.is_up:
        return toast(state, f"{act.title}: not sent, there is no connection", "warn"), ()
    if any(job.title == act.title for job in state.jobs.values()):
        return toast(state, f"{act.title}: already under way", "warn"), ()
    if act.tier > SAFE:
        return opened(state, Confirm(act, state.server)), ()
    return send(state, act)


def send(state: State, act: Act) -> Outcome:
    """Without another question. Only `perform` and a confirmation come here."""
    job = Job(act.title, state.now_s, "act", act.then)
    return _call(toast(state, f"{act.title}…", "plain"), act.endpoint, act.reads, act.arguments, job)


def _call(state: State, endpoint: str, reads: type[object], arguments: Mapping[str, object], job: Job) -> Outcome:
    call_id = str(state.next_call)
    later = replace(state, next_call=state.next_call + 1, jobs={**state.jobs, call_id: job})
    return later, (effects.Call(call_id, endpoint, reads, arguments),)
