"""Admin actions on selected runs: export, compare, set and remove baselines, delete. [io: database]"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin, actions
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from benchmarks.api.history_views import streaming_response
from benchmarks.errors import BenchmarkError
from benchmarks.history import baselines, exporter
from benchmarks.history.queries import iter_chunks
from benchmarks.history.results import COLUMNS
from benchmarks.models import UNFINISHED, Run

ACTION_NAMES = ("export_json", "export_csv", "compare_two", "name_baseline", "drop_baseline", "delete_selected")
MAX_BASELINES = 20  # per action; a larger selection is probably a mistake
MAX_DELETED = 500  # per action: Django's confirmation lists them, and sends their ids as fields of a form


@admin.action(description="Export as JSON")
def export_json(model_admin: ModelAdmin[Any], request: HttpRequest, rows: QuerySet[Run]) -> HttpResponseBase:
    return _export_response("json", rows)


@admin.action(description="Export as CSV")
def export_csv(model_admin: ModelAdmin[Any], request: HttpRequest, rows: QuerySet[Run]) -> HttpResponseBase:
    return _export_response("csv", rows)


def _export_response(kind: str, rows: QuerySet[Run]) -> HttpResponseBase:
    media, write = exporter.FORMATS[kind]
    response = streaming_response(write(iter_chunks(rows.order_by("-at", "-id"))), media)
    name = f"benchmarks-{timezone.now():%Y%m%d-%H%M%S}.{kind}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@admin.action(description="Compare two runs, older with newer")
def compare_two(model_admin: ModelAdmin[Any], request: HttpRequest, rows: QuerySet[Run]) -> HttpResponseBase | None:
    ids = [str(run_id) for run_id in rows.order_by("at", "id").values_list("pk", flat=True)[:3]]
    if len(ids) != 2:
        model_admin.message_user(request, "Select two runs to compare.", messages.ERROR)
        return None
    query = urlencode({"base": ids[0], "new": ids[1]})
    return HttpResponseRedirect(f"{reverse('admin:benchmarks_run_compare')}?{query}")


@admin.action(description="Set as baseline", permissions=["act"])
def name_baseline(model_admin: ModelAdmin[Any], request: HttpRequest, rows: QuerySet[Run]) -> None:
    for run in _limit_selection(model_admin, request, rows):
        try:
            baseline = baselines.set_baseline(run, request.user.get_username())
            model_admin.message_user(request, f"Run {run.pk} is the {baseline}.")
        except BenchmarkError as error:
            model_admin.message_user(request, str(error), messages.ERROR)


@admin.action(description="Remove as baseline", permissions=["act"])
def drop_baseline(model_admin: ModelAdmin[Any], request: HttpRequest, rows: QuerySet[Run]) -> None:
    for run in _limit_selection(model_admin, request, rows):
        try:
            baselines.remove_baseline(run)
            model_admin.message_user(request, f"Run {run.pk} is no longer a baseline.")
        except BenchmarkError as error:
            model_admin.message_user(request, str(error), messages.ERROR)


# It replaces Django's action of this name, which its confirmation page posts to.
@admin.action(description="Delete selected runs", permissions=["delete"])
def delete_selected(model_admin: ModelAdmin[Any], request: HttpRequest, rows: QuerySet[Run]) -> TemplateResponse | None:
    chosen = rows.order_by()[: MAX_DELETED + 1].count()
    if chosen > MAX_DELETED:
        text = f"Select at most {MAX_DELETED} runs. DELETE /api/benchmark/clear deletes all, after an export."
        model_admin.message_user(request, text, messages.ERROR)
        return None
    if rows.filter(state__in=UNFINISHED).exists():
        model_admin.message_user(request, "A run that is not finished cannot be deleted; cancel it.", messages.ERROR)
        return None
    return actions.delete_selected(model_admin, request, rows.only(*COLUMNS))


def _limit_selection(model_admin: ModelAdmin[Any], request: HttpRequest, rows: QuerySet[Run]) -> list[Run]:
    runs = list(rows[: MAX_BASELINES + 1])
    if len(runs) > MAX_BASELINES:
        model_admin.message_user(request, f"Select at most {MAX_BASELINES} runs.", messages.ERROR)
        return []
    return runs
