"""Reload, rolling restart and scale on a real PM2, under load where it matters."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import psutil
import pytest

from pm2.actions import carry_out, lifecycle, scaling
from pm2.actions.result import ActionResult, Skipped
from pm2.actions.selection import ProcessSelector
from pm2.api import process_detail
from pm2.daemon import rpc_client
from pm2.daemon.process import Process
from pm2.errors import CannotReload, CannotScale, ProcessNotFound, RollingRestartFailed, StartFailed
from pm2.monitor import current_monitor
from system.host import binaries, child_processes
from system.host.ports import is_listening
from tests.fixtures import ports
from tests.fixtures.pm2_apps import IDLE, run_app, until, write_script

pytestmark = pytest.mark.usefixtures("pm2_home")
FASTIFY = ProcessSelector(framework="fastify")


async def pids(name: str) -> list[tuple[int, int]]:
    stats = await current_monitor.sample()
    return [(process.pm_id, process.pid) for process in stats.processes if process.name == name]


CONNECTIONS = 20


async def count_lost_requests(seconds: int) -> tuple[int, int]:
    """Load fastify's /simple; returns how many requests were answered, and how many were not."""
    url = f"http://127.0.0.1:{ports.FASTIFY}/simple"
    wrk = binaries.find("wrk")
    if wrk:
        output = (
            await child_processes.run([str(wrk.path), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", url], timeout_s=60)
        ).stdout
        failed = re.findall(r"(?:connect|read|write|timeout|responses:) (\d+)", output.partition("Socket")[2])
        return int(re.findall(r"(\d+) requests in", output)[0]), sum(map(int, failed)) + output.count("Non-2xx")
    autocannon = [str(binaries.require(name).path) for name in ("node", "autocannon")]
    output = (
        await child_processes.run(
            [*autocannon, "-j", "-n", "-c", str(CONNECTIONS), "-d", str(seconds), url], timeout_s=60
        )
    ).stdout
    report = json.loads(output)
    return report["requests"]["total"], report["errors"] + report["timeouts"] + report["non2xx"]


def open_connections() -> int:
    """Accepted by fastify, from the load generator."""
    return sum(
        connection.status == psutil.CONN_ESTABLISHED and getattr(connection.laddr, "port", None) == ports.FASTIFY
        for connection in psutil.net_connections("tcp")
    )


async def test_a_reload_under_load_loses_no_request() -> None:
    await lifecycle.start("fastify", 2)
    before = await pids("fastify")
    load = asyncio.create_task(count_lost_requests(15))
    await until(open_connections, lambda count: count >= CONNECTIONS)
    result = await scaling.reload(FASTIFY, "ada")
    assert not load.done()
    answered, lost = await load

    assert result.message == "Reloaded fastify: 2 instances"
    assert [(process.pm_id, process.status) for process in result.processes] == [(0, "online"), (1, "online")]
    assert not {pid for _, pid in before} & {process.pid for process in result.processes}
    assert (answered > 0, lost) == (True, 0)


async def test_a_refused_reload_names_the_alternatives(tmp_path: Path) -> None:
    await run_app(tmp_path, "fork", IDLE)
    with pytest.raises(CannotReload, match=r"fork mode.*rolling-restart") as caught:
        await scaling.reload(ProcessSelector(name="fork"))
    assert caught.value.fields == {"choices": ["rolling-restart", "restart"]}
    await lifecycle.start("fastify", 1)
    await lifecycle.stop(FASTIFY)
    with pytest.raises(CannotReload, match="is stopped"):
        await scaling.reload(FASTIFY)
    with pytest.raises(ProcessNotFound):
        await scaling.reload(ProcessSelector(name="nobody"))


@pytest.mark.parametrize("selector", [ProcessSelector(namespace="shop"), ProcessSelector(word="shop")])
async def test_a_reload_of_a_namespace_skips_what_cannot_be_reloaded(tmp_path: Path, selector: ProcessSelector) -> None:
    reason = "it runs in fork mode, where PM2 would restart it"
    await run_app(tmp_path, "fork", IDLE, namespace="shop")
    with pytest.raises(CannotReload, match=reason):
        await scaling.reload(selector)
    await run_app(
        tmp_path, "web", "require('http').createServer().listen(0)", exec_mode="cluster_mode", namespace="shop"
    )
    await until(current_monitor.sample, lambda stats: stats.counts.online == 2)
    before = await pids("fork")
    result = await scaling.reload(selector)

    assert (result.message, result.skipped) == ("Reloaded web: 1 instance", (Skipped("fork", reason),))
    assert await pids("fork") == before


async def test_scale_up_and_down_the_newest_first() -> None:
    await lifecycle.start("fastify", 1)
    [oldest] = await pids("fastify")

    up = await scaling.scale(FASTIFY, 3)
    assert (up.message, [process.pm_id for process in up.processes]) == (
        "Scaled fastify from 1 to 3 instances",
        [0, 1, 2],
    )
    same = await scaling.scale(FASTIFY, 3)
    assert same.message == "fastify already has 3 instances"
    down = await scaling.scale(FASTIFY, 1)
    assert (down.message, await pids("fastify")) == ("Scaled fastify from 3 to 1 instance", [oldest])


@pytest.mark.django_db(transaction=True)
async def test_instances_are_counted_and_surplus_ones_exit_together(tmp_path: Path) -> None:
    log = tmp_path / "log"
    ends = "process.on('SIGINT', () => { note('stopping'); setTimeout(() => { note('gone'); process.exit() }, 700) });"
    note = f"const note = word => require('fs').appendFileSync({json.dumps(str(log))}, word + ' ');"
    await run_app(tmp_path, "slow", IDLE + note + ends + "note('up');", instances=4)
    await until(log.exists, bool)
    await until(log.read_text, lambda text: text.count("up") == 4)

    [left] = (await scaling.scale(ProcessSelector(name="slow"), 1)).processes

    assert (left.instances, (await process_detail.get(left.pm_id)).instances) == (1, 1)
    assert log.read_text().split() == ["up"] * 4 + ["stopping"] * 3 + ["gone"] * 3


async def test_scaling_down_under_load_loses_no_request() -> None:
    await lifecycle.start("fastify", 3)
    load = asyncio.create_task(count_lost_requests(5))
    await until(open_connections, lambda count: count >= CONNECTIONS)
    await scaling.scale(FASTIFY, 1)
    assert not load.done()
    answered, lost = await load

    assert (answered > 0, lost) == (True, 0)


async def test_scaling_in_a_namespace_leaves_the_app_in_others_alone(tmp_path: Path) -> None:
    for namespace in ("prod", "test"):
        await run_app(tmp_path, "web", IDLE, namespace=namespace)
    await until(current_monitor.sample, lambda stats: stats.counts.online == 2)
    up = await scaling.scale(ProcessSelector(word="prod"), 2)
    down = await scaling.scale(ProcessSelector(namespace="prod"), 1)
    same = await scaling.scale(ProcessSelector(namespace="test"), 1)
    left = [(process.pm_id, process.namespace) for process in (await current_monitor.sample()).processes]
    every = await scaling.scale(ProcessSelector(name="web"), 1)

    assert [
        (result.message, [process.pm_id for process in result.processes]) for result in (up, down, same, every)
    ] == [
        ("Scaled web from 1 to 2 instances", [0, 2]),
        ("Scaled web from 2 to 1 instance", [0]),
        ("web already has 1 instance", [1]),
        ("Scaled web from 2 to 1 instance", [0]),
    ]
    assert left == [(0, "prod"), (1, "test")]


async def test_a_failed_scale_leaves_existing_instances_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carry_out, "STEADY_S", 30.0)  # on a busy machine Node takes longer than usual to fall over
    monkeypatch.setattr(carry_out, "action_timeout_s", lambda count, own_s: 60.0)
    port = ports.free_port()
    await run_app(tmp_path, "alone", f"require('http').createServer().listen({port})")
    await until(lambda: is_listening(port), bool)
    before = await pids("alone")
    with pytest.raises(StartFailed) as caught:
        await scaling.scale(ProcessSelector(name="alone"), 2)

    assert "EADDRINUSE" in str(caught.value.fields)
    await until(lambda: pids("alone"), lambda seen: seen == before)


async def test_scaling_without_an_online_instance_is_refused() -> None:
    await lifecycle.start("express", 1)
    await lifecycle.stop(ProcessSelector(framework="express"))
    with pytest.raises(CannotScale, match="no instance of it is online"):
        await scaling.scale(ProcessSelector(framework="express"), 2)


async def test_a_rolling_restart_restarts_one_by_one() -> None:
    await lifecycle.start("fastify", 2)
    before = await pids("fastify")
    online_counts: list[int] = []

    async def record_counts() -> None:
        while True:
            online_counts.append((await current_monitor.sample()).counts.online)
            await asyncio.sleep(0.02)

    recording = asyncio.create_task(record_counts())
    result = await scaling.rolling_restart(FASTIFY)
    recording.cancel()

    assert result.message == "Restarted fastify one by one: 2 instances"
    assert min(online_counts) >= 1
    assert not {pid for _, pid in before} & {pid for _, pid in await pids("fastify")}


async def test_a_rolling_restart_stops_at_the_first_that_does_not_come_up(tmp_path: Path) -> None:
    await run_app(tmp_path, "rolls", IDLE, instances=3)
    # Online means spawned: wait until Node has read the file, which is about to change.
    await until(
        current_monitor.sample, lambda stats: sum(process.uptime_seconds > 1 for process in stats.processes) == 3
    )
    before = dict(await pids("rolls"))
    write_script(tmp_path, IDLE).write_text("console.error('bad release'); process.exit(7)")
    with pytest.raises(RollingRestartFailed) as caught:
        await scaling.rolling_restart(ProcessSelector(name="rolls"))

    fields = caught.value.fields or {}
    assert {key: fields[key] for key in ("failed", "done", "left", "exitCode")} == {
        "failed": 0, "done": [], "left": [1, 2], "exitCode": 7,
    }  # fmt: skip
    assert "bad release" in fields["stderr"]  # type: ignore[operator]
    after = dict(await pids("rolls"))
    assert (after[1], after[2]) == (before[1], before[2])


async def test_twenty_starts_at_once_make_one_application() -> None:
    results = await asyncio.gather(*(lifecycle.start("fastify", 2) for _ in range(20)), return_exceptions=True)

    started = [result for result in results if isinstance(result, ActionResult)]
    assert len(started) == 1
    assert len(await pids("fastify")) == 2


async def test_a_process_that_does_not_restart_is_reported_with_its_stderr(tmp_path: Path) -> None:
    await run_app(tmp_path, "breaks", IDLE, max_restarts=3)
    await until(current_monitor.sample, lambda stats: stats.processes[0].uptime_seconds > 1)
    write_script(tmp_path, IDLE).write_text("console.error('no config'); process.exit(5)")
    with pytest.raises(StartFailed) as caught:
        await lifecycle.restart(ProcessSelector(name="breaks"))

    assert caught.value.fields is not None
    assert caught.value.fields["exitCode"] == 5
    assert "no config" in caught.value.fields["stderr"]  # type: ignore[operator]


async def test_names_are_data(tmp_path: Path) -> None:
    names = ["$(touch /tmp/canary)", "; rm -rf /", "\x1b[31mred", "{red-fg}x", "a]b:0] [", "ünï ✓", "../../x", "all"]
    for name in names:
        await run_app(tmp_path, name, IDLE)
    await until(current_monitor.sample, lambda stats: stats.counts.online == len(names))
    stopped = await lifecycle.stop(ProcessSelector(name="all"))
    assert [process.name for process in stopped.processes] == ["all"]
    for name in names:
        assert [process.name for process in (await lifecycle.restart(ProcessSelector(name=name))).processes] == [name]
    async with rpc_client.connect() as daemon:
        await daemon.call("ping", {})
    listed: tuple[Process, ...] = (await current_monitor.sample()).processes
    assert [process.name for process in listed] == names
