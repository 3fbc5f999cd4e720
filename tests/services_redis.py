"""Real Redis servers for tests, on free ports, in folders of their own: one alone, and a cluster of three."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import MovedError, RedisError

from system import binaries
from tests.ports import free_ports

DEADLINE_S = 30.0
SLOTS = 16384
MASTERS = 3


@dataclass(frozen=True, slots=True)
class Nodes:
    """Running Redis servers. `is_cluster` says whether they are one cluster or a single server alone."""

    ports: tuple[int, ...]
    pids: tuple[int, ...]
    is_cluster: bool

    @property
    def addresses(self) -> str:
        """As the environment variable REDIS_NODES wants it."""
        return ",".join(f"127.0.0.1:{port}" for port in self.ports)

    def flush(self) -> None:
        for port in self.ports:
            with closing(connection(port)) as node:
                node.flushall()

    def find(self, ask: Callable[[Any], Any]) -> list[Any]:
        """What each node answers; a node that does not own the key (MOVED) is left out."""
        answers = []
        for port in self.ports:
            with closing(connection(port)) as node, suppress(MovedError):
                answers.append(ask(node))
        return answers


def connection(port: int) -> Any:
    """Of any type: half of redis-py is untyped."""
    return Redis(host="127.0.0.1", port=port, decode_responses=True, socket_timeout=5)


def until(holds: Callable[[], object], what: str) -> None:
    """Poll; an error of Redis or a socket means `not yet`."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        try:
            if holds():
                return
        except (RedisError, OSError):
            pass
        time.sleep(0.02)
    raise AssertionError(f"Not within {DEADLINE_S:g} s: {what}.")


@contextmanager
def redis_server(port: int, *arguments: str) -> Iterator[int]:
    """One redis-server on loopback, with its folder, gone afterwards; gives its pid."""
    folder = Path(tempfile.mkdtemp(prefix="redis", dir="/tmp"))
    argv = [
        str(binaries.require("redis-server").path), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "",
        "--appendonly", "no", "--logfile", str(folder / "log"), *arguments,
    ]  # fmt: skip
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        with closing(connection(port)) as node:
            until(node.ping, f"redis-server answers on {port}")
        yield process.pid
    finally:
        process.kill()  # nothing is to be saved, and it may be stopped by a signal
        process.wait()
        shutil.rmtree(folder)


@contextmanager
def standalone() -> Iterator[Nodes]:
    [port] = free_ports(1)
    with redis_server(port) as pid:
        yield Nodes((port,), (pid,), is_cluster=False)


@contextmanager
def cluster() -> Iterator[Nodes]:
    """Three masters that agree on all slots."""
    free = free_ports(2 * MASTERS)
    ports, bus_ports = free[:MASTERS], free[MASTERS:]
    with ExitStack() as running:
        pids = [
            running.enter_context(redis_server(port, "--cluster-enabled", "yes", "--cluster-port", str(bus)))
            for port, bus in zip(ports, bus_ports, strict=True)
        ]
        nodes = [running.enter_context(closing(connection(port))) for port in ports]
        bounds = [SLOTS * index // MASTERS for index in range(MASTERS + 1)]
        for index, node in enumerate(nodes):
            node.execute_command("CLUSTER SET-CONFIG-EPOCH", index + 1)
            node.execute_command("CLUSTER ADDSLOTSRANGE", bounds[index], bounds[index + 1] - 1)
        for port, bus in list(zip(ports, bus_ports, strict=True))[1:]:
            nodes[0].execute_command("CLUSTER MEET", "127.0.0.1", port, bus)
        until(lambda: all(agrees(node) for node in nodes), "the cluster agrees")
        yield Nodes(tuple(ports), tuple(pids), is_cluster=True)


def agrees(node: Any) -> bool:
    told = node.execute_command("CLUSTER INFO")
    return bool(told["cluster_state"] == "ok" and int(told["cluster_known_nodes"]) == MASTERS)


@pytest.fixture(scope="session")
def redis_standalone() -> Iterator[Nodes]:
    with standalone() as nodes:
        yield nodes


@pytest.fixture(scope="session")
def redis_cluster() -> Iterator[Nodes]:
    with cluster() as nodes:
        yield nodes
