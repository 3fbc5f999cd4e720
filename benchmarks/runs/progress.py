"""Samples the stream benchmark:progress: unfinished runs and the newest result. [io: database]"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.db import connection

from benchmarks.models import END_OF_TIME, NOT_DONE, Run, unfinished_runs
from benchmarks.runs import queue

# A dedicated thread: a database connection belongs to one thread, and the loop's default threads come and go.
_executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="benchmark progress")


@dataclass(frozen=True, slots=True)
class RunProgress:
    """A queued or active run. `position`: number of runs ahead of it.

    `phase`: while a load generator executes, the kind of execution (warm-up, trial, cross-check); otherwise
    the `state`.
    """

    id: UUID
    state: str
    position: Annotated[int, "number of runs ahead of it"]
    framework: str
    endpoint: str
    method: str
    label: str
    generator: str
    connections: int
    phase: str
    trial: int
    trials: int
    elapsed_seconds: float
    remaining_seconds: float
    req_per_sec: Annotated[float | None, "live"]

    @classmethod
    def from_run(cls, run: Run, position: int) -> RunProgress:
        progress = run.progress
        return cls(
            id=run.pk,
            state=run.state,
            position=position,
            framework=run.framework,
            endpoint=run.endpoint,
            method=run.method,
            label=run.label,
            generator=run.generator,
            connections=run.connections,
            phase=progress.get("phase", run.state),
            trial=progress.get("trial", 0),
            trials=run.trials_planned,
            elapsed_seconds=progress.get("elapsedSeconds", 0.0),
            remaining_seconds=progress.get("remainingSeconds", queue.planned_total_s(run)),
            req_per_sec=progress.get("reqPerSec"),
        )


@dataclass(frozen=True, slots=True)
class LastResult:
    id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    runs: tuple[RunProgress, ...]
    last_result: LastResult | None


async def sample() -> Progress:
    """Current progress, by two small queries."""
    return await asyncio.get_running_loop().run_in_executor(_executor, _sample_and_close)


def _sample_and_close() -> Progress:
    try:
        return refresh_progress()
    finally:
        connection.close()


def refresh_progress() -> Progress:
    """Like `sample`, for threads that manage their own connection. Marks runs whose process is gone, and launches the
    next one."""
    unfinished = list(unfinished_runs())
    if unfinished and queue.recover_queue_from(unfinished):
        unfinished = list(unfinished_runs())
    # The limit makes SQLite use the index, whatever it expects.
    recorded = Run.objects.filter(recorded_at__lte=END_OF_TIME).exclude(state__in=NOT_DONE)
    newest = recorded.order_by("-recorded_at").values_list("id", "at").first()
    return Progress(
        runs=tuple(RunProgress.from_run(run, position) for position, run in enumerate(unfinished) if _is_readable(run)),
        last_result=LastResult(*newest) if newest and None not in newest else None,
    )


def _is_readable(run: Run) -> bool:
    """False for a row that holds something else than numbers, or has no id: SQLite stores any type in any column."""
    numbers = run.connections, run.trials_planned, run.planned_duration_s
    return run.pk is not None and all(isinstance(number, (int, float)) for number in numbers)
