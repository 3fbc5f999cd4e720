"""Stored history of processes under PM2: instances and their exits."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from system.model_fields import StorableJSONField
from system.stored_times import format_time


def this_server() -> str:
    return str(settings.SERVER_ID)


class Instance(models.Model):
    """One instance, from its first appearance until it is deleted; afterwards PM2 may reuse its pm_id."""

    server_id = models.CharField(max_length=64, default=this_server, editable=False)
    token = models.CharField(max_length=32, unique=True, help_text="our own identity of it")
    home = models.CharField(max_length=300)
    name = models.CharField(max_length=500)
    pm_id = models.PositiveIntegerField()
    first_seen = models.DateTimeField(default=timezone.now)
    gone_at = models.DateTimeField(null=True, blank=True)
    restarts = models.PositiveIntegerField(default=0, help_text="as PM2 counted them last")
    lost_restarts = models.PositiveIntegerField(default=0, help_text="restarts that PM2 has forgotten before")

    class Meta:
        indexes = [models.Index(fields=["home", "name", "pm_id"])]

    def __str__(self) -> str:
        return f"{self.name} {self.pm_id}"


class ExitCount(models.Model):
    """How many exits an app has had, by cause: these stay when the exits themselves are pruned or deleted."""

    home = models.CharField(max_length=300)
    name = models.CharField(max_length=500)
    cause = models.CharField(max_length=20)
    count = models.PositiveBigIntegerField(default=0)
    counted_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["home", "name", "cause"], name="one_count_per_cause")]

    def __str__(self) -> str:
        return f"{self.name} {self.cause}: {self.count}"


class Exit(models.Model):
    """One exit of an instance, with its evidence."""

    at = models.DateTimeField(db_index=True)
    server_id = models.CharField(max_length=64, default=this_server, editable=False)
    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="exits")
    exit_code = models.IntegerField(null=True)
    signal = models.CharField(max_length=20, null=True)  # noqa: DJ001 - no signal is not an empty one
    cause = models.CharField(max_length=20, db_index=True)
    text = models.CharField(max_length=500)
    by = models.CharField(max_length=200, null=True)  # noqa: DJ001
    uptime_seconds = models.FloatField(null=True)
    stderr = StorableJSONField(default=list, items=str)
    samples = StorableJSONField(default=list, items=list)

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{format_time(self.at)} {self.instance} {self.text}"

    def readable_samples(self) -> list[list[Any]]:
        """Seconds before the exit, CPU and memory of each sample that has three numbers."""
        return [
            sample
            for sample in self.samples
            if len(sample) == 3 and all(isinstance(number, (int, float)) for number in sample)
        ]
