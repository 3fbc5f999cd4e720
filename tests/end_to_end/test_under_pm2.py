"""The server as a process under the PM2 daemon that it controls."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from pm2.actions import start_steps
from pm2.daemon import rpc_client
from system.host.ports import is_listening
from tests.fixtures.pm2_apps import command_line
from tests.fixtures.ports import FASTIFY, free_port
from tests.fixtures.server import ROOT, unused_server

pytestmark = pytest.mark.real

DEADLINE_S = 60


async def start_under_pm2(home: Path, env: dict[str, str]) -> None:
    """Starts the server like an ecosystem file with the options from docs/install.md."""
    app = {
        "name": "pm2site", "namespace": "default", "pm_exec_path": str(ROOT / "manage.py"), "pm_cwd": str(ROOT),
        "exec_interpreter": str(ROOT / ".venv" / "bin" / "python"), "exec_mode": "fork_mode", "instances": 1,
        "args": ["serve"], "node_args": [], "env": env, "pm_out_log_path": str(home / "out.log"),
        "pm_err_log_path": str(home / "err.log"), "pm_pid_path": str(home / "site.pid"), "merge_logs": True,
        "username": "tester", "autostart": True, "autorestart": True, "treekill": False, "kill_retry_time": 100,
        "kill_timeout": 10_000, "instance_var": "NODE_APP_INSTANCE", "vizion": False, "pmx": False, "automation": True,
        "windowsHide": True, "watch": False,
    }  # fmt: skip
    async with rpc_client.connect() as link:
        await link.call("prepare", app)


async def test_the_server_spares_itself_and_a_run_outlives_its_restart(new_pm2_home: Path) -> None:
    server = unused_server(PM2_HOME=str(new_pm2_home), API_PORT=str(free_port()))
    await start_steps.ensure_daemon()
    await start_under_pm2(new_pm2_home, server.env)

    def call(path: str, **body: Any) -> Any:
        method = "POST" if body else "GET"
        response = requests.request(method, server.url + path, json=body or None, timeout=DEADLINE_S)
        assert response.ok, response.text
        return response.json()

    async def wait_until_healthy(max_uptime_s: float = 0.0) -> None:
        deadline_s = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline_s:
            if is_listening(server.port) and (not max_uptime_s or call("/health")["uptime"] < max_uptime_s):
                return
            await asyncio.sleep(0.05)
        raise AssertionError((new_pm2_home / "err.log").read_text())

    try:
        await wait_until_healthy()
        await asyncio.to_thread(call, "/api/pm2/start", framework="fastify", instances=1)
        run = (await asyncio.to_thread(call, "/api/benchmark/run", framework="fastify", duration=6))["benchmark"]["id"]
        uptime = call("/health")["uptime"]
        await command_line("restart", "pm2site")
        await wait_until_healthy(uptime + 1)
        assert is_listening(FASTIFY)
        deadline_s = time.monotonic() + DEADLINE_S
        while (state := call(f"/api/benchmark/runs/{run}")["state"]) != "done":
            assert state in ("preflight", "warming", "running"), state
            assert time.monotonic() < deadline_s
            await asyncio.sleep(0.1)

        result = await asyncio.to_thread(lambda: requests.post(server.url + "/api/pm2/deleteAll", timeout=30).json())
        assert [process["name"] for process in result["skipped"]] == ["pm2site"]
        assert result["message"] == "Deleted fastify: 1 process"
        assert [process["name"] for process in call("/api/pm2/stats")["processes"]] == ["pm2site"]
    finally:
        await command_line("delete", "all")
        shutil.rmtree(server.folder)
