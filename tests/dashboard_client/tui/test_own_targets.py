"""Benchmarks of one's own servers: from the menu, the palette, and a process's row."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard_client.formatting.width import wrapped
from dashboard_client.tui.model import effects, events
from dashboard_client.tui.model.effects import Effect
from dashboard_client.tui.model.matching import palette_matches
from dashboard_client.tui.model.state import State
from dashboard_client.tui.model.windows import Form, Menu, Palette
from dashboard_client.tui.screen.theme import BRAILLE
from dashboard_client.tui.view.render import render
from dashboard_client.wire.benchmarks import AcceptedRun, BenchmarkResult, BenchmarkResults, BenchmarkRun
from dashboard_client.wire.decode import convert
from dashboard_client.wire.host_and_pm2 import Counts, Pm2Stats, Process
from dashboard_client.wire.system_config import Endpoint, SavedTarget, SystemConfig, Target
from tests.dashboard_client.tui import scenes
from tests.dashboard_client.tui.scenes import keys, play

API = Process(7, "api", pid=4711, status="online", port=3000, ports=(3000, 9229))
HIDDEN = Process(8, "hidden", pid=4712, status="online")
TARGETS = (
    Target("fastify", "framework", running=True, endpoints=(Endpoint("/simple"),)),
    Target("api", "discovered", running=True, ports=(3000,), endpoints=(Endpoint("/"), Endpoint("/orders", "POST"))),
    Target("next", "url", url="https://10.0.0.5:8443"),
    Target("shop", "pm2", pm2="shop-server", running=False, ports=(8080,)),
)


def calls(sent: list[Effect]) -> list[tuple[str, object]]:
    return [(effect.api_method, effect.arguments) for effect in sent if isinstance(effect, effects.Call)]


def dashboard(*processes: Process, results: tuple[BenchmarkResult, ...] = ()) -> State:
    """A connected dashboard whose server offers TARGETS, with the first of `processes` selected."""
    stats = Pm2Stats(processes, Counts(len(processes), len(processes)))
    state, _ = play(scenes.live(), events.StreamData("pm2:stats", stats, scenes.NOW_S), events.Key("r"))
    state = scenes.answer(state, "config", replace(scenes.CONFIG, targets=TARGETS))
    return scenes.answer(state, "latest", BenchmarkResults(results))


def form_of(state: State) -> Form:
    assert isinstance(state.top_window, Form)
    return state.top_window


def test_the_menu_offers_own_targets_after_the_frameworks() -> None:
    state, _ = keys(dashboard(API), "m")
    assert isinstance(state.top_window, Menu)

    assert [item.title for item in state.top_window.items if item.section == "Benchmarks"] == [
        "fastify GET /simple", "fastify POST /code", "express GET /simple", "express POST /code", "api GET /",
        "api POST /orders", "next GET /", "shop GET / (not running)",
    ]  # fmt: skip


def test_a_target_is_measured_from_the_palette_at_any_path() -> None:
    state, _ = keys(dashboard(), ":", *"next get", "enter")
    form = form_of(state)
    _, sent = keys(state, *"orders?page=2", "down", "right", "enter")

    assert (form.framework, form.fields[0].hint, form.values[0]) == ("next", "at https://10.0.0.5:8443", "/")
    assert calls(sent) == [
        ("benchmark_run", {"target": "next", "endpoint": "/orders?page=2", "method": "GET", "profile": "quick"})
    ]


@pytest.mark.parametrize("opened", [(), ("enter",)], ids=["row", "details"])
def test_a_process_is_measured_from_its_row(opened: tuple[str, ...]) -> None:
    state, _ = keys(dashboard(API), *opened, "B")
    _, sent = keys(state, "enter")

    assert form_of(state).fields[0].hint == "at port 3000"
    assert calls(sent) == [("benchmark_run", {"target": "api", "endpoint": "/", "method": "GET"})]


def test_a_process_is_measured_as_the_target_that_has_its_name() -> None:
    kept = (Target("api-old", "pm2", pm2="api", ports=(3000,)), Target("api", "pm2", pm2="api", ports=(3000,)))
    state = scenes.answer(keys(dashboard(API), "r")[0], "config", replace(scenes.CONFIG, targets=kept))

    assert form_of(keys(state, "B")[0]).framework == "api"


def test_the_form_proposes_the_endpoint_that_was_measured_last() -> None:
    results = (
        replace(scenes.RESULTS[0], framework="next", endpoint="/no"),
        replace(scenes.RESULTS[0], framework="api", endpoint="/orders", method="POST"),
        replace(scenes.RESULTS[0], framework="api", endpoint="/"),
    )
    _, sent = keys(dashboard(API, results=results), "B", "enter")

    assert calls(sent) == [("benchmark_run", {"target": "api", "endpoint": "/orders", "method": "POST"})]


def test_an_empty_path_is_the_root() -> None:
    _, sent = keys(dashboard(API), "B", "ctrl-u", "enter")

    assert calls(sent) == [("benchmark_run", {"target": "api", "endpoint": "/", "method": "GET"})]


@pytest.mark.parametrize(
    ("process", "expected"),
    [
        (scenes.PROCESSES[0], {"framework": "fastify", "endpoint": "/simple", "method": "GET"}),
        (Process(9, "shop-server", status="online"), {"target": "shop", "endpoint": "/", "method": "GET"}),
        (Process(9, "new", status="online", ports=(4000,)), {"target": "new", "endpoint": "/", "method": "GET"}),
    ],
    ids=["framework", "another name", "not offered yet"],
)
def test_the_row_leads_to_what_the_process_is(process: Process, expected: dict[str, object]) -> None:
    _, sent = keys(dashboard(process), "B", "enter")

    assert calls(sent) == [("benchmark_run", expected)]


def fail(state: State, message: str) -> State:
    """The state after the server has refused the request that was sent last."""
    return play(state, events.ApiFailed(list(state.pending_calls)[-1], message, "refused", 409))[0]


def accept(state: State, value: object) -> tuple[State, list[Effect]]:
    """The state after the request that was sent last has succeeded."""
    return play(state, events.ApiSucceeded(list(state.pending_calls)[-1], value))


@pytest.mark.parametrize(
    ("process", "answer", "saved"),
    [
        (HIDDEN, "5000", {"name": "hidden", "pm2": "hidden", "ports": [5000]}),
        (HIDDEN, "HTTP://10.0.0.5/x", {"name": "hidden", "url": "HTTP://10.0.0.5/x"}),
        (replace(HIDDEN, name="my app!"), "1", {"name": "my-app", "pm2": "my app!", "ports": [1]}),
        (replace(HIDDEN, name="my app!"), "http://h", {"name": "my-app", "url": "http://h"}),
    ],
)
def test_where_a_process_answers_is_asked_saved_and_then_measured(
    process: Process, answer: str, saved: dict[str, object]
) -> None:
    state, sent = keys(dashboard(process), "B", *answer, "down", "right", "enter")
    waiting = form_of(state)
    where = {"url": "http://h"} if "url" in saved else {"pm2": process.name, "ports": (5000,)}
    target = Target(str(saved["name"]), next(iter(where)), **where)
    state, sent_next = accept(state, SavedTarget(target))
    state, _ = accept(state, AcceptedRun(BenchmarkRun("r", "queued")))
    state = scenes.answer(state, "config", replace(scenes.CONFIG, targets=(*TARGETS, target)))
    again, sent_again = keys(replace(state, focus="pm2"), "B", "enter")

    assert calls(sent) == [("save_target", saved)]
    assert waiting.values[:2] == (answer, "quick")
    assert calls(sent_next) == [
        ("system_config", {}), ("benchmark_run", {"target": saved["name"], "profile": "quick"}),
    ]  # fmt: skip
    assert (state.windows, state.focus) == ((), "run")
    assert form_of(again).fields[0].name == "endpoint"
    assert calls(sent_again) == [("benchmark_run", {"target": saved["name"], "endpoint": "/", "method": "GET"})]


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", "port or URL: where does it answer? For example 3000, or http://10.0.0.5:8080/orders."),
        ("0", "port or URL: a port from 1 to 65535, or a URL. For example 3000, or http://10.0.0.5:8080/orders."),
        ("65536", "port or URL: a port from 1 to 65535, or a URL. For example 3000, or http://10.0.0.5:8080/orders."),
        ("api", "port or URL: a port from 1 to 65535, or a URL. For example 3000, or http://10.0.0.5:8080/orders."),
    ],
)
def test_an_answer_that_is_neither_port_nor_url_is_not_sent(typed: str, problem: str) -> None:
    state, sent = keys(dashboard(HIDDEN), "B", *typed, "enter")

    assert (form_of(state).problem, calls(sent)) == (problem, [])


def test_a_target_of_another_process_is_not_overwritten() -> None:
    state, sent = keys(dashboard(replace(HIDDEN, name="api!")), "B", *"5000", "enter")

    assert (form_of(state).problem, calls(sent)) == (
        "api is the name of another target. Give it a name by: run bench target save NAME --pm2 'api!' --port N", [],
    )  # fmt: skip


@pytest.mark.parametrize("is_saved", [False, True], ids=["save", "run"])
def test_what_the_server_refuses_stands_in_the_form_and_what_was_typed_stays(is_saved: bool) -> None:
    state, _ = keys(dashboard(HIDDEN), "B", *"5000", "enter")
    if is_saved:
        state, _ = accept(state, SavedTarget(Target("hidden", "pm2", "hidden", ports=(5000,))))
    state = fail(state, "Port 5000 is not allowed.")
    refused = form_of(state)
    _, sent = keys(state, "backspace", "1", "enter")

    title = "Benchmark hidden" if is_saved else "Save target hidden"
    assert (refused.problem, refused.values[0]) == (f"{title}: Port 5000 is not allowed.", "5000")
    assert calls(sent) == [("save_target", {"name": "hidden", "pm2": "hidden", "ports": [5001]})]


def test_a_form_that_is_sent_is_not_sent_again_and_closes_for_good() -> None:
    state, _ = keys(dashboard(HIDDEN), "B", *"5000", "enter")
    state, _ = accept(state, SavedTarget(Target("hidden", "pm2", "hidden", ports=(5000,))))
    twice, sent = keys(state, "enter")
    closed, _ = keys(state, "escape")
    reopened, _ = keys(closed, "B")
    reopened, _ = accept(reopened, AcceptedRun(BenchmarkRun("r", "queued")))

    assert twice.toast is not None
    assert (twice.toast.text, calls(sent)) == ("Benchmark hidden: already in progress", [])
    assert closed.windows == ()
    assert form_of(reopened).sent is None


def test_a_refusal_is_read_in_full() -> None:
    sentence = "127.0.0.1:5000: no framework and nothing under PM2 listens on port 5000. BENCH_TARGETS can allow it."
    state = fail(keys(dashboard(HIDDEN), "B", *"5000", "enter")[0], sentence)

    for width, height in ((120, 32), (80, 24), (60, 20)):
        rows = render(replace(state, width=width, height=height), BRAILLE).rows()
        lines = wrapped(f"Save target hidden: {sentence}", min(68, width) - 4)
        assert [line for line in lines if not any(line in row for row in rows)] == []


@pytest.mark.parametrize(
    ("state", "toast"),
    [
        (dashboard(), "No process is selected"),
        (replace(dashboard(API), config=None), "The server has not answered yet"),
    ],
)
def test_without_a_process_or_a_server_there_is_a_reason(state: State, toast: str) -> None:
    state, sent = keys(state, "B")

    assert state.toast is not None
    assert (state.toast.text, state.windows, sent) == (toast, (), [])


def test_a_process_is_not_measured_with_readonly() -> None:
    state = replace(dashboard(API), is_read_only=True)
    after, sent = keys(state, "B", "enter")
    items = keys(state, "m")[0].top_window

    assert calls(sent) == []
    assert after.toast is not None
    assert after.toast.text == "Benchmark api /: disabled by --readonly"
    assert isinstance(items, Menu)
    assert [item for item in items.items if item.section == "Benchmarks"] == []


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ((), (API,), []),  # offered already
        ((), (replace(API, name="new"),), [("system_config", {})]),
        ((replace(API, name="new"),), (replace(API, name="new"),), []),
        ((replace(API, name="new", ports=()),), (replace(API, name="new"),), [("system_config", {})]),
        ((), (HIDDEN,), []),
        ((), (replace(scenes.PROCESSES[0], ports=(3001,)),), []),
    ],
)
def test_the_targets_are_fetched_again_once_a_process_listens_that_is_not_offered(
    before: tuple[Process, ...], now: tuple[Process, ...], expected: list[tuple[str, object]]
) -> None:
    _, sent = play(dashboard(*before), events.StreamData("pm2:stats", Pm2Stats(now), scenes.NOW_S + 1))

    assert calls(sent) == expected


def connecting() -> State:
    """Connected; the server has not sent its configuration yet."""
    return play(scenes.empty(), events.Connecting(1), events.Connected(scenes.NOW_S, ()))[0]


def test_a_palette_that_is_open_when_the_configuration_comes_offers_it() -> None:
    state, _ = keys(connecting(), ":", *"api post")
    state = scenes.answer(state, "config", replace(scenes.CONFIG, targets=TARGETS))
    state, _ = keys(state, "enter")

    assert (form_of(state).framework, form_of(state).values[0]) == ("api", "/orders")


@pytest.mark.parametrize("opened", [("m", "down", "down"), (":", "down", "down"), (":", *"stop", "down")])
def test_the_selection_stays_on_its_item_when_others_are_added(opened: tuple[str, ...]) -> None:
    def selected(state: State) -> str:
        window = state.top_window
        assert isinstance(window, Menu | Palette)
        items = palette_matches(window.items, window.text) if isinstance(window, Palette) else window.items
        return items[window.cursor].title

    before, _ = keys(connecting(), *opened)
    after = scenes.answer(before, "config", replace(scenes.CONFIG, targets=TARGETS))

    assert selected(after) == selected(before)
    assert len(after.top_window.items) > len(before.top_window.items)  # type: ignore[union-attr]


def test_targets_are_read_from_any_server() -> None:
    payload = {
        "frameworks": [{"name": "fastify"}],
        "targets": [
            {"name": "api", "source": "pm2", "pm2": "api", "running": True, "ports": [3000, "x"], "insecure": False,
             "endpoints": [{"path": "/a", "method": "PUT", "headers": {"X-Key": {"secret": True}}}, {"method": "GET"}]},
            {"name": "bare", "running": 3, "ports": None, "endpoints": "all"},
            {"source": "url"},
        ],
    }  # fmt: skip
    config = convert(SystemConfig, payload)

    assert config.targets == (
        Target("api", "pm2", "api", running=True, ports=(3000,), endpoints=(Endpoint("/a", "PUT"),)),
        Target("bare"),
    )
    assert [endpoint.path for endpoint in config.targets[1].offered_endpoints] == ["/"]
    assert convert(SystemConfig, {"frameworks": []}).targets == ()
