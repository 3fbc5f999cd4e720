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
from benchmarks.connections.target_request import TargetRequest
from benchmarks.engine import probe, serving_processes
from benchmarks.engine.probe import ProbePlan
from tests.fixtures.target_server import run_target

BODY = hashlib.sha256(b'{"message":"hi"}').hexdigest()


def plan(port: int, path: str = "/simple", **changes: object) -> ProbePlan:
    default = ProbePlan(
        request=TargetRequest(f"http://127.0.0.1:{port}{path}", "GET", {"Host": "x"}, b""), duration_s=0.4, timeout_s=0.5,
        body_sha256=BODY, keys=("message",), rate_per_second=50, batch_size=1,
    )  # fmt: skip
    return replace(default, **changes)  # type: ignore[arg-type]


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
def test_every_response_is_checked(path: str, changes: dict[str, object], failed: int, mismatched: int) -> None:
    with run_target() as port:
        report = probe.run_probe(plan(port, path, **changes))

    assert (report.sent, report.failed, report.mismatched) == (20, failed, mismatched)
    assert sum(count for _, count in histogram.decode(report.histogram)) == 20 - failed


@pytest.mark.real
def test_a_schedule_may_start_later() -> None:
    with run_target() as port:
        began_s = time.monotonic()
        report = probe.run_probe(plan(port, starts_at_s=began_s + 0.5))
        took_s = time.monotonic() - began_s

    assert (report.sent, report.failed) == (20, 0)
    assert took_s >= 0.5 + 19 / 50


@pytest.mark.real
def test_requests_are_sent_in_batches() -> None:
    """Ten requests in two batches: the second five are sent 0.25 s after the first, on the same connections."""
    with run_target() as port:
        began_s = time.monotonic()
        report = probe.run_probe(plan(port, duration_s=0.5, rate_per_second=20, batch_size=5))
        took_s = time.monotonic() - began_s

    assert (report.sent, report.failed) == (10, 0)
    assert 0.25 <= took_s < 5


@pytest.mark.real
def test_every_probe_fails_if_nothing_listens() -> None:
    with run_target() as port:
        pass

    assert probe.run_probe(plan(port)).failed == 20


@pytest.mark.real
def test_a_stall_is_seen_by_every_request_that_was_due() -> None:
    """A server that stalls for 0.3 s: a client that waits for responses would see a single slow request."""
    with run_target() as port:
        proxy = StallingProxy(port, 0.3)
        report = probe.run_probe(plan(proxy.port, duration_s=0.5, timeout_s=2))

    slow = [value for value, count in histogram.decode(report.histogram) for _ in range(count) if value > 100_000]
    assert len(slow) >= probe.CONNECTIONS + 2  # more than the connections allow in flight


class StallingProxy:
    """Forwards connections, but holds back all data for some seconds at the beginning."""

    def __init__(self, port: int, seconds: float) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.target_port = self.listener.getsockname()[1], port
        self.open_s = time.monotonic() + seconds
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            client = self.listener.accept()[0]
            threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self.target_port)) as upstream:
            while request := client.recv(4096):
                time.sleep(max(0.0, self.open_s - time.monotonic()))
                upstream.sendall(request)
                client.sendall(upstream.recv(4096))


@pytest.mark.real
def test_the_probe_process_prints_its_report(tmp_path: Path) -> None:
    with run_target() as port:
        argv = probe.write_plan(plan(port), tmp_path / "plan.json")
        printed = subprocess.run(argv, capture_output=True, text=True, check=True).stdout

    report = probe.parse_report(printed)
    assert report
    assert (report.sent, report.failed, report.mismatched) == (20, 0, 0)
    assert report.p50_ms
    assert probe.parse_report("") is None


@pytest.mark.real
def test_the_processes_that_accept_connections_are_the_target() -> None:
    with run_target() as port:
        (pid,) = serving_processes.serving_pids("127.0.0.1", port)
        assert "node" in Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")

    assert serving_processes.serving_pids("127.0.0.1", port) == ()


def test_a_connection_closed_while_idle_is_reopened() -> None:
    """The second response arrives on a second connection, and no probe fails."""
    accepted: list[socket.socket] = []

    def serve(listener: socket.socket) -> None:
        while len(accepted) < 4:
            connection, _ = listener.accept()
            accepted.append(connection)
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n" + b'{"message":"hi"}')
            connection.close()  # unannounced: the response implied keep-alive

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        report = probe.run_probe(plan(listener.getsockname()[1], duration_s=0.4, rate_per_second=10))

    assert (report.sent, report.failed, report.mismatched, len(accepted)) == (4, 0, 0, 4)


@pytest.mark.parametrize(
    ("response", "failed", "mismatched"),
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
def test_any_output_of_a_server_is_a_response_or_a_failure(response: bytes, failed: int, mismatched: int) -> None:
    def serve(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65_536)
                connection.sendall(response)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        report = probe.run_probe(plan(listener.getsockname()[1], duration_s=0.4, rate_per_second=10))

    assert (report.sent, report.failed, report.mismatched) == (4, failed, mismatched)
