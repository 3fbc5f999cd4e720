"""Fixtures that several folders share live in the modules named here."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.services_cluster", "tests.services_pm2", "tests.services_redis", "tests.services_server"]

# How fast a machine is must not decide a test: the first example of a fresh clone takes seconds on a busy one.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
