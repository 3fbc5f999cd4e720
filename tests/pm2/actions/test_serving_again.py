"""Actions on frameworks return once their ports are served, on a real PM2."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from pm2.actions import lifecycle, scaling
from pm2.actions.selection import ALL, ProcessSelector
from pm2.api import process_detail
from pm2.daemon.process import Process
from pm2.errors import PM2Error, ProcessResult, RollingRestartFailed, StartFailed
from pm2.frameworks import registry
from pm2.frameworks.registry import Framework
from pm2.monitor import current_monitor, listing
from system.host import process_trees
from tests.fixtures.pm2_apps import IDLE, run_app, until

pytestmark = [pytest.mark.real, pytest.mark.django_db(transaction=True)]


def statuses(processes: Iterable[Process]) -> list[tuple[str, str]]:
    return [(process.name, process.status) for process in processes]


# Listens once the port's file exists: at once, or after the milliseconds in it.
LATE = (
    "const delay = Number(require('fs').readFileSync(__dirname + '/delay', 'utf8'));"
    "if (delay >= 0) setTimeout(() => require('http').createServer((q, r) => r.end(`${process.pid}`))"
    ".listen(process.env.PORT), delay); setInterval(() => {}, 1000)"
)


@pytest.mark.parametrize(
    ("act", "exec_mode", "delay_ms", "selector"),
    [
        (lifecycle.restart, "fork_mode", 1500, ProcessSelector(framework="own")),
        (lifecycle.restart, "fork_mode", 1500, ProcessSelector(word="0")),
        (lifecycle.restart, "cluster_mode", 1500, ALL),
        (scaling.rolling_restart, "fork_mode", 1500, ProcessSelector(name="own")),
        (scaling.reload, "cluster_mode", 4500, ALL),  # PM2 waits for 3 s, then it ends the old worker
    ],
)
async def test_an_action_returns_once_the_framework_serves_its_port(
    pm2_home: Path, own_framework: Callable[..., Framework], tmp_path: Path, act: Callable[[ProcessSelector], Any],
    exec_mode: str, delay_ms: int, selector: ProcessSelector,
) -> None:  # fmt: skip
    (tmp_path / "delay").write_text("0")
    framework = own_framework(LATE, exec_mode=exec_mode)
    before = (await lifecycle.start("own")).processes[0].pid
    (tmp_path / "delay").write_text(str(delay_ms))
    [after] = (await act(selector)).processes

    async with asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", framework.port)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        served_by = int((await reader.read()).rpartition(b"\r\n\r\n")[2])
        writer.close()
    assert served_by == after.pid != before


async def test_every_instance_of_a_real_framework_serves_its_port_after_a_restart(pm2_home: Path) -> None:
    framework = next(one for one in registry.registry().frameworks if one.name == "uvicorn")
    await lifecycle.start("uvicorn", 2)
    restarted = (await lifecycle.restart(ProcessSelector(framework="uvicorn"))).processes

    listening = [framework.port in await process_trees.listening_ports(process.pid) for process in restarted]
    assert (statuses(restarted), listening) == ([("uvicorn", "online")] * 2, [True, True])


@pytest.mark.parametrize("act", [lifecycle.restart, scaling.rolling_restart])
async def test_a_framework_whose_port_stays_closed_after_a_restart_is_reported_as_by_start(
    pm2_home: Path, own_framework: Callable[..., Framework], tmp_path: Path, settings: Settings, act: Callable[..., Any]
) -> None:
    (tmp_path / "delay").write_text("0")
    framework = own_framework(LATE)
    await lifecycle.start("own")
    (tmp_path / "delay").write_text("-1")
    settings.PM2_TIMEOUT = 2.0
    with pytest.raises(PM2Error) as caught:
        await act(ProcessSelector(framework="own"))

    reason = f"it was not online with port {framework.port} open within 3.9 s (see PM2_TIMEOUT)"
    results: list[ProcessResult] = [{"pmId": 0, "name": "own", "outcome": "failed", "message": reason}]
    failed = StartFailed("own", reason, None, [], results=results)
    expected = failed if act is lifecycle.restart else RollingRestartFailed(failed)
    assert (type(caught.value), str(caught.value)) == (type(expected), str(expected))
    assert caught.value.fields == expected.fields
    assert (await current_monitor.sample()).counts == listing.Counts(online=1, total=1)


async def test_a_start_does_not_replace_another_program_with_the_frameworks_name(
    pm2_home: Path, tmp_path: Path
) -> None:
    await run_app(tmp_path, "node", IDLE)
    await until(current_monitor.sample, lambda stats: stats.counts.online == 1)
    await lifecycle.stop(ProcessSelector(name="node"))
    script = (await process_detail.get(0)).script
    with pytest.raises(StartFailed) as caught:
        await lifecycle.start("node", 1)

    assert str(caught.value) == (
        f"node did not come up: number 0 in PM2's list is another program of this name, {script}. Rename it, or delete it"
        " first."
    )
    assert [(one.script, one.name) for one in [await process_detail.get(0)]] == [(script, "node")]


async def test_another_program_with_a_frameworks_name_need_not_serve_its_port(pm2_home: Path, tmp_path: Path) -> None:
    await run_app(tmp_path, "node", IDLE)
    await until(current_monitor.sample, lambda stats: stats.counts.online == 1)

    assert statuses((await lifecycle.restart(ProcessSelector(name="node"))).processes) == [("node", "online")]
