"""A framework's server without Redis, on a signal, and with its port in use."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psutil
import pytest

from pm2.frameworks.registry import registry
from tests.fixtures.ports import free_ports
from tests.fixtures.redis import Nodes, redis_server, run_cluster, wait_until
from tests.pm2.frameworks.targets import INSTALLED, NAMES, Target, launch, target

pytestmark = pytest.mark.real

END_S = 8.0  # a deadline of 1 s, with a connection left open, plus the delay of a busy machine
AWAY_S = 5.0  # a deadline of 1 s, plus the delay of a busy machine
SHARING = [framework.name for framework in INSTALLED if framework.reuse_port]


def assert_refused(running: Target) -> None:
    """Both endpoints that need Redis answer 503 within their deadline; `/simple` is unaffected."""
    for method, path in (("POST", "/code"), ("GET", "/code-fast")):
        since = time.monotonic()
        answer = running.ask(method, path)
        taken = time.monotonic() - since
        assert (answer.status, list(json.loads(answer.body))) == (503, ["error"])
        assert json.loads(answer.body)["error"].startswith("Redis cannot be used: ")
        assert taken < AWAY_S
    assert running.ask("GET", "/simple").body == b'{"message":"hi"}'


@pytest.mark.parametrize("name", NAMES)
def test_redis_starts_hangs_and_stops(name: str) -> None:
    [port] = free_ports(1)
    with target(registry().framework(name), f"127.0.0.1:{port}") as running:
        assert_refused(running)
        with redis_server(port) as pid:
            running.create_until(201)
            os.kill(pid, signal.SIGSTOP)
            assert_refused(running)
            os.kill(pid, signal.SIGCONT)
            running.create_until(201)
        assert_refused(running)
        with redis_server(port):
            running.create_until(201)


def test_a_cluster_starts_and_stops() -> None:
    with ExitStack() as stack:
        with run_cluster() as nodes:
            running = [stack.enter_context(target(framework, nodes.addresses)) for framework in INSTALLED]
            for server in running:
                server.create_until(201)
        for server in running:
            assert_refused(server)
        with redis_server(nodes.ports[2]):
            for server in running:
                server.create_until(201)


@pytest.mark.parametrize("name", NAMES)
def test_requests_share_a_deadline_while_no_node_answers(name: str) -> None:
    with ExitStack() as stack:
        silent = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(6)]
        addresses = ",".join(f"127.0.0.1:{listener.getsockname()[1]}" for listener in silent)
        running = stack.enter_context(target(registry().framework(name), addresses))
        since = time.monotonic()
        with ThreadPoolExecutor(20) as clients:
            statuses = {answer.status for answer in clients.map(lambda _: running.create(), range(20))}
        assert (statuses, time.monotonic() - since < AWAY_S) == ({503}, True)


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", NAMES)
def test_a_signal_ends_the_server_in_time(name: str, signal_number: int, redis_standalone: Nodes) -> None:
    with target(registry().framework(name), redis_standalone.addresses) as running:
        running.create_until(201)
        with socket.create_connection(("127.0.0.1", running.port)) as kept:
            kept.sendall(b"GET /simple HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert kept.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")
            kept.sendall(b"GET /simp")
            exit_code, taken = running.end(signal_number)
        assert running.process.stderr
        assert (exit_code, running.process.stderr.read(), taken < END_S) == (0, "", True)
        assert running.process.stdout
        assert running.process.stdout.read().splitlines() == [
            f"{name} listens on 127.0.0.1:{running.port}, pid {running.process.pid}",
            f"{name} ended by {signal.Signals(signal_number).name}, pid {running.process.pid}",
        ]


@pytest.mark.parametrize("name", NAMES)
def test_a_port_in_use_is_reported(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with launch(registry().framework(name), port, "127.0.0.1:1") as process:
            stdout, stderr = process.communicate(timeout=10)
    assert (process.returncode, stdout) == (1, "")
    assert stderr.startswith(f"Cannot listen on 127.0.0.1:{port}: ")
    assert stderr.count("\n") == 1


def listens(running: Target) -> bool:
    """Whether this process itself listens: a response may come from another instance."""
    connections = psutil.Process(running.process.pid).net_connections("tcp")
    return any(conn.status == psutil.CONN_LISTEN and conn.laddr.port == running.port for conn in connections)


@pytest.mark.parametrize("name", SHARING)
def test_instances_share_the_port(name: str, redis_standalone: Nodes) -> None:
    redis_standalone.flush()
    framework = registry().framework(name)
    with ExitStack() as stack:
        first = stack.enter_context(target(framework, redis_standalone.addresses))
        second = stack.enter_context(target(framework, redis_standalone.addresses, first.port))
        wait_until(lambda: listens(second), "the second instance listens beside the first")
        ids = [json.loads(first.create().body)["created_code"]["id"] for _ in range(20)]
        assert ids == list(range(1, 21))
        first.end(signal.SIGTERM)
        assert [second.ask("GET", "/simple").status for _ in range(5)] == [200] * 5
