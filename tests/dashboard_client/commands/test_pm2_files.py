"""`run pm2 start FILE`, `save`, `resurrect`, `flush`, `reset` and `signal` on a real server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures.client import run_client
from tests.fixtures.pty import Screen
from tests.fixtures.server import Server, StartServer
from tests.pm2.ecosystem.ecosystem_files import EcosystemFile, js, write

pytestmark = pytest.mark.real
FILE = EcosystemFile(
    "ecosystem.config.js",
    js(
        "{name: 'api', script: 'app.js', instances: 2, exec_mode: 'fork', env_p: {A: 1}}, {name: 'web', script: 'app.sh'}"
    ),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path, FILE)


@pytest.fixture
def allowing(start_server: StartServer, path: Path) -> Server:
    return start_server(ECOSYSTEM_DIRS=str(path.parent))


def pm2(server: Server, *words: str) -> tuple[int, str, str]:
    result = run_client(server.url, "run", "pm2", *words)
    return result.returncode, result.stdout, result.stderr


def test_the_verbs_of_a_file_and_of_the_saved_list(allowing: Server, path: Path) -> None:
    code, out, err = pm2(allowing, "start", str(path), "--only", "api", "--env", "p")
    assert (code, out) == (0, "Started api: 2 processes\n")
    assert f"node {path.parent}/app.js, in {path.parent}" in err
    assert err.startswith("To start 2 × api as ")
    assert "Not saved: api" in pm2(allowing, "status")[2]

    assert pm2(allowing, "save")[1].startswith("Saved 2 processes in ")
    assert pm2(allowing, "stop", "api")[:2] == (0, "Stopped api: 2 processes\n")
    assert pm2(allowing, "start", "api")[:2] == (0, "Started api: 2 processes\n")
    assert pm2(allowing, "signal", "api", "cont")[:2] == (0, "Sent SIGCONT to api: 2 processes\n")
    assert pm2(allowing, "flush", "0")[:2] == (0, "Emptied the logs of api: 1 process\n")
    assert pm2(allowing, "flush")[0] == 2  # it would ask
    assert pm2(allowing, "flush", "--yes")[:2] == (0, "Emptied the logs of api: 2 processes\n")
    assert pm2(allowing, "reset")[:2] == (0, "Reset PM2's counters of api: 2 processes\n")
    assert pm2(allowing, "delete", "--yes")[0] == 0
    assert pm2(allowing, "save")[0] == 1
    assert pm2(allowing, "resurrect")[:2] == (0, "Resurrected api: 2 processes\n")
    assert pm2(allowing, "save", "--force")[0] == 0


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("start", "PATH", "-i", "2"), 2, "-i is for frameworks"),
        (("start", "node", "--only", "api"), 2, "--only is for an ecosystem file, and 'node' is not the path of one."),
        (("start", "PATH", "--only", "nope"), 1, "has no app named nope. It has api, web."),
        (("start", "/etc/passwd"), 1, "this server starts only files below"),
        (("signal", "api", "nope"), 1, "SIGNOPE"),
        (("start", "nobody"), 1, "Neither a process in PM2's list nor a framework is named 'nobody'."),
    ],
)
def test_what_is_refused(allowing: Server, path: Path, words: tuple[str, ...], code: int, message: str) -> None:
    result = pm2(allowing, *(word.replace("PATH", str(path)) for word in words))

    assert (result[0], message in result[2]) == (code, True), result


def test_a_terminal_is_asked(allowing: Server, path: Path) -> None:
    def run(answer: str) -> tuple[int, str]:
        screen = Screen("run", "pm2", "start", str(path), "--only", "web", columns=300, API_SERVER=allowing.url)
        try:
            screen.until("Type yes:")
            screen.press(answer, "\r")
            return screen.ended(), screen.text()
        finally:
            screen.close()

    refused, answered = run("no"), run("yes")

    assert (refused[0], "Nothing was done." in refused[1]) == (2, True)
    assert (answered[0], "Started web: 1 process" in answered[1]) == (0, True)
