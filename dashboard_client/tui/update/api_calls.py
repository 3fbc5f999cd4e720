"""Turns server requests into API calls, confirming first where required. The only module that emits `Call`. [pure]

Also the building blocks that all handlers share: toasts, activity lines, the stack of windows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from dashboard_client.tui.model import effects
from dashboard_client.tui.model.server_requests import Confirmation, ServerRequest
from dashboard_client.tui.model.state import MAX_ACTIVITY_LINES, TOAST_S, ActivityLine, PendingCall, State, Toast
from dashboard_client.tui.model.windows import Confirm, Window

Transition = tuple[State, tuple[effects.Effect, ...]]  # the new state, and the effects to carry out


def show_toast(state: State, text: str, tone: str = "ok") -> State:
    return replace(state, toast=Toast(text, tone, state.now_s + TOAST_S))


def log_activity(state: State, kind: str, text: str, tone: str = "plain", at: datetime | None = None) -> State:
    """Insert a line into the activity log, newest first. A line with its own time `at` that is already there has been
    replayed after a reconnect and is ignored."""
    when = at or state.wall
    if when is not None and when.tzinfo is not None:
        when = when.astimezone().replace(tzinfo=None)
    line = ActivityLine(when, kind, text, tone)
    if at is not None and line in state.activity:
        return state
    index = 0
    # An entry replayed after a reconnect is older than others already there.
    while when and index < len(state.activity) and (state.activity[index].at or when) > when:
        index += 1
    return replace(state, activity=(*state.activity[:index], line, *state.activity[index:])[:MAX_ACTIVITY_LINES])


def push_window(state: State, window: Window) -> State:
    return replace(state, windows=(*state.windows, window))


def pop_window(state: State) -> State:
    return replace(state, windows=state.windows[:-1])


def replace_top_window(state: State, window: Window) -> State:
    return replace(state, windows=(*state.windows[:-1], window))


def fetch(
    state: State,
    purpose: str,
    api_method: str,
    response_type: type[object],
    arguments: Mapping[str, object] | None = None,
) -> Transition:
    """A read-only call; `purpose` selects the window that receives the response (`responses`)."""
    call = PendingCall(state.now_s, purpose)
    return _send_call(state, api_method, response_type, arguments or {}, call)


def confirm_or_send(state: State, request: ServerRequest) -> Transition:
    """The effect that sends the request, or a dialog if it requires confirmation, or a toast if it cannot be sent."""
    if state.is_read_only and not request.is_read_only:
        return show_toast(state, f"{request.title}: disabled by --readonly", "warn"), ()
    if not state.link.is_up:
        return show_toast(state, f"{request.title}: not sent, no connection", "warn"), ()
    if any(call.title == request.title for call in state.pending_calls.values()):
        return show_toast(state, f"{request.title}: already in progress", "warn"), ()
    if request.confirmation is not Confirmation.NONE:
        return push_window(state, Confirm(request, state.server)), ()
    return send(state, request)


def send(state: State, request: ServerRequest) -> Transition:
    """The effect that sends without confirmation: for `confirm_or_send`, confirmed dialogs, and the next of a chain."""
    call = PendingCall(state.now_s, request=request)
    state = show_toast(state, f"{request.title}…", "plain")
    return _send_call(state, request.api_method, request.response_type, request.arguments, call)


def _send_call(
    state: State, api_method: str, response_type: type[object], arguments: Mapping[str, object], call: PendingCall
) -> Transition:
    call_id = str(state.next_call)
    state = replace(state, next_call=state.next_call + 1, pending_calls={**state.pending_calls, call_id: call})
    return state, (effects.Call(call_id, api_method, response_type, arguments),)
