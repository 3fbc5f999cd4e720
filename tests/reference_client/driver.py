"""Runs the reference client, a Node program, and exchanges lines with it."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from system.host import binaries

PROGRAM = Path(__file__).with_name("client.mjs")
ANSWER_S = 120.0


@dataclass(frozen=True, slots=True)
class Answer:
    """`type`: the Content-Type; `body`: decoded JSON, or the text. `chunked`: how the request's body was sent;
    `connection`: the client's own port."""

    status: int
    type: str | None
    body: Any
    chunked: bool
    connection: int


class ReferenceClient:
    """One client: a request at a time, and at most one WebSocket."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: dict[str, queue.SimpleQueue[dict[str, Any]]] = {
            kind: queue.SimpleQueue() for kind in ("answer", "message", "closed")
        }
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def request(self, method: str, path: str, body: object = None, *, text: str | None = None) -> Answer:
        """`text`: a body that is not JSON."""
        self._order("request", method=method, path=path, body=body, text=text)
        return Answer(**self._next("answer"))

    def connect(self, path: str = "/ws", *, bare: bool = False) -> None:
        """`bare`: without the key."""
        self._order("connect", path=path, bare=bare)

    def send(self, message: object = None, *, text: str | None = None) -> None:
        self._order("send", message=message, text=text)

    def receive(self, is_expected: Callable[[Any], object] = lambda message: True) -> Any:
        """The next message that is expected; the others are dropped."""
        while True:
            message = self._next("message")["message"]
            if is_expected(message):
                return message

    def close(self) -> int:
        """Closes the WebSocket; returns the close code."""
        self._order("close")
        return self.closed()

    def closed(self) -> int:
        """The close code of a WebSocket that the server closes."""
        return int(self._next("closed")["code"])

    def join(self) -> None:
        """Waits until the program's output has been read to its end."""
        self._reader.join()

    def _order(self, command: str, **fields: object) -> None:
        assert self._process.stdin
        named = {name: value for name, value in fields.items() if value is not None}
        self._process.stdin.write(json.dumps({"do": command, **named}) + "\n")
        self._process.stdin.flush()

    def _next(self, kind: str) -> dict[str, Any]:
        line = self._lines[kind].get(timeout=ANSWER_S)
        assert line.pop("kind") == kind, line
        return line

    def _read(self) -> None:
        """Sorts the program's lines by kind. A failure, or the end of the program, is an answer of each kind."""
        assert self._process.stdout
        for text in self._process.stdout:
            line = json.loads(text)
            for name in self._lines if line["kind"] == "failed" else (line["kind"],):
                self._lines[name].put(line)
        for lines in self._lines.values():
            lines.put({"kind": "ended"})


@contextmanager
def reference_client(url: str, key: str = "") -> Iterator[ReferenceClient]:
    env = {"PATH": os.environ["PATH"], "API_SERVER": url, "API_KEY": key}
    argv = [str(binaries.require("node").path), str(PROGRAM)]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, env=env, stdin=pipe, stdout=pipe, text=True) as process:
        client = ReferenceClient(process)
        try:
            yield client
        finally:
            process.kill()
            client.join()
