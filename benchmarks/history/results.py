"""Result of a finished run as sent to clients: the original program's fields, then additional ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from benchmarks.models import Run, Source, Validity


@dataclass(frozen=True, slots=True)
class Result:
    """Latencies in ms, duration in seconds, `req_per_sec` successful responses per second."""

    id: UUID
    timestamp: Annotated[datetime, "The end of the run"]
    framework: str
    endpoint: str
    method: str
    req_per_sec: Annotated[float | None, "Successful responses per second"]
    avg_latency: Annotated[float | None, "ms"]
    p50_latency: Annotated[float | None, "ms"]
    p90_latency: Annotated[float | None, "ms"]
    p99_latency: Annotated[float | None, "ms"]
    total_reqs: int | None
    duration: Annotated[float | None, "Seconds measured"]
    connections: int
    workers: int
    pipelining: int
    errors: Annotated[int, "Timeouts included"]
    timeouts: int
    non_2xx: int
    instances: int | None
    generator: str
    trials: int
    validity: Annotated[str, Validity.choices]
    reasons: Annotated[tuple[str, ...], "Why the result is not `valid`"]
    req_per_sec_low: float | None
    req_per_sec_high: float | None
    p95_latency: Annotated[float | None, "ms"]
    p999_latency: Annotated[float | None, "ms"]
    cpu_micros_per_request: float | None
    memory_bytes: Annotated[int | None, "Peak memory of the target's processes"]
    saturation: str
    source: Annotated[str, Source.choices]
    label: str


def to_result(run: Run) -> Result:
    return Result(
        id=run.id,
        timestamp=run.at,
        framework=run.framework,
        endpoint=run.endpoint,
        method=run.method,
        req_per_sec=run.req_per_sec,
        avg_latency=run.avg_latency_ms,
        p50_latency=run.p50_latency_ms,
        p90_latency=run.p90_latency_ms,
        p99_latency=run.p99_latency_ms,
        total_reqs=run.total_requests,
        duration=run.duration_s,
        connections=run.connections,
        workers=run.workers,
        pipelining=run.pipelining,
        errors=run.errors,
        timeouts=run.timeouts,
        non_2xx=run.non_2xx,
        instances=run.instances,
        generator=run.generator,
        trials=run.trials_planned,
        validity=run.validity,
        reasons=tuple(run.reasons),
        req_per_sec_low=run.req_per_sec_low,
        req_per_sec_high=run.req_per_sec_high,
        p95_latency=run.p95_latency_ms,
        p999_latency=run.p999_latency_ms,
        cpu_micros_per_request=run.cpu_micros_per_request,
        memory_bytes=run.memory_bytes,
        saturation=run.saturation,
        source=run.source,
        label=run.label,
    )
