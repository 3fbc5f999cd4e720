"""What follows from what happens: `update(state, event)` is the whole behaviour of the dashboard. [pure]"""

from __future__ import annotations

from dataclasses import replace

from dashboard_client.tui.model import effects, events
from dashboard_client.tui.model.state import INTERVALS_MS, Link, State, View
from dashboard_client.tui.update.keys import pressed
from dashboard_client.tui.update.mouse import clicked
from dashboard_client.tui.update.network_events import complained, connected, connecting, disconnected, measured, missed
from dashboard_client.tui.update.requests import Outcome, note, toast
from dashboard_client.tui.update.responses import answered, failed
from dashboard_client.tui.update.typing import pasted


def begin(state: State) -> Outcome:
    """What is wanted from the first moment; the feed keeps it up over every loss."""
    return state, tuple(effects.Subscribe(stream, interval) for stream, interval in INTERVALS_MS.items())


def update(state: State, event: events.Event) -> Outcome:
    """The state after `event`, and what is to be done. Never raises, whatever the server sent."""
    match event:
        case events.Key(name):
            return pressed(state, name)
        case events.Pasted(text):
            return pasted(state, text)
        case events.Mouse():
            return clicked(state, event)
        case events.Tick(now_s, wall):
            is_over = state.toast is not None and now_s >= state.toast.until_s
            return replace(state, now_s=now_s, wall=wall or state.wall, toast=None if is_over else state.toast), ()
        case events.Resize(width, height):
            return replace(state, width=max(0, width), height=max(0, height)), ()
        case events.Resumed():
            return state, (effects.Redraw(), effects.CatchMouse(not state.is_selecting))
        case events.Connecting(attempt):
            return connecting(state, attempt)
        case events.Connected():
            return connected(state, event)
        case events.Disconnected():
            return disconnected(state, event)
        case events.Metric():
            return measured(state, event)
        case events.Missed(stream, count):
            return missed(state, stream, count)
        case events.Complained():
            return complained(state, event)
        case events.ApiAnswered(call_id, value):
            return answered(state, call_id, value)
        case events.ApiFailed():
            return failed(state, event)
        case _:
            return _outcome(state, event)


def _outcome(state: State, event: events.Event) -> Outcome:
    """What became of files, the clipboard and another server."""
    match event:
        case events.Saved(path):
            return note(toast(state, f"Saved: {path}"), "file", f"saved {path}", "ok"), ()
        case events.NotSaved(message):
            return note(toast(state, message, "bad"), "file", message, "bad"), ()
        case events.Copied(characters, sent, path):
            cut = f" of {characters:,}" if sent < characters else ""
            where = f"; {'all' if cut else 'also'} in {path}" if path else ""
            return toast(state, f"{sent:,}{cut} characters sent to the clipboard{where}", "warn" if cut else "ok"), ()
        case events.Switched(server):
            fresh = replace(
                state, server=server, link=Link(since_s=state.now_s), view=View(), paused=None, config=None, jobs={},
                overlays=(), selected={}, marked_run="",
            )  # fmt: skip
            return note(fresh, "connect", f"now to {server}"), ()
        case events.NotSwitched(message):
            return toast(state, message, "bad"), ()
        case _:
            return state, ()
