"""The probe lane: a few requests a second on a fixed schedule beside the load. `python -m benchmarks.probe FILE`

It runs in a process of its own, so that neither the load generator nor our own sampling delays it. A latency counts
from the moment at which the request was due, so a stall is seen by every request that it kept waiting (no
coordinated omission), and every body is checked. [io: HTTP]
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import histogram

RATE_PER_SECOND = 25.0
LANES = 8  # connections; more requests than these cannot be under way at once
MARK = "@@PROBE1@@"
LARGEST_US = 60_000_000


@dataclass(frozen=True, slots=True)
class ProbePlan:
    """What to ask, and what to hear: `body_sha256` where every answer is the same, else the `keys` of its object.

    `begins_s`: on the monotonic clock, which all processes of a machine share; None: at once.
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
    """Threads that share one schedule. Whoever is free takes the next request."""

    def __init__(self, plan: ProbePlan) -> None:
        self.plan = plan
        self.parts = urlsplit(plan.url)
        self.latencies: Counter[int] = Counter()
        self.sent = self.failed = self.mismatched = 0
        self.lock = threading.Lock()
        self.began_s = time.monotonic() if plan.begins_s is None else plan.begins_s

    def run(self) -> None:
        threads = [threading.Thread(target=self._lane, daemon=True) for _ in range(LANES)]
        for thread in threads:
            thread.start()
        ends_s = self.began_s + self.plan.duration_s + self.plan.timeout_s
        for thread in threads:
            thread.join(max(0.0, ends_s - time.monotonic()))

    def _next_s(self) -> float | None:
        """When the next request is due; None after the end."""
        with self.lock:
            due_s = self.sent / self.plan.rate_per_second
            if due_s >= self.plan.duration_s:
                return None
            self.sent += 1
            return self.began_s + due_s

    def _lane(self) -> None:
        host, port, timeout_s = self.parts.hostname or "", self.parts.port, self.plan.timeout_s
        with contextlib.closing(http.client.HTTPConnection(host, port, timeout=timeout_s)) as connection:
            while (due_s := self._next_s()) is not None:
                time.sleep(max(0.0, due_s - time.monotonic()))
                verdict = self._ask(connection)
                latency_us = min(LARGEST_US, round((time.monotonic() - due_s) * 1e6))
                with self.lock:
                    self.failed += verdict == "failed"
                    self.mismatched += verdict == "mismatched"
                    if verdict != "failed":
                        self.latencies[latency_us] += 1

    def _ask(self, connection: http.client.HTTPConnection) -> str:
        plan, query = self.plan, self.parts.query
        try:
            path = self.parts.path + (f"?{query}" if query else "")
            connection.request(plan.method, path, plan.body.encode() or None, plan.headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()  # the next request opens it again
            return "failed"
        if not 200 <= answer.status < 300:
            return "failed"
        if plan.body_sha256 is not None:
            return "right" if hashlib.sha256(body).hexdigest() == plan.body_sha256 else "mismatched"
        return "right" if keys_of(body) == plan.keys else "mismatched"


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
    return [sys.executable, "-m", "benchmarks.probe", str(file)]


def _read(shape: Mapping[str, object]) -> ProbePlan:
    return ProbePlan(**{**shape, "keys": tuple(shape["keys"])})  # type: ignore[arg-type]


if __name__ == "__main__":
    print(MARK + json.dumps(asdict(report(_read(json.loads(Path(sys.argv[1]).read_text()))))), flush=True)
