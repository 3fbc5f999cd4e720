from __future__ import annotations

import hashlib
import socket
import subprocess
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.analysis import histogram
from benchmarks.engine import probe, serving_processes
from benchmarks.engine.probe import ProbePlan
from tests.fixtures.target_server import target

BODY = hashlib.sha256(b'{"message":"hi"}').hexdigest()


def plan(port: int, path: str = "/simple", **changes: object) -> ProbePlan:
    made = ProbePlan(
        url=f"http://127.0.0.1:{port}{path}", method="GET", headers={"Host": "x"}, body="", duration_s=0.4,
        timeout_s=0.5, body_sha256=BODY, keys=("message",), rate_per_second=50, together=1,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.real
@pytest.mark.parametrize(
    ("path", "changes", "failed", "mismatched"),
    [
        ("/simple", {}, 0, 0),
        ("/simple", {"body_sha256": None}, 0, 0),
        ("/simple", {"body_sha256": "0" * 64}, 0, 20),
        ("/simple", {"body_sha256": None, "keys": ("id",)}, 0, 20),
        ("/code-fast", {}, 20, 0),
    ],
)
def test_every_answer_is_checked(path: str, changes: dict[str, object], failed: int, mismatched: int) -> None:
    with target() as port:
        told = probe.report(plan(port, path, **changes))

    assert (told.sent, told.failed, told.mismatched) == (20, failed, mismatched)
    assert sum(count for _, count in histogram.decode(told.histogram)) == 20 - failed


@pytest.mark.real
def test_a_schedule_may_begin_later() -> None:
    with target() as port:
        began_s = time.monotonic()
        told = probe.report(plan(port, begins_s=began_s + 0.5))
        took_s = time.monotonic() - began_s

    assert (told.sent, told.failed) == (20, 0)
    assert took_s >= 0.5 + 19 / 50


@pytest.mark.real
def test_requests_are_due_together() -> None:
    """Ten requests in two moments: the second five go out 0.25 s after the first, on the same connections."""
    with target() as port:
        began_s = time.monotonic()
        told = probe.report(plan(port, duration_s=0.5, rate_per_second=20, together=5))
        took_s = time.monotonic() - began_s

    assert (told.sent, told.failed) == (10, 0)
    assert 0.25 <= took_s < 5


@pytest.mark.real
def test_nobody_there_fails_every_probe() -> None:
    with target() as port:
        pass

    assert probe.report(plan(port)).failed == 20


@pytest.mark.real
def test_a_stall_is_seen_by_every_request_that_was_due() -> None:
    """A server that stops for 0.3 s: a client that waited for its answers would have seen one slow request."""
    with target() as port:
        stalled = _Stalling(port, 0.3)
        told = probe.report(plan(stalled.port, duration_s=0.5, timeout_s=2))

    slow = [value for value, count in histogram.decode(told.histogram) for _ in range(count) if value > 100_000]
    assert len(slow) >= probe.LANES + 2  # more than could be under way at once


class _Stalling:
    """Passes connections on, and holds everything back for a while at the beginning."""

    def __init__(self, port: int, seconds: float) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port, self.onward = self.listening.getsockname()[1], port
        self.open_s = time.monotonic() + seconds
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            inward = self.listening.accept()[0]
            threading.Thread(target=self._pass_on, args=(inward,), daemon=True).start()

    def _pass_on(self, inward: socket.socket) -> None:
        with inward, socket.create_connection(("127.0.0.1", self.onward)) as outward:
            while asked := inward.recv(4096):
                time.sleep(max(0.0, self.open_s - time.monotonic()))
                outward.sendall(asked)
                inward.sendall(outward.recv(4096))


@pytest.mark.real
def test_the_process_prints_its_report(tmp_path: Path) -> None:
    with target() as port:
        argv = probe.write(plan(port), tmp_path / "plan.json")
        printed = subprocess.run(argv, capture_output=True, text=True, check=True).stdout

    told = probe.parse(printed)
    assert told
    assert (told.sent, told.failed, told.mismatched) == (20, 0, 0)
    assert told.p50_ms
    assert probe.parse("") is None


@pytest.mark.real
def test_those_who_accept_are_the_target() -> None:
    with target() as port:
        (pid,) = serving_processes.of("127.0.0.1", port)
        assert "node" in Path(f"/proc/{pid}/cmdline").read_text()

    assert serving_processes.of("127.0.0.1", port) == ()


def test_a_connection_that_was_closed_while_idle_is_opened_again() -> None:
    """The second answer comes over a second connection, and nothing has failed."""
    accepted: list[socket.socket] = []

    def serve(listening: socket.socket) -> None:
        while len(accepted) < 4:
            connection, _ = listening.accept()
            accepted.append(connection)
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n" + b'{"message":"hi"}')
            connection.close()  # without a word: the answer had promised to keep it

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        told = probe.report(plan(listening.getsockname()[1], duration_s=0.4, rate_per_second=10))

    assert (told.sent, told.failed, told.mismatched, len(accepted)) == (4, 0, 0, 4)


@pytest.mark.parametrize(
    ("answer", "failed", "mismatched"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"messag\r\n8\r\ne\":\"hi\"}\r\n0\r\n\r\n", 0, 0),
        (b'HTTP/1.0 200 OK\r\n\r\n{"message":"hi"}', 0, 0),
        (b'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 16\r\n\r\n{"message":"ho"}', 0, 4),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 0, 4),
        (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", 4, 0),
        (b"SSH-2.0-OpenSSH_9.2\r\n", 4, 0),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 160\r\n\r\nshort", 4, 0),
        (b"", 4, 0),
    ],
)  # fmt: skip
def test_whatever_a_server_says_is_an_answer_or_a_failure(answer: bytes, failed: int, mismatched: int) -> None:
    def serve(listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        told = probe.report(plan(listening.getsockname()[1], duration_s=0.4, rate_per_second=10))

    assert (told.sent, told.failed, told.mismatched) == (4, failed, mismatched)
