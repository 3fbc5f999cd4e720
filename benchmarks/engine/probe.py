"""The probe lane: a few requests a second on a fixed schedule beside the load. `python -m benchmarks.engine.probe FILE`

It runs in a process of its own, so that neither the load generator nor our own sampling delays it. A latency counts
from the moment at which the request was due, so a stall is seen by every request that it kept waiting (no
coordinated omission), and every body is checked. [io: HTTP]
"""

from __future__ import annotations

import hashlib
import json
import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.analysis import histogram
from benchmarks.engine import probe_connection
from benchmarks.engine.probe_connection import Answer, Lane

RATE_PER_SECOND = 20.0
# Each moment of probing costs a target that fills its processors one to three milliseconds, however little it asks:
# one by one, 20 requests/s took 5 to 7 % off the rate of a fastify on two cores. Five at a time they take 3 %.
TOGETHER = 5
LANES = 8  # connections; more requests than these cannot be under way at once
MARK = "@@PROBE1@@"
LARGEST_US = 60_000_000


@dataclass(frozen=True, slots=True)
class ProbePlan:
    """What to ask, and what to hear: `body_sha256` where every answer is the same, else the `keys` of its object.

    `together`: how many are due at the same moment. `begins_s`: on the monotonic clock, which all processes of one
    machine share; None: at once.
    """

    url: str
    method: str
    headers: dict[str, str]
    body: str
    duration_s: float
    timeout_s: float
    body_sha256: str | None
    keys: tuple[str, ...]
    rate_per_second: float = RATE_PER_SECOND
    begins_s: float | None = None
    together: int = TOGETHER


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """`failed`: no answer, or none of 2xx; `mismatched`: a wrong body. `histogram`: of all others, HdrHistogram V2."""

    sent: int
    failed: int
    mismatched: int
    histogram: str
    p50_ms: float | None
    p99_ms: float | None
    max_ms: float | None


def keys_of(body: bytes) -> tuple[str, ...]:
    """The keys of a JSON object, sorted; none for anything else."""
    try:
        shape = json.loads(body)
    except ValueError:
        return ()
    return tuple(sorted(shape)) if isinstance(shape, dict) else ()


class _Lanes:
    """One thread and one schedule. The lane that was free last takes the next request: while answers come in time, that
    is always the same one, and the target hardly notices."""

    def __init__(self, plan: ProbePlan) -> None:
        self.plan = plan
        self.latencies: Counter[int] = Counter()
        self.sent = self.failed = self.mismatched = 0
        self.began_s = time.monotonic() if plan.begins_s is None else plan.begins_s
        host, port = urlsplit(plan.url).hostname or "", urlsplit(plan.url).port or 80
        request = probe_connection.request_bytes(plan.url, plan.method, plan.headers, plan.body)
        self.free = [Lane(host, port, request, is_head=plan.method == "HEAD") for _ in range(LANES)]
        self.selector = selectors.DefaultSelector()

    def run(self) -> None:
        busy: set[Lane] = set()
        with self.selector:
            while busy or self._due_s() is not None:
                self._begin(busy)
                for key, _ in self.selector.select(self._wait_s(busy)):
                    self._told(key.data, key.data.proceed(), busy)
                now_s = time.monotonic()
                for late in [each for each in busy if each.ends_s <= now_s]:
                    self._forget(late)
                    self._told(late, late.fail(), busy)
        for each in self.free:
            each.close()

    def _due_s(self) -> float | None:
        """When the next request is due; None after the end."""
        due_s = self.sent // self.plan.together * self.plan.together / self.plan.rate_per_second
        return None if due_s >= self.plan.duration_s else self.began_s + due_s

    def _begin(self, busy: set[Lane]) -> None:
        """Whatever is due, as far as there are lanes; what has to wait for one keeps its moment."""
        while self.free and (due_s := self._due_s()) is not None and due_s <= time.monotonic():
            self.sent += 1
            chosen = self.free.pop()
            busy.add(chosen)
            self._told(chosen, chosen.begin(due_s, time.monotonic() + self.plan.timeout_s), busy)

    def _wait_s(self, busy: set[Lane]) -> float:
        ends = [each.ends_s for each in busy]
        due_s = self._due_s()
        if self.free and due_s is not None:
            ends.append(due_s)
        return max(0.0, min(ends) - time.monotonic()) if ends else 0.0

    def _told(self, one: Lane, answer: Answer | None, busy: set[Lane]) -> None:
        """What became of a lane's request: an answer, a failure, or nothing yet."""
        if answer is None:
            self._watch(one)
            return
        latency_us = min(LARGEST_US, round((time.monotonic() - one.due_s) * 1e6))
        verdict = self._verdict(answer)
        self.failed += verdict == "failed"
        self.mismatched += verdict == "mismatched"
        if verdict != "failed":
            self.latencies[latency_us] += 1
        busy.discard(one)
        self.free.append(one)
        self._forget(one)

    def _watch(self, one: Lane) -> None:
        assert one.socket is not None  # noqa: S101 - a lane without one has answered
        wanted = selectors.EVENT_WRITE if one.wants_to_write else selectors.EVENT_READ
        self._forget(one, one.socket)  # one that was opened again may have the number of the one before
        if one.socket in self.selector.get_map():
            self.selector.modify(one.socket, wanted, one)
        else:
            self.selector.register(one.socket, wanted, one)

    def _forget(self, one: Lane, kept: socket.socket | None = None) -> None:
        for key in list(self.selector.get_map().values()):
            if key.data is one and key.fileobj is not kept:
                self.selector.unregister(key.fileobj)

    def _verdict(self, answer: Answer) -> str:
        plan = self.plan
        if not 200 <= answer.status < 300:
            return "failed"
        if plan.body_sha256 is not None:
            return "right" if hashlib.sha256(answer.body).hexdigest() == plan.body_sha256 else "mismatched"
        return "right" if keys_of(answer.body) == plan.keys else "mismatched"


def report(plan: ProbePlan) -> ProbeReport:
    """Carry the schedule out."""
    lanes = _Lanes(plan)
    lanes.run()
    latencies = tuple(sorted(lanes.latencies.items()))
    shown = histogram.summary(latencies)
    return ProbeReport(lanes.sent, lanes.failed, lanes.mismatched, histogram.encode(latencies), *shown)


def parse(stdout: str) -> ProbeReport | None:
    """What a probe process printed; None when it was stopped before its end."""
    line = next((line for line in reversed(stdout.splitlines()) if line.startswith(MARK)), None)
    return ProbeReport(**json.loads(line.removeprefix(MARK))) if line else None


def write(plan: ProbePlan, file: Path) -> list[str]:
    """The argument list of the process that carries `plan` out."""
    file.write_text(json.dumps(asdict(plan)))
    return [sys.executable, "-m", "benchmarks.engine.probe", str(file)]


def _read(shape: Mapping[str, object]) -> ProbePlan:
    return ProbePlan(**{**shape, "keys": tuple(shape["keys"])})  # type: ignore[arg-type]


if __name__ == "__main__":
    print(MARK + json.dumps(asdict(report(_read(json.loads(Path(sys.argv[1]).read_text()))))), flush=True)
