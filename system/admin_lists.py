"""What the admin's lists have in common. [io: database]"""

from __future__ import annotations

from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.db import connection
from django.db.models import BooleanField, F, Func
from django.http import HttpRequest


class DatedChangeList(ChangeList):
    """A list with Django's navigation by date, which fails where a row has no readable time: such a row is listed, and
    the navigation does not know it."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if connection.vendor == "sqlite":
            self.queryset = self.queryset.filter(_IsTime(F(str(self.date_hierarchy))))


class _IsTime(Func):
    """Whether SQLite, which takes any type in any column, has a time there as Django writes it, from the year 1 on."""

    output_field: Any = BooleanField()
    template = "(datetime(%(expressions)s) = substr(%(expressions)s, 1, 19) AND %(expressions)s >= '0001')"
