"""Starting a framework whose port is in use, on a real PM2: the holder is named as what it is."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import psutil
import pytest
from pytest_django import Settings

from pm2.actions import lifecycle
from pm2.errors import PortTaken
from system.host import binaries
from system.host.ports import is_listening
from tests.fixtures.pm2 import kill_all_of
from tests.fixtures.pm2_apps import run_app, until, write_script
from tests.fixtures.ports import FASTIFY, free_port

pytestmark = [pytest.mark.real, pytest.mark.django_db(transaction=True)]


def server(port: int) -> str:
    return f"require('http').createServer((q, r) => r.end('hi')).listen({port})"


async def refusal() -> str:
    await until(lambda: is_listening(FASTIFY), bool)
    with pytest.raises(PortTaken) as caught:
        await lifecycle.start("fastify", 1)
    return str(caught.value)


IN_USE = f"fastify cannot be started: port {FASTIFY} is in use by "


async def test_an_app_in_cluster_mode_is_named_not_the_daemon(pm2_home: Path, tmp_path: Path) -> None:
    await run_app(tmp_path, "other", server(free_port()), exec_mode="cluster_mode")
    await run_app(tmp_path, "my web", server(FASTIFY), exec_mode="cluster_mode", instances=2)

    assert await refusal() == f"{IN_USE}my web, an app of PM2 (pm_id 1, 2). Stop it first: pm2 stop 'my web'."


async def test_an_app_is_named_whose_child_listens(pm2_home: Path, tmp_path: Path) -> None:
    script = write_script(tmp_path, server(FASTIFY))
    parent = f"require('child_process').fork({json.dumps(str(script))}); setInterval(() => {{}}, 1000)"
    await run_app(tmp_path, "parent", parent)

    assert await refusal() == f"{IN_USE}parent, an app of PM2 (pm_id 0). Stop it first: pm2 stop parent."


async def test_an_app_of_another_daemon_is_identified_by_its_home(
    pm2_home: Path, tmp_path: Path, settings: Settings
) -> None:
    other = Path(tempfile.mkdtemp(prefix="p", dir="/tmp"))
    try:
        settings.PM2_HOME = other
        await run_app(tmp_path, "foreign", server(FASTIFY), exec_mode="cluster_mode")
        settings.PM2_HOME = pm2_home

        assert await refusal() == (
            f"{IN_USE}an app of another PM2 daemon, PM2_HOME={other}. This shows its apps: PM2_HOME={other} pm2 list."
        )
    finally:
        kill_all_of(other)
        shutil.rmtree(other)


async def test_another_program_may_be_killed(pm2_home: Path, tmp_path: Path) -> None:
    script = write_script(tmp_path, server(FASTIFY))
    with subprocess.Popen([str(binaries.require("node").path), str(script)]) as program:
        try:
            message = await refusal()
            name = psutil.Process(program.pid).name()
        finally:
            program.kill()

    pid = program.pid
    assert message == f"{IN_USE}{name} (pid {pid}), which is not managed by PM2. Stop it first: kill {pid}."


async def test_this_server_is_not_to_be_killed(pm2_home: Path) -> None:
    ours = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", FASTIFY)
    async with ours:
        assert await refusal() == f"{IN_USE}this server itself. Start it on another port: API_PORT."
