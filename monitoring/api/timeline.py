"""What happened at a time: exits, restarts, deploys, runs, and what happened to the history itself. [io: database]"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from benchmarks.history import readable_rows
from benchmarks.models import Run, RunState
from monitoring.recording import current
from monitoring.series.catalogue import CATALOGUE, SeriesKey, SubjectKind
from monitoring.store import reader
from pm2.exits.classify import Cause
from pm2.models import Exit

MAX_ANNOTATIONS = 200
KINDS = ("exit", "restart", "deploy", "run", "server", "clock")
INTENDED = (Cause.MANUAL, Cause.WATCH, Cause.CRON, Cause.FINISHED)


@dataclass(frozen=True, slots=True)
class Annotation:
    """`subject`: the app or target; `id`: of the exit or run, for their pages."""

    at: datetime
    kind: Annotated[str, KINDS]
    text: str
    subject: str | None = None
    id: str | None = None


Between = tuple[datetime, datetime]
Source = Callable[[Between, str | None, int], Iterable[Annotation]]


def _no_actions(between: Between, app: str | None, limit: int) -> Iterable[Annotation]:
    return ()


_actions: Source = _no_actions


def set_actions(source: Source) -> None:
    """Where actions (start, reload, scale, failover, …) are recorded: newest first, of one app or of all."""
    global _actions
    _actions = source


def collect(key: SeriesKey, from_s: float, to_s: float) -> tuple[tuple[Annotation, ...], int]:
    """The newest `MAX_ANNOTATIONS` that concern a series, oldest first, and how many more there may be. Raises
    HistoryUnreadable and database errors."""
    between = datetime.fromtimestamp(from_s, UTC), datetime.fromtimestamp(to_s, UTC)
    app, limit = _app_of(key), MAX_ANNOTATIONS + 1
    all_known = [
        *_exits(between, app, _pm_id_of(key), limit), *_runs(between, app, limit), *_actions(between, app, limit),
        *_own_events(from_s, to_s),
    ]  # fmt: skip
    all_known.reverse()  # so that those of the same time are in the order of their ids
    ordered = sorted(all_known, key=lambda annotation: annotation.at)
    return tuple(ordered[-MAX_ANNOTATIONS:]), max(0, len(ordered) - MAX_ANNOTATIONS)


def _app_of(key: SeriesKey) -> str | None:
    kind = CATALOGUE[key.metric].subject
    if kind is SubjectKind.INSTANCE:
        return key.subject.rpartition(":")[0]
    return key.subject if kind is SubjectKind.APP else None


def _pm_id_of(key: SeriesKey) -> int | None:
    """None if the series is not of an instance, or its id cannot be one of PM2's."""
    number = key.subject.rpartition(":")[2] if CATALOGUE[key.metric].subject is SubjectKind.INSTANCE else ""
    return int(number) if number.isascii() and number.isdigit() and len(number) < 10 else None


def kind_of(ended: Exit) -> str:
    return "restart" if ended.cause in INTENDED else "exit"


def _exits(between: Between, app: str | None, pm_id: int | None, limit: int) -> Iterable[Annotation]:
    rows = Exit.objects.filter(at__gte=between[0], at__lt=between[1]).select_related("instance")
    if app is not None:
        rows = rows.filter(instance__name=app)
    if pm_id is not None:
        rows = rows.filter(instance__pm_id=pm_id)
    for row in rows.order_by("-at", "-id")[:limit]:
        text = f"{row.instance.name} {row.instance.pm_id}: {row.text}"
        yield Annotation(row.at, kind_of(row), text, row.instance.name, str(row.pk))


def _runs(between: Between, app: str | None, limit: int) -> Iterable[Annotation]:
    rows = Run.objects.filter(at__gte=between[0], at__lt=between[1], state=RunState.DONE)
    if app is not None:
        rows = rows.filter(framework=app)
    columns = rows.only("at", "framework", "endpoint", "method", "req_per_sec").order_by("-at", "-id")[:limit]
    return [annotation for annotation in readable_rows.read_rows(columns, _of_run) if annotation is not None]


def _of_run(run: Run) -> Annotation:
    rate = "" if run.req_per_sec is None else f", {run.req_per_sec:,.0f} requests/s"
    text = f"Benchmark of {run.framework}: {run.method} {run.endpoint}{rate}"
    return Annotation(run.at, "run", text, run.framework, str(run.pk))


def _own_events(from_s: float, to_s: float) -> Iterable[Annotation]:
    with current.reading() as path:
        events = reader.read_events(path, from_s, to_s)
    return [Annotation(datetime.fromtimestamp(event.at, UTC), event.kind, event.text) for event in reversed(events)]
