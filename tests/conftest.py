"""Registers the modules of shared fixtures, and a hypothesis profile without time limits."""

from __future__ import annotations

import os

from django.conf import settings as django_settings
from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.fixtures.process_guard", "tests.fixtures.cluster", "tests.fixtures.database", "tests.fixtures.pm2", "tests.fixtures.redis", "tests.fixtures.server", "tests.slowest_first",
]  # fmt: skip

# Tests must not depend on the machine's speed: the first example of a fresh clone takes seconds on a busy one. In CI the
# examples are the same in every run, so that a commit is not refused for an older commit's fault.
settings.register_profile(
    "patient", deadline=None, derandomize="CI" in os.environ, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")


def pytest_configure() -> None:
    """In this process alone. Hashes of passwords are slow on purpose, half a second each; without autorefresh, WhiteNoise
    reads all static files for the first request of each test client, a tenth of a second."""
    django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    django_settings.WHITENOISE_AUTOREFRESH = True
