"""Runs a demo on the real system: the client's quick start and one short benchmark."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from pm2site.banner import host_and_port
from system.host import ports
from system.host.child_processes import Child
from system.host.foreground_process import run_in_foreground
from system.lib import installation
from system.lib.commands import CommandLine

START_S = 60
COMMANDS = (("quickstart", "fastify", "-i", "2"), ("bench", "fastify", "-d", "5"))


class Command(CommandLine):
    help = "Start the server if it is not running, a Redis Cluster, fastify and a 5 s benchmark; print the result."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--leave", action="store_true", help="exit when done instead of waiting for Ctrl-C")

    def handle(self, *args: Any, leave: bool, **options: Any) -> None:
        wildcards = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to
        self.host = "127.0.0.1" if settings.API_HOST in wildcards else settings.API_HOST
        self.url = f"http://{host_and_port(self.host, settings.API_PORT)}"
        try:
            asyncio.run(self._run(leave))
        except KeyboardInterrupt:
            self.stderr.write("Stopped. fastify keeps running under PM2, and so does Redis.")

    async def _run(self, leave: bool) -> None:
        server = None if self._is_up() else await Child.start(installation.manage_argv("serve"))
        try:
            await self._wait_for_server(server)
            for command in COMMANDS:
                await self._run_client(*command)
            if server and not leave:
                self.stderr.write(f"The server keeps running at {self.url}. Ctrl-C stops it.")
                await server.wait()
        finally:
            if server:
                await server.stop(10)

    async def _run_client(self, *words: str) -> None:
        """Runs a command of the client in this terminal. Raises CommandError with its exit code."""
        path = os.pathsep.join(filter(None, (str(installation.ROOT), os.environ.get("PYTHONPATH"))))
        environ = {**os.environ, "API_SERVER": self.url, "API_KEY": settings.API_KEY, "PYTHONPATH": path}
        argv = [sys.executable, "-m", "dashboard_client", "run", *words]
        if code := await run_in_foreground(argv, env=environ):
            raise CommandError(f"The demo ended at: run {' '.join(words)}", returncode=code)

    def _is_up(self) -> bool:
        return ports.is_listening(settings.API_PORT, self.host)

    async def _wait_for_server(self, server: Child | None) -> None:
        deadline_s = time.monotonic() + START_S
        while server and not self._is_up():
            if server.exit_code is not None or time.monotonic() > deadline_s:
                raise CommandError("The server did not start:\n" + server.stderr_tail)
            await asyncio.sleep(0.1)
