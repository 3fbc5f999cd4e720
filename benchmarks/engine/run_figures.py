"""The figures of a run: declared once, for the row, the wire, exports and uploads. [pure]

To add one: declare it here, compute it in `RunResult.figures`, and add a column of the same name to `Run`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from benchmarks.analysis.gates import VALIDITIES
from system.lib.wire import Key


@dataclass(frozen=True, slots=True)
class RunFigures:
    """The fields are columns of `Run`, in the order of the exported columns. Without a trial a run has no rate."""

    req_per_sec: Annotated[float | None, "Successful responses per second"]
    avg_latency_ms: Annotated[float | None, Key("avgLatency"), "ms"]
    p50_latency_ms: Annotated[float | None, Key("p50Latency"), "ms"]
    p90_latency_ms: Annotated[float | None, Key("p90Latency"), "ms"]
    p99_latency_ms: Annotated[float | None, Key("p99Latency"), "ms"]
    total_requests: Annotated[int | None, Key("totalReqs")]
    duration_s: Annotated[float | None, Key("duration"), "Seconds measured"]
    errors: Annotated[int, "Timeouts included"]
    timeouts: int
    non_2xx: int
    validity: Annotated[str, VALIDITIES]
    reasons: Annotated[tuple[str, ...], "Why the result is not `valid`"]
    req_per_sec_low: float | None
    req_per_sec_high: float | None
    p95_latency_ms: Annotated[float | None, Key("p95Latency"), "ms"]
    p999_latency_ms: Annotated[float | None, Key("p999Latency"), "ms"]
    cpu_micros_per_request: float | None
    memory_bytes: Annotated[int | None, "Peak memory of the target's processes"]
    saturation: str


@dataclass(frozen=True, slots=True)
class TrialFigures:
    """The fields are columns of `Trial`. Trial 0 is the warm-up; `facts`: see `run_result.trial_facts`."""

    index: int
    is_warmup: bool
    started_at: datetime
    duration_s: Annotated[float, Key("duration")]
    requests: Annotated[int, Key("totalReqs")]
    req_per_sec: float
    avg_latency_ms: Annotated[float | None, Key("avgLatency")]
    max_latency_ms: Annotated[float | None, Key("maxLatency")]
    percentiles_ms: Annotated[Mapping[str, float], Key("percentiles")]
    errors: int
    timeouts: int
    non_2xx: int
    bytes_read: int
    facts: Mapping[str, Any]
