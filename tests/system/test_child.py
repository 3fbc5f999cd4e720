from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from system import child
from system.child import Child, Finished, Identity
from system.errors import ChildFailed, ChildTimeout


def python(source: str) -> list[str]:
    return [sys.executable, "-c", source]


async def test_a_command_runs_to_its_end() -> None:
    finished = await child.run(
        python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"), timeout_s=30
    )

    assert finished == Finished(3, None, "out\n", "err\n", truncated=False)


async def test_more_output_than_a_pipe_holds_does_not_block_it_and_stays_bounded() -> None:
    finished = await child.run(python("print('x' * 5_000_000 + 'END')"), timeout_s=30, output_limit_bytes=1000)

    assert (finished.exit_code, finished.truncated, len(finished.stdout)) == (0, True, 1000)
    assert finished.stdout.endswith("xEND\n")


async def test_a_child_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    source = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "p = subprocess.Popen([sys.executable, '-c', 'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)']);"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(p.pid)); time.sleep(600)"
    )

    with pytest.raises(ChildTimeout, match="did not end within 3 s"):
        await child.run(python(source), timeout_s=3)

    await gone(int((tmp_path / "pid").read_text()))


async def test_a_cancelled_run_leaves_nothing_behind(tmp_path: Path) -> None:
    source = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    task = asyncio.create_task(child.run(python(source), timeout_s=60))
    pid = int(await appears(tmp_path / "pid"))
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task

    await gone(pid)


async def test_a_signal_is_named() -> None:
    started = await Child.start(python("import time; time.sleep(600)"))
    os.kill(started.pid, signal.SIGKILL)

    finished = await started.wait()

    assert (finished.exit_code, finished.signal) == (-9, "SIGKILL")


@pytest.mark.parametrize("argv", [["/no/such/program"], ["/etc/passwd"], ["bad\0name"]])
async def test_what_cannot_be_started_is_named(argv: list[str]) -> None:
    with pytest.raises(ChildFailed, match="could not be started"):
        await child.run(argv, timeout_s=5)


async def test_a_detached_process_is_no_child_of_a_pipe_and_leaves_no_zombie(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "log.txt"
    identity = child.spawn_detached(
        python("import os; print(os.getsid(0) == os.getpid(), os.environ.get('X'))"),
        env={"X": "1"}, cwd=tmp_path, log_file=log,
    )  # fmt: skip

    await gone(identity.pid)

    assert log.read_text() == "True 1\n"
    assert not child.is_alive(identity)


async def test_an_identity_is_more_than_a_pid() -> None:
    me = child.identify(os.getpid())
    assert me
    assert child.is_alive(me)
    for stranger in (Identity(me.pid, me.started_at + 1, me.boot_id), Identity(me.pid, me.started_at, "other boot")):
        assert not child.is_alive(stranger)
        assert child.kill_group(stranger, signal.SIGKILL) is False  # and we are still here


def test_ancestry_reaches_up() -> None:
    assert {os.getpid(), os.getppid()} <= child.ancestry()


async def gone(pid: int) -> None:
    ends = time.monotonic() + 30
    while psutil.pid_exists(pid):
        assert time.monotonic() < ends, f"{pid} is still there"
        await asyncio.sleep(0.02)


async def appears(file: Path) -> str:
    ends = time.monotonic() + 30
    while not file.exists() or not file.read_text():  # noqa: ASYNC240
        assert time.monotonic() < ends
        await asyncio.sleep(0.02)
    return file.read_text()  # noqa: ASYNC240
