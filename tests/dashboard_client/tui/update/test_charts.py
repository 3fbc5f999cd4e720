"""Charts: which calls for the history are sent when, what their answers fill, and how range, time and cursor move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard_client.tui.model import charts, effects, events
from dashboard_client.tui.model.charts import LIVE_S, RANGES, Chart, Point
from dashboard_client.tui.model.state import State, clock_offset_s
from dashboard_client.tui.model.windows import NodeDetails, ProcessDetails
from dashboard_client.tui.update.chart_actions import active_chart
from dashboard_client.tui.update.dispatch import update
from dashboard_client.wire.host_and_pm2 import Pm2Event, Pm2Events, Pm2Stats
from dashboard_client.wire.metric_history import MetricHistory
from dashboard_client.wire.redis import RedisStats
from tests.dashboard_client.recorded_scenes import NOW, answered, history_calls, pressed, recorded
from tests.dashboard_client.tui import scenes
from tests.dashboard_client.tui.scenes import NOW_S, keys, play

ANSWER = MetricHistory("host.cpu", None, "percent", 60.0, points=((1e9, 1.0, 2.0, 3.0),), to=NOW)
DAY = ["]"] * 4


def requested(sent: Sequence[effects.Effect]) -> list[tuple[object, ...]]:
    """Metric, subject, begin and end of each call for the history."""
    names = ("metric", "subject", "start", "end")
    return [tuple(call.arguments.get(name) for name in names) for call in history_calls(sent)]


def fail(call: effects.Call, status: int = 500, code: str = "failed") -> events.ApiFailed:
    return events.ApiFailed(call.call_id, "the message", code, status)


def tick(state: State, seconds: float) -> tuple[State, list[effects.Effect]]:
    return play(state, events.Tick(NOW_S + seconds, scenes.WALL + timedelta(seconds=seconds)))


def test_a_process_opens_with_the_history_of_its_instance_then_of_its_app() -> None:
    state, sent = keys(recorded(), "enter")
    assert requested(sent) == [
        (f"instance.{figure}", "fastify:0", "-60s", None) for figure in ("cpu", "memory", "eventLoopMs")
    ]

    _, sent = keys(answered(state, sent), "backtab")
    assert requested(sent) == [
        (f"app.{figure}", "fastify", "-60s", None) for figure in ("cpu", "memory", "eventLoopMs")
    ]


def test_a_redis_node_opens_with_its_history() -> None:
    state, sent = keys(recorded(), "2", "down", "enter")

    assert requested(sent) == [(f"redis.{figure}", "7001", "-60s", None) for figure in ("ops", "memory")]
    assert isinstance(state.top_window, NodeDetails)


def test_an_answer_fills_its_series_alone() -> None:
    state, sent = keys(recorded(), "]")
    state, sent = keys(recorded(), "6", "]")
    call = history_calls(sent)[0]

    state, _ = play(state, events.ApiSucceeded(call.call_id, ANSWER))

    cpu, memory = state.host_chart.series
    assert cpu.past == charts.Past(ANSWER.intervals(), 60.0, ())
    assert memory.past != cpu.past


def test_keys_of_charts_do_nothing_over_a_list() -> None:
    state, sent = keys(recorded(), "1", "]", "<")

    assert (state.host_chart.range, requested(sent)) == (0, [])


def test_while_a_request_is_in_flight_the_newest_waits_and_the_answer_to_another_fills_nothing() -> None:
    state, sent = keys(recorded(), "6", "]", "]", "]", "]")
    assert requested(sent) == [("host.cpu", None, "-900s", None), ("host.memory", None, "-900s", None)]
    before = state.host_chart.series[0].past

    state, sent = play(state, events.ApiSucceeded(history_calls(sent)[0].call_id, ANSWER))

    assert state.host_chart.series[0].past == before
    assert requested(sent) == [("host.cpu", None, "-86400s", None)]


def test_a_time_in_the_past_is_requested_by_the_clock_of_the_server() -> None:
    state, sent = keys(recorded(), "6", *DAY)
    _, sent = keys(answered(state, sent), "<")

    times = [(NOW - timedelta(hours=hours)).isoformat(timespec="milliseconds")[:-6] + "Z" for hours in (36, 12)]
    assert requested(sent)[0] == ("host.cpu", None, *times)


def test_the_clock_of_the_server_is_that_of_its_stream() -> None:
    sent_at = NOW + timedelta(hours=1)
    stream = events.StreamData("system:metrics", scenes.host(1, 1), NOW_S, sent_at.isoformat())
    state, _ = play(scenes.live(), stream)
    unknown, _ = play(state, replace(stream, timestamp="soon"))

    assert clock_offset_s(state) == sent_at.timestamp() - NOW_S
    assert unknown.server_clock_s == state.server_clock_s
    assert clock_offset_s(replace(state, server_clock_s=None)) == scenes.WALL.timestamp() - NOW_S


def test_a_failure_is_tried_again_and_the_samples_go_on() -> None:
    state, sent = keys(recorded(), "6", "]")
    state, _ = play(state, *(fail(call) for call in history_calls(sent)))
    points = len(state.live.cpu)
    assert [series.problem for series in state.host_chart.series] == ["the message"] * 2

    state, sent = play(state, events.StreamData("system:metrics", scenes.host(50, 3000), NOW_S + 1))
    assert (len(state.live.cpu), requested(sent), state.toast) == (points + 1, [], None)
    assert requested(tick(state, 29)[1]) == []
    assert [call[0] for call in requested(tick(state, 31)[1])] == ["host.cpu", "host.memory"]


@pytest.mark.parametrize(("status", "code"), [(404, "not_found"), (405, ""), (503, "history_off")])
def test_a_server_without_a_history_is_not_asked_again_until_it_is_another(status: int, code: str) -> None:
    state = scenes.live()
    call_id = next(call_id for call_id, call in state.pending_calls.items() if call.purpose.startswith("chart"))
    state, _ = play(state, events.ApiFailed(call_id, "HISTORY=0", code, status))

    _, sent = keys(state, "6", "]", "left", "<", "escape", "1", "enter")
    assert (requested(sent), requested(tick(state, 3600)[1])) == ([], [])
    assert state.toast is None

    again, sent = play(state, events.Disconnected("gone", NOW_S, 1.0), events.Connected(NOW_S))
    assert again.history_problem == ""
    assert "host.memory" not in [call[0] for call in requested(sent)]  # still in flight
    assert requested(sent) == [("host.cpu", None, "-60s", None)]


def test_without_a_connection_nothing_is_requested() -> None:
    state, _ = play(recorded(), events.Disconnected("gone", NOW_S, 1.0))

    assert requested(keys(state, "6", "]", "left")[1]) == []


def test_a_reconnect_fills_the_gap_of_the_connection() -> None:
    state, _ = play(recorded(), events.Disconnected("gone", NOW_S, 1.0))

    assert [call[0] for call in requested(play(state, events.Connected(NOW_S))[1])] == ["host.cpu", "host.memory"]


def test_another_server_has_charts_of_its_own() -> None:
    state, _ = play(pressed(recorded(), "6", *DAY, "left"), events.Switched("http://other:3100"))

    assert (state.host_chart, state.server_clock_s, state.history_problem) == (charts.HOST_CHART, None, "")


@pytest.mark.parametrize(("longer", "after_s"), [(2, 30), (3, 180), (4, 600), (6, 600)])
def test_a_long_range_follows_the_time(longer: int, after_s: int) -> None:
    state = pressed(recorded(), "6", *["]"] * longer)

    assert requested(tick(state, after_s - 1)[1]) == []
    assert [call[0] for call in requested(tick(state, after_s + 1)[1])] == ["host.cpu", "host.memory"]


def test_a_short_range_is_continued_by_the_stream() -> None:
    state = pressed(recorded(), "6", "]")

    assert requested(tick(state, 3600)[1]) == []


def test_the_hole_before_the_first_sample_is_filled_once() -> None:
    state, sent = play(scenes.empty(), events.Connected(NOW_S))
    state = answered(state, sent)
    state, _ = play(state, events.StreamData("system:metrics", scenes.host(50, 3000), NOW_S + 1))
    assert requested(tick(state, 14)[1]) == []

    state, sent = tick(state, 16)
    assert [call[0] for call in requested(sent)] == ["host.cpu", "host.memory"]
    assert requested(tick(answered(state, sent), 60)[1]) == []


def test_marks_of_what_happens_now_are_fetched_a_little_later() -> None:
    state, _ = tick(pressed(recorded(), "6", "]"), 60)
    happened = [
        events.StreamData("pm2:events", Pm2Events((Pm2Event("exit", f"api {number} exited", at=NOW),)), NOW_S + at)
        for number, at in enumerate((60, 60, 61.5))
    ]
    state, sent = play(state, *happened[:2])
    assert requested(sent) == []

    state, sent = tick(state, 61)
    assert [call[0] for call in requested(sent)] == ["host.cpu", "host.memory"]
    state, _ = play(answered(state, sent), happened[2])
    assert requested(tick(state, 65)[1]) == []
    state, sent = tick(state, 67)
    assert len(requested(sent)) == 2
    repeated, _ = play(answered(state, sent), *(replace(event, received_at_s=NOW_S + 70) for event in happened))
    assert requested(tick(repeated, 80)[1]) == []


def test_a_figure_without_a_stream_follows_the_time() -> None:
    state = pressed(recorded(), "enter")

    assert [call[0] for call in requested(tick(state, 11)[1])] == ["instance.eventLoopMs"]


def test_a_stopped_chart_is_completed_once_its_last_samples_are_written() -> None:
    state = pressed(recorded(), "6", "]", "left")

    assert requested(tick(state, 29)[1]) == []
    later, sent = tick(state, 100)
    assert [call[0] for call in requested(sent)] == ["host.cpu", "host.memory"]
    later = answered(later, sent)
    assert requested(tick(later, 200)[1]) == []


def chart_of(state: State) -> tuple[float, float | None, float | None]:
    """Range, and how long before now the right edge and the cursor are, in seconds."""
    chart, now_s = active_chart(state), state.now_s + clock_offset_s(state)
    end, cursor = (None if at_s is None else round(now_s - at_s, 3) for at_s in (chart.end_s, chart.cursor_s))
    return chart.range_s, end, cursor


def test_the_cursor_begins_at_the_newest_column_and_moves_by_one() -> None:
    state = pressed(recorded(), "6", *DAY)
    column_s = 86400 / 53  # the panel is 60 cells wide, with a border and labels

    first = pressed(state, "left")
    assert chart_of(first) == (86400, 0, round(column_s / 2, 3))
    assert chart_of(pressed(first, "left", "left")) == (86400, 0, round(column_s * 2.5, 3))
    assert chart_of(pressed(first, "left", "right", "right")) == (86400, None, None)
    assert chart_of(pressed(first, "left", "home")) == (86400, None, None)


def test_a_chart_follows_its_cursor_beyond_the_edges() -> None:
    state = pressed(recorded(), "6", "]")
    left = pressed(state, *["left"] * 54)
    assert chart_of(left)[:2] == (900, 225)

    farther = pressed(left, *["left"] * 20)
    assert chart_of(farther)[:2] == (900, 450)
    assert chart_of(pressed(farther, *["right"] * 53))[:2] == (900, 225)
    assert chart_of(pressed(left, *["right"] * 41))[:2] == (900, 0)


def test_a_chart_moves_by_half_a_range_and_not_beyond_now() -> None:
    state = pressed(recorded(), "6", "]", "left", "<", "<")
    assert chart_of(state)[1] == 900
    assert chart_of(pressed(state, ">"))[1] == 450
    assert chart_of(pressed(state, ">", ">")) == (900, None, None)


def test_a_range_changes_around_the_cursor_within_its_limits() -> None:
    state = pressed(recorded(), "6", *["]"] * 9)
    assert chart_of(state)[0] == 1209600

    state = pressed(state, *["left"] * 20, "[", "[", "[")
    range_s, end, cursor = chart_of(state)
    assert (range_s, (cursor or 0) - (end or 0)) == (21600, 10800)
    assert chart_of(pressed(recorded(), "6", "]", "left", "]", "]"))[:2] == (21600, 0)
    assert chart_of(pressed(state, "home", *"[[[[[[")) == (60, None, None)
    assert chart_of(pressed(state, "home", *"--+")) == (3600, None, None)


@pytest.mark.parametrize(("key", "focus"), [("right", "memory"), ("tab", "memory"), ("l", "memory"), ("h", "activity")])
def test_at_now_the_right_key_leads_to_the_next_panel(key: str, focus: str) -> None:
    assert pressed(recorded(), "6", key).focus == focus


def test_escape_leads_back_to_now_before_it_leaves_the_zoom() -> None:
    state = pressed(recorded(), "7", "e", "]", "left", "escape")
    assert (state.is_zoomed, chart_of(state)[1:]) == (True, (None, None))

    assert not pressed(state, "escape").is_zoomed


def test_a_paused_chart_ends_at_the_pause() -> None:
    state, _ = tick(pressed(recorded(), "6", "p"), 50)

    chart = active_chart(pressed(state, "left"))
    assert chart.end_s == NOW_S + clock_offset_s(state)


def test_the_palette_changes_the_charts_of_the_panels() -> None:
    state, sent = keys(recorded(), ":", *"longer range", "enter")

    assert (state.windows, state.host_chart.range_label) == ((), "15 min")
    assert len(requested(sent)) == 2


def test_samples_of_a_process_continue_its_charts() -> None:
    state = pressed(recorded(), "enter")
    stopped = replace(scenes.PROCESSES[0], status="stopped")
    state, _ = play(
        state,
        events.StreamData("pm2:stats", scenes.PM2, NOW_S + 1),
        events.StreamData("pm2:stats", Pm2Stats((stopped, *scenes.PROCESSES[1:])), NOW_S + 2),
        events.StreamData("pm2:stats", Pm2Stats(()), NOW_S + 3),
    )

    assert isinstance(state.top_window, ProcessDetails)
    mb = 2.0**20
    assert {series.metric: series.live for series in state.top_window.chart.series} == {
        "instance.cpu": (Point(NOW_S + 1, 38.0),),
        "instance.memory": (Point(NOW_S + 1, 85 * mb),),
        "instance.eventLoopMs": (),
        "app.cpu": (Point(NOW_S + 1, 74.5), Point(NOW_S + 2, 36.5)),
        "app.memory": (Point(NOW_S + 1, 164 * mb), Point(NOW_S + 2, 79 * mb)),
        "app.eventLoopMs": (),
    }


def test_samples_of_a_node_continue_its_charts_and_its_text_is_current() -> None:
    state = pressed(recorded(), "2", "enter")
    busier = replace(scenes.NODES[0], ops_per_second=9000.0, memory_bytes=None)
    state, _ = play(state, events.StreamData("redis:stats", RedisStats((busier,)), NOW_S + 1))
    state, _ = play(state, events.StreamData("redis:stats", RedisStats(()), NOW_S + 2))

    assert isinstance(state.top_window, NodeDetails)
    assert state.top_window.node == busier
    assert [series.live for series in state.top_window.chart.series] == [(Point(NOW_S + 1, 9000.0),), ()]


def test_samples_are_bounded() -> None:
    points: tuple[Point, ...] = ()
    for second in range(2000):
        points = charts.with_point(points, float(second), 1.0)

    assert (len(points), points[0].at_s) == (LIVE_S + 1, 2000 - 1 - LIVE_S)


CHART_KEYS = ["[", "]", "left", "right", "<", ">", "home", "tab", "p", "e", "escape"]


@settings(deadline=None, max_examples=80)
@given(
    st.sampled_from(["6", "7", "enter"]),
    st.lists(st.sampled_from(CHART_KEYS) | st.integers(1, 4000) | st.booleans(), max_size=40),
)
def test_any_keys_keep_the_cursor_visible_and_one_request_for_each_series(
    opened: str, steps: list[str | int | bool]
) -> None:
    """A number lets seconds pass, a boolean answers or fails all calls."""
    state, _ = keys(replace(scenes.live(), server_clock_s=NOW.timestamp() - NOW_S), opened)
    seconds = 0
    for step in steps:
        if isinstance(step, bool):
            for call_id, call in list(state.pending_calls.items()):
                value = events.ApiSucceeded(call_id, ANSWER) if step else events.ApiFailed(call_id, "busy", "busy", 503)
                if call.purpose.startswith("chart"):
                    state, _ = update(state, value)
        elif isinstance(step, int):
            seconds += step
            state, _ = tick(state, seconds)
        else:
            state, _ = keys(state, step)
        chart = active_chart(state)
        now_s = state.now_s + clock_offset_s(state)
        assert chart.end_s is None or now_s - charts.KEPT_S <= chart.end_s <= now_s
        assert is_visible(chart)
        stems = [" ".join(call.purpose.split()[:3]) for call in state.pending_calls.values() if "chart" in call.purpose]
        assert len(stems) == len(set(stems))


def is_visible(chart: Chart) -> bool:
    if chart.cursor_s is None:
        return True
    return chart.end_s is not None and chart.end_s - chart.range_s - 1e-3 <= chart.cursor_s <= chart.end_s + 1e-3


def test_the_ranges_are_those_of_the_documents() -> None:
    assert [label for label, _ in RANGES] == ["60 s", "15 min", "1 h", "6 h", "1 d", "7 d", "14 d"]
    assert NOW.tzinfo is UTC
