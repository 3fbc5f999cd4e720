"""Validates usernames given on the command line."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError


def validate_username(name: str) -> None:
    """Raises CommandError for an invalid username."""
    try:
        get_user_model()(username=name).clean_fields(exclude=["password"])
    except ValidationError as error:
        raise CommandError(f"{name!r} is not a valid username: {' '.join(error.messages)}") from error
