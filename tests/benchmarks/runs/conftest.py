"""Runs whose target is a program of the test, not one under PM2."""

from __future__ import annotations

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def _loopback_may_be_loaded(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, and in those of runs."""
    settings.BENCH_TARGETS = ("127.0.0.1",)
    monkeypatch.setenv("BENCH_TARGETS", "127.0.0.1")
