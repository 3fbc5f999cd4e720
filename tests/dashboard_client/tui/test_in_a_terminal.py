"""The dashboard in a pty, against a real server with real PM2."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import requests

from system.host import binaries
from tests.dashboard_client.fakes import http_server
from tests.dashboard_client.recorded_night import answer_history, send
from tests.fixtures.pm2 import kill_all_of
from tests.fixtures.ports import free_port, free_ports
from tests.fixtures.pty import Screen
from tests.fixtures.server import Server, StartServer

pytestmark = pytest.mark.real
ALTERNATE_ON, ALTERNATE_OFF, CURSOR_ON = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25h"
Open = Callable[..., Screen]


@pytest.fixture
def open_screen() -> Iterator[Open]:
    opened: list[Screen] = []

    def make(*arguments: str, **options: object) -> Screen:
        screen = Screen(*arguments, **options)  # type: ignore[arg-type]
        opened.append(screen)
        return screen

    yield make
    for screen in opened:
        screen.close()


def is_terminal_restored(screen: Screen) -> bool:
    """The alternate screen is off and the cursor is visible."""
    return screen.raw.rfind(ALTERNATE_OFF) > screen.raw.rfind(ALTERNATE_ON) and CURSOR_ON in screen.raw


def type_start_fastify(screen: Screen) -> None:
    """Into the palette, which offers frameworks once the server's configuration has come."""
    screen.press(":", "start fastify")
    screen.until(lambda text: ":start fastify_" in text and "Start fastify…" in text)


def await_configuration(screen: Screen) -> None:
    """Without it `B` opens no form, and the processes come by another connection: they may be the first."""
    type_start_fastify(screen)
    screen.press("escape")
    screen.until(lambda text: ":start fastify" not in text)


def test_it_starts_without_a_server_and_reconnects(open_screen: Open, start_server: StartServer) -> None:
    port = free_port()
    screen = open_screen(API_SERVER=f"http://127.0.0.1:{port}", API_RECONNECT_MAX="1")
    screen.until("connection refused")
    server = start_server(API_PORT=str(port))
    screen.until("● live")
    assert server.stop() == 0
    screen.until("OFFLINE")
    server.start()
    screen.until("● live")
    screen.press("q")
    assert screen.ended() == 0
    assert is_terminal_restored(screen)


def test_a_framework_is_started_and_measured(open_screen: Open, server: Server) -> None:
    screen = open_screen(API_SERVER=server.url)
    screen.until("● live")
    type_start_fastify(screen)
    screen.press("enter")
    screen.until("nstances")
    screen.press("backspace", "1", "enter")
    screen.until("1/1 online")
    body = {"framework": "fastify", "duration": 3}
    assert requests.post(server.url + "/api/benchmark/run", json=body, timeout=60).status_code == 202
    screen.until(lambda text: "4 Run" in text and "GET /simple" in text)
    screen.until(lambda text: re.search(r"fastify +/simple", text.partition("3 Benchmarks")[2].partition("4 Run")[0]))


def run_pm2(server: Server, folder: Path, apps: list[dict[str, object]]) -> None:
    """Start apps by PM2's command line, from an ecosystem file."""
    ecosystem = folder / "ecosystem.config.js"
    ecosystem.write_text(f"module.exports = {json.dumps({'apps': apps})}")
    argv = [str(binaries.require("node").path), str(binaries.require("pm2").path), "start", str(ecosystem)]
    subprocess.run(argv, env=server.env, cwd=folder, stdout=subprocess.DEVNULL, timeout=60, check=True)


@pytest.fixture
def own_app(server: Server, tmp_path: Path) -> Iterator[int]:
    """The port of `api`, an app in cluster mode that PM2's command line has started from an ecosystem file."""
    port = free_port()
    (tmp_path / "api.js").write_text("require('http').createServer((q, r) => r.end('hi')).listen(process.env.PORT)")
    app = {"name": "api", "script": "api.js", "exec_mode": "cluster", "instances": 2, "env": {"PORT": port}}
    run_pm2(server, tmp_path, [app])
    yield port
    kill_all_of(Path(server.env["PM2_HOME"]))


def test_a_server_of_ones_own_is_measured_by_keys_alone(open_screen: Open, server: Server, own_app: int) -> None:
    screen = open_screen(API_SERVER=server.url)
    screen.until("2/2 online")
    await_configuration(screen)
    screen.until(lambda text: any(re.search(r"\bapi +online", line) for line in text.splitlines()))
    screen.press("enter")
    screen.until(f"port {own_app}")
    screen.press("escape", "B")
    screen.until(f"at port {own_app}")
    screen.press("down", "down", "2", "enter")
    screen.until(lambda text: re.search(r"api +/ ", text.partition("3 Benchmarks")[2].partition("4 Run")[0]))

    [result] = requests.get(server.url + "/api/benchmark/latest?count=5", timeout=60).json()["results"]
    figures = ("framework", "target", "endpoint", "method", "instances", "non2xx")
    assert [result[key] for key in figures] == ["api", "api", "/", "GET", 2, 0]
    assert result["reqPerSec"] > 0


