"""The results of an action for each process, on a real PM2: jobs, slow processes, processes between two restarts."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from pm2.actions import carry_out, lifecycle, scaling
from pm2.actions.outcomes import Outcome
from pm2.actions.result import ActionResult
from pm2.actions.selection import ALL, ProcessSelector
from pm2.daemon import rpc_client
from pm2.errors import ActionFailed, CallTimeout, PM2Error, RollingRestartFailed, StartFailed
from pm2.monitor import current_monitor
from tests.fixtures.pm2_apps import IDLE, run_app, until, write_script

pytestmark = pytest.mark.usefixtures("pm2_home")


def results(result: ActionResult) -> list[tuple[int, str, Outcome, str]]:
    return [(one.pm_id, one.name, one.outcome, one.message) for one in result.results]


def wire_results(error: PM2Error) -> list[tuple[Any, ...]]:
    listed: Any = (error.fields or {})["results"]
    return [tuple(one.values()) for one in listed]


async def status_of(name: str) -> tuple[str, int]:
    """As PM2 has it now: a list that took long to get counts as current for 50 times as long."""
    stats = await current_monitor.get_monitor().stats(max_age_s=0.01)
    statuses = ((str(process.status), process.pid) for process in stats.processes if process.name == name)
    return next(statuses, ("not listed yet", 0))


async def until_status(name: str, status: str) -> int:
    _, pid = await until(lambda: status_of(name), lambda seen: seen[0] == status)
    return int(pid)


async def run_job(folder: Path, name: str, exit_code: int) -> None:
    """A program that ends at once, and is not to be restarted."""
    script = write_script(folder, f"#!/bin/sh\necho bye >&2\nexit {exit_code}\n")
    script.chmod(0o755)
    await run_app(folder, name, script.read_text(), exec_interpreter="none", autorestart=False)
    await until_status(name, "stopped")


async def test_a_job_that_ends_has_been_restarted(tmp_path: Path) -> None:
    await run_job(tmp_path, "job", 0)

    result = await lifecycle.restart(ProcessSelector(name="job"))

    assert result.message == "Restarted job: ran, ended with 0"
    assert results(result) == [(0, "job", Outcome.DONE, "ran, ended with 0")]


async def test_a_job_that_fails_is_reported(tmp_path: Path) -> None:
    await run_job(tmp_path, "job", 3)

    with pytest.raises(StartFailed) as caught:
        await lifecycle.restart(ProcessSelector(name="job"))

    assert str(caught.value) == ("job did not come up: it exited during startup, exit code 3. Error output: bye")
    assert wire_results(caught.value) == [(0, "job", "failed", "it exited during startup")]


async def test_every_result_is_reported_when_one_process_fails(tmp_path: Path) -> None:
    await run_job(tmp_path, "job", 0)
    await run_job(tmp_path, "bad", 3)
    await run_app(tmp_path, "idle", IDLE)
    before = await until_status("idle", "online")

    with pytest.raises(ActionFailed) as caught:
        await lifecycle.restart(ALL)

    assert str(caught.value) == (
        "Restarted 2 of 3 processes. bad 1: it exited during startup, exit code 3. Error output: bye"
    )
    pid = await until_status("idle", "online")
    assert pid != before
    assert wire_results(caught.value) == [
        (0, "job", "done", "ran, ended with 0"),
        (1, "bad", "failed", "it exited during startup"),
        (2, "idle", "done", f"online, pid {pid}"),
    ]


SLOW = "process.on('SIGINT', () => {}); setTimeout(() => process.send('ready'), 2500);" + IDLE


async def test_deadlines_follow_the_settings_of_the_process(tmp_path: Path, settings: Settings) -> None:
    ready: dict[str, object] = {"wait_ready": True, "listen_timeout": 60_000, "kill_timeout": 2500}
    await run_app(tmp_path, "slow", SLOW, **ready)
    await until_status("slow", "online")
    settings.PM2_TIMEOUT = 1.0

    for action in (lifecycle.restart, scaling.rolling_restart):
        result = await action(ProcessSelector(name="slow"))
        pid = result.processes[0].pid
        assert results(result) == [(0, "slow", Outcome.DONE, f"online, pid {pid}")]
    [_, added] = (await scaling.scale(ProcessSelector(name="slow"), 2)).processes
    down = await scaling.scale(ProcessSelector(name="slow"), 1)
    assert results(down) == [(added.pm_id, "slow", Outcome.DONE, "deleted")]
    assert results(await lifecycle.stop(ALL)) == [(0, "slow", Outcome.DONE, "stopped")]


async def test_a_process_that_waits_for_its_restart_is_restarted(tmp_path: Path) -> None:
    flag = tmp_path / "crash"
    flag.touch()
    crashes = f"if (require('fs').existsSync('{flag}')) process.exit(1);" + IDLE
    await run_app(tmp_path, "waits", crashes, restart_delay=600_000)
    await until_status("waits", "waiting restart")
    flag.unlink()

    result = await lifecycle.restart(ProcessSelector(name="waits"))

    pid = result.processes[0].pid
    assert results(result) == [(0, "waits", Outcome.DONE, f"online, pid {pid}")]
    assert await status_of("waits") == ("online", pid)


async def test_a_process_that_is_being_stopped_is_restarted(tmp_path: Path) -> None:
    deaf = "process.on('SIGINT', () => {}); console.log('up');" + IDLE
    await run_app(tmp_path, "deaf", deaf, kill_timeout=4000)
    await until(current_monitor.sample, lambda stats: stats.processes[0].uptime_seconds > 1)
    before = await until_status("deaf", "online")
    async with rpc_client.connect() as daemon:
        stopping = asyncio.create_task(daemon.call("stopProcessId", 0))
        await until_status("deaf", "stopping")
        result = await lifecycle.restart(ProcessSelector(name="deaf"))
        await stopping

    [process] = result.processes
    assert (process.status, process.pid != before) == ("online", True)


async def test_what_is_not_done_in_time_is_unfinished(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run_app(tmp_path, "idle", IDLE, instances=2)
    await until(current_monitor.sample, lambda stats: stats.counts.online == 2)
    settings.PM2_TIMEOUT = 1.1
    monkeypatch.setattr(carry_out, "STEADY_S", 60.0)
    late = "not restarted within 3 s (see PM2_TIMEOUT)"

    with pytest.raises(RollingRestartFailed) as rolling:
        await scaling.rolling_restart(ProcessSelector(name="idle"))
    with pytest.raises(CallTimeout) as one:
        await lifecycle.restart(ProcessSelector(pm_id=1))

    assert wire_results(rolling.value) == [
        (0, "idle", "unfinished", late),
        (1, "idle", "skipped", "not attempted: an earlier one did not come up"),
    ]
    assert str(one.value) == ("PM2 did not complete restart of idle within 3 s (see PM2_TIMEOUT). It may still do so.")
    assert wire_results(one.value) == [(1, "idle", "unfinished", late)]
