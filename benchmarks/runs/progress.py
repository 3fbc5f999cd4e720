"""The stream benchmark:progress: the runs that are not over, and the newest result. [io: database]"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from benchmarks.models import UNFINISHED, Run, RunState
from benchmarks.runs import queue

# A thread of its own: a connection belongs to a thread, and the loop's own threads come and go.
_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="benchmark progress")


@dataclass(frozen=True, slots=True)
class RunProgress:
    """A run that is queued or going on. `position`: how many are before it."""

    id: UUID
    state: str
    position: int
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
    req_per_sec: float | None


@dataclass(frozen=True, slots=True)
class LastResult:
    id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    runs: tuple[RunProgress, ...]
    last_result: LastResult | None


async def sample() -> Progress:
    """What goes on now: two small queries."""
    return await asyncio.get_running_loop().run_in_executor(_thread, _sample_and_close)


def _sample_and_close() -> Progress:
    try:
        return read()
    finally:
        connection.close()


def read() -> Progress:
    """The same for threads that look after their connection themselves. Lost runs are noticed here."""
    unfinished = list(Run.objects.filter(state__in=UNFINISHED).order_by("created_at", "id"))
    if unfinished and queue.look_after(unfinished):
        unfinished = list(Run.objects.filter(state__in=UNFINISHED).order_by("created_at", "id"))
    newest = Run.objects.filter(state=RunState.DONE).order_by("-recorded_at", "-id").values_list("id", "at").first()
    return Progress(
        runs=tuple(of(run, place) for place, run in enumerate(unfinished)),
        last_result=LastResult(*newest) if newest else None,
    )


def of(run: Run, position: int) -> RunProgress:
    told = run.progress
    return RunProgress(
        id=run.pk,
        state=run.state,
        position=position,
        framework=run.framework,
        endpoint=run.endpoint,
        method=run.method,
        label=run.label,
        generator=run.generator,
        connections=run.connections,
        phase=told.get("phase", run.state),
        trial=told.get("trial", 0),
        trials=run.trials_planned,
        elapsed_seconds=told.get("elapsedSeconds", 0.0),
        remaining_seconds=told.get("remainingSeconds", queue.planned_s(run)),
        req_per_sec=told.get("reqPerSec"),
    )
