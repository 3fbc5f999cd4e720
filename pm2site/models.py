"""Tables of the audit trail and of tokens."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from system.stored_times import format_time


def this_server() -> str:
    return str(settings.SERVER_ID)


class Outcome(models.TextChoices):
    OK = "ok"
    REFUSED = "refused"
    FAILED = "failed"


class Activity(models.Model):
    """An entry of the audit trail: a requested change, with its actor and outcome. `target`: its subject."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    server_id = models.CharField(max_length=64, default=this_server, editable=False)
    actor = models.CharField(max_length=200)
    address = models.CharField(max_length=64, blank=True)
    action = models.CharField(max_length=100, db_index=True)
    target = models.CharField(max_length=200, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome)
    status = models.PositiveIntegerField(help_text="HTTP status of the answer")
    message = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name_plural = "activity"

    def __str__(self) -> str:
        return f"{format_time(self.at)} {self.actor} {self.action} {self.target}"


class Role(models.TextChoices):
    READ = "read", "read and subscribe"
    ACT = "act", "act"


class AccessToken(models.Model):
    """A token for scripts. Its text is stored nowhere: `digest` is its hash, `prefix` its first characters."""

    name = models.CharField(max_length=150, db_index=True, help_text="who uses it, e.g. ci")
    prefix = models.CharField(max_length=8, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    role = models.CharField(max_length=4, choices=Role, default=Role.READ)
    created = models.DateTimeField(default=timezone.now, editable=False)
    last_used = models.DateTimeField(null=True, editable=False, help_text="to the minute")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="empty: never")

    class Meta:
        ordering = ["name"]
        verbose_name = "token"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
