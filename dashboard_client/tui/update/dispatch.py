"""`update(state, event)`: the dashboard's whole behaviour, dispatched by type of event. [pure]"""

from __future__ import annotations

from dataclasses import replace

from dashboard_client.tui.model import effects, events
from dashboard_client.tui.model.charts import HOST_CHART
from dashboard_client.tui.model.state import INTERVALS_MS, Link, LiveData, State
from dashboard_client.tui.update.api_calls import Transition, log_activity, show_toast
from dashboard_client.tui.update.chart_data import fetch_due
from dashboard_client.tui.update.keys import handle_key
from dashboard_client.tui.update.mouse import handle_mouse
from dashboard_client.tui.update.network_events import (
    on_connected,
    on_connecting,
    on_disconnected,
    on_error_reported,
    on_missed,
    on_stream_data,
)
from dashboard_client.tui.update.responses import on_failure, on_response
from dashboard_client.tui.update.text_input import handle_paste


def begin_subscriptions(state: State) -> Transition:
    """Subscribe to every stream once; the live connection restores subscriptions after each reconnect."""
    return state, tuple(effects.Subscribe(stream, interval) for stream, interval in INTERVALS_MS.items())


def update(state: State, event: events.Event) -> Transition:
    """The state after `event`, and the effects to perform. Never raises, whatever the server sent."""
    match event:
        case events.Key(name):
            return handle_key(state, name)
        case events.Pasted(text):
            return handle_paste(state, text)
        case events.Mouse():
            return handle_mouse(state, event)
        case events.Tick(now_s, wall):
            is_over = state.toast is not None and now_s >= state.toast.until_s
            toast = None if is_over else state.toast
            return fetch_due(replace(state, now_s=now_s, wall=wall or state.wall, toast=toast))
        case events.Resize(width, height):
            return replace(state, width=max(0, width), height=max(0, height)), ()
        case events.Resumed():
            return state, (effects.Redraw(), effects.CaptureMouse(not state.is_selecting))
        case events.Connecting(attempt):
            return on_connecting(state, attempt)
        case events.Connected():
            return on_connected(state, event)
        case events.Disconnected():
            return on_disconnected(state, event)
        case events.StreamData():
            return on_stream_data(state, event)
        case events.Missed(stream, count):
            return on_missed(state, stream, count)
        case events.ErrorReported():
            return on_error_reported(state, event)
        case events.ApiSucceeded(call_id, value):
            return on_response(state, call_id, value)
        case events.ApiFailed():
            return on_failure(state, event)
        case _:
            return _on_effect_result(state, event)


def _on_effect_result(state: State, event: events.Event) -> Transition:
    """Results of file, clipboard and server-switch effects."""
    match event:
        case events.Saved(path):
            return log_activity(show_toast(state, f"Saved: {path}"), "file", f"saved {path}", "ok"), ()
        case events.NotSaved(message):
            return log_activity(show_toast(state, message, "bad"), "file", message, "bad"), ()
        case events.Copied(characters, sent, path):
            is_cut = sent < characters
            total = f" of {characters:,}" if is_cut else ""
            file = f"; {'all' if is_cut else 'also'} in {path}" if path else ""
            text = f"{sent:,}{total} characters sent to the clipboard{file}"
            return show_toast(state, text, "warn" if is_cut else "ok"), ()
        case events.Switched(server):
            state = replace(
                state, server=server, link=Link(since_s=state.now_s), live=LiveData(), paused=None, config=None,
                pending_calls={}, windows=(), selected={}, marked_run="", host_chart=HOST_CHART, history_problem="",
                server_clock_s=None,
            )  # fmt: skip
            return log_activity(state, "connect", f"switched to {server}"), ()
        case events.NotSwitched(message):
            return show_toast(state, message, "bad"), ()
        case _:
            return state, ()
