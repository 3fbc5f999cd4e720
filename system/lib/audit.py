"""What is done from the shell, told to whoever keeps the trail: the function that the setting ACTIVITY_TO names."""

from __future__ import annotations

from django.conf import settings
from django.utils.module_loading import import_string


def tell(action: str, target: str, message: str, error: Exception | None = None) -> None:
    """As the API would: `redis.setup`, on what, what was answered; with an `error`, that it was not done."""
    import_string(settings.ACTIVITY_TO)(action, target, message, error)
