from __future__ import annotations

import pytest

from monitoring.sampling import demand


def test_demand_is_current_for_five_minutes_after_the_last_scrape(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 1000.0
    monkeypatch.setattr(demand, "_renewed_s", None)
    monkeypatch.setattr("monitoring.sampling.demand.time.monotonic", lambda: now_s)
    before = demand.is_current()
    demand.renew()
    states = []
    for now_s in (1000.0, 1299.9, 1300.0):  # noqa: B007 - read by `monotonic`
        states.append(demand.is_current())

    assert (before, states) == (False, [True, True, False])
