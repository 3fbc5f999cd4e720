"""Fills charts: from the history when they open or show another time, and from the streams meanwhile. [pure]"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from dashboard_client.tui.model import charts, effects, events
from dashboard_client.tui.model.charts import Chart, Series
from dashboard_client.tui.model.rows import process_identity
from dashboard_client.tui.model.state import PendingCall, State, clock_offset_s
from dashboard_client.tui.model.windows import NodeDetails, ProcessDetails, Window
from dashboard_client.tui.update.api_calls import Transition, fetch
from dashboard_client.wire.host_and_pm2 import Pm2Stats
from dashboard_client.wire.metric_history import MetricHistory
from dashboard_client.wire.redis import RedisStats

UNSUPPORTED_STATUSES = (404, 405)  # of endpoints that an older server does not have
SWITCHED_OFF = "history_off"
TOO_OLD = "this server has no history of metrics"


def fetch_due(state: State) -> Transition:
    """The calls for visible series that are empty, old or of another time; one at a time for each series, so that the
    newest request follows the response to the one before it."""
    if not state.link.is_up or state.history_problem:
        return state, ()
    calls: tuple[effects.Effect, ...] = ()
    for chart in _open_charts(state):
        for series in chart.visible:
            if _is_due(state, chart, series) and not _is_pending(state, series):
                purpose, arguments = charts.purpose(chart, series), charts.arguments(chart, series)
                state, call = fetch(state, purpose, "history", MetricHistory, arguments)
                calls += call
    return state, calls


def fetch_again(state: State) -> Transition:
    """After a connection was lost, charts have a gap that the history may fill."""
    return fetch_due(_with_series(state, lambda _, one: replace(one, checked_s=None)))


def _open_charts(state: State) -> list[Chart]:
    details = [window for window in state.windows if isinstance(window, (ProcessDetails, NodeDetails))]
    return [state.host_chart, *(window.chart for window in details)]


def _is_due(state: State, chart: Chart, series: Series) -> bool:
    points = {"host.cpu": state.live.cpu, "host.memory": state.live.memory}.get(series.metric, series.live)
    return charts.is_due(chart, series, points, state.now_s, clock_offset_s(state), state.happened_s)


def _is_pending(state: State, series: Series) -> bool:
    return any(call.purpose.startswith(charts.stem(series)) for call in state.pending_calls.values())


def is_for_chart(call: PendingCall) -> bool:
    return call.purpose.startswith("chart ")


def fill_charts(state: State, call: PendingCall, history: MetricHistory) -> Transition:
    """A response for a time that is no longer visible fills nothing; the request for the visible one follows."""
    if state.server_clock_s is None and history.to is not None and call.purpose.endswith(" now"):
        state = replace(state, server_clock_s=history.to.timestamp() - state.now_s)
    state = _with_answered(state, call, lambda one: charts.filled(one, history, call.purpose, state.now_s))
    return fetch_due(state)


def keep_streams_alone(state: State, call: PendingCall, failure: events.ApiFailed) -> Transition:
    """The charts go on with what the streams bring, for good if the server has no history."""
    if failure.status in UNSUPPORTED_STATUSES or failure.code == SWITCHED_OFF:
        problem = failure.message if failure.code == SWITCHED_OFF else TOO_OLD
        return replace(state, history_problem=problem), ()
    state = _with_answered(
        state, call,
        lambda one: replace(one, answered=call.purpose, checked_s=state.now_s, problem=failure.message),
    )  # fmt: skip
    return fetch_due(state)


def _with_answered(state: State, call: PendingCall, change: Callable[[Series], Series]) -> State:
    """`change` applied to the series that wait for this call."""

    return _with_series(state, lambda chart, one: change(one) if charts.purpose(chart, one) == call.purpose else one)


def _with_series(state: State, change: Callable[[Chart, Series], Series]) -> State:
    """`change` applied to every series of every chart."""

    def changed(chart: Chart) -> Chart:
        return replace(chart, series=tuple(change(chart, one) for one in chart.series))

    windows = tuple(
        replace(window, chart=changed(window.chart)) if isinstance(window, (ProcessDetails, NodeDetails)) else window
        for window in state.windows
    )
    return replace(state, host_chart=changed(state.host_chart), windows=windows)


def with_current_process(window: Window, pm2: Pm2Stats, at_s: float) -> Window:
    """Process details show the process as it is; once it is gone, its last values."""
    if not isinstance(window, ProcessDetails):
        return window
    identity = process_identity(window.process)
    current = next((process for process in pm2.processes if process_identity(process) == identity), None)
    samples = charts.process_samples(current, pm2.processes) if current else {}
    chart = charts.with_samples(window.chart, samples, at_s)
    return replace(window, process=current or window.process, chart=chart)


def with_current_node(window: Window, redis: RedisStats, at_s: float) -> Window:
    if not isinstance(window, NodeDetails):
        return window
    current = next((node for node in redis.stats if node.port == window.node.port), None)
    chart = charts.with_samples(window.chart, charts.node_samples(current) if current else {}, at_s)
    return replace(window, node=current or window.node, chart=chart)


def with_server_clock(state: State, event: events.StreamData) -> State:
    """By the time that the server sends with the values."""
    try:
        at = datetime.fromisoformat(event.timestamp)
        return replace(state, server_clock_s=at.timestamp() - event.received_at_s) if at.tzinfo else state
    except (ValueError, OverflowError):
        return state
