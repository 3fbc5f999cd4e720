"""Stores instances and exits, and loads them. [io: database]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from pm2 import models
from pm2.daemon.process import Key
from pm2.exits.classify import Cause, Exit, UsageSample
from pm2.instance_tracking import lasting_counts
from system.stored_times import NO_TIME

log = structlog.get_logger("pm2.instance_tracking")

MAX_EXITS = 100_000  # a crash loop must not fill the disk
PRUNE_EVERY = 1000
MAX_NAME_LENGTH = 500
DAEMON_DEATH_TOLERANCE = timedelta(seconds=10)


def save_exit(ended: Exit) -> None:
    """Stores and counts one exit, under the token of its instance."""
    with transaction.atomic():
        lasting_counts.count_exit(stored_key((ended.name, ended.pm_id))[0], ended.cause.value)
        row = models.Exit.objects.create(
            instance=_get_or_create_instance(ended.instance, ended.name, ended.pm_id),
            at=ended.at,
            exit_code=ended.exit_code,
            signal=ended.signal,
            cause=ended.cause.value,
            text=_storable(ended.text)[:500],
            by=ended.by and _storable(ended.by)[:200],
            uptime_seconds=ended.uptime_seconds,
            stderr=[_storable(line) for line in ended.stderr],
            samples=[[sample.seconds_before, sample.cpu, sample.memory_bytes] for sample in ended.samples],
        )
        if row.pk % PRUNE_EVERY == 0:
            _prune_exits()


def save_missing_exit(ended: Exit) -> None:
    """Stores one exit unless another server has stored it. PM2 states the time of an exit, and each server its own for
    the exits of a daemon that died."""
    stored = models.Exit.objects.filter(instance__home=str(settings.PM2_HOME), instance__pm_id=ended.pm_id)
    if ended.cause is Cause.DAEMON_DEATH:
        period = ended.at - DAEMON_DEATH_TOLERANCE, ended.at + DAEMON_DEATH_TOLERANCE
        stored = stored.filter(cause=ended.cause.value, at__range=period)
    else:
        stored = stored.filter(at=ended.at)
    if not stored.exists():
        save_exit(ended)


def _storable(text: str) -> str:
    """PostgreSQL stores no NUL."""
    return text.replace("\0", "�")


def stored_key(key: Key) -> Key:
    """The key of an instance in the database: the column has 500 characters, and PM2's names have no limit."""
    return _storable(key[0])[:MAX_NAME_LENGTH], key[1]


def _prune_exits() -> None:
    """By their numbers: the newest have the largest, whatever the clock was when they came."""
    oldest_kept = models.Exit.objects.order_by("-id").values_list("pk", flat=True)[MAX_EXITS - 1 : MAX_EXITS]
    for pk in oldest_kept:
        models.Exit.objects.filter(pk__lt=pk).delete()


def _get_or_create_instance(token: str, name: str, pm_id: int) -> models.Instance:
    stored_name, _ = stored_key((name, pm_id))
    defaults = {"home": str(settings.PM2_HOME), "name": stored_name, "pm_id": pm_id}
    return models.Instance.objects.get_or_create(token=token, defaults=defaults)[0]


def save_instances(instances: Mapping[str, Key]) -> None:
    """Stores instances, keyed by token, unless they are already stored."""
    for token, (name, pm_id) in instances.items():
        _get_or_create_instance(token, name, pm_id)


def mark_deleted(token: str) -> None:
    """Marks the instance as deleted; a process that reuses its pm_id is another instance."""
    models.Instance.objects.filter(token=token).update(gone_at=timezone.now())


def set_restarts(token: str, restarts: int, lost_restarts: int) -> None:
    """Stores PM2's counter, and the restarts that were lost when PM2 reset it."""
    models.Instance.objects.filter(token=token).update(restarts=restarts, lost_restarts=lost_restarts)


@dataclass(frozen=True, slots=True)
class SavedInstance:
    """A stored instance: our token for it, the restarts that PM2's counter lost, and what it was last."""

    token: str
    lost_restarts: int
    restarts: int = 0

    def lost_at(self, restarts: int) -> int:
        """The restarts that are lost when PM2's counter is now at `restarts`: a lower one than before was reset."""
        return self.lost_restarts + (self.restarts if restarts < self.restarts else 0)


def load_instances() -> dict[Key, SavedInstance]:
    """The stored instances under this PM2_HOME that are not marked as deleted, by their `stored_key`."""
    rows = models.Instance.objects.filter(home=str(settings.PM2_HOME), gone_at=None).order_by("id")
    return {(row.name, row.pm_id): SavedInstance(row.token, row.lost_restarts, row.restarts) for row in rows}


def load_exits(limit: int, name: str = "", pm_id: int | None = None, since: datetime | None = None) -> list[Exit]:
    """Exits under this PM2_HOME, newest first: in the order in which they were stored, as the clock may have been set.
    With `pm_id`: of the instance that currently has it. `since`: by the clock."""
    rows = models.Exit.objects.filter(instance__home=str(settings.PM2_HOME)).select_related("instance").order_by("-id")
    if name:
        rows = rows.filter(instance__name=stored_key((name, 0))[0])
    if pm_id is not None:
        rows = rows.filter(instance__pm_id=pm_id, instance__gone_at=None)
    if since is not None:
        rows = rows.filter(at__gte=since)
    return [ended for row in rows[:limit] if (ended := _exit_from_row(row)) is not None]


def load_exit(number: int) -> Exit | None:
    """The exit with this number in the database, whatever PM2_HOME it is of; None without one that can be read."""
    row = models.Exit.objects.filter(pk=number).select_related("instance").first()
    return None if row is None else _exit_from_row(row)


def _exit_from_row(row: models.Exit) -> Exit | None:
    """None for a row that cannot be read, which is logged: SQLite stores any type in any column."""
    numbers = row.instance.pm_id, row.exit_code or 0, row.uptime_seconds or 0
    if row.cause not in list(Cause) or not all(isinstance(number, (int, float)) for number in numbers):
        log.warning("an exit cannot be read from the database", exit=row.pk)
        return None
    return Exit(
        instance=row.instance.token,
        at=row.at or NO_TIME,
        name=row.instance.name,
        pm_id=row.instance.pm_id,
        exit_code=row.exit_code,
        signal=row.signal,
        cause=Cause(row.cause),
        text=row.text,
        by=row.by,
        uptime_seconds=row.uptime_seconds,
        stderr=tuple(row.stderr),
        samples=tuple(UsageSample(*sample) for sample in row.readable_samples()),
        id=row.pk,
    )
