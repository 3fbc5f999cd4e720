"""Fixtures that several folders share live in the modules named here."""

from __future__ import annotations

pytest_plugins = ["tests.services_cluster", "tests.services_pm2", "tests.services_redis", "tests.services_server"]
