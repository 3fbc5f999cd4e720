"""A small HTTP server in Node that answers at most a given number of requests per second."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from benchmarks.sweeps import progress, search
from benchmarks.sweeps.search import SweepLimits
from system.host import binaries
from system.host.ports import is_listening
from tests.fixtures.ports import free_port
from tests.fixtures.target_server import run_until_left

SOURCE = """
// Answers at most RATE requests/s: each response has its own place in a schedule, so that requests above the rate wait
// ever longer. Arguments: PORT RATE.
const [port, rate] = process.argv.slice(1).map(Number)
const headers = { 'Content-Type': 'application/json' }
const waiting = []
let nextMs = 0 // the next free place; places that nobody took are lost, so they do not add up to a burst

const nowMs = () => Number(process.hrtime.bigint()) / 1e6

function serve () {
  while (waiting.length && nextMs <= nowMs()) {
    nextMs += 1000 / rate
    waiting.shift().writeHead(200, headers).end('{"message":"hi"}')
  }
  if (waiting.length) setTimeout(serve, 1)
}

require('http').createServer((request, response) => {
  waiting.push(response)
  if (waiting.length > 1) return
  nextMs = Math.max(nextMs, nowMs())
  serve()
}).listen(port, '127.0.0.1')
"""


@contextmanager
def run_limited_server(rate: int) -> Iterator[int]:
    """Runs the server on a free port; yields the port."""
    port = free_port()
    argv = [str(binaries.require("node").path), "-e", SOURCE, str(port), str(rate)]
    with run_until_left(argv, lambda: is_listening(port)):
        yield port


def take_few_steps(monkeypatch: pytest.MonkeyPatch, precision: float = search.PRECISION) -> None:
    """A sweep begins five steps below the estimated limit: now two. tests/benchmarks/sweeps holds which rates it tries."""
    monkeypatch.setattr(search, "FIRST_SHARE", 0.6)
    monkeypatch.setattr(progress, "SweepLimits", partial(SweepLimits, precision=precision))
