"""Questions to the history: newest, filtered, by framework, in pages, summed up."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Q, QuerySet

from benchmarks.analysis import histogram
from benchmarks.errors import InvalidCursor, InvalidDetails
from benchmarks.history.results import Result, result
from benchmarks.history.submitted_details import HISTOGRAMS, parts_of, without_parts
from benchmarks.history.submitted_result import BadEntry, fields_of
from benchmarks.history.totals import totals
from benchmarks.models import Run, RunState, Source, Trial

T = TypeVar("T")
CHUNK = 500
FILTERS = {
    "framework": "framework",
    "endpoint": "endpoint",
    "method": "method",
    "validity": "validity",
    "since": "at__gte",
    "until": "at__lt",
}


def results(filters: Mapping[str, Any] | None = None) -> QuerySet[Run]:
    """Runs that have a result, newest first; `filters` as FILTERS names them."""
    wanted = {FILTERS[name]: value for name, value in (filters or {}).items() if name in FILTERS}
    return Run.objects.filter(state=RunState.DONE, **wanted).order_by("-at", "-id")


def chunks(rows: QuerySet[Run], shape: Callable[[Run], T] = result) -> Iterator[list[T]]:  # type: ignore[assignment]
    """All of `rows` in memory of one chunk; each chunk is a query of its own, so no transaction stays open."""
    last: tuple[datetime, UUID] | None = None
    while True:
        part = list(after(rows, last)[:CHUNK])
        if not part:
            return
        yield [shape(run) for run in part]
        last = (part[-1].at, part[-1].id)


def after(rows: QuerySet[Run], place: tuple[datetime, UUID] | None) -> QuerySet[Run]:
    """What comes after a place in the order of newest first."""
    if place is None:
        return rows
    at, run_id = place
    return rows.filter(Q(at__lt=at) | Q(at=at, id__lt=run_id))


def page(filters: Mapping[str, Any], limit: int, cursor: str) -> tuple[list[Result], int, str | None]:
    """A page, the number of all rows, and the cursor of the next page. Raises InvalidCursor."""
    rows = results(filters)
    part = list(after(rows, decode_cursor(cursor) if cursor else None)[: limit + 1])
    following = encode_cursor(part[limit - 1]) if len(part) > limit else None
    return [result(run) for run in part[:limit]], rows.count(), following


def encode_cursor(run: Run) -> str:
    return base64.urlsafe_b64encode(f"{run.at.isoformat()}|{run.id}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[datetime, UUID]:
    """Raises InvalidCursor."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        at, _, run_id = text.partition("|")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise InvalidCursor
        return moment, UUID(run_id)
    except (ValueError, binascii.Error) as error:
        raise InvalidCursor from error


def latest_by_framework() -> dict[str, Result]:
    """The newest result of every framework, endpoint and method: `fastify:/simple:GET` → result."""
    names = results().order_by("framework", "endpoint", "method").values_list("framework", "endpoint", "method")
    newest = {}
    for framework, endpoint, method in names.distinct():
        run = results({"framework": framework, "endpoint": endpoint, "method": method}).first()
        if run:
            newest[f"{framework}:{endpoint}:{method}"] = result(run)
    return newest


def stats() -> dict[str, Any]:
    """Counts of all results; rates and latencies of those that are not invalid."""
    found = totals()
    by_framework = {
        name: {
            "count": total.count,
            "avgReqPerSec": _rounded(total.rate_sum / total.count if total.count else None),
            "maxReqPerSec": _rounded(total.rate_max),
            "minReqPerSec": _rounded(total.rate_min),
            "avgLatency": _rounded(total.latency_sum / total.timed if total.timed else None),
        }
        for name, total in sorted(found.by_framework.items())
    }
    return {"total": found.count, "byFramework": by_framework}


def frameworks() -> list[str]:
    """The names in the history, each found by one step in the index."""
    names: list[str] = []
    rows = Run.objects.order_by("framework").values_list("framework", flat=True)
    while (following := rows.filter(framework__gt=names[-1] if names else "").first()) is not None:
        names.append(following)
    return names


def _rounded(value: object) -> object:
    return round(value, 2) if isinstance(value, float) else value


def add(entry: Mapping[str, Any], original: Mapping[str, Any]) -> tuple[Run, bool]:
    """Keep one result that was measured elsewhere; the same id twice is one row. The row, and whether it is new.

    Raises InvalidParts. What came with it is kept too: trials, gates, samples, environment.
    """
    try:
        parts = parts_of(original)
    except BadEntry as error:
        raise InvalidDetails(str(error)) from error
    if not all(
        histogram.is_valid(trial[name]) for trial in parts.trials for name in HISTOGRAMS.values() if trial[name]
    ):
        raise InvalidDetails("trialResults holds a histogram that cannot be read")
    values = {
        **fields_of(entry), **parts.run, "source": Source.CLIENT, "original": without_parts(original),
    }  # fmt: skip
    run_id = values.pop("id", None) or uuid4()
    with transaction.atomic():
        run, is_new = Run.objects.get_or_create(id=run_id, defaults=values)
        if is_new:
            Trial.objects.bulk_create(Trial(run=run, **trial) for trial in parts.trials)
    return run, is_new
