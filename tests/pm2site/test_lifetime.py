from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pytest_django import Settings

from pm2.exits.classify import Cause, Exit
from pm2.instance_tracking import instance_store
from pm2.monitor import current_monitor
from pm2site import lifetime
from system.lib import locks

pytestmark = pytest.mark.django_db(transaction=True)

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)


def ended(pm_id: int) -> Exit:
    return Exit(f"t{pm_id}", AT, "api", pm_id, 1, None, Cause.CRASH, "crashed: exit code 1", None, 2.0, (), ())


async def until(is_done: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_done():
            await asyncio.sleep(0.01)


@pytest.fixture
async def _watching(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[None]:
    """A server without a daemon; another one has the lock of the one that records until `tmp_path/lock` is closed."""
    settings.DATA_DIR, settings.PM2_HOME = tmp_path, Path(tempfile.mkdtemp(prefix="p", dir="/tmp"))
    monkeypatch.setattr(lifetime, "TAKE_OVER_S", 0.01)
    yield
    await lifetime.stop()
    shutil.rmtree(settings.PM2_HOME)


@pytest.mark.usefixtures("_watching")
async def test_a_server_takes_over_the_record_of_exits_without_a_loss_or_a_repetition(tmp_path: Path) -> None:
    with locks.exclusive(tmp_path / "locks" / "recorder", "recorder"):
        lifetime._tasks.add(asyncio.create_task(lifetime._watch()))
        await until(lambda: current_monitor._monitors.get() is not None)
        monitor = current_monitor.get_monitor()
        await asyncio.to_thread(instance_store.save_exit, ended(1))  # by the one that records
        for pm_id in (1, 2):
            monitor._publish_exit(ended(pm_id))
        assert not monitor.instances.is_storing

    await until(lambda: monitor.instances.is_storing)
    monitor._publish_exit(ended(3))
    await lifetime.stop()  # writes what is left

    assert sorted(one.pm_id for one in await asyncio.to_thread(instance_store.load_exits, 10)) == [1, 2, 3]
