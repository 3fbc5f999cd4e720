"""Small programs under PM2, of no framework's: started as PM2's command line would start them."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from django.conf import settings

from pm2 import client, starting
from system import binaries

DEADLINE_S = 40.0
IDLE = "setInterval(() => {}, 1000);"


def written(folder: Path, source: str) -> Path:
    folder.mkdir(exist_ok=True)
    script = folder / f"{abs(hash(source))}.js"
    script.write_text(source)
    return script


async def run_app(folder: Path, name: str, source: str, **options: object) -> None:
    """Put `source` under PM2, in fork mode unless told otherwise."""
    script = written(folder, source)
    home = Path(settings.PM2_HOME)
    await starting.ensure_daemon()
    stem = f"app{abs(hash(name))}"
    shape: dict[str, object] = {
        "name": name, "namespace": "default", "pm_exec_path": str(script), "pm_cwd": str(folder),
        "exec_interpreter": str(binaries.require("node").path), "exec_mode": "fork_mode", "instances": 1, "args": [],
        "node_args": [], "env": {"SECRET": "tell-nobody"}, "pm_out_log_path": str(home / f"logs/{stem}-out.log"),
        "pm_err_log_path": str(home / f"logs/{stem}-err.log"), "pm_pid_path": str(home / f"pids/{stem}.pid"),
        "merge_logs": True, "username": "tester", "autostart": True, "autorestart": True, "treekill": True,
        "kill_retry_time": 100, "instance_var": "NODE_APP_INSTANCE", "vizion": False, "pmx": False, "automation": True,
        "windowsHide": True, "watch": False,
    }  # fmt: skip
    async with client.daemon() as link:
        await link.call("prepare", shape | options)


async def command_line(*arguments: str) -> None:
    """PM2's own."""
    argv = [str(binaries.require("node").path), str(binaries.require("pm2").path), *arguments]
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "PM2_HOME": str(settings.PM2_HOME)}
    done = await asyncio.to_thread(subprocess.run, argv, env=env, capture_output=True, timeout=DEADLINE_S)
    assert done.returncode == 0, done.stdout + done.stderr


async def until(ask: Callable[[], Any], holds: Callable[[Any], object]) -> Any:
    """Poll until `holds`."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + DEADLINE_S
    while True:
        answer = ask()
        value = await answer if isinstance(answer, Awaitable) else answer
        if holds(value):
            return value
        assert loop.time() < ends, value
        await asyncio.sleep(0.05)
