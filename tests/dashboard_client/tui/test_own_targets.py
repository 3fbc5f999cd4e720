"""Benchmarks of one's own servers: from the menu, the palette, and a process's row."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard_client.tui.model import effects, events
from dashboard_client.tui.model.effects import Effect
from dashboard_client.tui.model.matching import palette_matches
from dashboard_client.tui.model.state import State
from dashboard_client.tui.model.windows import Form, Menu, Palette
from dashboard_client.wire.benchmarks import BenchmarkResult, BenchmarkResults
from dashboard_client.wire.decode import convert
from dashboard_client.wire.host_and_pm2 import Counts, Pm2Stats, Process
from dashboard_client.wire.system_config import Endpoint, SystemConfig, Target
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


def test_where_an_unknown_port_answers_is_asked() -> None:
    state, sent = keys(dashboard(HIDDEN), "B", "enter")
    problem = form_of(state).problem
    _, sent_with_url = keys(state, *"http://127.0.0.1:5000/x", "enter")

    assert (problem, calls(sent)) == ("URL: where does it answer? For example http://127.0.0.1:3000/", [])
    assert calls(sent_with_url) == [("benchmark_run", {"name": "hidden", "url": "http://127.0.0.1:5000/x"})]


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