@pytest.fixture
def hidden_apps(server: Server, tmp_path: Path) -> Iterator[int]:
    """The port of the second of two apps in cluster mode without PORT: which is whose cannot be seen."""
    _, port = ports = free_ports(2)
    apps: list[dict[str, object]] = []
    for name, own in zip(("first", "second"), ports, strict=True):
        (tmp_path / f"{name}.js").write_text(f"require('http').createServer((q, r) => r.end('{name}')).listen({own})")
        apps.append({"name": name, "script": f"{name}.js", "exec_mode": "cluster"})
    run_pm2(server, tmp_path, apps)
    yield port
    kill_all_of(Path(server.env["PM2_HOME"]))


def test_a_port_that_cannot_be_seen_is_asked_once(open_screen: Open, server: Server, hidden_apps: int) -> None:
    screen = open_screen(API_SERVER=server.url)
    screen.until("2/2 online")
    await_configuration(screen)
    screen.press("down")
    screen.until(lambda text: any(re.search(r"▌.*\bsecond +online", line) for line in text.splitlines()))
    screen.press("B", "22", "enter")
    screen.until("BENCH_TARGETS can allow it")
    screen.press("backspace", "backspace", str(hidden_apps), "down", "down", "2", "enter")
    screen.until(lambda text: re.search(r"second +/ ", text.partition("3 Benchmarks")[2].partition("4 Run")[0]))
    screen.press("1", "B")
    screen.until(f"at port {hidden_apps}")

    [result] = requests.get(server.url + "/api/benchmark/latest?count=5", timeout=60).json()["results"]
    figures = ("framework", "target", "endpoint", "method", "instances", "non2xx")
    assert [result[key] for key in figures] == ["second", "second", "/", "GET", 1, 0]


def test_a_wrong_key_is_reported(open_screen: Open, start_server: StartServer) -> None:
    server = start_server(API_KEY="right", API_HOST="127.0.0.1")
    screen = open_screen(API_SERVER=server.url, API_KEY="wrong")

    screen.until("REJECTED · Invalid key or token.")
    screen.press("enter")
    screen.until("The dashboard has stopped retrying. Ctrl-R retries.")


def test_invalid_utf8_input_is_ignored(open_screen: Open, shared_server: Server) -> None:
    screen = open_screen(API_SERVER=shared_server.url)
    screen.until("● live")
    for stray in (b"\xff", b"\xc3A", b"\xe2\x82"):
        os.write(screen.master, stray)
    screen.press("?")
    screen.until("Keys")
    screen.press("escape", "q")

    assert screen.ended() == 0


ALL_PANELS = ["CPU", "Memory", "1 PM2", "2 Redis", "3 Benchmarks", "4 Run", "5 Activity"]


@pytest.mark.parametrize(
    ("rows", "columns", "panels"),
    [
        (60, 200, ALL_PANELS),
        (32, 120, ALL_PANELS),
        (24, 80, [panel for panel in ALL_PANELS if panel != "4 Run"]),
        (12, 40, ["1 PM2"]),
        (5, 20, []),
        (1, 10, []),
    ],
)
def test_a_size_shows_as_many_panels_as_fit(
    open_screen: Open, shared_server: Server, rows: int, columns: int, panels: list[str]
) -> None:
    screen = open_screen(API_SERVER=shared_server.url, rows=rows, columns=columns)
    text = screen.until("● live")

    assert re.findall(r"╭─ ((?:\d )?\w+)", text) == panels


def test_many_resizes_end_in_a_complete_frame(open_screen: Open, shared_server: Server) -> None:
    screen = open_screen(API_SERVER=shared_server.url)
    screen.until("● live")
    for rows, columns in ((10, 30), (50, 180), (3, 9), (24, 80), (40, 40), (32, 120)) * 5:
        screen.resize(rows, columns)
    screen_text = screen.until(lambda text: text.count("╭") >= 7 and text.count("╯") >= 7)

    assert [len(row) for row in screen.rows()] == [120] * 32
    assert screen_text.splitlines()[-1].strip().startswith("m menu")


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_quits_and_restores_the_terminal(
    open_screen: Open, shared_server: Server, end: signal.Signals
) -> None:
    screen = open_screen(API_SERVER=shared_server.url)
    screen.until("● live")
    assert not screen.echoes()
    screen.process.send_signal(end)

    assert screen.ended() == 0
    assert is_terminal_restored(screen)
    assert screen.echoes()


def test_suspend_restores_the_terminal_and_resume_reopens_it(open_screen: Open, shared_server: Server) -> None:
    screen = open_screen(API_SERVER=shared_server.url)
    screen.until("● live")
    screen.press("ctrl-z")
    # Without a shell the kernel discards the stop signal (an orphaned process group), so it resumes at once.
    screen.until(lambda _: (screen.raw.count(ALTERNATE_ON), screen.raw.count(ALTERNATE_OFF)) == (2, 1))
    screen.until("● live")
    assert not screen.echoes()
    screen.press("q")
    assert screen.ended() == 0


