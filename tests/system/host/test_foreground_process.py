from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from system.host.foreground_process import run_in_foreground

pytestmark = pytest.mark.real


async def test_the_program_writes_to_our_terminal_and_its_exit_code_is_returned(
    capfd: pytest.CaptureFixture[str],
) -> None:
    code = await run_in_foreground([sys.executable, "-c", "print('done'); raise SystemExit(3)"], env={})

    assert (code, capfd.readouterr().out) == (3, "done\n")


async def test_a_signal_is_a_negative_exit_code() -> None:
    assert await run_in_foreground([sys.executable, "-c", "import os; os.kill(os.getpid(), 15)"], env={}) == -15


async def test_a_program_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await run_in_foreground([str(tmp_path / "missing")], env={})


async def test_a_cancellation_waits_until_the_program_has_ended(tmp_path: Path) -> None:
    started, permitted, ended = tmp_path / "started", tmp_path / "permitted", tmp_path / "ended"
    program = (
        "import pathlib, sys, time; started, permitted, ended = map(pathlib.Path, sys.argv[1:]); started.touch()\n"
        "while not permitted.exists(): time.sleep(0.01)\n"
        "ended.touch()"
    )
    argv = [sys.executable, "-c", program, *map(str, (started, permitted, ended))]
    running = asyncio.create_task(run_in_foreground(argv, env={}))
    async with asyncio.timeout(30):
        while not started.exists():
            await asyncio.sleep(0.01)

    running.cancel()
    permitted.touch()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert ended.exists()
