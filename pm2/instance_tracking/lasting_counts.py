"""Counts that only grow: exits by app and cause, and the restarts of instances that were deleted. [io: database]

The exits themselves are pruned, and PM2 forgets a deleted instance; a counter of monitoring must not fall for either.
"""

from __future__ import annotations

from collections.abc import Collection

from django.conf import settings
from django.db.models import F, QuerySet, Sum
from django.utils import timezone

from pm2.daemon.process import Key
from pm2.models import ExitCount, Instance

MAX_COUNTS = 20_000  # rows; apps that ended long ago make room
PRUNE_EVERY = 1000

AppAndCause = tuple[str, str]


def count_exit(name: str, cause: str) -> None:
    """Adds one, in the transaction that stores the exit. `name`: as of `stored_key`."""
    key = {"home": str(settings.PM2_HOME), "name": name, "cause": cause}
    if ExitCount.objects.filter(**key).update(count=F("count") + 1, counted_at=timezone.now()):
        return
    row = ExitCount.objects.create(**key, count=1)
    if row.pk % PRUNE_EVERY == 0:
        _prune()


def _prune() -> None:
    oldest_kept = ExitCount.objects.order_by("-counted_at").values_list("counted_at", flat=True)
    for counted_at in oldest_kept[MAX_COUNTS - 1 : MAX_COUNTS]:
        ExitCount.objects.filter(counted_at__lt=counted_at).delete()


def load_exit_counts(names: Collection[str], other_rows: int) -> dict[AppAndCause, int]:
    """The counts of the apps in `names`, and the `other_rows` that were counted last. Names: as of `stored_key`."""
    rows = ExitCount.objects.filter(home=str(settings.PM2_HOME))
    newest = _counts(rows.order_by("-counted_at")[:other_rows])
    return newest | _counts(rows.filter(name__in=names))


def _counts(rows: QuerySet[ExitCount]) -> dict[AppAndCause, int]:
    """SQLite stores any type in any column; what is no number is left out."""
    values = rows.values_list("name", "cause", "count")
    return {(name, cause): count for name, cause, count in values if isinstance(count, int)}


def load_restarts_of_deleted(names: Collection[str], listed: Collection[str]) -> dict[Key, int]:
    """The restarts of all deleted instances that had one of these names, by name (as of `stored_key`) and pm_id.

    `listed`: tokens of those whose restarts the caller counts itself: a list may be older or newer than the rows.
    """
    rows = Instance.objects.filter(home=str(settings.PM2_HOME), name__in=names, gone_at__isnull=False)
    rows = rows.exclude(token__in=listed)
    sums = rows.order_by().values("name", "pm_id").annotate(total=Sum(F("lost_restarts") + F("restarts")))
    totals = sums.values_list("name", "pm_id", "total")
    return {(name, pm_id): int(total) for name, pm_id, total in totals if isinstance(total, (int, float)) and total}
