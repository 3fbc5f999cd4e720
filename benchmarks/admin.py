"""The benchmark history as people browse it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.html import format_html

from benchmarks import exports
from benchmarks.history import chunks, frameworks
from benchmarks.models import Run, Trial, Validity
from pm2.frameworks.registry import registry

FURTHEST = 10_000


class ReadOnly:
    """Runs are records: they may be looked at and deleted."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class TrialInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = Trial
    fields = ("index", "is_warmup", "duration_s", "requests", "req_per_sec", "avg_latency_ms", "errors", "non_2xx")
    can_delete = False
    extra = 0


class FrameworkFilter(admin.SimpleListFilter):
    """By the names in the history; Django's own would read every row for them."""

    title = parameter_name = "framework"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in frameworks()]

    def queryset(self, request: HttpRequest, rows: QuerySet[Run]) -> QuerySet[Run]:
        return rows.filter(framework=self.value()) if self.value() else rows


class EndpointFilter(admin.SimpleListFilter):
    """By the registry's endpoints; others are found by the search."""

    title = parameter_name = "endpoint"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        paths = dict.fromkeys(each.path for each in registry().endpoints)
        return [(path, path) for path in paths]

    def queryset(self, request: HttpRequest, rows: QuerySet[Run]) -> QuerySet[Run]:
        return rows.filter(endpoint=self.value()) if self.value() else rows


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than anybody turns pages: the rest is reached by filters."""

    @cached_property
    def count(self) -> int:
        rows: QuerySet[Run] = self.object_list  # type: ignore[assignment]
        return rows.order_by()[:FURTHEST].count()


@admin.register(Run)
class RunAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = (
        "at", "framework", "where", "rate", "p99", "total_requests", "errors", "validity", "state", "generator",
        "source", "label",
    )  # fmt: skip
    list_filter = (FrameworkFilter, EndpointFilter, "validity", "state", "source", "at")
    paginator = BoundedPaginator
    search_fields = ("framework", "endpoint", "label", "host")
    inlines = (TrialInline,)
    actions = ("export_json", "export_csv")
    show_full_result_count = False
    list_per_page = 50

    @admin.display(description="endpoint", ordering="endpoint")
    def where(self, run: Run) -> str:
        return f"{run.method} {run.endpoint}"

    @admin.display(description="requests/s", ordering="req_per_sec")
    def rate(self, run: Run) -> str:
        if run.req_per_sec is None:
            return "–"
        shown = f"{run.req_per_sec:,.0f}"
        return format_html("<s>{}</s>", shown) if run.validity == Validity.INVALID else shown

    @admin.display(description="p99", ordering="p99_latency_ms")
    def p99(self, run: Run) -> str:
        return "–" if run.p99_latency_ms is None else f"{run.p99_latency_ms:.2f} ms"

    @admin.action(description="Export as JSON")
    def export_json(self, request: HttpRequest, rows: QuerySet[Run]) -> HttpResponse:
        return self._export("json", rows)

    @admin.action(description="Export as CSV")
    def export_csv(self, request: HttpRequest, rows: QuerySet[Run]) -> HttpResponse:
        return self._export("csv", rows)

    def _export(self, kind: str, rows: QuerySet[Run]) -> HttpResponse:
        media, write = exports.FORMATS[kind]
        content = "".join(write(chunks(rows.order_by("-at", "-id"))))
        disposition = f'attachment; filename="benchmarks.{kind}"'
        return HttpResponse(content, content_type=media, headers={"Content-Disposition": disposition})
