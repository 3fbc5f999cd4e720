"""What follows from what happens: sequences of events, and the state and effects after them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dashboard_client.tui.model import actions, effects, events, keymap
from dashboard_client.tui.model.rows import chosen, process_identity, rows
from dashboard_client.tui.model.state import INTERVALS_MS, State, View
from dashboard_client.tui.model.windows import (
    Compare,
    Confirm,
    Form,
    History,
    Logs,
    Menu,
    Page,
    Palette,
    ProcessDetails,
    Prompt,
    RunPage,
)
from dashboard_client.tui.screen import theme
from dashboard_client.tui.text.node_text import node_lines
from dashboard_client.tui.text.window_text import compare_lines, page_lines
from dashboard_client.tui.update.dispatch import begin, update
from dashboard_client.tui.view.render import render
from dashboard_client.wire.benchmarks import (
    Baseline,
    BenchmarkProgress,
    BenchmarkResults,
    BenchmarkRun,
    Comparison,
    Done,
    LastResult,
    LatestResults,
    RunProgress,
)
from dashboard_client.wire.host_and_pm2 import Activity, ActivityEntry, Counts, LogLine, LogLines, Pm2Stats
from dashboard_client.wire.redis import Cluster, NodeInfo, Persistence, RedisNode, RedisStats, SlowCommand, SlowLog
from tests.dashboard_client.tui import scenes
from tests.dashboard_client.tui.scenes import NOW_S, keys, play


def _asked(wanted: list[effects.Effect]) -> str:
    return next(each.call_id for each in wanted if isinstance(each, effects.Call))


def _last(wanted: list[effects.Effect]) -> str:
    return [each.call_id for each in wanted if isinstance(each, effects.Call)][-1]


def calls(wanted: list[effects.Effect]) -> list[tuple[str, dict[str, object]]]:
    return [(each.endpoint, dict(each.arguments)) for each in wanted if isinstance(each, effects.Call)]


def test_the_intervals_are_those_of_the_original() -> None:
    wanted = begin(scenes.empty())[1]

    assert wanted == tuple(effects.Subscribe(stream, interval) for stream, interval in INTERVALS_MS.items())
    assert (INTERVALS_MS["system:metrics"], INTERVALS_MS["pm2:stats"], INTERVALS_MS["redis:stats"]) == (
        1000,
        1000,
        5000,
    )


def test_a_connection_asks_for_what_menus_and_the_history_need() -> None:
    _, wanted = play(scenes.empty(), events.Connected(NOW_S))

    assert calls(wanted) == [("system_config", {}), ("benchmark_latest", {"count": 20})]


@pytest.mark.parametrize(("verb", "key"), [("restart", "R"), ("stop", "S"), ("delete", "D")])
def test_a_row_action_asks_first_and_then_names_the_process_by_id(verb: str, key: str) -> None:
    state, wanted = keys(scenes.live(), "down", key)
    assert (calls(wanted), type(state.top)) == ([], Confirm)

    state, wanted = keys(state, "y")

    assert calls(wanted) == [(f"pm2_{verb}", {"pm_id": 1})]
    assert state.overlays == ()


@pytest.mark.parametrize("key", ["enter", "escape", "n", "q", "ctrl-c"])
def test_everything_but_y_cancels_a_confirmation(key: str) -> None:
    state, wanted = keys(scenes.live(), "D", key)

    assert (state.overlays, calls(wanted)) == ((), [])


def test_a_node_is_told_in_the_units_of_people() -> None:
    known = RedisNode(
        7003, 21, "ours", "replica", 7000, "up", None, 0, (), 1.25, 1981872, 2047592, 0, 1, 0, 0, 12, None, 0.0, 0.5,
        0.0, 4096, 1.5, True, 0.79, 2.0, 131.0, "7.0.15", Persistence(True, False, 2),
    )  # fmt: skip
    master = RedisNode(7001, state="down", reason="connection refused", role="master", slots=5, slot_ranges=("0-4",))

    assert node_lines(known) == (
        "7003 replica   up   pid 21   ours",
        "Redis 7.0.15   cpu 2.0 %   up 2m   latency 0.79 ms",
        "",
        "memory       1.9 MB, at most 2.0 MB, no limit",
        "requests     1.2/s, hits –, errors 0.0/s",
        "keys         12, expired 0.5/s, evicted 0.0/s",
        "connections  1, blocked 0, rejected 0",
        "replica of   7000, link up, lag 4.0 kB and 1.5 s",
        "disk         the last writes to disk worked; changes are not logged (no AOF); 2 since the last save",
    )
    assert node_lines(master)[0] == "7001 master   down (connection refused)   pid –   other"
    assert node_lines(master)[-1] == "slots        5: 0-4"


def test_a_dialog_keeps_its_target_when_the_list_changes_under_it() -> None:
    state, _ = keys(scenes.live(), "down", "D")
    fewer = Pm2Stats(scenes.PROCESSES[2:], Counts(1, 2))
    state, _ = play(state, events.Metric("pm2:stats", fewer, NOW_S))

    assert calls(keys(state, "y")[1]) == [("pm2_delete", {"pm_id": 1})]


def test_the_selection_stays_with_the_process() -> None:
    state, _ = keys(scenes.live(), "down", "down")
    turned = Pm2Stats(tuple(reversed(scenes.PROCESSES)), Counts(3, 4))
    state, _ = play(state, events.Metric("pm2:stats", turned, NOW_S), events.Key("o"))

    row = chosen(state, "pm2")
    assert row is not None
    assert row.identity == process_identity(scenes.PROCESSES[2])


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("delete", [("pm2_delete_all", {})]), ("", []), ("delet", []), ("yes", [])],
)
def test_the_gravest_acts_want_a_word(typed: str, expected: list[object]) -> None:
    state, _ = keys(scenes.live(), ":", *"delete all processes…")
    state, wanted = keys(state, "enter", *typed, "enter")

    assert (calls(wanted), state.overlays) == (expected, ())


def test_nothing_is_sent_when_the_connection_went_away_under_a_dialog() -> None:
    state, _ = keys(scenes.live(), "D")
    state, wanted = play(state, events.Disconnected("gone", NOW_S, 1.0), events.Key("y"))

    assert calls(wanted) == []
    assert state.toast is not None
    assert "not sent" in state.toast.text


def test_readonly_sends_nothing() -> None:
    state = scenes.live()
    state = State(**{name: getattr(state, name) for name in State.__slots__} | {"is_readonly": True})

    state, wanted = keys(state, "D", "y", "b", "c", "y", "escape")

    assert all(name in ("benchmark_all",) for name, _ in calls(wanted))


def test_what_a_server_tells_again_after_its_restart_stands_once() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 6, UTC)
    told = ActivityEntry("pm2.stop", at, "eve", message="Stopped node: 2 processes.")
    first, _ = play(scenes.live(), events.Metric("activity", Activity((told,)), NOW_S))
    again = Activity((told, replace(told, at=at.replace(microsecond=7))))
    second, _ = play(first, events.Metric("activity", again, NOW_S))

    texts = ["Stopped node: 2 processes by eve"]
    assert [note.text for note in first.notes if "eve" in note.text] == texts
    assert [note.text for note in second.notes if "eve" in note.text] == texts * 2


def test_the_same_act_is_not_sent_twice() -> None:
    state, first = keys(scenes.live(), "R", "y")
    state, second = keys(state, "R", "y")

    assert (len(calls(first)), calls(second)) == (1, [])


def test_quick_start_goes_on_only_when_the_cluster_is_there() -> None:
    bare = (
        events.Metric("pm2:stats", Pm2Stats((), Counts(0, 0)), NOW_S),
        events.Metric("redis:stats", RedisStats(()), NOW_S),
    )
    state, wanted = keys(play(scenes.live(), *bare)[0], "m", "enter")
    assert calls(wanted) == [("redis_setup", {"node_count": 6})]
    call_id = next(each.call_id for each in wanted if isinstance(each, effects.Call))

    _, after_success = play(state, events.ApiAnswered(call_id, Done("ready")))
    later, after_failure = play(state, events.ApiFailed(call_id, "Port 7003 is taken.", "port_taken", 409))

    assert calls(after_success) == [("pm2_start", {"framework": "fastify"})]
    assert calls(after_failure) == []
    assert later.toast is not None
    assert "Port 7003 is taken." in later.toast.text
    assert [each.text for each in later.notes if each.kind == "failed"] == ["What was to follow was not begun"]


def test_quick_start_does_what_is_left_to_do() -> None:
    up = (RedisNode(7000, role="master"), RedisNode(7003, role="replica", master_port=7000))
    whole = RedisStats(up, Cluster(state="ok"))
    lame = RedisStats((up[0], replace(up[1], state="down")), Cluster(state="ok"))

    def first(redis: RedisStats, pm2: Pm2Stats) -> list[tuple[str, dict[str, object]]]:
        state, _ = play(
            scenes.live(), events.Metric("redis:stats", redis, NOW_S), events.Metric("pm2:stats", pm2, NOW_S)
        )
        return calls(keys(state, "m", "enter")[1])

    none = Pm2Stats((), Counts(0, 0))
    assert first(whole, none) == [("pm2_start", {"framework": "fastify"})]
    assert first(whole, scenes.PM2) == []
    assert first(lame, scenes.PM2) == [("redis_resume", {})]


def test_on_one_line_nothing_is_asked_or_answered() -> None:
    state, wanted = keys(scenes.live(20, 5), "D", "y", "S", "y", "m", "enter", "p")
    assert (state.overlays, calls(wanted)) == ((), [])

    asked, _ = keys(scenes.live(), "D")
    narrow, _ = play(asked, events.Resize(20, 5))
    assert calls(keys(narrow, "y")[1]) == []
    assert keys(narrow, "escape")[0].overlays == ()
    assert keys(narrow, "escape", "q")[1] == [effects.Quit()]


def test_the_cursor_goes_to_the_neighbour_of_what_is_gone_and_says_so() -> None:
    state, _ = keys(scenes.live(), "end")
    last = chosen(state, "pm2")
    assert last is not None
    fewer = Pm2Stats(scenes.PROCESSES[:-1], Counts(1, 3))
    state, _ = play(state, events.Metric("pm2:stats", fewer, NOW_S))

    row = chosen(state, "pm2")
    assert row is not None
    assert row.identity == process_identity(scenes.PROCESSES[-2])
    assert state.selected["pm2"] == row.identity
    assert state.toast is not None
    assert state.toast.text == f"{last.identity} is gone; now on {row.identity}"


def test_readonly_offers_nothing_that_changes_the_server() -> None:
    state = replace(scenes.live(), is_readonly=True)
    menu, palette = keys(state, "m")[0].top, keys(state, ":")[0].top
    assert isinstance(menu, Menu)
    assert isinstance(palette, Palette)

    sections = {offer.section for offer in menu.offers}
    assert sections == {"Redis", "PM2", "History", "Tools"}
    titles = {offer.title for offer in palette.offers}
    assert titles.isdisjoint(
        {"restart the process", "delete the process", "cancel the run", "Clean: delete the cluster"}
    )
    assert {"Cluster status", "Logs of all processes", "logs of the process"} <= titles
    assert {"restart", "stop", "delete"}.isdisjoint(text for _, text in keymap.bar(state))
    assert {"restart", "stop", "delete"} <= {text for _, text in keymap.bar(scenes.live())}


def test_a_refused_key_gets_other_advice_than_a_silent_server() -> None:
    page = keys(
        State(**{name: getattr(scenes.refused(), name) for name in State.__slots__} | {"view": View()}), "enter"
    )[0].top

    assert isinstance(page, Page)
    assert page.lines[-1] == "The dashboard has stopped trying. Ctrl-R tries once more."


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("6", [("redis_setup", {"node_count": 6, "replicas": None})]),
        ("9 2", [("redis_setup", {"node_count": 9, "replicas": 2})]),
        ("5", [("redis_setup", {"node_count": 5, "replicas": None, "allowNoFailover": True})]),
        ("2", []),
        ("7 1", []),
        ("", []),
    ],
)
def test_the_redis_prompt(typed: str, expected: list[object]) -> None:
    state, _ = keys(scenes.live(), "2", "n", "ctrl-u", *typed)
    state, wanted = keys(state, "enter")

    assert calls(wanted) == expected
    assert isinstance(state.top, Prompt) == (typed in ("2", "7 1"))


def test_an_impossible_topology_names_the_nearest_ones() -> None:
    state, _ = keys(scenes.live(), "2", "n", "ctrl-u", "7", " ", "1", "enter")

    assert isinstance(state.top, Prompt)
    assert state.top.problem == "7 nodes cannot give 3 or more masters 1 replicas each. Nearest: 6 or 8 nodes."


def test_the_run_form_sends_what_was_filled_in() -> None:
    state, _ = keys(scenes.live(), ":", *"express post", "enter")
    assert isinstance(state.top, Form)

    state, wanted = keys(state, "right", "right", "down", "5", "down", "3", "enter")

    assert calls(wanted) == [
        (
            "benchmark_run",
            {
                "framework": "express",
                "endpoint": "/code",
                "method": "POST",
                "profile": "standard",
                "duration": 5,
                "trials": 3,
            },
        )
    ]


@pytest.mark.parametrize(
    ("pressed", "problem"),
    [
        (("x",), "profile: one of quick, standard, rigorous."),
        (("down", "0"), "seconds of a trial: a number from 1 to 3600."),
        ((*("down",) * 6, *"ab"), "load generator: one of wrk, h2load, autocannon."),
    ],
)
def test_the_run_form_says_what_is_wrong(pressed: tuple[str, ...], problem: str) -> None:
    state, wanted = keys(scenes.live(), ":", *"express post", "enter", *pressed, "enter")

    assert calls(wanted) == []
    assert isinstance(state.top, Form)
    assert state.top.problem == problem


def test_typing_takes_the_place_of_a_proposal_and_erasing_edits_it() -> None:
    asked, _ = keys(scenes.live(), "2", "n")

    answers = [keys(asked, *typed)[0].top for typed in ("9", ("backspace",), ("backspace", "3"), ("1", "2"))]

    assert [each.text for each in answers if isinstance(each, Prompt)] == ["9", "", "3", "12"]


def test_scaling_proposes_how_many_there_are() -> None:
    state, _ = keys(scenes.live(), ":", *"scale fastify", "enter")
    assert isinstance(state.top, Prompt)
    assert state.top.text == "2"

    _, wanted = keys(state, "4", "enter")

    assert calls(wanted) == [("pm2_scale", {"framework": "fastify", "instances": 4})]


def test_info_and_slow_log_of_the_selected_node() -> None:
    state, wanted = keys(scenes.live(), "2", "down", "I")
    assert calls(wanted) == [("redis_node_info", {"port": 7001})]
    info = NodeInfo(7001, {"server": {"redis_version": "7.0.15"}, "clients": {"connected_clients": "3"}})
    state, _ = play(state, events.ApiAnswered(_asked(wanted), info))
    assert isinstance(state.top, Page)
    assert [" ".join(line.split()) for line in state.top.lines] == [
        "server", "redis_version 7.0.15", "", "clients", "connected_clients 3",
    ]  # fmt: skip

    state, wanted = keys(state, "escape", "W")
    assert calls(wanted) == [("redis_slowlog", {"port": 7001})]
    log = SlowLog(7001, (SlowCommand(None, 12.5, "KEYS *", "127.0.0.1:5000"),), 10.0)
    state, _ = play(state, events.ApiAnswered(_asked(wanted), log))

    assert isinstance(state.top, Page)
    assert (state.top.title, state.top.lines[0]) == (
        "Slow log of Redis node 7001", "1 slow command; kept is what took over 10 ms",
    )  # fmt: skip
    assert state.top.lines[2].split() == ["--:--:--", "12.5", "ms", "127.0.0.1:5000", "KEYS", "*"]


def test_the_latest_of_each_framework_stands_by_endpoint() -> None:
    state, wanted = keys(scenes.live(), "b", "l")
    assert calls(wanted) == [("benchmark_all", {"limit": 1000}), ("benchmark_latest_by_framework", {})]
    fastify, express = scenes.RESULTS
    broken = replace(fastify, framework="bun", validity="invalid", timestamp=None)
    latest = LatestResults({"e": express, "b": broken, "f": fastify})

    state, _ = play(state, events.ApiAnswered(_last(wanted), latest))

    assert isinstance(state.top, Page)
    assert [line.split()[:2] for line in state.top.lines] == [
        ["GET", "/simple"], ["fastify", "184.7k"], ["express", "21.0k"], ["bun", "184.7k"],
    ]  # fmt: skip
    assert state.top.lines[3].endswith("–  invalid")


def test_why_there_is_no_info_stands_where_it_was_to_be() -> None:
    state, wanted = keys(scenes.live(), "2", "I")

    state, _ = play(state, events.ApiFailed(_asked(wanted), "Node 7000 does not answer."))

    assert state.top == Page("INFO of Redis node 7000", ("Node 7000 does not answer.",))


def test_a_failover_names_who_may_take_over_and_asks() -> None:
    state, wanted = keys(scenes.live(), "2", "F")
    assert isinstance(state.top, Confirm)
    assert (calls(wanted), state.top.act.targets[1]) == ([], "a replica takes over: 7003")

    _, wanted = keys(state, "y")

    assert calls(wanted) == [("redis_failover", {"port": 7000})]


def test_a_click_on_the_key_bar_is_the_key() -> None:
    state = scenes.live()
    bar = "".join(render(state, theme.BRAILLE).chars[-1])

    opened, _ = play(state, events.Mouse("press", bar.index("benchmarks"), state.height - 1))
    beside, _ = play(state, events.Mouse("press", 0, state.height - 1))

    assert (type(opened.top), beside.top) == (History, None)


def test_the_other_theme_comes_at_once() -> None:
    assert keys(scenes.live(), "T")[1] == [effects.SwitchTheme()]


def test_logs_follow_and_stand_still_while_somebody_reads() -> None:
    state, wanted = keys(scenes.live(), "L")
    assert calls(wanted) == [("pm2_logs", {"lines": 200, "framework": "fastify", "pm_id": 0})]
    assert effects.Subscribe("pm2:logs", 500, {"framework": "fastify"}) in wanted
    first = LogLines(tuple(LogLine(f"line {n}", "fastify", 0) for n in range(5)))
    state, _ = play(state, events.Metric("pm2:logs", first, NOW_S), events.Key("up"))
    state, _ = play(state, events.Metric("pm2:logs", LogLines((LogLine("new", "fastify", 0),)), NOW_S))

    assert isinstance(state.top, Logs)
    assert (state.top.back, len(state.top.lines)) == (2, 6)
    assert keys(state, "q")[1] == [effects.Unsubscribe("pm2:logs")]


def test_saved_logs_have_a_name_without_folders() -> None:
    evil = Pm2Stats((scenes.PROCESSES[0].__class__(0, "../../etc/passwd", status="online"),), Counts(1, 1))
    state, _ = play(scenes.live(), events.Metric("pm2:stats", evil, NOW_S))

    _, wanted = keys(state, "L", "W")

    assert [each.name for each in wanted if isinstance(each, effects.SaveFile)] == ["etc-passwd.log"]


@pytest.mark.parametrize(
    ("pressed", "kind"),
    [
        (("b",), History), (("enter",), ProcessDetails), (("3", "enter"), RunPage), (("?",), Page),
        (("b", "x", "down", "x"), Compare), (("2", "enter"), Page),
    ],
)  # fmt: skip
def test_windows_open_and_escape_closes_them(pressed: tuple[str, ...], kind: type[object]) -> None:
    state, _ = keys(scenes.live(), *pressed)
    assert type(state.top) is kind

    for _ in range(len(state.overlays)):
        state, _ = keys(state, "escape")
    assert state.overlays == ()


def test_pause_holds_the_picture_and_loses_nothing() -> None:
    state, _ = keys(scenes.live(), "p")
    state, _ = play(state, events.Metric("pm2:stats", Pm2Stats((), Counts(0, 0)), NOW_S))

    assert len(state.shown.processes) == 4
    assert keys(state, "p")[0].shown.processes == ()


def test_a_filter_keeps_what_matches() -> None:
    state, _ = keys(scenes.live(), "/", *"expr", "enter")
    row = chosen(state, "pm2")

    assert row is not None
    assert row.identity == "2 express"
    assert keys(state, "escape")[0].filters == {"pm2": ""}


def test_a_new_result_is_fetched() -> None:
    _, wanted = play(scenes.live(), events.Metric("benchmark:progress", BenchmarkProgress((), LastResult("z")), NOW_S))

    assert calls(wanted) == [("benchmark_latest", {"count": 20})]


def test_the_page_of_a_process_says_what_it_is_now() -> None:
    state, _ = keys(scenes.live(), "enter")
    first = scenes.PROCESSES[0]
    later = Pm2Stats((replace(first, pid=4711, restarts=9), *scenes.PROCESSES[1:]), Counts(3, 4))
    state, _ = play(state, events.Metric("pm2:stats", later, NOW_S))
    assert isinstance(state.top, ProcessDetails)
    assert (state.top.process.pid, state.top.process.restarts) == (4711, 9)

    state, _ = play(state, events.Metric("pm2:stats", Pm2Stats(scenes.PROCESSES[1:], Counts(2, 3)), NOW_S))
    assert isinstance(state.top, ProcessDetails)
    assert state.top.process.pid == 4711


def test_what_was_cut_for_the_clipboard_is_told() -> None:
    state, _ = play(scenes.live(), events.Copied(100_000, 56_000, "/tmp/copied.txt"))

    assert state.toast is not None
    assert state.toast.text == "56,000 of 100,000 characters sent to the clipboard; all in /tmp/copied.txt"


def test_all_in_cluster_mode_are_reloaded_one_after_the_other() -> None:
    processes = tuple(
        replace(scenes.PROCESSES[0], pm_id=number, name=name, exec_mode=mode, status="online")
        for number, (name, mode) in enumerate([("b", "cluster_mode"), ("a", "cluster_mode"), ("c", "fork_mode")])
    )
    found = {offer.title: offer.does for offer in actions.offers(None, processes, None)}
    act = found["Reload all without a gap, one after the other"]

    assert isinstance(act, actions.Act)
    assert (act.arguments, [each.arguments for each in act.then]) == ({"name": "a"}, [{"name": "b"}])


def test_the_end_of_a_benchmark_is_told() -> None:
    state = scenes.live()
    new = replace(scenes.RESULTS[0], id="new", framework="koa", req_per_sec=63_400.0, saturation="contended")
    state, wanted = play(state, events.Metric("benchmark:progress", BenchmarkProgress((), LastResult("new")), NOW_S))
    call_id = next(each.call_id for each in wanted if isinstance(each, effects.Call))
    state, _ = play(state, events.ApiAnswered(call_id, BenchmarkResults((new, *scenes.RESULTS))))

    said = f"koa {new.method} {new.endpoint}: ≥ 63.4k requests/s, {new.validity}"
    assert state.toast is not None
    assert (state.toast.text, state.notes[0].text) == (said, said)


def test_a_run_that_is_looked_at_is_asked_for_when_it_came_further() -> None:
    state = scenes.running()
    state = replace(state, overlays=(RunPage("r"),))
    question = [("benchmark_run_details", {"run_id": "r"})]

    def hear(state: State, *runs: RunProgress) -> tuple[State, list[tuple[str, dict[str, object]]]]:
        state, wanted = play(state, events.Metric("benchmark:progress", BenchmarkProgress(runs), NOW_S))
        return state, calls(wanted)

    state, asked = hear(state, replace(scenes.RUN, elapsed_seconds=4.0))
    assert asked == []
    state, asked = hear(state, replace(scenes.RUN, trial=4))
    assert asked == question
    state, asked = hear(state, replace(scenes.RUN, trial=4), replace(scenes.RUN, id="other"))
    assert asked == []
    state, asked = hear(state)
    assert asked == question


def test_a_refusal_is_not_tried_again_by_itself_and_ctrl_r_does() -> None:
    state = scenes.refused()
    assert state.link.phase == "refused"

    assert keys(state, "ctrl-r")[1] == [effects.Reconnect()]


def test_an_older_server_is_no_reason_to_complain() -> None:
    state, wanted = play(scenes.empty(), events.Connected(NOW_S))
    call_id = next(
        each.call_id for each in wanted if isinstance(each, effects.Call) and each.endpoint == "system_config"
    )
    before = state.notes

    state, _ = play(state, events.ApiFailed(call_id, "Not found", "", 404))

    assert state.notes == before


def test_memory_stays_flat_over_an_hour() -> None:
    state = scenes.live()
    for second in range(3600):
        state, _ = update(state, events.Tick(NOW_S + second))
        state, _ = update(state, events.Metric("system:metrics", scenes.host(50, 3000), NOW_S + second))
        state, _ = update(state, events.Complained(f"something else {second}"))

    assert (len(state.view.cpu), len(state.view.memory), len(state.notes)) == (61, 61, 100)


def test_a_click_selects_and_never_acts() -> None:
    state, wanted = play(scenes.live(), events.Mouse("press", 5, 14))

    assert (state.selected["pm2"], wanted) == ("2 express", [])


def test_two_runs_are_compared_by_the_server() -> None:
    state, wanted = keys(scenes.live(), "3", "x", "down", "x")
    assert calls(wanted) == [("benchmark_compare", {"base": "a", "new": "b"})]
    assert isinstance(state.top, Compare)
    assert "single trial" in compare_lines(state.top)[-1]

    state = scenes.answer(state, "compare a b", Comparison("worse", "Slower by 88 %."))

    assert isinstance(state.top, Compare)
    assert compare_lines(state.top)[-1] == "Slower by 88 %."


def test_a_run_becomes_the_baseline_and_the_page_says_so() -> None:
    state, wanted = keys(scenes.live(), "3", "enter")
    run = BenchmarkRun("r1", "done", framework="fastify", endpoint="/simple", method="GET")
    asked_for = replace(run, id=dict(calls(wanted)[-1][1])["run_id"])  # type: ignore[arg-type]
    state, _ = play(state, events.ApiAnswered(_last(wanted), asked_for))
    state, _ = keys(state, "B")
    assert isinstance(state.top, Confirm)
    state, wanted = keys(state, "y")
    assert calls(wanted) == [("benchmark_name_baseline", {"run_id": asked_for.id})]
    state, wanted = play(state, events.ApiAnswered(_last(wanted), Done("It is the baseline.")))
    assert calls(wanted) == [("benchmark_run_details", {"run_id": asked_for.id})]
    named = replace(asked_for, baseline=Baseline(asked_for.id, True, "ann", None, "release 1.0"))
    state, _ = play(state, events.ApiAnswered(_last(wanted), named))

    assert isinstance(state.top, RunPage)
    assert "baseline     this run, named unknown time by ann: release 1.0" in page_lines(state.top)
    state, _ = keys(state, "B")
    assert isinstance(state.top, Confirm)
    assert state.top.act.endpoint == "benchmark_drop_baseline"


def test_a_run_page_tells_the_verdict_against_the_baseline() -> None:
    verdict = Comparison("worse", "fastify is 9.9 % slower than fastify.")
    run = BenchmarkRun("r2", "done", baseline=Baseline("r1", False, "ann"), against_baseline=verdict)
    lines = page_lines(RunPage("r2", run))

    place = lines.index("baseline     r1, named unknown time by ann")
    assert lines[place + 1] == "             fastify is 9.9 % slower than fastify."


def test_a_replica_stands_beside_its_master_and_alone_without_one() -> None:
    state = scenes.live()
    assert [row.identity for row in rows(state, "redis")] == ["7000", "7001", "7002"]

    left = RedisStats(scenes.NODES[1:], scenes.REDIS.cluster)
    state, _ = play(state, events.Metric("redis:stats", left, NOW_S))

    assert [row.identity for row in rows(state, "redis")] == ["7001", "7002", "7003"]
