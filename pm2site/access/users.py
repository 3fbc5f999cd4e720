"""Names of those who come in with a password or a token."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError


def check_name(name: str) -> None:
    """Raises CommandError for what is no name of a user."""
    try:
        get_user_model()(username=name).clean_fields(exclude=["password"])
    except ValidationError as error:
        raise CommandError(f"{name!r} cannot be a name: {' '.join(error.messages)}") from error
