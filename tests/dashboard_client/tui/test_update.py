"""Sequences of events, and the state and effects that `update` returns for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dashboard_client.tui.model import effects, events, keymap, menu_items, server_requests
from dashboard_client.tui.model.rows import Row, process_identity, rows, selected_row
from dashboard_client.tui.model.state import INTERVALS_MS, LiveData, State
from dashboard_client.tui.model.windows import (
    Compare,
    Confirm,
    Form,
    History,
    Logs,
    Menu,
    NodeDetails,
    Page,
    Palette,
    ProcessDetails,
    Prompt,
    RunPage,
)
from dashboard_client.tui.screen import theme
from dashboard_client.tui.text.node_text import node_lines
from dashboard_client.tui.text.window_text import compare_lines, page_lines
from dashboard_client.tui.update.dispatch import begin_subscriptions, update
from dashboard_client.tui.view.benchmarks import line
from dashboard_client.tui.view.render import render
from dashboard_client.wire.action_result import ActionResult
from dashboard_client.wire.benchmarks import (
    Baseline,
    BenchmarkProgress,
    BenchmarkResult,
    BenchmarkResults,
    BenchmarkRun,
    Budget,
    BudgetItem,
    Comparison,
    LastResult,
    LatestResults,
    RunProgress,
)
from dashboard_client.wire.host_and_pm2 import Activity, ActivityEntry, Counts, LogLine, LogLines, Pm2Stats
from dashboard_client.wire.redis import Cluster, NodeInfo, Persistence, RedisNode, RedisStats, SlowCommand, SlowLog
from dashboard_client.wire.system_config import Limit
from tests.dashboard_client.tui import scenes
from tests.dashboard_client.tui.scenes import NOW_S, keys, play


def _first_call_id(sent: list[effects.Effect]) -> str:
    return next(effect.call_id for effect in sent if isinstance(effect, effects.Call))


def _last_call_id(sent: list[effects.Effect]) -> str:
    return [effect.call_id for effect in sent if isinstance(effect, effects.Call)][-1]


def calls(sent: list[effects.Effect]) -> list[tuple[str, dict[str, object]]]:
    return [(effect.api_method, dict(effect.arguments)) for effect in sent if isinstance(effect, effects.Call)]


def test_the_intervals_are_those_of_the_original() -> None:
    sent = begin_subscriptions(scenes.empty())[1]

    assert sent == tuple(effects.Subscribe(stream, interval) for stream, interval in INTERVALS_MS.items())
    assert (INTERVALS_MS["system:metrics"], INTERVALS_MS["pm2:stats"], INTERVALS_MS["redis:stats"]) == (
        1000,
        1000,
        5000,
    )


def test_connecting_fetches_the_config_and_the_latest_results() -> None:
    _, sent = play(scenes.empty(), events.Connected(NOW_S))

    assert calls(sent) == [
        ("system_config", {}),
        ("benchmark_latest", {"count": 20}),
        *(
            ("history", {"metric": metric, "subject": None, "points": 400, "start": "-60s"})
            for metric in ("host.cpu", "host.memory")
        ),
    ]


@pytest.mark.parametrize(("verb", "key"), [("restart", "R"), ("stop", "S"), ("delete", "D")])
def test_a_process_action_is_confirmed_and_sent_by_pm_id(verb: str, key: str) -> None:
    state, sent = keys(scenes.live(), "down", key)
    assert (calls(sent), type(state.top_window)) == ([], Confirm)

    state, sent = keys(state, "y")

    assert calls(sent) == [(f"pm2_{verb}", {"pm_id": 1})]
    assert state.windows == ()


@pytest.mark.parametrize("key", ["enter", "escape", "n", "q", "ctrl-c"])
def test_other_keys_than_y_cancel_a_confirmation(key: str) -> None:
    state, sent = keys(scenes.live(), "D", key)

    assert (state.windows, calls(sent)) == ((), [])


def test_node_details_have_readable_units() -> None:
    replica = RedisNode(
        7003, 21, "ours", "replica", 7000, "up", None, 0, (), 1.25, 1981872, 2047592, 0, 1, 0, 0, 12, None, 0.0, 0.5,
        0.0, 4096, 1.5, True, 0.79, 2.0, 131.0, "7.0.15", Persistence(True, False, 2),
    )  # fmt: skip
    master = RedisNode(7001, state="down", reason="connection refused", role="master", slots=5, slot_ranges=("0-4",))

    assert node_lines(replica) == (
        "7003 replica   up   pid 21   ours",
        "Redis 7.0.15   cpu 2.0 %   up 2m   latency 0.79 ms",
        "",
        "memory       1.9 MB, at most 2.0 MB, no limit",
        "requests     1.2/s, hits –, errors 0.0/s",
        "keys         12, expired 0.5/s, evicted 0.0/s",
        "connections  1, blocked 0, rejected 0",
        "replica of   7000, link up, lag 4.0 kB and 1.5 s",
        "disk         the last writes to disk succeeded; changes are not logged (no AOF); 2 since the last save",
    )
    assert node_lines(master)[0] == "7001 master   down (connection refused)   pid –   other"
    assert node_lines(master)[-1] == "slots        5: 0-4"


def test_a_dialog_keeps_its_target_when_the_list_changes() -> None:
    state, _ = keys(scenes.live(), "down", "D")
    fewer = Pm2Stats(scenes.PROCESSES[2:], Counts(1, 2))
    state, _ = play(state, events.StreamData("pm2:stats", fewer, NOW_S))

    assert calls(keys(state, "y")[1]) == [("pm2_delete", {"pm_id": 1})]


def test_the_selection_follows_the_process() -> None:
    state, _ = keys(scenes.live(), "down", "down")
    reordered = Pm2Stats(tuple(reversed(scenes.PROCESSES)), Counts(3, 4))
    state, _ = play(state, events.StreamData("pm2:stats", reordered, NOW_S), events.Key("o"))

    row = selected_row(state, "pm2")
    assert row is not None
    assert row.identity == process_identity(scenes.PROCESSES[2])


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("delete", [("pm2_delete_all", {})]), ("", []), ("delet", []), ("yes", [])],
)
def test_deleting_all_requires_the_typed_word(typed: str, expected: list[object]) -> None:
    state, _ = keys(scenes.live(), ":", *"delete all processes…")
    state, sent = keys(state, "enter", *typed, "enter")

    assert (calls(sent), state.windows) == (expected, ())


def test_nothing_is_sent_if_the_connection_was_lost_during_a_dialog() -> None:
    state, _ = keys(scenes.live(), "D")
    state, sent = play(state, events.Disconnected("closed", NOW_S, 1.0), events.Key("y"))

    assert calls(sent) == []
    assert state.toast is not None
    assert "not sent" in state.toast.text


def test_readonly_sends_nothing() -> None:
    state = scenes.live()
    state = State(**{name: getattr(state, name) for name in State.__slots__} | {"is_read_only": True})

    state, sent = keys(state, "D", "y", "b", "c", "y", "escape")

    assert all(name in ("benchmark_all",) for name, _ in calls(sent))


def test_replayed_activity_is_logged_once() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 6, UTC)
    entry = ActivityEntry("pm2.stop", at, "eve", message="Stopped node: 2 processes.")
    first, _ = play(scenes.live(), events.StreamData("activity", Activity((entry,)), NOW_S))
    replayed = Activity((entry, replace(entry, at=at.replace(microsecond=7))))
    second, _ = play(first, events.StreamData("activity", replayed, NOW_S))

    texts = ["Stopped node: 2 processes by eve"]
    assert [line.text for line in first.activity if "eve" in line.text] == texts
    assert [line.text for line in second.activity if "eve" in line.text] == texts * 2


def test_an_action_in_progress_is_not_sent_again() -> None:
    state, first = keys(scenes.live(), "R", "y")
    state, second = keys(state, "R", "y")

    assert (len(calls(first)), calls(second)) == (1, [])


def test_quick_start_continues_only_after_the_cluster_is_set_up() -> None:
    no_services = (
        events.StreamData("pm2:stats", Pm2Stats((), Counts(0, 0)), NOW_S),
        events.StreamData("redis:stats", RedisStats(()), NOW_S),
    )
    state, sent = keys(play(scenes.live(), *no_services)[0], "m", "enter")
    assert calls(sent) == [("redis_setup", {"node_count": 6})]
    call_id = _first_call_id(sent)

    _, after_success = play(state, events.ApiSucceeded(call_id, ActionResult("ready")))
    later, after_failure = play(state, events.ApiFailed(call_id, "Port 7003 is in use.", "port_taken", 409))

    assert calls(after_success) == [("pm2_start", {"framework": "fastify"})]
    assert calls(after_failure) == []
    assert later.toast is not None
    assert "Port 7003 is in use." in later.toast.text
    assert [line.text for line in later.activity if line.kind == "failed"] == ["The remaining steps were skipped"]


def test_quick_start_skips_what_is_already_running() -> None:
    up = (RedisNode(7000, owner="ours"), RedisNode(7003, owner="ours", role="replica", master_port=7000))
    healthy = RedisStats(up, Cluster(state="ok"))
    degraded = RedisStats((up[0], replace(up[1], state="down")), Cluster(state="ok"))

    def first_call(redis: RedisStats, pm2: Pm2Stats) -> list[tuple[str, dict[str, object]]]:
        state, _ = play(
            scenes.live(), events.StreamData("redis:stats", redis, NOW_S), events.StreamData("pm2:stats", pm2, NOW_S)
        )
        return calls(keys(state, "m", "enter")[1])

    no_processes = Pm2Stats((), Counts(0, 0))
    assert first_call(healthy, no_processes) == [("pm2_start", {"framework": "fastify"})]
    assert first_call(healthy, scenes.PM2) == []
    assert first_call(degraded, scenes.PM2) == [("redis_resume", {})]


def test_a_one_line_screen_neither_opens_nor_answers_dialogs() -> None:
    state, sent = keys(scenes.live(20, 5), "D", "y", "S", "y", "m", "enter", "p")
    assert (state.windows, calls(sent)) == ((), [])

    confirming, _ = keys(scenes.live(), "D")
    narrow, _ = play(confirming, events.Resize(20, 5))
    assert calls(keys(narrow, "y")[1]) == []
    assert keys(narrow, "escape")[0].windows == ()
    assert keys(narrow, "escape", "q")[1] == [effects.Quit()]


def test_the_selection_moves_to_the_neighbour_of_a_removed_row() -> None:
    state, _ = keys(scenes.live(), "end")
    last = selected_row(state, "pm2")
    assert last is not None
    fewer = Pm2Stats(scenes.PROCESSES[:-1], Counts(1, 3))
    state, _ = play(state, events.StreamData("pm2:stats", fewer, NOW_S))

    row = selected_row(state, "pm2")
    assert row is not None
    assert row.identity == process_identity(scenes.PROCESSES[-2])
    assert state.selected["pm2"] == row.identity
    assert state.toast is not None
    assert state.toast.text == f"{last.identity} is gone; selected {row.identity}"


def test_readonly_hides_actions_that_change_the_server() -> None:
    state = replace(scenes.live(), is_read_only=True)
    menu, palette = keys(state, "m")[0].top_window, keys(state, ":")[0].top_window
    assert isinstance(menu, Menu)
    assert isinstance(palette, Palette)

    sections = {item.section for item in menu.items}
    assert sections == {"Redis", "PM2", "History", "Tools"}
    titles = {item.title for item in palette.items}
    assert titles.isdisjoint(
        {"restart the process", "delete the process", "cancel the run", "Clean: delete the cluster"}
    )
    assert {"Cluster status", "Logs of all processes", "logs of the process"} <= titles
    assert {"restart", "stop", "delete"}.isdisjoint(text for _, text in keymap.bar_entries(state))
    assert {"restart", "stop", "delete"} <= {text for _, text in keymap.bar_entries(scenes.live())}


def test_a_refused_key_has_its_own_advice() -> None:
    page = keys(
        State(**{name: getattr(scenes.refused(), name) for name in State.__slots__} | {"live": LiveData()}), "enter"
    )[0].top_window

    assert isinstance(page, Page)
    assert page.lines[-1] == "The dashboard has stopped retrying. Ctrl-R retries."


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
    state, sent = keys(state, "enter")

    assert calls(sent) == expected
    assert isinstance(state.top_window, Prompt) == (typed in ("2", "7 1"))


def test_prompts_and_form_have_the_limits_of_the_server() -> None:
    limits = {"nodes": Limit(3, 6), "instances": Limit(1, 2), "duration": Limit(5, 9)}
    state = replace(scenes.live(), config=replace(scenes.CONFIG, limits=limits))

    prompts = [
        keys(state, *pressed)[0].top_window
        for pressed in (
            ("2", "n", "ctrl-u", "7", "enter"),
            (":", *"start fastify", "enter", "3", "enter"),
            (":", *"scale fastify", "enter", "3", "enter"),
            (":", *"express post", "enter", "down", "4", "enter"),
        )
    ]

    assert [prompt.problem for prompt in prompts if isinstance(prompt, (Prompt, Form))] == [
        "7 nodes is not possible: 3 to 6.", "A number from 1 to 2.", "A number from 1 to 2.",
        "seconds per trial: a number from 5 to 9.",
    ]  # fmt: skip


def test_an_older_server_has_the_last_word_on_limits() -> None:
    state = replace(scenes.live(), config=replace(scenes.CONFIG, limits={}, choices={}))

    _, nodes = keys(state, "2", "n", "ctrl-u", *"900", "enter")
    _, run = keys(state, ":", *"express post", "enter", *"fast", "down", *"90000", "enter")

    assert calls(nodes) == [("redis_setup", {"node_count": 900, "replicas": None})]
    assert calls(run) == [
        ("benchmark_run", {"framework": "express", "endpoint": "/code", "method": "POST", "profile": "fast", "duration": 90_000}),
    ]  # fmt: skip


def test_an_impossible_topology_names_the_nearest_ones() -> None:
    state, _ = keys(scenes.live(), "2", "n", "ctrl-u", "7", " ", "1", "enter")

    assert isinstance(state.top_window, Prompt)
    assert (
        state.top_window.problem == "7 nodes cannot form 3 or more masters with 1 replicas each. Nearest: 6 or 8 nodes."
    )


def test_the_run_form_sends_only_the_fields_filled_in() -> None:
    state, _ = keys(scenes.live(), ":", *"express post", "enter")
    assert isinstance(state.top_window, Form)

    state, sent = keys(state, "right", "right", "down", "5", "down", "3", "enter")

    assert calls(sent) == [
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
        (("down", "0"), "seconds per trial: a number from 1 to 3600."),
        ((*("down",) * 6, *"ab"), "load generator: one of wrk, h2load, autocannon."),
    ],
)
def test_the_run_form_rejects_invalid_values(pressed: tuple[str, ...], problem: str) -> None:
    state, sent = keys(scenes.live(), ":", *"express post", "enter", *pressed, "enter")

    assert calls(sent) == []
    assert isinstance(state.top_window, Form)
    assert state.top_window.problem == problem


def test_typing_replaces_the_default_answer_and_erasing_edits_it() -> None:
    prompting, _ = keys(scenes.live(), "2", "n")

    answers = [keys(prompting, *typed)[0].top_window for typed in ("9", ("backspace",), ("backspace", "3"), ("1", "2"))]

    assert [prompt.text for prompt in answers if isinstance(prompt, Prompt)] == ["9", "", "3", "12"]


def test_the_scale_prompt_defaults_to_the_current_number() -> None:
    state, _ = keys(scenes.live(), ":", *"scale fastify", "enter")
    assert isinstance(state.top_window, Prompt)
    assert state.top_window.text == "2"

    _, sent = keys(state, "4", "enter")

    assert calls(sent) == [("pm2_scale", {"framework": "fastify", "instances": 4})]


def test_info_and_slow_log_of_the_selected_node() -> None:
    state, sent = keys(scenes.live(), "2", "down", "I")
    assert calls(sent) == [("redis_node_info", {"port": 7001})]
    info = NodeInfo(7001, {"server": {"redis_version": "7.0.15"}, "clients": {"connected_clients": "3"}})
    state, _ = play(state, events.ApiSucceeded(_first_call_id(sent), info))
    assert isinstance(state.top_window, Page)
    assert [" ".join(line.split()) for line in state.top_window.lines] == [
        "server", "redis_version 7.0.15", "", "clients", "connected_clients 3",
    ]  # fmt: skip

    state, sent = keys(state, "escape", "W")
    assert calls(sent) == [("redis_slowlog", {"port": 7001})]
    log = SlowLog(7001, (SlowCommand(None, 12.5, "KEYS *", "127.0.0.1:5000"),), 10.0)
    state, _ = play(state, events.ApiSucceeded(_first_call_id(sent), log))

    assert isinstance(state.top_window, Page)
    assert (state.top_window.title, state.top_window.lines[0]) == (
        "Slow log of Redis node 7001", "1 slow command; logged above 10 ms",
    )  # fmt: skip
    assert state.top_window.lines[2].split() == ["--:--:--", "12.5", "ms", "127.0.0.1:5000", "KEYS", "*"]


def test_the_latest_results_are_grouped_by_endpoint() -> None:
    state, sent = keys(scenes.live(), "b", "l")
    assert calls(sent) == [("benchmark_all", {"limit": 1000}), ("benchmark_latest_by_framework", {})]
    fastify, express = scenes.RESULTS
    broken = replace(fastify, framework="bun", validity="invalid", timestamp=None)
    latest = LatestResults({"e": express, "b": broken, "f": fastify})

    state, _ = play(state, events.ApiSucceeded(_last_call_id(sent), latest))

    assert isinstance(state.top_window, Page)
    assert [line.split()[:2] for line in state.top_window.lines] == [
        ["GET", "/simple"], ["fastify", "184.7k"], ["express", "21.0k"], ["bun", "184.7k"],
    ]  # fmt: skip
    assert state.top_window.lines[3].endswith("–  invalid")


def test_a_failed_fetch_shows_its_error_in_the_page() -> None:
    state, sent = keys(scenes.live(), "2", "I")

    state, _ = play(state, events.ApiFailed(_first_call_id(sent), "Node 7000 is not responding."))

    assert state.top_window == Page("INFO of Redis node 7000", ("Node 7000 is not responding.",))


def test_a_failover_lists_candidates_and_is_confirmed() -> None:
    state, sent = keys(scenes.live(), "2", "F")
    assert isinstance(state.top_window, Confirm)
    assert (calls(sent), state.top_window.request.affected[1]) == ([], "a replica takes over: 7003")

    _, sent = keys(state, "y")

    assert calls(sent) == [("redis_failover", {"port": 7000})]


def test_a_click_on_the_key_bar_presses_the_key() -> None:
    state = scenes.live()
    bar = "".join(render(state, theme.BRAILLE).chars[-1])

    opened, _ = play(state, events.Mouse("press", bar.index("benchmarks"), state.height - 1))
    beside, _ = play(state, events.Mouse("press", 0, state.height - 1))

    assert (type(opened.top_window), beside.top_window) == (History, None)


def test_the_theme_key_switches_the_theme() -> None:
    assert keys(scenes.live(), "T")[1] == [effects.SwitchTheme()]


def test_logs_follow_until_scrolled_up() -> None:
    state, sent = keys(scenes.live(), "L")
    assert calls(sent) == [("pm2_logs", {"lines": 200, "framework": "fastify", "pm_id": 0})]
    assert effects.Subscribe("pm2:logs", 500, {"framework": "fastify"}) in sent
    first = LogLines(tuple(LogLine(f"line {n}", "fastify", 0) for n in range(5)))
    state, _ = play(state, events.StreamData("pm2:logs", first, NOW_S), events.Key("up"))
    state, _ = play(state, events.StreamData("pm2:logs", LogLines((LogLine("new", "fastify", 0),)), NOW_S))

    assert isinstance(state.top_window, Logs)
    assert (state.top_window.lines_back, len(state.top_window.lines)) == (2, 6)
    assert keys(state, "q")[1] == [effects.Unsubscribe("pm2:logs")]


def test_saved_logs_have_a_name_without_folders() -> None:
    hostile = Pm2Stats((scenes.PROCESSES[0].__class__(0, "../../etc/passwd", status="online"),), Counts(1, 1))
    state, _ = play(scenes.live(), events.StreamData("pm2:stats", hostile, NOW_S))

    _, sent = keys(state, "L", "W")

    assert [effect.name for effect in sent if isinstance(effect, effects.SaveFile)] == ["etc-passwd.log"]


@pytest.mark.parametrize(
    ("pressed", "kind"),
    [
        (("b",), History), (("enter",), ProcessDetails), (("3", "enter"), RunPage), (("?",), Page),
        (("b", "x", "down", "x"), Compare), (("2", "enter"), NodeDetails),
    ],
)  # fmt: skip
def test_windows_open_and_escape_closes_them(pressed: tuple[str, ...], kind: type[object]) -> None:
    state, _ = keys(scenes.live(), *pressed)
    assert type(state.top_window) is kind

    for _ in range(len(state.windows)):
        state, _ = keys(state, "escape")
    assert state.windows == ()


def test_pausing_freezes_the_display_and_loses_nothing() -> None:
    state, _ = keys(scenes.live(), "p")
    state, _ = play(state, events.StreamData("pm2:stats", Pm2Stats((), Counts(0, 0)), NOW_S))

    assert len(state.displayed.processes) == 4
    assert keys(state, "p")[0].displayed.processes == ()


def test_a_filter_hides_other_rows() -> None:
    state, _ = keys(scenes.live(), "/", *"expr", "enter")
    row = selected_row(state, "pm2")

    assert row is not None
    assert row.identity == "2 express"
    assert keys(state, "escape")[0].filters == {"pm2": ""}


def test_a_new_result_is_fetched() -> None:
    _, sent = play(
        scenes.live(), events.StreamData("benchmark:progress", BenchmarkProgress((), LastResult("z")), NOW_S)
    )

    assert calls(sent) == [("benchmark_latest", {"count": 20})]


def test_process_details_are_updated_live() -> None:
    state, _ = keys(scenes.live(), "enter")
    first = scenes.PROCESSES[0]
    later = Pm2Stats((replace(first, pid=4711, restarts=9), *scenes.PROCESSES[1:]), Counts(3, 4))
    state, _ = play(state, events.StreamData("pm2:stats", later, NOW_S))
    assert isinstance(state.top_window, ProcessDetails)
    assert (state.top_window.process.pid, state.top_window.process.restarts) == (4711, 9)

    state, _ = play(state, events.StreamData("pm2:stats", Pm2Stats(scenes.PROCESSES[1:], Counts(2, 3)), NOW_S))
    assert isinstance(state.top_window, ProcessDetails)
    assert state.top_window.process.pid == 4711


@pytest.mark.parametrize(
    ("ports", "port", "expected"),
    [
        ((3000, 9229), 3000, "ports 3000, 9229"),
        ((3000,), 3000, "port 3000"),
        ((), 3001, "port 3001"),
        ((), None, "port –"),
    ],
)
def test_process_details_name_all_ports(ports: tuple[int, ...], port: int | None, expected: str) -> None:
    process = replace(scenes.PROCESSES[0], ports=ports, port=port)

    assert page_lines(ProcessDetails(process))[2].split("   ")[0] == expected


def test_a_cut_clipboard_text_is_reported() -> None:
    state, _ = play(scenes.live(), events.Copied(100_000, 56_000, "/tmp/copied.txt"))

    assert state.toast is not None
    assert state.toast.text == "56,000 of 100,000 characters sent to the clipboard; all in /tmp/copied.txt"


def test_reload_all_reloads_cluster_mode_processes_in_turn() -> None:
    processes = tuple(
        replace(scenes.PROCESSES[0], pm_id=number, name=name, exec_mode=mode, status="online")
        for number, (name, mode) in enumerate([("b", "cluster_mode"), ("a", "cluster_mode"), ("c", "fork_mode")])
    )
    by_title = {item.title: item.does for item in menu_items.menu_items(None, processes, None)}
    action = by_title["Reload all without downtime, one after the other"]

    assert isinstance(action, server_requests.ServerRequest)
    assert (action.arguments, [following.arguments for following in action.next_requests]) == (
        {"name": "a"},
        [{"name": "b"}],
    )


def test_a_finished_benchmark_is_announced() -> None:
    state = scenes.live()
    new = replace(scenes.RESULTS[0], id="new", framework="koa", req_per_sec=63_400.0, saturation="contended")
    state, sent = play(state, events.StreamData("benchmark:progress", BenchmarkProgress((), LastResult("new")), NOW_S))
    call_id = _first_call_id(sent)
    state, _ = play(state, events.ApiSucceeded(call_id, BenchmarkResults((new, *scenes.RESULTS))))

    announcement = f"koa {new.method} {new.endpoint}: ≥ 63.4k requests/s, {new.validity}"
    assert state.toast is not None
    assert (state.toast.text, state.activity[0].text) == (announcement, announcement)


def test_an_open_run_page_is_refetched_when_the_run_advances() -> None:
    state = scenes.running()
    state = replace(state, windows=(RunPage("r"),))
    details_call = [("benchmark_run_details", {"run_id": "r"})]

    def receive(state: State, *runs: RunProgress) -> tuple[State, list[tuple[str, dict[str, object]]]]:
        state, sent = play(state, events.StreamData("benchmark:progress", BenchmarkProgress(runs), NOW_S))
        return state, calls(sent)

    state, new_calls = receive(state, replace(scenes.RUN, elapsed_seconds=4.0))
    assert new_calls == []
    state, new_calls = receive(state, replace(scenes.RUN, trial=4))
    assert new_calls == details_call
    state, new_calls = receive(state, replace(scenes.RUN, trial=4), replace(scenes.RUN, id="other"))
    assert new_calls == []
    state, new_calls = receive(state)
    assert new_calls == details_call


def test_ctrl_r_reconnects_after_a_refusal() -> None:
    state = scenes.refused()
    assert state.link.phase == "rejected"

    assert keys(state, "ctrl-r")[1] == [effects.Reconnect()]


def test_a_missing_endpoint_of_an_older_server_is_not_logged() -> None:
    state, sent = play(scenes.empty(), events.Connected(NOW_S))
    call_id = next(
        effect.call_id for effect in sent if isinstance(effect, effects.Call) and effect.api_method == "system_config"
    )
    before = state.activity

    state, _ = play(state, events.ApiFailed(call_id, "Not found", "", 404))

    assert state.activity == before


def test_history_is_bounded_over_an_hour() -> None:
    state = scenes.live()
    for second in range(3600):
        state, _ = update(state, events.Tick(NOW_S + second))
        state, _ = update(state, events.StreamData("system:metrics", scenes.host(50, 3000), NOW_S + second))
        state, _ = update(state, events.ErrorReported(f"something else {second}"))

    assert (len(state.live.cpu), len(state.live.memory), len(state.activity)) == (901, 901, 100)


def test_a_click_on_a_row_only_selects_it() -> None:
    state, sent = play(scenes.live(), events.Mouse("press", 5, 14))

    assert (state.selected["pm2"], sent) == ("2 express", [])


def test_two_runs_are_compared_by_the_server() -> None:
    state, sent = keys(scenes.live(), "3", "x", "down", "x")
    assert calls(sent) == [("benchmark_compare", {"base": "a", "new": "b"})]
    assert isinstance(state.top_window, Compare)
    assert "single trial" in compare_lines(state.top_window)[-1]

    state = scenes.answer(state, "compare a b", Comparison("worse", "Slower by 88 %."))

    assert isinstance(state.top_window, Compare)
    assert compare_lines(state.top_window)[-1] == "Slower by 88 %."


def test_the_baseline_is_set_and_removed_on_the_run_page() -> None:
    state, sent = keys(scenes.live(), "3", "enter")
    run = BenchmarkRun(str(calls(sent)[-1][1]["run_id"]), "done", framework="fastify", endpoint="/simple", method="GET")
    state, _ = play(state, events.ApiSucceeded(_last_call_id(sent), run))
    state, _ = keys(state, "B")
    assert isinstance(state.top_window, Confirm)
    state, sent = keys(state, "y")
    assert calls(sent) == [("benchmark_set_baseline", {"run_id": run.id})]
    state, sent = play(state, events.ApiSucceeded(_last_call_id(sent), ActionResult("It is the baseline.")))
    assert calls(sent) == [("benchmark_run_details", {"run_id": run.id})]
    named = replace(run, baseline=Baseline(run.id, True, "ann", None, "release 1.0"))
    state, _ = play(state, events.ApiSucceeded(_last_call_id(sent), named))

    assert isinstance(state.top_window, RunPage)
    assert "baseline     this run, set unknown time by ann: release 1.0" in page_lines(state.top_window)
    state, _ = keys(state, "B")
    assert isinstance(state.top_window, Confirm)
    assert state.top_window.request.api_method == "benchmark_remove_baseline"


def test_a_run_page_shows_the_verdict_against_the_baseline() -> None:
    verdict = Comparison("worse", "fastify is 9.9 % slower than fastify.")
    run = BenchmarkRun("r2", "done", baseline=Baseline("r1", False, "ann"), against_baseline=verdict)
    lines = page_lines(RunPage("r2", run))

    index = lines.index("baseline     r1, set unknown time by ann")
    assert lines[index + 1] == "             fastify is 9.9 % slower than fastify."


ITEMS = (
    BudgetItem("p99<50ms", "met", "p99 2.1 ms (2 to 2.2 ms in 5 trials)."),
    BudgetItem("max<1s", "not_shown", "max 9 ms. 5 trials would settle it."),
)


def test_a_run_page_shows_the_budget() -> None:
    judged = replace(scenes.RESULTS[0], budget=Budget("not_shown", ITEMS))
    lines = page_lines(RunPage("a", BenchmarkRun("a", "done", result=judged)))

    index = lines.index("budget       not shown")
    assert lines[index + 1 : index + 3] == (
        "  ok  p99<50ms               p99 2.1 ms (2 to 2.2 ms in 5 trials).",
        "  ?   max<1s                 max 9 ms. 5 trials would settle it.",
    )
    waiting = page_lines(RunPage("a", BenchmarkRun("a", "queued", expect=("p99<50ms", "max<1s"))))
    assert "budget       p99<50ms, max<1s" in waiting


def test_a_benchmark_is_run_again_with_its_budget() -> None:
    judged = replace(scenes.RESULTS[0], budget=Budget("met", ITEMS))
    live = scenes.live()
    state, _ = keys(replace(live, live=replace(live.live, results=(judged,))), "3", "n")
    assert isinstance(state.top_window, Form)
    assert dict(zip((field.name for field in state.top_window.fields), state.top_window.values, strict=True)) == {
        **dict.fromkeys(
            ("profile", "duration", "trials", "connections", "workers", "pipelining", "generator", "label"), ""
        ),
        "expect": "p99<50ms, max<1s",
    }

    _, sent = keys(state, "enter")

    scenario = {"framework": "fastify", "endpoint": "/simple", "method": "GET", "expect": ["p99<50ms", "max<1s"]}
    assert calls(sent) == [("benchmark_run", scenario)]


@pytest.mark.parametrize(
    ("met", "ends"),
    [
        ("met", ("✓", "✓", "✓ budget met")),
        ("missed", ("  missed ✓", "budget missed        ✓", "✓ budget missed")),
        ("not_shown", ("✓", "✓", "✓ budget not shown")),
    ],
)
def test_a_missed_budget_is_in_every_row_and_any_in_a_wide_one(met: str, ends: tuple[str, ...]) -> None:
    judged = replace(scenes.RESULTS[0], budget=Budget(met, ITEMS))
    row = Row("a", judged, "")

    texts = ["".join(text for text, _ in line(row, width)) for width in (40, 70, 100)]

    assert [text.endswith(end) for text, end in zip(texts, ends, strict=True)] == [True] * 3, texts
    assert all(len(text) <= width for text, width in zip(texts, (40, 70, 100), strict=True)), texts


def test_replicas_have_a_row_only_without_their_master() -> None:
    state = scenes.live()
    assert [row.identity for row in rows(state, "redis")] == ["7000", "7001", "7002"]

    remaining = RedisStats(scenes.NODES[1:], scenes.REDIS.cluster)
    state, _ = play(state, events.StreamData("redis:stats", remaining, NOW_S))

    assert [row.identity for row in rows(state, "redis")] == ["7001", "7002", "7003"]


def test_a_long_run_lasts_a_number_of_seconds_without_an_exponent() -> None:
    durations = (0.04, 1.234, 12.34, 123.4, 1234.5)
    results = [BenchmarkResult("f", 1.0, duration=duration) for duration in durations]
    pages = [page_lines(RunPage("r", result=result)) for result in results]

    texts = [line.partition("1 trial, ")[2] for lines in pages for line in lines if line.startswith("load ")]
    assert texts == ["0.04 s in all", "1.23 s in all", "12.3 s in all", "123 s in all", "1,234 s in all"]
