"""The ports of processes under a real PM2."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from pm2.actions import start_steps
from pm2.api import process_detail
from pm2.daemon import daemon_process
from pm2.monitor import current_monitor, listeners
from pm2.monitor.listeners import ListeningApp
from system.host import binaries, child_processes
from system.host.ports import is_bindable
from system.lib.wire import to_wire
from tests.fixtures.pm2_apps import IDLE, command_line, run_app, until, write_script
from tests.fixtures.ports import free_port, free_ports

pytestmark = [pytest.mark.real, pytest.mark.django_db(transaction=True)]

CHOOSES = (
    "const server = require('http').createServer((q, r) => r.end('hi'));"
    "server.listen(0, '127.0.0.1', () => require('fs').writeFileSync(__dirname + '/port', String(server.address().port)))"
)


def server(port: int | str, host: str = "127.0.0.1") -> str:
    return f"require('http').createServer((q, r) => r.end('hi')).listen({port}, '{host}');"


Ports = dict[str, list[list[int]]]


async def wire_ports() -> Ports:
    """The ports on the wire of each instance, by name."""
    ports: Ports = {}
    wire: Any = to_wire(await current_monitor.sample())
    for process in wire["processes"]:
        assert process["port"] == next(iter(process["ports"]), None)
        ports.setdefault(process["name"], []).append(process["ports"])
    return ports


async def ports_become(expected: Ports) -> bool:
    """True once they are the expected ones; fails with what they are in the end."""
    await until(wire_ports, lambda ports: ports == expected)
    return True


async def listening_apps(other_ports: Collection[int] = ()) -> tuple[ListeningApp, ...]:
    stats = await current_monitor.sample()
    return listeners.listening_apps(stats.processes, child_processes.ancestry(), other_ports)


async def test_an_app_that_chooses_its_own_port(pm2_home: Path, tmp_path: Path) -> None:
    await run_app(tmp_path, "chooses", CHOOSES)
    port = int(await until(lambda: (tmp_path / "port").exists() and (tmp_path / "port").read_text(), bool))

    assert await ports_become({"chooses": [[port]]})
    detail = await process_detail.get(0)
    assert (detail.port, detail.ports) == (port, (port,))


async def test_the_child_of_a_shell_that_listens(pm2_home: Path, tmp_path: Path) -> None:
    port = free_port()
    script = write_script(tmp_path, server(port))
    wrapper = tmp_path / "start.sh"
    wrapper.write_text(f"{binaries.require('node').path} {script}\nexit 1\n")  # with two commands, bash stays
    await run_app(tmp_path, "wrapped", IDLE, pm_exec_path=str(wrapper), exec_interpreter="bash")

    assert await ports_become({"wrapped": [[port]]})
    assert await listening_apps() == (ListeningApp("wrapped", "127.0.0.1", port, (port,), False, 1),)


async def test_apps_in_cluster_mode(pm2_home: Path, tmp_path: Path) -> None:
    with_port, without = free_ports(2)
    env = {"PORT": str(with_port), "SECRET": "tell-nobody"}
    await run_app(tmp_path, "api", server("process.env.PORT"), exec_mode="cluster_mode", instances=2, env=env)
    await run_app(tmp_path, "web", server(without), exec_mode="cluster_mode")
    await run_app(tmp_path, "forked", IDLE)

    assert await ports_become({"api": [[with_port]] * 2, "web": [[without]], "forked": [[]]})
    assert await listening_apps({without}) == (ListeningApp("api", "127.0.0.1", with_port, (with_port,), False, 2),)
    wire = json.dumps([to_wire(await current_monitor.sample()), to_wire(await process_detail.get(0))])
    assert ("tell-nobody" in wire, "envPort" in wire) == (False, False)


async def test_apps_in_cluster_mode_that_cannot_be_distinguished_have_no_ports(pm2_home: Path, tmp_path: Path) -> None:
    first, second = free_ports(2)
    await run_app(tmp_path, "first", server(first), exec_mode="cluster_mode")
    assert await ports_become({"first": [[first]]})
    await run_app(tmp_path, "second", server(second), exec_mode="cluster_mode")

    assert await ports_become({"first": [[]], "second": [[]]})
    assert await listening_apps() == ()


async def test_apps_of_an_ecosystem_file(pm2_home: Path, tmp_path: Path) -> None:
    shared, *others = free_ports(6)
    # The second instance of `each` takes the port after that of the first.
    first = next(port for port in others if port + 1 != shared and is_bindable("127.0.0.1", port + 1))
    script = str(write_script(tmp_path, server("process.env.PORT")))
    clustered = {"script": script, "exec_mode": "cluster", "instances": 2}
    apps = [
        {**clustered, "name": "api", "env": {"PORT": shared}},
        {**clustered, "name": "each", "env": {"PORT": first}, "increment_var": "PORT"},
        {"name": "chooses", "script": str(write_script(tmp_path / "chooses", CHOOSES))},
    ]
    ecosystem = tmp_path / "ecosystem.config.js"
    ecosystem.write_text(f"module.exports = {json.dumps({'apps': apps})}")
    await start_steps.ensure_daemon()
    await command_line("start", str(ecosystem))
    chosen = tmp_path / "chooses" / "port"
    port = int(await until(lambda: chosen.exists() and chosen.read_text(), bool))

    assert await ports_become({"api": [[shared]] * 2, "each": [[first], [first + 1]], "chooses": [[port]]})
    assert await listening_apps() == (
        ListeningApp("api", "127.0.0.1", shared, (shared,), False, 2),
        ListeningApp("each", "127.0.0.1", first, (first, first + 1), False, 2),
        ListeningApp("chooses", "127.0.0.1", port, (port,), False, 1),
    )


async def test_two_listeners_none_and_one_that_comes_late(pm2_home: Path, tmp_path: Path) -> None:
    low, high, late = sorted(free_ports(3))
    await run_app(tmp_path, "two", server(high) + server(low, "0.0.0.0"))
    await run_app(tmp_path, "none", IDLE)
    await run_app(tmp_path, "late", f"setTimeout(() => {{ {server(late)} }}, 3000)")

    assert await ports_become({"two": [[low, high]], "none": [[]], "late": [[late]]})


async def test_the_ports_stay_known_while_the_daemon_hangs(pm2_home: Path, tmp_path: Path) -> None:
    port = free_port()
    await run_app(tmp_path, "api", server(port))
    assert await ports_become({"api": [[port]]})
    pid = daemon_process.read_pid(pm2_home)
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        stats = await until(current_monitor.sample, lambda stats: stats.stale)
    finally:
        os.kill(pid, signal.SIGCONT)

    assert [(process.name, process.port, process.ports) for process in stats.processes] == [("api", port, (port,))]
