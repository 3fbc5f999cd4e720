"""The rows about ends: written once each, read newest first. [io: database]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from pm2 import models
from pm2.daemon.process import Key
from pm2.exits.classify import Cause, Exit, Sample

KEPT_EXITS = 100_000  # a crash loop must not fill the disk
PRUNE_EVERY = 1000


def write(ended: Exit) -> None:
    """Keep one end, under our own identity of the instance."""
    with transaction.atomic():
        row = models.Exit.objects.create(
            instance=_instance(ended.instance, ended.name, ended.pm_id),
            at=ended.at,
            exit_code=ended.exit_code,
            signal=ended.signal,
            cause=ended.cause.value,
            text=ended.text[:500],
            by=ended.by and ended.by[:200],
            uptime_seconds=ended.uptime_seconds,
            stderr=[line.replace("\0", "�") for line in ended.stderr],
            samples=[[each.seconds_before, each.cpu, each.memory_bytes] for each in ended.samples],
        )
        if row.pk % PRUNE_EVERY == 0:
            _prune()


def _prune() -> None:
    oldest = models.Exit.objects.order_by("-at", "-id").values_list("pk", flat=True)[KEPT_EXITS : KEPT_EXITS + 1]
    if oldest:
        models.Exit.objects.filter(pk__lte=oldest[0]).delete()


def _instance(token: str, name: str, pm_id: int) -> models.Instance:
    shown = {"home": str(settings.PM2_HOME), "name": name.replace("\0", "�")[:500], "pm_id": pm_id}
    return models.Instance.objects.get_or_create(token=token, defaults=shown)[0]


def appeared(instances: Mapping[str, Key]) -> None:
    """Keep who there is, by token."""
    for token, (name, pm_id) in instances.items():
        _instance(token, name, pm_id)


def gone(token: str) -> None:
    """The instance was deleted: whoever gets its number is another."""
    models.Instance.objects.filter(token=token).update(gone_at=timezone.now())


def forgotten(token: str, lost_restarts: int) -> None:
    """PM2 has reset a counter."""
    models.Instance.objects.filter(token=token).update(lost_restarts=lost_restarts)


@dataclass(frozen=True, slots=True)
class Past:
    """What we knew of an instance when we last looked: our identity of it, and the restarts that PM2 has forgotten."""

    token: str
    lost_restarts: int


def remembered() -> dict[Key, Past]:
    """The instances that were there when we last looked."""
    rows = models.Instance.objects.filter(home=str(settings.PM2_HOME), gone_at=None).order_by("id")
    return {(row.name, row.pm_id): Past(row.token, row.lost_restarts) for row in rows}


def read(limit: int, name: str = "", pm_id: int | None = None, since: datetime | None = None) -> list[Exit]:
    """Ends under this PM2_HOME, newest first. With `pm_id`: of the instance that has this number now."""
    rows = models.Exit.objects.filter(instance__home=str(settings.PM2_HOME)).select_related("instance")
    if name:
        rows = rows.filter(instance__name=name)
    if pm_id is not None:
        rows = rows.filter(instance__pm_id=pm_id, instance__gone_at=None)
    if since is not None:
        rows = rows.filter(at__gte=since)
    return [_exit(row) for row in rows[:limit]]


def _exit(row: models.Exit) -> Exit:
    return Exit(
        instance=row.instance.token,
        at=row.at,
        name=row.instance.name,
        pm_id=row.instance.pm_id,
        exit_code=row.exit_code,
        signal=row.signal,
        cause=Cause(row.cause),
        text=row.text,
        by=row.by,
        uptime_seconds=row.uptime_seconds,
        stderr=tuple(row.stderr),
        samples=tuple(Sample(*each) for each in row.samples),
    )
