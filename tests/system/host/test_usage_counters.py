from __future__ import annotations

from system.host import usage_counters


def test_busy_time_does_not_exceed_total_time() -> None:
    before, after = usage_counters.read({}), usage_counters.read({})

    assert 0 <= after.busy_s - before.busy_s <= after.total_s - before.total_s + 0.1
    assert after.monotonic_s > before.monotonic_s
