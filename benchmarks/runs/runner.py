"""Executes one queued run and updates its row once a second. [io: processes, database, PM2]"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import UUID

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, InterfaceError

from benchmarks.engine import run_protocol, serving_processes
from benchmarks.engine.execution_monitor import Sample
from benchmarks.engine.generator_execution import ExecutionResult
from benchmarks.engine.run_plan import make_plan
from benchmarks.engine.run_protocol import TargetProcesses
from benchmarks.engine.run_result import RunResult
from benchmarks.errors import BenchmarkError
from benchmarks.models import Run, RunState
from benchmarks.runs import private_headers, queue, run_recorder, run_request
from benchmarks.runs.run_rows import spec_of
from pm2.daemon.process import Status
from pm2.errors import PM2Error
from pm2.monitor import current_monitor
from system.errors import HostError
from system.host import ports
from system.host.child_processes import Identity

log = structlog.get_logger("benchmarks")

BEAT_S = 2.0
TICKS_PER_SAMPLES_WRITE = 5  # the list grows, and each write stores all of it
STATES = {"preflight": RunState.PREFLIGHT, "warming": RunState.WARMING, "running": RunState.RUNNING}


async def execute(run_id: UUID) -> None:
    """Claim the run and execute it. The row records every outcome, including cancellation and failure."""
    if not await sync_to_async(queue.claim)(run_id):
        await sync_to_async(queue.release)(run_id)
        return
    run = await sync_to_async(Run.objects.get)(pk=run_id)
    callbacks = DatabaseCallbacks(run, await sync_to_async(run_recorder.Beginning.now)())
    try:
        spec = replace(spec_of(run), headers=await asyncio.to_thread(private_headers.take, run.pk, run.headers))
        await sync_to_async(run_recorder.mask_headers)(run)
        await sync_to_async(run_request.check_again)(spec)
        async with _heartbeats(callbacks):
            await run_protocol.measure(await asyncio.to_thread(make_plan, spec), callbacks)
        await callbacks.finish(RunState.DONE, "")
    except asyncio.CancelledError:
        await callbacks.finish(RunState.CANCELLED, "Cancelled. Measurements so far are kept.")
    except (BenchmarkError, HostError) as error:
        await callbacks.finish(RunState.FAILED, str(error))
    except Exception:  # outermost handler of the process: the row must not stay active
        log.exception("run failed", run=str(run_id))
        await callbacks.finish(RunState.FAILED, "The run failed because of an internal error; see the log for details.")
    finally:
        await sync_to_async(queue.launch_next)()


@asynccontextmanager
async def _heartbeats(callbacks: DatabaseCallbacks) -> AsyncIterator[None]:
    """Meanwhile the row shows that this process is alive, in every phase: only the load is sampled once a second."""
    measuring = asyncio.current_task()
    assert measuring  # noqa: S101 - it runs in a task

    async def beat() -> None:
        while not await callbacks.is_cancelled():  # noqa: ASYNC110 - another process writes it to the row
            await asyncio.sleep(BEAT_S)
        measuring.cancel()

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()


class DatabaseCallbacks:
    """Writes the progress and results of a run to its row, finds the target's processes, and cancels on request."""

    def __init__(self, run: Run, beginning: run_recorder.Beginning) -> None:
        self.run, self.beginning = run, beginning
        self.result: RunResult | None = None
        self.names: set[str] = set()  # of the target's processes under PM2
        self.children: list[list[object]] = []
        self.pending_samples: list[Sample] = []

    async def on_state(self, state: str) -> None:
        self.run.state = STATES[state]
        self.run.progress = {**self.run.progress, "phase": state, "elapsedSeconds": self._elapsed_s()}
        await sync_to_async(self.run.save)(update_fields=["state", "progress"])

    async def on_preflight_passed(self, result: RunResult) -> None:
        self.result = result
        identity = {"serverId": settings.SERVER_ID, "serverVersion": settings.VERSION}
        await sync_to_async(run_recorder.store_preflight)(self.run, result, identity)

    async def on_generator_started(self, children: Sequence[Identity]) -> None:
        """Record the child processes, which the server kills if this process dies."""
        self.children = [[child.pid, child.started_at, child.boot_id] for child in children]
        await self._record_progress({**self.run.progress, "children": self.children})

    async def on_sample(self, sample: Sample, purpose: str, remaining_s: float) -> None:
        await self._record_progress({
            "phase": purpose, "trial": sample.trial, "elapsedSeconds": self._elapsed_s(),
            "remainingSeconds": round(remaining_s, 1), "reqPerSec": sample.req_per_sec, "children": self.children,
        })  # fmt: skip
        if sample.trial:
            self.pending_samples.append(sample)
        if self.result and len(self.pending_samples) % TICKS_PER_SAMPLES_WRITE == 1:
            samples = [*self.result.samples(), *self.pending_samples]
            try:
                await sync_to_async(run_recorder.store_samples)(self.run, samples)
            except (DatabaseError, InterfaceError) as error:
                self._log_unwritten(error)

    async def _record_progress(self, progress: dict[str, object]) -> None:
        """Raises CancelledError when a cancellation was requested: the row is how the server reaches this process."""
        if await self.is_cancelled(progress):
            raise asyncio.CancelledError

    async def is_cancelled(self, progress: dict[str, object] | None = None) -> bool:
        """Writes a heartbeat, and the progress if given; returns whether cancellation was requested."""
        try:
            return await sync_to_async(run_recorder.record_heartbeat)(self.run, progress)
        except (DatabaseError, InterfaceError) as error:
            self._log_unwritten(error)
            return False

    def _log_unwritten(self, error: Exception) -> None:
        """Progress that cannot be written does not end the run, unlike a trial."""
        log.warning("progress was not written", run=str(self.run.pk), error=str(error))

    async def on_trial_finished(self, trial: ExecutionResult, result: RunResult) -> None:
        self.pending_samples.clear()
        await sync_to_async(run_recorder.record_trial)(self.run, trial, result)

    async def target_processes(self) -> TargetProcesses:
        """The target's processes: those that PM2 knows to listen on its port, and all others of their name; else
        those that accept connections on it; none for a remote target."""
        run, port = self.run, spec_of(self.run).port
        if not await asyncio.to_thread(ports.is_bindable, run.address, 0):
            return TargetProcesses((), None)
        try:
            processes = (await current_monitor.sample()).processes
        except PM2Error:
            processes = ()
        listening = {process.name for process in processes if port in process.ports}
        instances = [
            process
            for process in processes
            if process.name in listening or (process.framework, process.port) == (run.framework, port)
        ]
        self.names |= {process.name for process in instances}
        online = [process for process in instances if process.status is Status.ONLINE]
        if online:
            return TargetProcesses(
                tuple(process.pid for process in online), sum(process.restarts for process in instances)
            )
        return TargetProcesses(await asyncio.to_thread(serving_processes.serving_pids, run.address, port), None)

    async def finish(self, state: RunState, message: str) -> None:
        """Write the final state, and the figures of the trials so far."""
        run = self.run
        run.state, run.message = state, message
        if self.result and self.result.trials:
            run_recorder.apply_result(run, self.result)
        await asyncio.shield(
            asyncio.ensure_future(sync_to_async(run_recorder.finish_run)(run, self.beginning, self.names))
        )
        log.info("run ended", run=str(run.pk), state=str(state), message=message)

    def _elapsed_s(self) -> float:
        return round(time.monotonic() - self.beginning.at_s, 1)
