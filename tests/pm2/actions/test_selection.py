"""Which processes an action selects, on a real PM2: names, namespaces, pm_ids, modules."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from pm2.actions import lifecycle, scaling
from pm2.actions.result import Skipped
from pm2.actions.selection import ALL, ProcessSelector
from pm2.errors import CannotScale, ProcessNotFound
from pm2.monitor import current_monitor
from system.host import binaries
from tests.fixtures.pm2_apps import IDLE, run_app
from tests.fixtures.server import ROOT, Server

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("pm2_home")]
MODULE = Skipped("rotate", "it is a module of PM2 (modules includes it)")


async def statuses() -> dict[str, str]:
    return {process.name: str(process.status) for process in (await current_monitor.sample()).processes}


async def test_a_word_is_read_as_pm2s_command_line_reads_it(tmp_path: Path) -> None:
    await run_app(tmp_path, "job", IDLE)
    await run_app(tmp_path, "0", IDLE)
    await run_app(tmp_path, "web", IDLE, namespace="shop")

    stopped = await lifecycle.stop(ProcessSelector(word="0"))
    assert [(one.pm_id, one.name) for one in stopped.results] == [(1, "0")]
    stopped = await lifecycle.stop(ProcessSelector(word="2"))
    assert [(one.pm_id, one.name) for one in stopped.results] == [(2, "web")]
    assert await statuses() == {"job": "online", "0": "stopped", "web": "stopped"}
    with pytest.raises(ProcessNotFound) as caught:
        await lifecycle.stop(ProcessSelector(word="7"))
    assert str(caught.value) == "No PM2 process is named '7', or in a namespace '7', or number 7."


@pytest.mark.parametrize("selector", [ProcessSelector(namespace="shop"), ProcessSelector(word="shop")])
async def test_a_namespace_is_acted_upon_as_a_whole(tmp_path: Path, selector: ProcessSelector) -> None:
    for name, namespace in (("api", "shop"), ("other", "default"), ("web", "shop")):
        await run_app(tmp_path, name, IDLE, namespace=namespace)
    await run_app(tmp_path, "rotate", IDLE, namespace="shop", pmx_module=True)

    deleted = await lifecycle.delete(selector)

    assert (deleted.message, deleted.skipped) == ("Deleted api, web: 2 processes", (MODULE,))
    assert await statuses() == {"other": "online", "rotate": "online"}


async def test_modules_are_spared_unless_they_are_asked_for(tmp_path: Path) -> None:
    await run_app(tmp_path, "app", IDLE)
    await run_app(tmp_path, "rotate", IDLE, pmx_module=True)

    for action in (lifecycle.restart, lifecycle.stop):
        spared = await action(ALL)
        assert ([one.name for one in spared.results], spared.skipped) == (["app"], (MODULE,))
    assert await statuses() == {"app": "stopped", "rotate": "online"}
    stopped = await lifecycle.stop(ProcessSelector(with_modules=True))
    assert ([one.name for one in stopped.results], stopped.skipped) == (["app", "rotate"], ())
    restarted = await lifecycle.restart(ProcessSelector(name="rotate"))
    assert [(process.name, process.is_module) for process in restarted.processes] == [("rotate", True)]


async def test_an_app_is_scaled_whichever_of_its_instances_is_named(tmp_path: Path) -> None:
    await run_app(tmp_path, "app", IDLE, instances=3)
    await run_app(tmp_path, "other", IDLE)

    scaled = await scaling.scale(ProcessSelector(pm_id=1), 2)

    assert scaled.message == "Scaled app from 3 to 2 instances"
    with pytest.raises(CannotScale, match="default cannot be scaled: it is not one app"):
        await scaling.scale(ProcessSelector(word="default"), 1)


def test_both_command_lines_select_the_same(start_server: Callable[..., Server], tmp_path: Path) -> None:
    server = start_server()
    script = tmp_path / "idle.js"
    script.write_text(IDLE)
    ecosystem = tmp_path / "apps.config.js"
    ecosystem.write_text(
        f"module.exports = {{apps: ['job', '0', 'web'].map(name => ({{name, script: '{script}', namespace: 'shop'}}))}}"
    )
    pm2_command(server, "start", str(ecosystem))

    def selected(by: Callable[..., str], *words: str) -> list[str]:
        """The names that a command stopped; they are started again."""
        assert "Stopped" in by("stop", *words)
        listed = requests.get(f"{server.url}/api/pm2/stats", timeout=30).json()["processes"]
        stopped = [process["name"] for process in listed if process["status"] == "stopped"]
        pm2_command(server, "restart", "all")
        return sorted(stopped)

    def manage(*arguments: str) -> str:
        return server.manage("pm2", *arguments)

    def client(*arguments: str) -> str:
        argv = [sys.executable, "-m", "dashboard_client", "run", "pm2", *arguments]
        env = {**os.environ, "API_SERVER": server.url}
        return subprocess.run(argv, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout

    for word, names in (("0", ["0"]), ("2", ["web"]), ("shop", ["0", "job", "web"])):
        assert selected(manage, word) == names
    for word, names in (("0", ["0"]), ("shop", ["0", "job", "web"])):
        assert selected(client, word) == names
    assert [selected(manage, "--yes"), selected(client, "--yes")] == [["0", "job", "web"]] * 2
    for command in (manage, client):
        assert "0" in command("status", "0").splitlines()[1].split()
        assert len(command("status", "0").splitlines()) == 2


def pm2_command(server: Server, *arguments: str) -> None:
    """PM2's own command line."""
    argv = [str(binaries.require("node").path), str(binaries.require("pm2").path), *arguments]
    subprocess.run(argv, env=server.env, capture_output=True, timeout=60, check=True)
