"""Counts of monitoring that must outlast what they count."""

from __future__ import annotations

from django.db import models


class RunCount(models.Model):
    """Finished runs of one state and validity: as many as were `stored` at the last look, and those that were `removed`
    since the first one."""

    state = models.CharField(max_length=16)
    validity = models.CharField(max_length=10)
    stored = models.PositiveBigIntegerField(default=0)
    removed = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["state", "validity"], name="one_run_count_per_kind")]

    def __str__(self) -> str:
        return f"{self.state} {self.validity}: {self.stored}"
