"""Admin list and pages of benchmark runs. [io: database]"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.functional import cached_property
from django.utils.html import format_html

from benchmarks.admin import bulk_actions, run_pages
from benchmarks.budgets.judgement import judgement_words
from benchmarks.budgets.stored import parse_budget
from benchmarks.errors import BenchmarkError
from benchmarks.history import deletion, recent_rates
from benchmarks.history.completed import kind_of
from benchmarks.history.queries import list_frameworks
from benchmarks.history.readable_rows import read_rows, readable
from benchmarks.history.results import COLUMNS
from benchmarks.models import END_OF_TIME, Baseline, Run, Trial, Validity
from pm2.frameworks.registry import registry

MAX_COUNTED = 10_000


class ReadOnly:
    """Runs are records: they can be viewed and deleted, not changed."""

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
    """Filter by framework. Django's own filter would read every row to list the names."""

    title = parameter_name = "framework"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in list_frameworks()]

    def queryset(self, request: HttpRequest, rows: QuerySet[Run]) -> QuerySet[Run]:
        return rows.filter(framework=self.value()) if self.value() else rows


class EndpointFilter(admin.SimpleListFilter):
    """Filter by the registry's endpoints; others can be searched for."""

    title = parameter_name = "endpoint"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        paths = dict.fromkeys(endpoint.path for endpoint in registry().endpoints)
        return [(path, path) for path in paths]

    def queryset(self, request: HttpRequest, rows: QuerySet[Run]) -> QuerySet[Run]:
        return rows.filter(endpoint=self.value()) if self.value() else rows


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Limits the row count, which is slow on large tables; older runs are reached by filters."""

    @cached_property
    def count(self) -> int:
        rows: QuerySet[Run] = self.object_list  # type: ignore[assignment]
        return rows.order_by()[:MAX_COUNTED].count()


class RunChangeList(ChangeList):
    """Adds the newest rates of each kind and the baseline mark to the runs of a page, by one query each."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Run]:
        return super().get_queryset(request, exclude_parameters).filter(at__lte=END_OF_TIME)  # as in `completed_runs`

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        runs: list[Any] = [
            run for run in read_rows(self.result_list.only(*COLUMNS, "state"), readable) if run is not None
        ]
        rates = recent_rates.fetch_rates(kind_of(run) for run in runs)
        baselines = set(Baseline.objects.filter(run__in=runs).values_list("run_id", flat=True))
        for run in runs:
            run.newest_rates = rates[kind_of(run)]
            run.is_baseline = run.pk in baselines
        self.result_list = runs


@admin.register(Run)
class RunAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = (
        "at", "framework_name", "where", "rate", "trend", "p99", "total_requests", "errors", "validity", "judgement",
        "state", "generator", "source", "label",
    )  # fmt: skip
    list_filter = (FrameworkFilter, EndpointFilter, "validity", "state", "source", "at")
    paginator = BoundedPaginator
    search_fields = ("framework", "endpoint", "label", "host")
    inlines = (TrialInline,)
    actions = tuple(getattr(bulk_actions, name) for name in bulk_actions.ACTION_NAMES)
    show_full_result_count = False
    list_per_page = 30  # Django renders a row in 1.5 ms; the queries of a page take 3 ms
    # Shown as charts, lists and a table above the fields.
    exclude = ("samples", "gates", "reasons", "command", "progress", "sweep", "expect", "budget")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return RunChangeList

    def get_urls(self) -> list[URLPattern]:
        pages = [
            path("history/", self.admin_site.admin_view(self.history_page), name="benchmarks_run_history_of"),
            path("compare/", self.admin_site.admin_view(self.compare_page), name="benchmarks_run_compare"),
        ]
        return [*pages, *super().get_urls()]

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Permission to set baselines: the credential may act, and may view the history."""
        credential = getattr(request, "credential", None)
        return bool(credential and credential.may_act) and self.has_view_permission(request)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """The runs and the number of their trials. Django would read each trial, with its output, to list it."""
        runs = list(objs)
        trials = Trial.objects.filter(run__in=[run.pk for run in runs]).count()
        lacking = set() if self.has_delete_permission(request) else {str(self.opts.verbose_name)}
        return [str(run) for run in runs], {"runs": len(runs), "trials": trials}, lacking, []

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        for _ in deletion.delete_runs(queryset.values_list("pk", flat=True)):
            pass

    def history_page(self, request: HttpRequest) -> HttpResponse:
        """`?framework=&endpoint=&method=`: requests/s over time."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        query = request.GET
        kind = (query.get("framework", ""), query.get("endpoint", ""), query.get("method", "GET"))
        context = {**self.admin_site.each_context(request), **run_pages.history_context(kind)}
        return TemplateResponse(request, "admin/benchmarks/run/history_of.html", context)

    def compare_page(self, request: HttpRequest) -> HttpResponse:
        """`?base=&new=`: comparison of two runs."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            page = run_pages.comparison_context(request.GET.get("base", ""), request.GET.get("new", ""))
        except BenchmarkError as error:
            page = {"title": "Comparison of two runs", "problem": str(error)}
        context = {**self.admin_site.each_context(request), **page}
        return TemplateResponse(request, "admin/benchmarks/run/compare.html", context)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        run = kwargs.get("obj")
        return super().render_change_form(
            request, {**context, "run_overview": run_pages.run_overview(run) if run else None}, *args, **kwargs
        )

    @admin.display(description="framework", ordering="framework")
    def framework_name(self, run: Run) -> str:
        return f"{run.framework} (baseline)" if getattr(run, "is_baseline", False) else run.framework

    @admin.display(description="trend")
    def trend(self, run: Run) -> str:
        rates = getattr(run, "newest_rates", [])
        return format_html(
            '<a href="{}">{}</a>', run_pages.history_url(run), run_pages.sparkline_html(rates) or "history"
        )

    @admin.display(description="endpoint", ordering="endpoint")
    def where(self, run: Run) -> str:
        return f"{run.method} {run.endpoint}"

    @admin.display(description="requests/s", ordering="req_per_sec")
    def rate(self, run: Run) -> str:
        if run.req_per_sec is None:
            return "–"
        text = f"{run.req_per_sec:,.0f}"
        return format_html("<s>{}</s>", text) if run.validity == Validity.INVALID else text

    @admin.display(description="budget")
    def judgement(self, run: Run) -> str:
        return judgement_words(parse_budget(run.budget)) or "–"

    @admin.display(description="p99", ordering="p99_latency_ms")
    def p99(self, run: Run) -> str:
        return "–" if run.p99_latency_ms is None else f"{run.p99_latency_ms:.2f} ms"
