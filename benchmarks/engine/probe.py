"""Sends the latency probe's requests: a few per second on a fixed schedule beside the load. [io: HTTP]

Run as `python -m benchmarks.engine.probe FILE`, in a separate process, so that neither the load generator nor our own
sampling delays it. A latency counts from the time at which the request was due, so a stall is seen by every request
that it delays (no coordinated omission). Every body is checked.
"""

from __future__ import annotations

import base64
import hashlib
import json
import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.analysis import histogram
from benchmarks.connections import probe_http1, tls
from benchmarks.connections.probe_http1 import ProbeConnection
from benchmarks.connections.probe_http2 import Http2ProbeConnection
from benchmarks.connections.probe_socket import ProbeResponse, ProbeSocket
from benchmarks.connections.target_request import TargetRequest
from benchmarks.generators.secret_headers import redact, secret_texts
from system.lib.text import printable

RATE_PER_SECOND = 20.0
# Each batch costs a target that uses all processors one to three milliseconds, however small it is: 20 requests/s one
# by one reduced the rate of fastify on two cores by 5 to 7 %, five at a time by 3 %.
BATCH_SIZE = 5
CONNECTIONS = 8  # maximum of requests in flight
MARK = "@@PROBE1@@"
MAX_LATENCY_US = 60_000_000
MAX_KEYS, MAX_KEY_LENGTH = 100, 100  # of an object in a response that are compared


@dataclass(frozen=True, slots=True)
class ProbePlan:
    """The request, its schedule, and the response: `body_sha256` if it is constant, else the `keys` of its object, if
    these are, and the range `body_bytes` of its size, if it is known to change.

    `batch_size`: requests due at the same time. `starts_at_s`: on the monotonic clock, which all processes of a machine
    share; None: immediately.
    """

    request: TargetRequest
    duration_s: float
    timeout_s: float
    body_sha256: str | None
    keys: tuple[str, ...] | None
    body_bytes: tuple[int, int] | None = None
    rate_per_second: float = RATE_PER_SECOND
    starts_at_s: float | None = None
    batch_size: int = BATCH_SIZE


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """`failed`: no response with an expected status; `mismatched`: one with an unexpected body. `histogram`: all but
    the failed ones, HdrHistogram V2."""

    sent: int
    failed: int
    mismatched: int
    histogram: str
    p50_ms: float | None
    p99_ms: float | None
    max_ms: float | None


