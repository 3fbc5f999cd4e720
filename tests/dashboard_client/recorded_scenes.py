"""States of the dashboard whose server has recorded a night: every call for the history is answered."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC
from typing import cast

from dashboard_client.tui.model import effects, events
from dashboard_client.tui.model.state import State
from dashboard_client.tui.update.dispatch import update
from dashboard_client.wire.decode import convert
from dashboard_client.wire.metric_history import MetricHistory
from tests.dashboard_client.recorded_night import night
from tests.dashboard_client.tui import scenes

NOW = scenes.WALL.replace(tzinfo=UTC)
NAMES = {"start": "from", "end": "to"}


def history_calls(sent: Iterable[effects.Effect]) -> list[effects.Call]:
    return [effect for effect in sent if isinstance(effect, effects.Call) and effect.api_method == "history"]


def answered(state: State, sent: Iterable[effects.Effect]) -> State:
    """The state after the answers to these calls, and to those that follow."""
    waiting = history_calls(sent)
    while waiting:
        call = waiting.pop(0)
        query = {NAMES.get(name, name): str(value) for name, value in call.arguments.items() if value is not None}
        history = convert(MetricHistory, cast("object", night(query, NOW)))
        state, more = update(state, events.ApiSucceeded(call.call_id, history))
        waiting += history_calls(more)
    return state


def recorded(width: int = 120, height: int = 32) -> State:
    """Connected, with the answers to the first calls."""
    state = scenes.live(width, height)
    first = [
        effects.Call(call_id, "history", MetricHistory, {"metric": call.purpose.split()[1], "start": "-60s"})
        for call_id, call in state.pending_calls.items()
        if call.purpose.startswith("chart ")
    ]
    return answered(state, first)


def pressed(state: State, *names: str) -> State:
    """After keys, each with the answers to its calls."""
    for name in names:
        state, sent = update(state, events.Key(name))
        state = answered(state, sent)
    return state
