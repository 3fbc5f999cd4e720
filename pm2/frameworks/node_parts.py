"""Installs PM2, the frameworks and autocannon: their sources and lock file, and the packages that npm downloads."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from pm2.frameworks.registry import FOLDER
from system.host import binaries, installers
from system.lib import installation

MIN_NODE_MAJOR = 20
NPM_SCRIPT = Path("lib/node_modules/npm/bin/npm-cli.js")  # beside Node's bin/, also in its wheel
NOT_COPIED = {"__pycache__", "node_modules", "registry.toml"}


def npm_argv() -> list[str] | None:
    """The command of npm on a recent Node; None without one. Blocks."""
    node = binaries.find("node")
    if node is None or not _is_recent(node.version):
        return None
    if (script := node.path.parents[1] / NPM_SCRIPT).is_file():
        return [str(node.path), str(script)]
    npm = shutil.which("npm")
    return [npm] if npm else None


def _is_recent(version: str) -> bool:
    major = version.partition(".")[0]
    return major.isdigit() and int(major) >= MIN_NODE_MAJOR


def copy_sources(destination: Path) -> None:
    """Copies the servers under test and the lock file. Modes are not copied: those of the package may be read-only."""
    for source in FOLDER.rglob("*"):
        relative = source.relative_to(FOLDER)
        is_module = source.suffix == ".py" and source.parent == FOLDER
        if is_module or not NOT_COPIED.isdisjoint(relative.parts) or not source.is_file():
            continue
        (destination / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, destination / relative)


async def install_packages(npm: Sequence[str]) -> None:
    """Runs `npm ci` where PM2 starts the frameworks. Raises InstallationFailed, HostError."""
    options = ("--no-fund", "--no-audit", "--loglevel=error")
    await installers.run_installer([*npm, "ci", *options], cwd=installation.frameworks_dir())