def test_no_color_disables_colours_only(open_screen: Open, shared_server: Server) -> None:
    screen = open_screen(API_SERVER=shared_server.url, NO_COLOR="1")
    screen.until("● live")

    assert b"38;5" not in screen.raw
    assert b"38;2" not in screen.raw
    assert screen.text().count("╭") >= 7


def test_the_theme_can_be_changed_while_it_runs(open_screen: Open, shared_server: Server) -> None:
    screen = open_screen("--theme", "dark", API_SERVER=shared_server.url, COLORTERM="truecolor")
    screen.until("● live")
    dark, light = b"38;2;86;182;194", b"38;2;11;114;133"
    assert (dark in screen.raw, light in screen.raw) == (True, False)

    screen.press("T")

    screen.until(lambda _: light in screen.raw)


def test_a_dumb_terminal_prints_a_report(open_screen: Open, shared_server: Server) -> None:
    screen = open_screen(API_SERVER=shared_server.url, TERM="dumb")

    assert screen.ended() == 0
    assert "PM2" in screen.text()


def test_ascii_mode_draws_only_ascii(open_screen: Open, shared_server: Server) -> None:
    screen = open_screen("--ascii", API_SERVER=shared_server.url)
    text = screen.until("* live")

    assert text.isascii()


def test_readonly_mode_offers_no_actions(open_screen: Open, shared_server: Server) -> None:
    screen = open_screen("--readonly", API_SERVER=shared_server.url)
    screen.until("read-only · live")
    screen.press("m")
    screen_text = screen.until(lambda text: "enu" in text)

    assert "start fastify" not in screen_text.lower()


def test_a_terminal_that_does_not_answer_queries_still_works(open_screen: Open) -> None:
    screen = open_screen(API_SERVER="http://127.0.0.1:9", is_deaf=True)

    screen.until("connection refused")


def test_question_mark_shows_the_keys(open_screen: Open, shared_server: Server) -> None:
    screen = open_screen(API_SERVER=shared_server.url)
    screen.until("● live")
    screen.press("?")
    screen.until("find any command by typing")
    screen.press("escape")
    screen.until(lambda text: "find any command by typing" not in text)


READS = {
    "/health": {"status": "ok"},
    "/api/system/stats": {"cpu": 41.0, "memory": 3072.0, "totalMemory": 15872.0, "memoryPercent": 19.4, "cpuCount": 2},
    "/api/system/config": {"frameworks": []},
    "/api/pm2/stats": {"processes": [{"pmId": 3, "name": "api", "status": "online", "cpu": 7.0}]},
    "/api/redis/stats": {"stats": []},
    "/api/benchmark/runs": {"runs": []},
    "/api/benchmark/latest": {"results": []},
    "/api/activity": {"entries": []},
}


def serve_recorded(request: BaseHTTPRequestHandler, *, has_history: bool) -> None:
    """A server behind a proxy that blocks /ws; its night ended now."""
    path = request.path.partition("?")[0]
    if path in READS:
        send(request, READS[path])
    elif not (has_history and answer_history(request, datetime.now(UTC))):
        send(request, {"code": "not_found", "message": "No such endpoint."}, 404)


def test_a_dashboard_opened_after_a_night_shows_the_night(open_screen: Open) -> None:
    with http_server(lambda request: serve_recorded(request, has_history=True)) as url:
        screen = open_screen(API_SERVER=url)
        screen.until("now 41 %")
        screen.press("6", "]]]]")
        screen.until(lambda text: " 1 d ─╮" in text.splitlines()[1])
        panel = [row[6:59] for row in screen.until("✖").splitlines()[2:8]]
        drawn = [any("⠀" < row[cell] <= "⣿" for row in panel[:5]) for cell in range(53)]
        assert drawn.count(True) > 45
        assert not all(drawn[42:46])  # the hour without a server
        screen.press(*["left"] * 15)  # a column is 27 minutes long
        screen.until("api 3 exited: SIGKILL, out of memory")
        screen.press("home", "1", "enter")
        screen.until("CPU of instance api:3")
        screen.press("]]]]")
        screen.until(lambda text: re.search(r"now 7.0 %  max \d+.\d %  1 d", text))
        screen.press("escape", "q")

        assert screen.ended() == 0


def test_an_older_server_has_charts_of_the_stream_alone(open_screen: Open) -> None:
    with http_server(lambda request: serve_recorded(request, has_history=False)) as url:
        screen = open_screen(API_SERVER=url)
        screen.until("now 41 %")
        text = screen.until(lambda text: re.search("[⠁-⣿]", text))
        assert "no history" not in text
        screen.press("6", "]")
        screen.until("this server has no history of metrics")
        screen.press("[")
        screen.until(lambda text: "no history" not in text and re.search("[⠁-⣿]", text))
