"""Types for benchmarks, frameworks, and what menus and forms need. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SweepStep:
    """One execution at `rate` requests/s. Latencies in ms; `outcome`: held, failed or generator."""

    rate: float
    achieved: float = 0.0
    p50: float | None = None
    p90: float | None = None
    p99: float | None = None
    max: float | None = None
    errors: int = 0
    generator_share: float | None = None
    target_share: float | None = None
    outcome: str = ""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sweep:
    """The highest rate that held, with its bracket. `limit`: target, budget, generator or max_steps."""

    text: str = ""
    sustained_rate: float | None = None
    low: float | None = None
    high: float | None = None
    limit: str = ""
    is_monotone: bool = True
    steps: tuple[SweepStep, ...] = ()


@dataclass(frozen=True, slots=True)
class BudgetItem:
    """One expectation, such as `p99<50ms`. `met`: met, missed or not_shown; `message`: what was measured."""

    text: str
    met: str = "not_shown"
    message: str = ""


@dataclass(frozen=True, slots=True)
class Budget:
    """`met`: missed if one item is, else not_shown if one is, else met."""

    met: str
    items: tuple[BudgetItem, ...] = ()


@dataclass(frozen=True, slots=True)
class BenchmarkResult:
    """Latencies in ms. `validity`: valid, caution, invalid or unknown; `duration`: measured seconds."""

    framework: str
    req_per_sec: float
    id: str = ""
    timestamp: datetime | None = None
    endpoint: str = ""
    method: str = ""
    avg_latency: float | None = None
    p50_latency: float | None = None
    p90_latency: float | None = None
    p95_latency: float | None = None
    p99_latency: float | None = None
    p999_latency: float | None = None
    total_reqs: int | None = None
    duration: float | None = None
    connections: int = 0
    workers: int = 0
    pipelining: int = 1
    errors: int = 0
    timeouts: int = 0
    non2xx: int = 0
    instances: int | None = None
    generator: str = ""
    trials: int = 1
    validity: str = "unknown"
    reasons: tuple[str, ...] = ()
    req_per_sec_low: float | None = None
    req_per_sec_high: float | None = None
    cpu_micros_per_request: float | None = None
    saturation: str = ""
    source: str = ""
    label: str = ""
    sweep: Sweep | None = None
    budget: Budget | None = None


@dataclass(frozen=True, slots=True)
class LatestResults:
    """The latest result per framework, endpoint and method: `fastify:/simple:GET` → result."""

    results: Mapping[str, BenchmarkResult] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BenchmarkResults:
    """`total` and `next` (a cursor) are set only for paged responses."""

    results: tuple[BenchmarkResult, ...]
    count: int = 0
    total: int | None = None
    next: str | None = None


@dataclass(frozen=True, slots=True)
class RunProgress:
    """A queued or running run. `state`: queued, preflight, warming, running; `position`: runs ahead of it."""

    id: str
    state: str = ""
    position: int = 0
    framework: str = ""
    endpoint: str = ""
    method: str = ""
    label: str = ""
    generator: str = ""
    connections: int = 0
    phase: str = ""
    trial: int = 0
    trials: int = 0
    elapsed_seconds: float = 0.0
    remaining_seconds: float = 0.0
    req_per_sec: float | None = None


@dataclass(frozen=True, slots=True)
class LastResult:
    id: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BenchmarkProgress:
    """`last_result` changes when any result is added or imported."""

    runs: tuple[RunProgress, ...]
    last_result: LastResult | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    index: int
    is_warmup: bool = False
    started_at: datetime | None = None
    duration: float | None = None
    total_reqs: int | None = None
    req_per_sec: float | None = None
    avg_latency: float | None = None
    max_latency: float | None = None
    percentiles: Mapping[str, float] = field(default_factory=dict)
    errors: int = 0
    timeouts: int = 0
    non2xx: int = 0
    bytes_read: int | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """One check of a run. `state`: pass, warn, fail or unknown; `trial`: None for the whole run."""

    code: str
    state: str = "unknown"
    message: str = ""
    value: float | None = None
    trial: int | None = None


@dataclass(frozen=True, slots=True)
class MetricComparison:
    """One metric of two runs. `ratio`: new/base, `low` and `high` its 95 % interval; `p`: the p-value."""

    metric: str
    unit: str = ""
    verdict: str = ""
    base: float | None = None
    new: float | None = None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The server's comparison of two runs. `reasons`: why there is no verdict."""

    verdict: str
    text: str = ""
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    metrics: tuple[MetricComparison, ...] = ()


@dataclass(frozen=True, slots=True)
class Baseline:
    """The run to which others of the same framework, endpoint and method are compared."""

    id: str
    is_this: bool = False
    set_by: str = ""
    set_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BenchmarkRun:
    """`state`: queued, preflight, warming, running, done, failed, cancelled or interrupted."""

    id: str
    state: str
    position: int = 0
    framework: str = ""
    host: str = ""
    endpoint: str = ""
    method: str = ""
    duration: float | None = None
    instances: int | None = None
    connections: int = 0
    workers: int = 0
    pipelining: int = 1
    generator: str = ""
    trials: int = 1
    profile: str = ""
    label: str = ""
    expect: tuple[str, ...] = ()
    message: str = ""
    command: tuple[str, ...] = ()
    result: BenchmarkResult | None = None
    trial_results: tuple[Trial, ...] = ()
    gates: tuple[Gate, ...] = ()
    environment: Mapping[str, object] = field(default_factory=dict)  # any values, as text
    baseline: Baseline | None = None
    against_baseline: Comparison | None = None


@dataclass(frozen=True, slots=True)
class AcceptedRun:
    """The response to `run`: the run is queued."""

    benchmark: BenchmarkRun
    message: str = ""
