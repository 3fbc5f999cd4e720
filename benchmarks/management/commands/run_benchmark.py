"""`manage.py run_benchmark ID`: executes one run. Started by the server; SIGTERM cancels the run."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from benchmarks.runs import runner
from system.lib import locks
from system.lib.commands import CommandLine


class Command(CommandLine):
    help = "Execute one queued benchmark run."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=UUID, help="the run's id")

    def handle(self, *args: Any, id: UUID, **options: Any) -> None:
        self.task: asyncio.Task[None] | None = None
        self.is_cancelled = False
        # async_to_sync runs the loop in its own thread; this thread runs the database calls and receives signals.
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._cancel)
        with locks.shared(Path(settings.DATA_DIR) / locks.DATABASE, f"a benchmark run, pid {os.getpid()}") as holder:
            if holder:
                raise CommandError(f"{holder} is replacing the database.")
            async_to_sync(self._run)(id)

    async def _run(self, run_id: UUID) -> None:
        self.loop = asyncio.get_running_loop()
        self.task = asyncio.ensure_future(runner.execute(run_id))
        if self.is_cancelled:  # before there was a task
            self.task.cancel()
        await self.task

    def _cancel(self, signum: int, frame: FrameType | None) -> None:
        """Only the first signal counts: a second one would disturb the run while it writes its last state."""
        if self.task and not self.is_cancelled:
            self.loop.call_soon_threadsafe(self.task.cancel)
        self.is_cancelled = True
