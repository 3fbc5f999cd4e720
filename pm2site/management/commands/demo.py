"""Runs a demo on the real system: a Redis Cluster, a framework with two instances, one short benchmark."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from benchmarks.analysis.saturation import is_lower_bound
from pm2site.banner import host_and_port
from system.host.child_processes import Child
from system.lib import installation
from system.lib.commands import CommandLine

START_S = 60
RUN = {"framework": "fastify", "endpoint": "/simple", "duration": 5, "label": "demo"}
ENDED = ("done", "failed", "cancelled", "interrupted")


class Command(CommandLine):
    help = "Start the server if it is not running, a Redis Cluster, fastify and a 5 s benchmark; print the result."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--leave", action="store_true", help="exit when done instead of waiting for Ctrl-C")

    def handle(self, *args: Any, leave: bool, **options: Any) -> None:
        wildcards = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to
        host = "127.0.0.1" if settings.API_HOST in wildcards else settings.API_HOST
        self.url = f"http://{host_and_port(host, settings.API_PORT)}"
        try:
            asyncio.run(self._run(leave))
        except KeyboardInterrupt:
            self.stderr.write("Stopped. fastify keeps running under PM2, and so does Redis.")

    async def _run(self, leave: bool) -> None:
        server = None if self._is_up() else await Child.start(installation.manage_argv("serve"))
        try:
            await self._wait_for_server(server)
            await asyncio.to_thread(self._run_steps)
            if server and not leave:
                self.stderr.write(f"The server keeps running at {self.url}. Ctrl-C stops it.")
                await server.wait()
        finally:
            if server:
                await server.stop(10)

    def _run_steps(self) -> None:
        self._form_cluster()
        self.stderr.write("Starting fastify with 2 instances")
        try:
            self.stdout.write(self._call("/api/pm2/start", {"framework": "fastify", "instances": 2})["message"])
        except CommandError as error:
            self.stderr.write(str(error))  # already running, which is sufficient
        run = self._call("/api/benchmark/run", RUN)["benchmark"]
        while run["state"] not in ENDED:
            time.sleep(0.5)
            run = self._call(f"/api/benchmark/runs/{run['id']}")
            live = run.get("progress", {}).get("reqPerSec")
            self.stderr.write(f"benchmark {run['state']}" + (f", {live:,.0f} requests/s" if live else ""))
        if run["state"] != "done":
            raise CommandError(f"The benchmark is {run['state']}: {run.get('message') or 'no reason given'}")
        result = self._call("/api/benchmark/latest?count=1")["results"][0]
        at_least = "at least " if is_lower_bound(result["saturation"]) else ""
        p99 = "" if result["p99Latency"] is None else f"p99 {result['p99Latency']:.2f} ms, "
        self.stdout.write(
            f"fastify GET /simple: {at_least}{result['reqPerSec']:,.0f} requests/s, {p99}"
            f"{result['totalReqs']:,} requests by {result['generator']}, {result['validity']}"
        )
        for reason in result["reasons"]:
            self.stdout.write(f"  {reason}")

    def _form_cluster(self) -> None:
        """Sets up a cluster of six nodes unless one is running; the frameworks use any cluster."""
        status = self._call("/api/redis/status")
        if status["state"] == "running":
            self.stdout.write(status["message"])
            return
        self.stderr.write("Forming a Redis Cluster of 6 nodes")
        verb, body = ("resume", {}) if status["state"] in ("stopped", "degraded") else ("setup", {"nodeCount": 6})
        try:
            self.stdout.write(self._call(f"/api/redis/{verb}", body)["message"])
        except CommandError as error:
            self.stderr.write(str(error))  # /simple works without Redis

    def _is_up(self) -> bool:
        try:
            self._call("/health")
        except CommandError:
            return False
        return True

    async def _wait_for_server(self, server: Child | None) -> None:
        deadline_s = time.monotonic() + START_S
        while server and not await asyncio.to_thread(self._is_up):
            if server.exit_code is not None or time.monotonic() > deadline_s:
                raise CommandError("The server did not start:\n" + server.stderr_tail)
            await asyncio.sleep(0.1)

    def _call(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"} | ({"X-API-Key": settings.API_KEY} if settings.API_KEY else {})
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=headers)  # noqa: S310 - our own server
        try:
            with urllib.request.urlopen(request, timeout=settings.PM2_TIMEOUT + 20) as response:  # noqa: S310
                result: dict[str, Any] = json.load(response)
        except urllib.error.HTTPError as error:
            raise CommandError(f"{path}: {json.load(error)['message']}") from error
        except OSError as error:
            raise CommandError(f"{self.url} is not responding: {error}") from error
        return result
