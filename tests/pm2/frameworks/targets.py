"""Runs a framework's server as a plain child process and sends it requests."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass

from pm2.frameworks.registry import NO_INTERPRETER, Framework, check_availability, registry, script_path
from tests.fixtures.ports import free_ports
from tests.fixtures.redis import wait_until

INSTALLED = tuple(framework for framework in registry().frameworks if check_availability(framework).installed)
NAMES = [framework.name for framework in INSTALLED]
ANSWER_S = 10


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> object:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Target:
    """A running server under test."""

    name: str
    port: int
    process: subprocess.Popen[str]

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_S)) as connection:
            with suppress(BrokenPipeError):  # a body that is too long is rejected before all of it is sent
                connection.request(method, path, body, headers)
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())

    def create(self) -> Answer:
        return self.ask("POST", "/code", b'{"name":"benchmark"}', **{"Content-Type": "application/json"})

    def create_until(self, status: int) -> Answer:
        wait_until(lambda: self.create().status == status, f"{self.name} answers {status}")
        return self.create()

    def end(self, signal_number: int) -> tuple[int, float]:
        """Send a signal; returns the exit code and the seconds until the exit."""
        since = time.monotonic()
        self.process.send_signal(signal_number)
        return self.process.wait(ANSWER_S), time.monotonic() - since


def launch(framework: Framework, port: int, nodes: str) -> subprocess.Popen[str]:
    interpreter = check_availability(framework).interpreter
    argv = [] if framework.interpreter == NO_INTERPRETER else [str(interpreter)]
    env = {
        "PATH": os.environ["PATH"], "PORT": str(port), "HOST": "127.0.0.1", "REDIS_NODES": nodes,
        "NODE_ENV": "production",
    }  # fmt: skip
    pipe = subprocess.PIPE
    return subprocess.Popen([*argv, str(script_path(framework))], env=env, stdout=pipe, stderr=pipe, text=True)


@contextmanager
def target(framework: Framework, nodes: str, port: int | None = None) -> Iterator[Target]:
    """Starts a server, waits until `GET /simple` answers, and ends it afterwards."""
    port = port or free_ports(1)[0]
    with launch(framework, port, nodes) as process:
        running = Target(framework.name, port, process)
        try:
            wait_until(lambda: running.ask("GET", "/simple").status == 200, f"{framework.name} answers")
            yield running
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(ANSWER_S)
