"""The actions, on a real PM2 with its own PM2_HOME."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from pytest_django import Settings

from pm2.actions import action_steps, carry_out, lifecycle, scaling, start_steps
from pm2.actions.name_locks import hold_names
from pm2.actions.result import ActionResult, Skipped
from pm2.actions.selection import ALL, ProcessSelector
from pm2.api import process_detail
from pm2.daemon import daemon_process, rpc_client
from pm2.errors import (
    AlreadyRunning,
    DaemonHangs,
    DaemonNotRunning,
    InvalidHome,
    OperationInProgress,
    PM2Error,
    ProcessNotFound,
    StartFailed,
    UnknownFramework,
)
from pm2.frameworks.registry import Framework
from pm2.monitor import current_monitor, daemon_monitor, listing
from system.host import binaries
from system.lib.wire import to_wire
from tests.fixtures.ports import FASTIFY, NODE
from tests.fixtures.process_list import commands_with

pytestmark = [pytest.mark.real, pytest.mark.django_db(transaction=True)]
SERVER = "require('http').createServer((q, r) => r.end('hi')).listen(process.env.PORT)"


def names_and_statuses(result: ActionResult) -> list[tuple[str, str]]:
    return [(process.name, process.status) for process in result.processes]


async def test_the_life_of_a_framework(pm2_home: Path) -> None:
    started = await lifecycle.start("fastify", 2)
    assert started.message == "Started fastify: 2 instances"
    assert names_and_statuses(started) == [("fastify", "online")] * 2
    assert {(process.framework, process.port, process.exec_mode) for process in started.processes} == {
        ("fastify", FASTIFY, "cluster_mode")
    }

    stats = await current_monitor.sample()
    assert stats.counts == listing.Counts(online=2, total=2)
    assert (stats.daemon.state, stats.daemon.pid, stats.stale) == ("up", listing.daemon_pid(), False)
    assert all(process.memory_bytes > 10 * 2**20 for process in stats.processes)

    with pytest.raises(AlreadyRunning, match="fastify is already running \\(2 instances\\)"):
        await lifecycle.start("fastify", 2)

    restarted = await lifecycle.restart(ProcessSelector(framework="fastify"))
    assert names_and_statuses(restarted) == [("fastify", "online")] * 2
    assert not {process.pid for process in restarted.processes} & {process.pid for process in started.processes}

    one = await lifecycle.stop(ProcessSelector(pm_id=restarted.processes[0].pm_id))
    assert names_and_statuses(one) == [("fastify", "stopped")]
    assert (await current_monitor.sample()).counts == listing.Counts(online=1, total=2)

    deleted = await lifecycle.delete(ProcessSelector(name="fastify"))
    assert (deleted.message, deleted.processes) == ("Deleted fastify: 2 processes", ())
    assert (await current_monitor.sample()).counts == listing.Counts(online=0, total=0)


async def test_our_changes_are_visible_at_once(pm2_home: Path) -> None:
    await lifecycle.start("node", 1)
    stats = await current_monitor.sample()
    assert current_monitor.recent_stats() is stats

    await lifecycle.stop(ProcessSelector(framework="node"))

    assert current_monitor.recent_stats() is None
    assert (await current_monitor.sample()).counts == listing.Counts(online=0, total=1)


async def test_a_stopped_framework_starts_with_the_requested_number_of_instances(pm2_home: Path) -> None:
    await lifecycle.start("node", 2)
    await lifecycle.stop(ProcessSelector(framework="node"))

    assert names_and_statuses(await lifecycle.start("node", 1)) == [("node", "online")]


async def test_twenty_starts_at_once_make_one_app(pm2_home: Path) -> None:
    outcomes = await asyncio.gather(*(lifecycle.start("node", 1) for _ in range(20)), return_exceptions=True)

    assert sum(isinstance(outcome, ActionResult) for outcome in outcomes) == 1
    assert {type(outcome) for outcome in outcomes} - {ActionResult} <= {OperationInProgress, AlreadyRunning}
    assert (await current_monitor.sample()).counts == listing.Counts(online=1, total=1)


async def test_a_crash_at_startup_is_reported_with_its_error_output(
    pm2_home: Path, own_framework: Callable[..., Framework]
) -> None:
    own_framework("console.error('no such database'); process.exit(3)")

    with pytest.raises(StartFailed) as caught:
        await lifecycle.start("own")

    assert str(caught.value) == "own did not come up: it exited with code 3. Error output: no such database"
    assert caught.value.fields
    assert caught.value.fields["exitCode"] == 3
    assert (await current_monitor.sample()).counts == listing.Counts(online=0, total=0)


async def test_a_port_that_never_opens_is_reported(
    pm2_home: Path, own_framework: Callable[..., Framework], settings: Settings
) -> None:
    framework = own_framework("setInterval(() => {}, 1000)")
    settings.PM2_TIMEOUT = 2.0

    with pytest.raises(StartFailed) as caught:
        await lifecycle.start("own")

    assert str(caught.value) == (
        f"own did not come up: it was not online with port {framework.port} open within 2.3 s (see PM2_TIMEOUT)."
    )


async def test_many_instances_get_more_time(
    pm2_home: Path, own_framework: Callable[..., Framework], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carry_out, "PER_PROCESS_S", 3.0)  # on a busy machine ten take longer than 3 s
    late = "const server = require('http').createServer(); setTimeout(() => server.listen(process.env.PORT), 1500)"
    own_framework(late, exec_mode="cluster_mode")
    await start_steps.ensure_daemon()
    settings.PM2_TIMEOUT = 0.5

    assert names_and_statuses(await lifecycle.start("own", 10)) == [("own", "online")] * 10


async def test_fork_mode_without_a_shared_port_gets_one_instance(
    pm2_home: Path, own_framework: Callable[..., Framework]
) -> None:
    own_framework(SERVER)

    result = await lifecycle.start("own", 4)

    assert names_and_statuses(result) == [("own", "online")]
    assert result.warnings == ("own cannot share its port between processes: started one instance.",)


NAMES = [
    "; touch /tmp/x",
    "$(id)",
    "../../etc",
    "\x1b[2Jclear",
    "<script>alert(1)</script>",
    "名前 🚀",
    "a" * 300,
    "-rf",
]


async def test_names_round_trip_as_data_and_environments_stay(pm2_home: Path, tmp_path: Path) -> None:
    await lifecycle.start("node", 1)
    (tmp_path / "idle.cjs").write_text("setInterval(() => {}, 1000)")
    async with rpc_client.connect() as daemon:
        for name in NAMES:
            await daemon.call("prepare", idle(tmp_path, name))

    stats = await current_monitor.sample()
    wire = json.dumps(to_wire(stats)) + json.dumps(
        to_wire([await process_detail.get(process.pm_id) for process in stats.processes])
    )

    assert [process.name for process in stats.processes] == ["node", *NAMES]
    assert "tell-nobody" not in wire

    deleted = await lifecycle.delete(ProcessSelector(name=NAMES[1]))
    assert (deleted.message, deleted.processes) == (f"Deleted {NAMES[1]}: 1 process", ())
    everything = await lifecycle.delete(ALL)
    assert (everything.processes, everything.skipped) == ((), ())
    assert (await current_monitor.sample()).counts == listing.Counts(online=0, total=0)


def idle(folder: Path, name: str) -> dict[str, Any]:
    return {
        "name": name, "pm_exec_path": str(folder / "idle.cjs"), "pm_cwd": str(folder), "exec_interpreter": "node",
        "exec_mode": "fork_mode", "args": [], "node_args": [], "env": {"SECRET": "tell-nobody", "PATH": os.environ["PATH"]},
        "pm_out_log_path": "/dev/null", "pm_err_log_path": "/dev/null", "pm_pid_path": str(folder / "pid"),
        "autostart": True, "autorestart": True, "treekill": True, "kill_retry_time": 100, "namespace": "default",
        "instance_var": "NODE_APP_INSTANCE", "vizion": False, "pmx": False,
    }  # fmt: skip


async def test_a_killed_daemon_is_a_state_and_start_restarts_it(new_pm2_home: Path) -> None:
    await lifecycle.start("node", 1)
    before = await current_monitor.sample()
    pid = listing.daemon_pid()
    assert pid
    os.kill(pid, signal.SIGKILL)

    away = await until(current_monitor.sample, lambda stats: stats.daemon.state == "down")
    assert away.stale
    assert away.processes == before.processes or len(away.processes) == 1
    with pytest.raises(DaemonNotRunning):
        await lifecycle.stop(ProcessSelector(framework="node"))

    await until_free(NODE)  # cluster workers end with their daemon
    assert names_and_statuses(await lifecycle.start("node", 1)) == [("node", "online")]


async def test_a_daemon_that_hangs_is_a_state_and_recovers(new_pm2_home: Path, settings: Settings) -> None:
    await lifecycle.start("node", 1)
    pid = listing.daemon_pid()
    assert pid
    with stopped(pid):
        away = await current_monitor.sample()
        assert (away.daemon.state, away.daemon.message, away.stale) == (
            "down",
            f"PM2's daemon (pid {pid}) is not responding.",
            True,
        )
        started_s = time.monotonic()
        for _ in range(50):  # nothing waits again, and no requests pile up at the daemon
            assert await current_monitor.sample() == replace(away, timestamp=ANY, age_seconds=ANY)
        assert time.monotonic() - started_s < settings.PM2_TIMEOUT
        with pytest.raises(DaemonHangs):
            await lifecycle.delete(ProcessSelector(framework="node"))

    assert (await until(current_monitor.sample, lambda stats: stats.daemon.state == "up")).counts == listing.Counts(
        1, 1
    )


@pytest.mark.parametrize("is_stopped", [True, False])
async def test_no_action_waits_for_a_daemon_that_hangs(
    new_pm2_home: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, is_stopped: bool
) -> None:
    await lifecycle.start("node", 1)
    await current_monitor.sample()
    home, pid = str(new_pm2_home), listing.daemon_pid()
    assert pid
    settings.PM2_TIMEOUT = 1e6
    if is_stopped:
        monkeypatch.setattr(daemon_monitor, "RESPONSE_TIMEOUT_S", 1e6)
    else:  # as for a daemon that runs in a loop
        monkeypatch.setattr(daemon_process, "is_stopped", lambda pid: False)
    actions: list[Callable[[], Any]] = [
        lambda: lifecycle.restart(ProcessSelector(framework="node")),
        lambda: lifecycle.stop(ProcessSelector(pm_id=0)),
        lambda: scaling.scale(ProcessSelector(word="node"), 2),
        lambda: scaling.rolling_restart(ALL),
        lambda: lifecycle.start("node"),
    ]
    with stopped(pid):
        with hold_names(["node"], "scale"):
            busy = await refusals(actions)
        hanging = await refusals(actions)

    assert busy == [str(OperationInProgress("node", "scale"))] * 5
    assert hanging == [str(DaemonHangs(home, pid, is_stopped))] * 5
    assert names_and_statuses(await lifecycle.restart(ProcessSelector(name="node"))) == [("node", "online")]


async def refusals(actions: list[Callable[[], Any]]) -> list[str]:
    async with asyncio.timeout(60):
        return [str(error) for error in await asyncio.gather(*(act() for act in actions), return_exceptions=True)]


async def test_the_daemon_gets_no_api_key(new_pm2_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "tell-nobody")

    started = await lifecycle.start("node", 1)

    for pid in (listing.daemon_pid(), started.processes[0].pid):
        assert b"tell-nobody" not in Path(f"/proc/{pid}/environ").read_bytes()


async def test_this_server_is_skipped(pm2_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = await lifecycle.start("node", 2)
    own_pid = started.processes[0].pid
    monkeypatch.setattr(action_steps, "ancestry", lambda: frozenset({own_pid}))

    result = await lifecycle.delete(ALL)

    assert result.skipped == (Skipped("node", "it is this server itself"),)
    assert [process.pid for process in (await current_monitor.sample()).processes] == [own_pid]


async def test_sampling_without_a_daemon_spawns_nothing(new_pm2_home: Path) -> None:
    stats = await current_monitor.sample()

    assert (stats.daemon, stats.processes, stats.stale) == (
        listing.DaemonStatus(
            "down", None, None, str(new_pm2_home), str(DaemonNotRunning(str(new_pm2_home))), "daemon_down"
        ),
        (),
        True,
    )
    assert os.listdir(new_pm2_home) == []  # noqa: PTH208


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (lambda: lifecycle.start("koa"), UnknownFramework),
        (lambda: lifecycle.stop(ProcessSelector(framework="koa")), UnknownFramework),
        (lambda: lifecycle.stop(ProcessSelector(name="koa")), DaemonNotRunning),
    ],
)
async def test_a_refused_action_raises_its_error(
    new_pm2_home: Path, action: Callable[[], Any], expected: type[PM2Error]
) -> None:
    with pytest.raises(expected):
        await action()


async def test_an_unknown_process_is_an_error(pm2_home: Path) -> None:
    await lifecycle.start("node", 1)

    with pytest.raises(ProcessNotFound, match="No PM2 process is named 'koa'"):
        await lifecycle.stop(ProcessSelector(name="koa"))
    with pytest.raises(ProcessNotFound, match="number 99"):
        await process_detail.get(99)


async def test_a_home_too_long_for_a_socket_is_reported(settings: Settings) -> None:
    settings.PM2_HOME = Path("/tmp") / ("x" * 110)

    daemon = (await current_monitor.sample()).daemon
    assert (daemon.state, daemon.message) == ("down", str(InvalidHome(str(settings.PM2_HOME / "rpc.sock"))))


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def until(poll: Callable[[], Any], is_done: Callable[[Any], bool]) -> Any:
    deadline_s = time.monotonic() + 30
    while not is_done(value := await poll()):
        assert time.monotonic() < deadline_s, value
        await asyncio.sleep(0.05)
    return value


async def until_free(port: int) -> None:
    async def is_free() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return True
        writer.close()
        return False

    await until(is_free, bool)


async def test_without_procps_children_are_killed_too(
    new_pm2_home: Path, own_framework: Callable[..., Framework], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """PM2 finds children with `ps`. Without it, PM2 would kill nothing and report an error."""
    node = shutil.which("node") or str(binaries.require("node").path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "node").symlink_to(node)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    nap = f"61.{os.getpid()}"  # another process may sleep in the same test
    child = f"require('child_process').spawn('/bin/sleep', ['{nap}']);"
    own_framework(child + SERVER)

    await lifecycle.start("own", 1)
    started = commands_with(f"/bin/sleep {nap}")
    stopped = await lifecycle.stop(ProcessSelector(name="own"))

    assert (len(started), names_and_statuses(stopped), commands_with(f"/bin/sleep {nap}")) == (
        1,
        [("own", "stopped")],
        [],
    )
