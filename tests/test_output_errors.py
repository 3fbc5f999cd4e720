"""Every command of every program on a closed pipe, a full disk and closed standard streams."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.server import Server, new_server

pytestmark = pytest.mark.real

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = [
    "manage.py help", "manage.py check", "manage.py pm2 status --json", "manage.py pm2 logs",
    "manage.py rediscluster status", "manage.py token reader --readonly", "-m dashboard_client --help",
    "-m dashboard_client --once", "-m dashboard_client run pm2 logs", "-m dashboard_client run history export",
    "-m benchmarks --help",
]  # fmt: skip


@pytest.fixture(scope="module")
def running_server() -> Iterator[Server]:
    """With a process and its log lines."""
    server = new_server()
    try:
        server.start()
        server.manage("pm2", "start", "node")
        logs = Path(server.env["PM2_HOME"]) / "logs"
        next(logs.glob("node-out*")).write_text("line\n" * 50_000, encoding="utf-8")
        yield server
    finally:
        server.clean()


def run(server: Server, command: str, redirection: str) -> tuple[int, str]:
    """Exit code and stderr of a command with a redirection of a shell."""
    env = {**os.environ, **server.env, "API_SERVER": server.url, "PYTHONUNBUFFERED": ""}
    script = f"exec {redirection}; exec {sys.executable} {command}"
    finished = subprocess.run(["bash", "-c", script], cwd=ROOT, env=env, capture_output=True, text=True, timeout=100)
    return finished.returncode, finished.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_disk_has_one_exit_code_and_one_message(running_server: Server, command: str) -> None:
    code, errors = run(running_server, command, ">/dev/full")

    assert (code, errors.splitlines()[-1]) == (1, "[ERROR] Cannot write the output: No space left on device")
    assert "Traceback" not in errors


@pytest.mark.parametrize("command", ["manage.py pm2 logs", "-m dashboard_client run pm2 logs", "-m benchmarks --help"])
def test_closed_outputs_have_one_exit_code_and_one_message(running_server: Server, command: str) -> None:
    closed, pipe = (run(running_server, command, redirection) for redirection in (">&-", "> >(exit)"))

    assert (closed[0], closed[1].splitlines()[-1]) == (1, "[ERROR] Cannot write the output: Bad file descriptor")
    assert (pipe[0], [line for line in pipe[1].splitlines() if "[ERROR]" in line]) == (1, [])
    assert "Traceback" not in closed[1] + pipe[1]


@pytest.mark.parametrize(
    ("command", "code", "last_line"),
    [
        (
            "-m dashboard_client",
            0,
            "Standard input or output is not a terminal: printing one report instead of the dashboard.",
        ),
        ("-m dashboard_client run pm2 stop", 2, "[ERROR] Stop all PM2 processes on {url}? Confirm with --yes."),
        ("manage.py pm2 stop", 1, "[ERROR] stop without a name requires --yes."),
    ],
)
def test_a_closed_standard_input_is_no_terminal(
    running_server: Server, command: str, code: int, last_line: str
) -> None:
    assert run(running_server, command, "<&-") == (code, last_line.format(url=running_server.url) + "\n")
