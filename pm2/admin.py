"""Instances, their exits and the causes of these in Django's admin."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from pm2.models import Exit, Instance
from system.admin_lists import DatedChangeList
from system.stored_times import format_time

HistorySection = Callable[[HttpRequest, Instance, Exit | None], SafeString]


def _no_section(request: HttpRequest, instance: Instance, ended: Exit | None) -> SafeString:
    return SafeString()


_history_section: HistorySection = _no_section


def set_history_section(render: HistorySection) -> None:
    """What renders the history of an instance as HTML, for its page and, around its exits, for theirs."""
    global _history_section
    _history_section = render


def format_utc(at: datetime) -> str:
    """As on the axes of the charts."""
    return f"{format_time(at)} UTC"


class Recorded(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that the server writes: they can be viewed, not changed."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        row = kwargs.get("obj")
        instance, ended = (row.instance, row) if isinstance(row, Exit) else (row, None)
        section = SafeString() if instance is None else _history_section(request, instance, ended)
        return super().render_change_form(request, {**context, "history_section": section}, *args, **kwargs)


@admin.register(Instance)
class InstanceAdmin(Recorded):
    list_display = ("name", "pm_id", "since", "until", "lost_restarts")
    search_fields = ("name",)
    ordering = ("-id",)
    fields = ("name", "pm_id", "since", "until", "lost_restarts", "home", "all_exits")

    @admin.display(description="first seen", ordering="first_seen")
    def since(self, instance: Instance) -> str:
        return format_utc(instance.first_seen)

    @admin.display(description="gone at", ordering="gone_at")
    def until(self, instance: Instance) -> str:
        return format_utc(instance.gone_at) if instance.gone_at else "not gone"

    @admin.display(description="exits")
    def all_exits(self, instance: Instance) -> str:
        address = f"{reverse('admin:pm2_exit_changelist')}?instance__id__exact={instance.pk}"
        return format_html('<a href="{}">all exits of {}</a>', address, instance)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The server refers to those of the processes that run."""
        return False


@admin.register(Exit)
class ExitAdmin(Recorded):
    list_display = ("at", "name", "pm_id", "cause", "text", "exit_code", "signal", "uptime_seconds")
    list_filter = ("cause", "at")
    search_fields = ("instance__name", "text", "by")
    date_hierarchy = "at"
    ordering = ("-id",)  # the time is the clock's, which may have been set back
    fields = (
        "time", "instance", "cause", "text", "by", "exit_code", "signal", "uptime_seconds", "last_words", "last_minute",
    )  # fmt: skip

    def time(self, ended: Exit) -> str:
        return format_utc(ended.at)

    @admin.display(ordering="instance__name")
    def name(self, ended: Exit) -> str:
        return ended.instance.name

    @admin.display(ordering="instance__pm_id")
    def pm_id(self, ended: Exit) -> int:
        return ended.instance.pm_id

    @admin.display(description="last lines of stderr")
    def last_words(self, ended: Exit) -> str:
        return "\n".join(ended.stderr) or "none"

    @admin.display(description="last minute")
    def last_minute(self, ended: Exit) -> str:
        points = [
            f"{before:4.0f} s before: {cpu:.1f} %, {size / 2**20:.0f} MB"
            for before, cpu, size in ended.readable_samples()
        ]
        return "\n".join(points) or "no samples before the exit"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[DatedChangeList]:
        return DatedChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Exit]:
        """With the instances: an exit of one that is gone from the database cannot be shown."""
        return super().get_queryset(request).select_related("instance")