def json_keys(body: bytes, secrets: Sequence[str] = ()) -> tuple[str, ...]:
    """The first of the sorted keys of a JSON object, escaped where not printable, without `secrets`; empty for anything
    else."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return ()
    keys = sorted(value)[:MAX_KEYS] if isinstance(value, dict) else []
    return tuple(printable(redact(key, secrets)[:MAX_KEY_LENGTH]) for key in keys)


class ProbeScheduler:
    """Sends the requests on schedule in a single thread. The most recently used free connection takes the next request:
    as long as responses arrive in time, that is always the same one, which costs the target least."""

    def __init__(self, plan: ProbePlan) -> None:
        self.plan = plan
        self.secrets = secret_texts(plan.request.headers.items())
        self.latencies: Counter[int] = Counter()
        self.sent = self.failed = self.mismatched = 0
        self.began_s = time.monotonic() if plan.starts_at_s is None else plan.starts_at_s
        self.free = _make_connections(plan.request)
        self.selector = selectors.DefaultSelector()

    def run(self) -> None:
        busy: set[ProbeSocket] = set()
        with self.selector:
            while busy or self._due_s() is not None:
                self._start_due(busy)
                for key, _ in self.selector.select(self._wait_s(busy)):
                    self._on_response(key.data, key.data.on_socket_ready(), busy)
                now_s = time.monotonic()
                for late in [connection for connection in busy if connection.deadline_s <= now_s]:
                    self._unregister(late)
                    self._on_response(late, late.fail(), busy)
        for connection in self.free:
            connection.close()

    def _due_s(self) -> float | None:
        """Time at which the next request is due; None after the last."""
        due_s = self.sent // self.plan.batch_size * self.plan.batch_size / self.plan.rate_per_second
        return None if due_s >= self.plan.duration_s else self.began_s + due_s

    def _start_due(self, busy: set[ProbeSocket]) -> None:
        """Start the due requests while connections are free; a request that has to wait keeps its due time."""
        while self.free and (due_s := self._due_s()) is not None and due_s <= time.monotonic():
            self.sent += 1
            connection = self.free.pop()
            busy.add(connection)
            self._on_response(connection, connection.start(due_s, time.monotonic() + self.plan.timeout_s), busy)

    def _wait_s(self, busy: set[ProbeSocket]) -> float:
        times_s = [connection.deadline_s for connection in busy]
        due_s = self._due_s()
        if self.free and due_s is not None:
            times_s.append(due_s)
        return max(0.0, min(times_s) - time.monotonic()) if times_s else 0.0

    def _on_response(self, connection: ProbeSocket, response: ProbeResponse | None, busy: set[ProbeSocket]) -> None:
        """Count a response or failure; None if the request is still in progress."""
        if response is None:
            self._register(connection)
            return
        latency_us = min(MAX_LATENCY_US, round((time.monotonic() - connection.due_s) * 1e6))
        outcome = self._check(response)
        self.failed += outcome == "failed"
        self.mismatched += outcome == "mismatched"
        if outcome != "failed":
            self.latencies[latency_us] += 1
        busy.discard(connection)
        self.free.append(connection)
        self._unregister(connection)

    def _register(self, connection: ProbeSocket) -> None:
        assert connection.socket is not None  # noqa: S101 - without a socket, the request has ended
        events = selectors.EVENT_WRITE if connection.has_unsent_data else selectors.EVENT_READ
        self._unregister(connection, connection.socket)  # a new socket may have the previous one's file descriptor
        if connection.socket in self.selector.get_map():
            self.selector.modify(connection.socket, events, connection)
        else:
            self.selector.register(connection.socket, events, connection)

    def _unregister(self, connection: ProbeSocket, except_for: socket.socket | None = None) -> None:
        for key in list(self.selector.get_map().values()):
            if key.data is connection and key.fileobj is not except_for:
                self.selector.unregister(key.fileobj)

    def _check(self, response: ProbeResponse) -> str:
        plan, body = self.plan, response.body
        if not plan.request.expects(response.status):
            return "failed"
        if plan.body_sha256 is not None:
            return "ok" if hashlib.sha256(body).hexdigest() == plan.body_sha256 else "mismatched"
        if plan.body_bytes and not plan.body_bytes[0] <= len(body) <= plan.body_bytes[1]:
            return "mismatched"
        return "ok" if plan.keys is None or json_keys(body, self.secrets) == plan.keys else "mismatched"


def _make_connections(request: TargetRequest) -> list[ProbeSocket]:
    """Not yet open."""
    origin = request.origin
    context = tls.loading_context(origin) if origin.is_encrypted else None
    if request.protocol == "h2":
        headers = request.http2_headers
        return [
            Http2ProbeConnection(
                origin.address, origin.port, headers, request.body, context=context, server_name=origin.server_name
            )
            for _ in range(CONNECTIONS)
        ]
    sent, is_head = probe_http1.request_bytes(request), request.method == "HEAD"
    return [
        ProbeConnection(
            origin.address, origin.port, sent, is_head=is_head, context=context, server_name=origin.server_name
        )
        for _ in range(CONNECTIONS)
    ]


def run_probe(plan: ProbePlan) -> ProbeReport:
    scheduler = ProbeScheduler(plan)
    scheduler.run()
    latencies = tuple(sorted(scheduler.latencies.items()))
    summary = histogram.summarize(latencies)
    return ProbeReport(scheduler.sent, scheduler.failed, scheduler.mismatched, histogram.encode(latencies), *summary)


def parse_report(stdout: str) -> ProbeReport | None:
    """The output of a probe process; None if it was stopped early."""
    line = next((line for line in reversed(stdout.splitlines()) if line.startswith(MARK)), None)
    return ProbeReport(**json.loads(line.removeprefix(MARK))) if line else None


def write_plan(plan: ProbePlan, file: Path) -> list[str]:
    """Write the plan to a file; returns the argument list of the probe process."""
    fields = asdict(plan)
    fields["request"]["body"] = base64.b64encode(plan.request.body).decode()
    file.write_text(json.dumps(fields), encoding="utf-8")
    return [sys.executable, "-m", "benchmarks.engine.probe", str(file)]


def _plan_from_json(fields: Mapping[str, Any]) -> ProbePlan:
    request = fields["request"]
    statuses = tuple(request["expected_statuses"])
    sent = TargetRequest(**{**request, "body": base64.b64decode(request["body"]), "expected_statuses": statuses})
    keys, size_range = fields["keys"], fields["body_bytes"]
    compared = {"keys": keys if keys is None else tuple(keys), "body_bytes": size_range and tuple(size_range)}
    return ProbePlan(**{**fields, "request": sent, **compared})


if __name__ == "__main__":
    print(MARK + json.dumps(asdict(run_probe(_plan_from_json(json.loads(Path(sys.argv[1]).read_bytes()))))), flush=True)
