"""Validates names of users, which are the names of tokens too."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

MAX_USERNAME = 150  # of Django's user, and of the column of a token


def username_problems(name: str) -> list[str]:
    """Sentences saying why `name` is not a valid username; empty if it is one."""
    try:
        get_user_model()(username=name).clean_fields(exclude=["password"])
    except ValidationError as error:
        return list(error.messages)
    return []


def validate_username(name: str) -> None:
    """Raises CommandError for an invalid username."""
    problems = username_problems(name)
    if problems:
        raise CommandError(f"{name!r} is not a valid username: {' '.join(problems)}")
