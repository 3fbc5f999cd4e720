"""Records shell commands in the audit trail, through the function that the setting ACTIVITY_TO names."""

from __future__ import annotations

from django.conf import settings
from django.utils.module_loading import import_string


def record_command(action: str, subject: str, message: str, error: Exception | None = None) -> None:
    """Writes an entry like that of an API request, e.g. action `redis.setup`. `error`: why the command failed."""
    import_string(settings.ACTIVITY_TO)(action, subject, message, error)
