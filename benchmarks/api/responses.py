"""Bodies of the responses of `/api/benchmark`, as they are sent and as OpenAPI describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes

from benchmarks.analysis.comparison import Comparison, MetricComparison
from benchmarks.analysis.gate import Gate
from benchmarks.engine.run_figures import TrialFigures
from benchmarks.engine.run_spec import RunParameters
from benchmarks.history.baselines import BaselineResult
from benchmarks.history.importer import RejectedEntry
from benchmarks.history.rankings import RankedResult, UnrankedResult
from benchmarks.history.results import Result
from benchmarks.history.trends import ChangePoint
from benchmarks.runs.progress import LastResult, RunProgress
from benchmarks.targets.target import Target
from system.lib.wire_serializers import OPTIONAL, name_components, response_schema

JsonObjects = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Timestamped:
    timestamp: datetime = field(default_factory=timezone.now)


@dataclass(frozen=True)
class Results(Timestamped):
    results: list[Result]
    count: int


@dataclass(frozen=True)
class ResultPage(Results):
    """`total` and `next` are absent when all results are streamed."""

    total: Annotated[int, OPTIONAL]
    next: Annotated[str | None, OPTIONAL, "Cursor of the next page"]


@dataclass(frozen=True)
class FrameworkResults(Results):
    framework: str


@dataclass(frozen=True)
class LatestByFramework(Timestamped):
    results: Annotated[Mapping[str, Result], "Keys like `fastify:/simple:GET`"]


@dataclass(frozen=True)
class ChangePoints(Timestamped):
    framework: str
    endpoint: str
    method: str
    change_points: Annotated[list[ChangePoint], "Oldest first"]
    count: Annotated[int, "Runs examined: valid, under the same conditions as the newest"]


@dataclass(frozen=True)
class Ranking(Timestamped):
    endpoint: str
    method: str
    ranked: Annotated[list[RankedResult], "Fastest first"]
    unranked: list[UnrankedResult]


@dataclass(frozen=True)
class FrameworkStats:
    count: int
    avg_req_per_sec: float | None
    max_req_per_sec: float | None
    min_req_per_sec: float | None
    avg_latency: Annotated[float | None, "ms"]


@dataclass(frozen=True)
class Totals:
    total: Annotated[int, "Invalid results included"]
    by_framework: Mapping[str, FrameworkStats]


@dataclass(frozen=True)
class HistoryStats(Timestamped):
    stats: Totals


@dataclass(frozen=True)
class RunChanged(Timestamped):
    success: bool
    message: str


@dataclass(frozen=True)
class Added(Timestamped):
    success: bool
    result: Result


@dataclass(frozen=True)
class Reloaded(RunChanged):
    imported: int
    skipped: Annotated[int, "Already in the history"]
    bad: list[RejectedEntry]


@dataclass(frozen=True)
class Cleared(RunChanged):
    deleted: int
    backup: Annotated[str, "Path of the export written before the deletion"]


@dataclass(frozen=True)
class RunStatus(RunParameters):
    id: UUID
    state: str
    position: Annotated[int, "number of runs ahead of it"]


@dataclass(frozen=True)
class QueuedRun(RunStatus):
    pass


@dataclass(frozen=True)
class RunAccepted:
    status: str
    message: str
    benchmark: QueuedRun


@dataclass(frozen=True)
class Runs(Timestamped):
    runs: tuple[RunProgress, ...]
    last_result: LastResult | None


@dataclass(frozen=True)
class ExportFile:
    """`GET /api/benchmark/export` as JSON; an import reads it."""

    version: str
    exported_at: datetime
    results: list[Result]


EXPORTS = {(200, "application/json"): response_schema(ExportFile)} | {
    (200, media): OpenApiTypes.STR for media in ("text/csv", "text/markdown", "text/plain")
}


@dataclass(frozen=True)
class Histograms:
    raw: Annotated[str, "HdrHistogram V2 in base64, microseconds, merged over all trials; empty if there is none"]
    corrected: Annotated[str, "Corrected by the generator for coordinated omission"]
    probe: Annotated[str, "The latency probe, from the time each request was due"]


@dataclass(frozen=True)
class LatencyCurves:
    """Points `[percentile, latency]`, ascending; an empty list for what was not measured."""

    raw: tuple[tuple[float, float], ...]
    corrected: tuple[tuple[float, float], ...]
    probe: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class RunLatency(Timestamped):
    unit: Annotated[str, "Of the latencies: ms"]
    curves: LatencyCurves


@dataclass(frozen=True)
class BaselineMark:
    id: Annotated[UUID, "Id of the run"]
    is_this: Annotated[bool, "Whether the requested run is the baseline itself"]
    set_by: str
    set_at: datetime
    reason: str


@dataclass(frozen=True)
class TrialOutput:
    index: Annotated[int, "0: the warm-up"]
    text: Annotated[str, "What the generator printed: the last 8192 characters, credentials redacted"]
    is_cut: Annotated[bool, "Whether more was printed"]


@dataclass(frozen=True)
class RunDetails(RunStatus):
    message: str
    progress: dict[str, Any]
    command: list[str]
    result: Annotated[
        Result | None, dict, "as in the history; null until the first trial is finished, and provisional until the last"
    ]
    trial_results: list[TrialFigures]
    outputs: Annotated[list[TrialOutput], "Of this server's trials"]
    gates: list[Gate]
    preflight: dict[str, Any]
    environment: dict[str, Any]
    samples: JsonObjects
    exits: Annotated[JsonObjects, "Of the target's processes, oldest first"]
    histogram: Histograms
    baseline: Annotated[BaselineMark | None, "Of the framework, endpoint and method"]
    against_baseline: Annotated[
        Comparison | None, "null without a baseline, for the baseline itself, and for a run without a result"
    ]


@dataclass(frozen=True)
class Targets:
    targets: list[Target]
    count: int


@dataclass(frozen=True)
class TargetChanged(RunChanged):
    target: Target


@dataclass(frozen=True)
class TimestampedComparison(Comparison, Timestamped):
    pass


@dataclass(frozen=True)
class Baselines(Timestamped):
    baselines: list[BaselineResult]
    count: int


name_components({
    RankedResult: "Ranked", UnrankedResult: "Unranked", RejectedEntry: "LeftOut", MetricComparison: "Compared",
    Comparison: "AgainstBaseline", TrialFigures: "Trial", BaselineResult: "Baseline", ResultPage: "Page",
    Reloaded: "Reload", Cleared: "Clear", TimestampedComparison: "Comparison",
})  # fmt: skip
