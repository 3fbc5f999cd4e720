"""The log files of started servers."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import structlog

from pm2site import logging_setup
from system.lib import files
from tests.fixtures.server import StartServer

DEADLINE_S = 60
FULL = "x" * files.LOG_BYTES


def wait_for(log: Path, text: str) -> str:
    deadline_s = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline_s:
        if log.exists() and text in (content := log.read_text(encoding="utf-8")):
            return content
        time.sleep(0.05)
    raise AssertionError(f"{text!r} is not in {log}")


def test_the_log_file_of_a_started_server_is_written_and_rotated(start_server: StartServer) -> None:
    server = start_server()
    folder = server.folder / "var" / "logs"
    requests.get(server.url + "/api/benchmark/latest?count=1", headers={"X-Request-ID": "first"}, timeout=DEADLINE_S)
    line = wait_for(folder / "server.log", "request_id=first")
    assert "path=/api/benchmark/latest" in line
    assert line in server.log.read_text()

    with (folder / "server.log").open("a") as log:
        log.write(FULL)
    requests.get(server.url + "/api/benchmark/latest?count=1", headers={"X-Request-ID": "second"}, timeout=DEADLINE_S)

    assert wait_for(folder / "server.log", "request_id=second").count("\n") == 1
    assert (folder / "server.log.1").read_text() == line + FULL
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_the_log_of_the_runs_is_rotated_by_a_started_server(start_server: StartServer) -> None:
    server = start_server()
    log = server.folder / "var" / "logs" / "benchmarks.log"
    log.write_text(FULL)

    for path, name in (("pm2/start", "instances"), ("benchmark/run", "duration")):
        body = {"framework": "fastify", name: 1}
        assert requests.post(f"{server.url}/api/{path}", json=body, timeout=DEADLINE_S).ok

    assert (log.with_name("benchmarks.log.1").read_text(), log.exists()) == (FULL, True)
    assert log.stat().st_size < files.LOG_BYTES


def record(text: str) -> logging.LogRecord:
    return logging.LogRecord("pm2site", logging.INFO, __file__, 1, text, None, None)


HOSTILE = "a\x1b[2J\x7f\x9b\u202e\u2028\r\nb"
ESCAPED = r"a\x1b[2J\x7f\x9b\u202e\u2028\r\nb"


class Hostile:
    def __repr__(self) -> str:
        return HOSTILE


@pytest.fixture
def hostile_record() -> Iterator[logging.LogRecord]:
    """With foreign text in each place that a line prints."""
    error = ValueError(HOSTILE)
    entry = logging.LogRecord("pm2site", logging.INFO, __file__, 1, HOSTILE, None, (ValueError, error, None))
    with structlog.contextvars.bound_contextvars(
        **{HOSTILE: 1, "empty": "", "list": [HOSTILE], "object": Hostile(), "path": HOSTILE, "usual": "/health"}
    ):
        yield entry


def format_by(style: str, entry: logging.LogRecord) -> str:
    config = logging_setup.logging_config(style, "INFO")["formatters"]["line"]
    return str(logging.config.DictConfigurator({"version": 1}).configure_formatter(config).format(entry))


def test_no_foreign_text_controls_the_terminal_or_begins_a_line(hostile_record: logging.LogRecord) -> None:
    first, *trace = format_by("console", hostile_record).split("\n")

    assert first.partition(" ")[2] == (
        f"[info     ] {ESCAPED} [pm2site] {ESCAPED}=1 empty= list=['{ESCAPED}'] object={ESCAPED} path='{ESCAPED}'"
        " usual=/health"
    )
    assert trace[-2:] == [f"  ValueError: {ESCAPED.removesuffix(chr(92) + 'nb')}", "  b"]
    assert [line for line in trace if not line.startswith("  ")] == []


def test_json_is_printable_and_keeps_the_text(hostile_record: logging.LogRecord) -> None:
    line = format_by("json", hostile_record)

    assert [character for character in line if not " " <= character <= "~"] == []
    entry = json.loads(line)
    assert (entry["event"], entry["path"], entry["list"], entry[HOSTILE]) == (HOSTILE, HOSTILE, [HOSTILE], 1)


def test_a_path_is_escaped_in_the_log_of_a_started_server(start_server: StartServer) -> None:
    server = start_server()
    path = "/%C2%9B2J%1b%5b2J%7f%E2%80%AE%E2%80%A8"
    requests.get(server.url + path, headers={"X-Request-ID": "hostile"}, timeout=DEADLINE_S)

    content = wait_for(server.folder / "var" / "logs" / "server.log", "request_id=hostile")

    assert r"path='/\x9b2J\x1b[2J\x7f\u202e\u2028'" in content
    assert content in server.log.read_text()
    assert [character for character in content if character != "\n" and not character.isprintable()] == []


def test_two_servers_rotate_one_file_and_lose_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files.rotate, "__defaults__", (20, 5))
    first, second = (logging_setup.RotatedFile(str(tmp_path / "server.log")) for _ in range(2))

    for number in range(10):
        (first, second)[number % 2].emit(record(f"line {number}"))
    first.close()
    second.close()

    order = ["server.log.3", "server.log.2", "server.log.1", "server.log"]
    assert [(tmp_path / name).read_text().split("\n")[:-1] for name in order] == [
        ["line 0", "line 1", "line 2"], ["line 3", "line 4", "line 5"], ["line 6", "line 7", "line 8"], ["line 9"],
    ]  # fmt: skip
    assert {file.name for file in tmp_path.iterdir()} == set(order)


def test_a_log_file_that_became_a_symlink_is_not_followed_and_no_request_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = logging_setup.RotatedFile(str(tmp_path / "server.log"))
    (tmp_path / "another").write_text("theirs")
    (tmp_path / "server.log").unlink()
    (tmp_path / "server.log").symlink_to(tmp_path / "another")

    handler.emit(record("line"))
    handler.close()

    assert ((tmp_path / "another").read_text(), capsys.readouterr().err) == ("theirs", "")


def test_only_the_terminal_gets_colours() -> None:
    config = logging_setup.with_log_file("console", "INFO", Path("/logs"), color=True)
    formatters = {
        name: logging.config.DictConfigurator(config).configure_formatter(value)
        for name, value in config["formatters"].items()
    }

    lines = {name: formatter.format(record("started")) for name, formatter in formatters.items()}

    assert {name: "\x1b[" in line for name, line in lines.items()} == {"line": True, "file_line": False}
