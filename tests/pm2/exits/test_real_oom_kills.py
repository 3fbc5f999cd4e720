"""The kernel's OOM killer on apps of a real PM2, in a control group of their own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pm2.actions import start_steps
from pm2.instance_tracking import instance_store
from pm2.monitor import current_monitor
from pm2.monitor.daemon_monitor import DaemonMonitor
from tests.fixtures.pm2_apps import IDLE, run_app, until

pytestmark = pytest.mark.django_db(transaction=True)
GROWS = "const kept = []; process.on('SIGUSR2', () => { while (true) kept.push(Buffer.alloc(1e7, 1)) });"


@pytest.fixture
def group() -> Iterator[Path]:
    """A control group with 150 MB, where this user may make one."""
    for root, limit in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
        folder = Path(root) / f"oom-test-{os.getpid()}"
        try:
            folder.mkdir()
            (folder / limit).write_text("150000000")
        except OSError:
            with suppress(OSError):
                folder.rmdir()
            continue
        yield folder
        with suppress(OSError):
            folder.rmdir()
        return
    pytest.skip("no control group can be made here")


async def texts_of_exits(count: int) -> dict[str, str]:
    stored = await until(lambda: asyncio.to_thread(instance_store.load_exits, 100), lambda stored: len(stored) >= count)
    return {ended.name: ended.text for ended in stored}


async def pids(monitor: DaemonMonitor) -> dict[str, int]:
    return {process.name: process.pid for process in (await monitor.stats()).processes}


async def test_only_the_process_that_the_kernel_killed_was_killed_by_it(
    pm2_home: Path, group: Path, tmp_path: Path
) -> None:
    await start_steps.ensure_daemon()
    monitor = current_monitor.start(instance_store)
    await until(lambda: monitor.is_listening, bool)
    for name in ("large", "other"):
        await run_app(tmp_path, name, GROWS + IDLE, autorestart=False)
    own = await until(lambda: pids(monitor), lambda seen: all(seen.values()) and len(seen) == 2)
    (group / "cgroup.procs").write_text(str(own["large"]))
    await until(lambda: pids(monitor), lambda _: len(monitor.usage_history.last_minute(0, own["large"])) >= 2)
    unmanaged = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import os; os.read(0, 1); bytearray(400_000_000)", stdin=asyncio.subprocess.PIPE
    )
    assert unmanaged.stdin
    (group / "cgroup.procs").write_text(str(unmanaged.pid))
    unmanaged.stdin.write(b"x")
    code = await unmanaged.wait()
    os.kill(own["other"], signal.SIGKILL)
    first = await texts_of_exits(1)
    await until(
        lambda: pids(monitor), lambda _: monitor.usage_history.last_minute(0, own["large"])[-1].seconds_before < 0.5
    )
    os.kill(own["large"], signal.SIGUSR2)
    both = await texts_of_exits(2)
    await current_monitor.stop()

    by_hand, by_the_kernel = "killed by SIGKILL from outside", "killed by the kernel: out of memory"
    assert (code, first, both) == (-9, {"other": by_hand}, {"other": by_hand, "large": by_the_kernel})
