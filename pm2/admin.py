"""Exits and their causes in Django's admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from pm2.models import Exit
from system.admin_lists import DatedChangeList


@admin.register(Exit)
class ExitAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("at", "name", "pm_id", "cause", "text", "exit_code", "signal", "uptime_seconds")
    list_filter = ("cause", "at")
    search_fields = ("instance__name", "text", "by")
    date_hierarchy = "at"
    ordering = ("-id",)  # the time is the clock's, which may have been set back
    fields = (
        "at", "name", "pm_id", "cause", "text", "by", "exit_code", "signal", "uptime_seconds", "last_words",
        "last_minute",
    )  # fmt: skip

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

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
