"""What the admin does with the runs that were ticked: export, compare, name a baseline."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from benchmarks.api.history_views import streamed
from benchmarks.errors import BenchmarkError
from benchmarks.history import baselines, exporter
from benchmarks.history.queries import chunks
from benchmarks.models import Run

NAMES = ("export_json", "export_csv", "compare_two", "name_baseline", "drop_baseline")
MOST = 20  # baselines at once; more is a slip of the hand


@admin.action(description="Export as JSON")
def export_json(page: ModelAdmin[Any], request: HttpRequest, rows: QuerySet[Run]) -> HttpResponseBase:
    return _exported("json", rows)


@admin.action(description="Export as CSV")
def export_csv(page: ModelAdmin[Any], request: HttpRequest, rows: QuerySet[Run]) -> HttpResponseBase:
    return _exported("csv", rows)


def _exported(kind: str, rows: QuerySet[Run]) -> HttpResponseBase:
    media, write = exporter.FORMATS[kind]
    response = streamed(write(chunks(rows.order_by("-at", "-id"))), media)
    name = f"benchmarks-{timezone.now():%Y%m%d-%H%M%S}.{kind}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@admin.action(description="Compare two, the older with the newer")
def compare_two(page: ModelAdmin[Any], request: HttpRequest, rows: QuerySet[Run]) -> HttpResponseBase | None:
    ids = [str(run_id) for run_id in rows.order_by("at", "id").values_list("pk", flat=True)[:3]]
    if len(ids) != 2:
        page.message_user(request, "Tick two runs to compare them.", messages.ERROR)
        return None
    query = urlencode({"base": ids[0], "new": ids[1]})
    return HttpResponseRedirect(f"{reverse('admin:benchmarks_run_compare')}?{query}")


@admin.action(description="Name as baseline", permissions=["act"])
def name_baseline(page: ModelAdmin[Any], request: HttpRequest, rows: QuerySet[Run]) -> None:
    for run in _few(page, request, rows):
        try:
            named = baselines.name(run, request.user.get_username())
            page.message_user(request, f"Run {run.pk} is the {named}.")
        except BenchmarkError as error:
            page.message_user(request, str(error), messages.ERROR)


@admin.action(description="Drop as baseline", permissions=["act"])
def drop_baseline(page: ModelAdmin[Any], request: HttpRequest, rows: QuerySet[Run]) -> None:
    for run in _few(page, request, rows):
        try:
            baselines.drop(run)
            page.message_user(request, f"Run {run.pk} is no longer a baseline.")
        except BenchmarkError as error:
            page.message_user(request, str(error), messages.ERROR)


def _few(page: ModelAdmin[Any], request: HttpRequest, rows: QuerySet[Run]) -> list[Run]:
    found = list(rows[: MOST + 1])
    if len(found) > MOST:
        page.message_user(request, f"Tick at most {MOST} runs.", messages.ERROR)
        return []
    return found
