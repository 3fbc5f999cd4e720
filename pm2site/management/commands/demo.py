"""A tour on real parts: a Redis Cluster, a framework with two instances, one quick benchmark, its result."""

from __future__ import annotations

import asyncio
import json
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from benchmarks.analysis.saturation import is_lower_bound
from pm2site.banner import address
from system.host.child_processes import Child
from system.lib.commands import CommandLine

START_S = 60
RUN = {"framework": "fastify", "endpoint": "/simple", "duration": 5, "label": "demo"}
ENDED = ("done", "failed", "cancelled", "interrupted")


class Command(CommandLine):
    help = "Start the server if none runs, a Redis Cluster, fastify, and one 5 s benchmark; print its result."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--leave", action="store_true", help="do not stay until Ctrl-C when done")

    def handle(self, *args: Any, leave: bool, **options: Any) -> None:
        everywhere = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to
        host = "127.0.0.1" if settings.API_HOST in everywhere else settings.API_HOST
        self.url = f"http://{address(host, settings.API_PORT)}"
        try:
            asyncio.run(self._tour(leave))
        except KeyboardInterrupt:
            self.stderr.write("Stopped. fastify goes on under PM2, and so does Redis.")

    async def _tour(self, leave: bool) -> None:
        server = None if self._answers() else await Child.start([sys.executable, sys.argv[0], "serve"])
        try:
            await self._until_it_answers(server)
            await asyncio.to_thread(self._steps)
            if server and not leave:
                self.stderr.write(f"The server goes on at {self.url}. Ctrl-C stops it.")
                await server.wait()
        finally:
            if server:
                await server.stop(10)

    def _steps(self) -> None:
        self._redis()
        self.stderr.write("Starting fastify with 2 instances")
        try:
            self.stdout.write(self._call("/api/pm2/start", {"framework": "fastify", "instances": 2})["message"])
        except CommandError as error:
            self.stderr.write(str(error))  # it runs already: good enough for a tour
        run = self._call("/api/benchmark/run", RUN)["benchmark"]
        while run["state"] not in ENDED:
            time.sleep(0.5)
            run = self._call(f"/api/benchmark/runs/{run['id']}")
            live = run.get("progress", {}).get("reqPerSec")
            self.stderr.write(f"benchmark {run['state']}" + (f", {live:,.0f} requests/s" if live else ""))
        if run["state"] != "done":
            raise CommandError(f"The benchmark is {run['state']}: {run.get('message') or 'no reason given'}")
        result = self._call("/api/benchmark/latest?count=1")["results"][0]
        least = "at least " if is_lower_bound(result["saturation"]) else ""
        p99 = "" if result["p99Latency"] is None else f"p99 {result['p99Latency']:.2f} ms, "
        self.stdout.write(
            f"fastify GET /simple: {least}{result['reqPerSec']:,.0f} requests/s, {p99}"
            f"{result['totalReqs']:,} requests by {result['generator']}, {result['validity']}"
        )
        for reason in result["reasons"]:
            self.stdout.write(f"  {reason}")

    def _redis(self) -> None:
        """A cluster of six nodes, unless there is one; whoever made it, the frameworks use it."""
        status = self._call("/api/redis/status")
        if status["state"] == "running":
            self.stdout.write(status["message"])
            return
        self.stderr.write("Forming a Redis Cluster of 6 nodes")
        verb, body = ("resume", {}) if status["state"] in ("stopped", "degraded") else ("setup", {"nodeCount": 6})
        try:
            self.stdout.write(self._call(f"/api/redis/{verb}", body)["message"])
        except CommandError as error:
            self.stderr.write(str(error))  # /simple does without

    def _answers(self) -> bool:
        try:
            self._call("/health")
        except CommandError:
            return False
        return True

    async def _until_it_answers(self, server: Child | None) -> None:
        deadline = time.monotonic() + START_S
        while server and not await asyncio.to_thread(self._answers):
            if server.exit_code is not None or time.monotonic() > deadline:
                raise CommandError("The server did not start:\n" + server.stderr_tail)
            await asyncio.sleep(0.1)

    def _call(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"} | ({"X-API-Key": settings.API_KEY} if settings.API_KEY else {})
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=headers)  # noqa: S310 - our own server
        try:
            with urllib.request.urlopen(request, timeout=settings.PM2_TIMEOUT + 20) as answer:  # noqa: S310
                shape: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            raise CommandError(f"{path}: {json.load(error)['message']}") from error
        except OSError as error:
            raise CommandError(f"{self.url} does not answer: {error}") from error
        return shape
