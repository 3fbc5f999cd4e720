"""When the monitor itself requests the list."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pm2.monitor import daemon_monitor
from pm2.monitor.daemon_monitor import DaemonMonitor
from tests.fixtures.pm2_apps import until

POLL_S = 0.02


@pytest.fixture
async def monitor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DaemonMonitor]:
    """Of a daemon that is up, which follows the list every 20 ms."""
    monitor = DaemonMonitor(tmp_path)
    monitor._state.set_up("7.0.4")
    monkeypatch.setattr(daemon_monitor, "IDLE_POLL_S", POLL_S)
    yield monitor
    await monitor.close()


async def test_the_list_is_not_requested_while_others_request_it_but_after_an_event(
    monitor: DaemonMonitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    reasons, reason = list[str](), ""

    async def record() -> None:
        reasons.append(reason)
        monitor._list_requested_s = monitor._listed_s = time.monotonic()

    monkeypatch.setattr(monitor, "stats", record)
    monitor._list_requested_s = monitor._listed_s = time.monotonic()
    monitor._start_task(monitor._follow_list())
    await asyncio.sleep(3 * POLL_S)  # a request in this time has the reason ""
    reason = "event"
    monitor._wake.set()
    await until(lambda: len(reasons), bool)
    reason, monitor._listed_s = "nobody requests it", time.monotonic() - daemon_monitor.UNPOLLED_S
    await until(lambda: len(reasons) > 1, bool)

    assert reasons == ["event", "nobody requests it"]
