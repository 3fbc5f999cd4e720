from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from monitoring.exposition.collector import Collector
from monitoring.exposition.run_series import LastRun, RunFigures
from monitoring.exposition.stored_counts import KINDS, StoredCounts
from monitoring.sampling import taps
from tests.monitoring.exposition import samples

RUNS = RunFigures(
    dict.fromkeys(KINDS, 0) | {("done", "valid"): 3, ("failed", "none"): 1},
    queued=2,
    active=1,
    last=[
        LastRun("fastify", "/json", "GET", samples.AT, 1000.0, 990.0, 1010.0, True, 120.0, "met"),
        LastRun("express", "/json", "POST", samples.AT - timedelta(1), 500.0, None, None, False, None, "missed"),
        LastRun("express", "/", "GET", samples.AT - timedelta(2), None, None, None, False, None, "not_shown"),
    ],
)

Sample = Callable[..., None]


@pytest.fixture
def stored() -> list[StoredCounts | None]:
    """What the database has: the last element is read."""
    return [StoredCounts({("api", "crash"): 2}, {}, RUNS)]


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch, stored: list[StoredCounts | None]) -> Collector:
    """One that reads no database. Nothing is sampled yet."""
    for tap in (taps.host, taps.pm2, taps.redis):
        monkeypatch.setattr(tap, "newest", None)
        monkeypatch.setattr(tap, "samples", 4)
        monkeypatch.setattr(tap, "errors", 1)
        monkeypatch.setattr(tap, "cost_s", 0.5)
    created = Collector()
    monkeypatch.setattr(created._stored, "read", lambda names, tokens: stored[-1])
    return created


@pytest.fixture
def sample(monkeypatch: pytest.MonkeyPatch) -> Sample:
    """Sets the newest samples, by the names of the taps."""

    def set_newest(age_s: float = 0.0, **values: object) -> None:
        for name, value in values.items():
            monkeypatch.setattr(getattr(taps, name), "newest", samples.observe(value, age_s))

    return set_newest
