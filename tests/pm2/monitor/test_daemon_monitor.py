"""DaemonMonitor on a real PM2: causes of exits, the daemon's states, stored history."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from pm2 import models
from pm2.actions import lifecycle, prepare_payload, start_steps
from pm2.actions.selection import ProcessSelector
from pm2.daemon.bus_events import ProcessEvent
from pm2.daemon.process import Process
from pm2.exits import pm2_events
from pm2.exits.classify import Exit
from pm2.instance_tracking import instance_store
from pm2.monitor import current_monitor, list_freshness, listing
from pm2.monitor.daemon_monitor import DaemonMonitor
from tests.fixtures.pm2_apps import IDLE, command_line, run_app, until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def _fast_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes PM2 check memory limits every second instead of every 30 s."""
    monkeypatch.setattr(prepare_payload, "ALLOWED_ENV", (*prepare_payload.ALLOWED_ENV, "PM2_WORKER_INTERVAL"))
    monkeypatch.setenv("PM2_WORKER_INTERVAL", "1000")


@pytest.fixture
def daemon_clock(new_pm2_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with the milliseconds by which the wall clock of the daemon and its processes is wrong."""
    offset, preload = new_pm2_home / "offset", new_pm2_home / "clock.cjs"
    offset.write_text("0")
    preload.write_text(
        "const RealDate = Date, { readFileSync } = require('fs');"
        f"const now = () => RealDate.now() + Number(readFileSync({str(offset)!r}, 'utf8'));"
        "globalThis.Date = class extends RealDate {"
        " constructor(...values) { values.length ? super(...values) : super(now()) } static now() { return now() } };"
    )
    monkeypatch.setattr(prepare_payload, "ALLOWED_ENV", (*prepare_payload.ALLOWED_ENV, "NODE_OPTIONS"))
    monkeypatch.setenv("NODE_OPTIONS", f"--require {preload}")
    return offset


@pytest.fixture
async def monitor(pm2_home: Path) -> AsyncIterator[DaemonMonitor]:
    await start_steps.ensure_daemon()
    started = current_monitor.start(instance_store)
    await until(lambda: started.is_listening, bool)
    yield started
    await current_monitor.stop()


@pytest.fixture
def apps(tmp_path: Path) -> Path:
    return tmp_path / "apps"


def stored_exits() -> list[Exit]:
    return instance_store.load_exits(100)


async def exits(count: int) -> list[Exit]:
    """The stored exits, oldest first, once there are at least `count`."""
    stored: list[Exit] = await until(lambda: asyncio.to_thread(stored_exits), lambda stored: len(stored) >= count)
    return stored[::-1]


async def pid_of(name: str) -> int:
    stats = await until(
        current_monitor.sample, lambda stats: any(process.name == name and process.pid for process in stats.processes)
    )
    return int(next(process.pid for process in stats.processes if process.name == name))


def summary(ended: Exit) -> tuple[str, str, str, int | None, str | None]:
    return ended.name, ended.cause.value, ended.text, ended.exit_code, ended.signal


@pytest.mark.usefixtures("_fast_worker")
async def test_each_exit_gets_its_cause(monitor: DaemonMonitor, apps: Path) -> None:
    once: dict[str, object] = {"autorestart": False}
    await run_app(apps, "killed", IDLE)
    os.kill(await pid_of("killed"), signal.SIGKILL)
    await run_app(apps, "throws", "setTimeout(() => { throw new Error('boom') }, 300)", **once)
    await run_app(apps, "exits", "console.error('bye'); setTimeout(() => process.exit(3), 300)", **once)
    await run_app(apps, "ends", "setTimeout(() => {}, 300)", **once)
    await run_app(apps, "segfaults", f"setTimeout(() => process.kill(process.pid, 'SIGSEGV'), 300); {IDLE}", **once)
    await run_app(apps, "grows", f"const kept = Buffer.alloc(60e6, 1); {IDLE}", max_memory_restart=50_000_000)
    await run_app(apps, "by-api", IDLE)
    await run_app(apps, "by-cli", IDLE)
    await pid_of("by-api"), await pid_of("by-cli")
    await lifecycle.restart(ProcessSelector(name="by-api"), "ada")
    await command_line("restart", "by-cli")

    names = {"killed", "throws", "exits", "ends", "segfaults", "grows", "by-api", "by-cli"}
    stored = await until(
        lambda: asyncio.to_thread(stored_exits), lambda stored: {ended.name for ended in stored} == names
    )
    await lifecycle.delete(ProcessSelector(name="grows"))

    by_name = {ended.name: ended for ended in stored[::-1]}
    assert summary(by_name["killed"]) == ("killed", "killed", "killed by SIGKILL from outside", None, "SIGKILL")
    assert summary(by_name["throws"]) == ("throws", "crash", "crashed: exit code 1", 1, None)
    assert any("boom" in line for line in by_name["throws"].stderr)
    assert summary(by_name["exits"]) == ("exits", "crash", "crashed: exit code 3", 3, None)
    assert by_name["exits"].stderr == ("bye",)
    assert summary(by_name["ends"]) == ("ends", "finished", "ended by itself with exit code 0", 0, None)
    assert summary(by_name["segfaults"]) == ("segfaults", "crash", "crashed: SIGSEGV", None, "SIGSEGV")
    assert by_name["grows"].cause.value == "memory limit"
    assert by_name["grows"].text.endswith("MB, above max_memory_restart")
    assert summary(by_name["by-api"])[:3] == ("by-api", "manual", "restarted by ada")
    assert by_name["by-api"].by == "ada"
    assert summary(by_name["by-cli"])[:3] == ("by-cli", "manual", "restarted by PM2’s command line")


async def test_a_restart_for_a_changed_file_names_the_file(monitor: DaemonMonitor, apps: Path) -> None:
    await run_app(apps, "watched", IDLE, watch=True)
    await pid_of("watched")

    async def touch_until_seen() -> list[Exit]:
        (apps / "changed.txt").write_text(str(os.urandom(4)))  # PM2's watcher needs a moment before it notices changes
        await asyncio.sleep(0.3)
        return await asyncio.to_thread(stored_exits)

    [ended, *_] = await until(touch_until_seen, len)

    assert summary(ended)[:3] == ("watched", "watch", "restarted by PM2: changed.txt changed")


async def test_an_exit_is_recorded_once_with_its_evidence(monitor: DaemonMonitor, apps: Path) -> None:
    source = f"console.error('first'); console.error('second'); {IDLE}"
    await run_app(apps, "one", source)
    await until(
        current_monitor.sample,
        lambda _: len(monitor.usage_history.last_minute(0, monitor._instance_context("one", 0).pid)) >= 2,
    )
    os.kill(await pid_of("one"), signal.SIGTERM)
    [ended] = await exits(1)
    await lifecycle.stop(ProcessSelector(name="one"), "ada")
    [_, stopped] = await exits(2)

    assert summary(ended) == ("one", "killed", "killed by SIGTERM from outside", None, "SIGTERM")
    assert ended.stderr == ("first", "second")
    assert len(ended.samples) >= 2
    assert all(sample.memory_bytes > 10 * 2**20 and 0 <= sample.seconds_before < 60 for sample in ended.samples)
    assert ended.uptime_seconds is not None
    assert 0 < ended.uptime_seconds < 60
    assert summary(stopped)[:3] == ("one", "manual", "stopped by ada")
    assert [event.exit for event in pm2_events.feed.newest((("kind", "exit"),))][-2:] == [ended, stopped]


@pytest.mark.parametrize("step_ms", [-3_600_000, 3_600_000])
async def test_a_daemon_whose_clock_is_set_during_a_run(
    daemon_clock: Path, apps: Path, settings: Settings, step_ms: int
) -> None:
    await start_steps.ensure_daemon()
    monitor = current_monitor.start(instance_store)
    await until(lambda: monitor.is_listening, bool)
    await run_app(apps, "one", f"process.on('SIGINT', () => {{ console.error('bye'); process.exit() }}); {IDLE}")
    await until(current_monitor.sample, lambda stats: stats.processes and stats.processes[0].uptime_seconds > 1)
    daemon_clock.write_text(str(step_ms))
    before = (await current_monitor.sample()).processes[0].uptime_seconds
    await lifecycle.stop(ProcessSelector(name="one"), "ada")
    [ended] = await exits(1)
    await lifecycle.restart(ProcessSelector(name="one"))
    uptime_s = (await current_monitor.sample()).processes[0].uptime_seconds
    await current_monitor.stop()

    assert summary(ended) == ("one", "manual", "stopped by ada", 0, None)
    assert ended.stderr == ("bye",)
    assert 1 < before < 60
    assert ended.uptime_seconds is not None
    assert 1 < ended.uptime_seconds < 60
    assert uptime_s < 60


async def test_a_reused_pm_id_has_its_own_history(monitor: DaemonMonitor, apps: Path) -> None:
    for round_ in (1, 2):
        await run_app(apps, "same", IDLE)
        pid = await pid_of("same")
        os.kill(pid, signal.SIGKILL)
        await until(lambda: pid_of("same"), pid.__ne__)
        await lifecycle.delete(ProcessSelector(name="same"))
        await exits(2 * round_)

    rows = await asyncio.to_thread(lambda: list(models.Exit.objects.order_by("at").values_list("instance_id", "cause")))
    first, second = sorted({instance for instance, _ in rows})
    assert rows == [(first, "killed"), (first, "manual"), (second, "killed"), (second, "manual")]


async def test_restarts_survive_a_reset(monitor: DaemonMonitor, apps: Path) -> None:
    await run_app(apps, "counted", IDLE)
    for _ in range(2):
        await lifecycle.restart(ProcessSelector(name="counted"))
    await until(current_monitor.sample, lambda stats: stats.processes[0].restarts == 2)
    await command_line("reset", "all")
    await lifecycle.restart(ProcessSelector(name="counted"))

    assert [process.restarts for process in (await current_monitor.sample()).processes] == [3]
    saved = await until(
        lambda: asyncio.to_thread(instance_store.load_instances),
        lambda saved: saved[("counted", 0)].lost_restarts and saved[("counted", 0)].restarts,
    )
    assert saved == {("counted", 0): instance_store.SavedInstance(monitor.instances.token("counted", 0), 2, 1)}


async def test_a_list_that_comes_while_one_is_measured_does_not_count_restarts_twice(
    monitor: DaemonMonitor, apps: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run_app(apps, "api", IDLE)
    listed = (await monitor.stats()).processes
    restarted = tuple(replace(process, restarts=5) for process in listed)
    monitor._listed = restarted
    monitor.instances.update(restarted)

    async def measure_while_pm2_resets(processes: tuple[Process, ...]) -> tuple[Process, ...]:
        monitor.instances.update(listed)
        return processes

    monkeypatch.setattr(listing, "measure", measure_while_pm2_resets)
    [process] = (await monitor.stats(max_age_s=60)).processes

    assert (process.restarts, monitor.instances.known["api", process.pm_id].restarts) == (5, 5)
    assert process.token == monitor.instances.token("api", process.pm_id)


async def test_a_daemon_that_dies_leaves_orphans_and_records(monitor: DaemonMonitor, apps: Path) -> None:
    started = apps / "started"  # a process that Node is still booting dies with the daemon
    await run_app(apps, "orphan", f"require('fs').writeFileSync('{started}', '')\n{IDLE}")
    await until(started.exists, bool)
    await run_app(apps, "worker", "require('http').createServer().listen(0)", exec_mode="cluster_mode")
    orphan, daemon = await pid_of("orphan"), listing.daemon_pid()
    assert daemon
    await until(
        current_monitor.sample,
        lambda stats: [bool(process.memory_bytes) for process in stats.processes] == [True, True],
    )
    os.kill(daemon, signal.SIGKILL)

    away = await until(current_monitor.sample, lambda stats: stats.daemon.state == "down" and stats.orphans)
    assert away.orphans == (listing.Orphan(orphan, "orphan", 0),)
    assert away.stale
    assert [process.name for process in away.processes] == ["orphan", "worker"]
    assert away.processes[0].memory_bytes  # the worker's are those of PM2's last list, which may be from its start
    [ended] = await exits(1)
    assert summary(ended)[:3] == ("worker", "daemon death", "PM2's daemon died and the process with it")

    os.kill(orphan, signal.SIGKILL)
    await until(current_monitor.sample, lambda stats: stats.orphans == ())
    await run_app(apps, "next", IDLE)
    back = await until(current_monitor.sample, lambda stats: stats.daemon.state == "up" and stats.counts.online)
    assert [process.name for process in back.processes] == ["next"]


async def test_an_update_is_not_a_death(monitor: DaemonMonitor, apps: Path) -> None:
    await run_app(apps, "lives", IDLE)
    await pid_of("lives")
    states: list[str] = []

    async def record_states() -> None:
        while True:
            states.append((await current_monitor.sample()).daemon.state)
            await asyncio.sleep(0.05)

    recording = asyncio.create_task(record_states())
    await command_line("update")
    stats = await until(current_monitor.sample, lambda stats: stats.daemon.state == "up" and stats.counts.online == 1)
    recording.cancel()

    assert "down" not in states
    assert (stats.orphans, [process.name for process in stats.processes]) == ((), ["lives"])
    assert [ended.cause.value for ended in await exits(1)] == ["manual"]


async def test_a_reply_that_another_caller_took_is_a_response(
    monitor: DaemonMonitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A daemon that hung resumes while two callers wait for its reply."""
    wait = asyncio.wait

    async def wait_and_be_overtaken(*arguments: Any, **options: Any) -> Any:
        done = await wait(*arguments, **options)
        monitor._list_request = None
        return done

    async def reply() -> tuple[str, list[dict[str, object]]]:
        return "7.0.4", []

    monitor._is_unresponsive, monitor._list_request = True, asyncio.create_task(reply())
    monkeypatch.setattr(asyncio, "wait", wait_and_be_overtaken)

    assert await monitor.is_responding()


async def test_a_list_that_was_requested_before_an_event_is_requested_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The app starts while the daemon, which is slow, answers an earlier request."""
    monitor = DaemonMonitor(tmp_path)
    requests: list[int] = []
    event = ProcessEvent("online", 0, "api", 0.0, 0.0, is_manual=False, is_old=False, exit_code=None)

    async def fetch() -> tuple[str, list[dict[str, object]]]:
        requests.append(len(requests))
        if len(requests) == 1:
            monitor._handle_event(event)
            return "7.0.4", []
        return "7.0.4", [{"pm_id": 0, "name": "api", "pid": 0, "pm2_env": {"status": "online"}}]

    monkeypatch.setattr(monitor, "_fetch_list", fetch)
    monitor._list_duration_s = 60.0  # a list counts as fresh for long

    stats = await monitor.stats()
    assert ([process.name for process in stats.processes], requests) == (["api"], [0, 1])


async def test_no_caller_takes_the_list_of_an_earlier_request_for_that_of_a_pending_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two callers wait for a list when the process in it is deleted; the first to resume requests the next one."""
    monitor = DaemonMonitor(tmp_path)
    replies: list[asyncio.Future[list[dict[str, object]]]] = []

    async def fetch() -> tuple[str, list[dict[str, object]]]:
        replies.append(asyncio.get_running_loop().create_future())
        return "7.0.4", await replies[-1]

    monkeypatch.setattr(monitor, "_fetch_list", fetch)
    monitor._list_duration_s = 60.0  # a list counts as fresh for long
    callers = [asyncio.create_task(monitor.stats()) for _ in range(3)]
    await until(lambda: len(replies) == 1, bool)
    list_freshness.invalidate_list()
    replies[0].set_result([{"pm_id": 0, "name": "deleted", "pid": 0, "pm2_env": {"status": "online"}}])
    await until(lambda: len(replies) == 2, bool)
    replies[1].set_result([])

    assert [(await caller).processes for caller in callers] == [(), (), ()]
