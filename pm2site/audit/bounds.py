"""Bounds of the audit trail: how many rows it keeps, and how many those may add who have no credential."""

from __future__ import annotations

import threading
import time

from django.conf import settings

from pm2site.models import Activity

ANONYMOUS_PER_MINUTE = 30
PRUNE_EVERY = 500  # rows
PRUNE_BATCH = 1000  # rows per transaction, so that no other writer waits long


class AnonymousBudget:
    """At most `ANONYMOUS_PER_MINUTE` rows a minute; the number of those left out is part of the next row."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._minute = 0
        self._rows = 0
        self._skipped = 0

    def take(self) -> int | None:
        """None if the row must be left out, else how many were left out before it."""
        minute = int(time.monotonic() // 60)
        with self._lock:
            if minute != self._minute:
                self._minute, self._rows = minute, 0
            if self._rows >= ANONYMOUS_PER_MINUTE:
                self._skipped += 1
                return None
            self._rows += 1
            skipped, self._skipped = self._skipped, 0
            return skipped


class Unrecorded:
    """How many entries were left out since the last one that was not, because too many wait for the database."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0

    def take(self) -> int:
        with self._lock:
            count, self._count = self._count, 0
            return count

    def add(self, count: int) -> None:
        with self._lock:
            self._count += count


class Retention:
    """Deletes the oldest rows above ACTIVITY_ROWS, at every `PRUNE_EVERY`th new one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._new_rows = 0

    def count_row(self) -> None:
        with self._lock:
            self._new_rows += 1
            is_due = self._new_rows % PRUNE_EVERY == 0
        if is_due:
            prune(settings.ACTIVITY_ROWS)


def prune(keep: int) -> int:
    """Deletes all but the newest `keep` rows. Returns how many were deleted."""
    newest_to_delete = Activity.objects.order_by("-pk").values_list("pk", flat=True)[keep : keep + 1].first()
    if newest_to_delete is None:
        return 0
    deleted = 0
    while True:
        batch = list(
            Activity.objects.filter(pk__lte=newest_to_delete).order_by("pk").values_list("pk", flat=True)[:PRUNE_BATCH]
        )
        if not batch:
            return deleted
        deleted += Activity.objects.filter(pk__in=batch).delete()[0]


anonymous_budget = AnonymousBudget()
unrecorded = Unrecorded()
retention = Retention()
