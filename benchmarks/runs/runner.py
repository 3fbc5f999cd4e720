"""Carries out one queued run by the protocol, and writes its row once a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from uuid import UUID

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings

from benchmarks.engine import run_protocol, serving_processes, trial_execution
from benchmarks.engine.address import bracket_ipv6
from benchmarks.engine.monitor import Sample
from benchmarks.engine.preflight import TargetRequest
from benchmarks.engine.run_protocol import RunPlan, RunResult, TargetProcesses
from benchmarks.engine.trial_execution import TrialResult
from benchmarks.errors import BenchmarkError
from benchmarks.generators.scenario import PROFILES, request_headers
from benchmarks.models import Run, RunState
from benchmarks.runs import queue, recorder
from pm2.daemon.process import Status
from pm2.errors import PM2Error
from pm2.frameworks.registry import registry
from pm2.monitor import current
from system.errors import SystemProblem
from system.host import ports
from system.host.child_processes import Identity

log = structlog.get_logger("benchmarks")

SECOND = "h2load"  # checks what another generator measured
SAMPLES_EVERY = 5  # ticks: the list grows, and is written whole
PHASES = {"preflight": RunState.PREFLIGHT, "warming": RunState.WARMING, "running": RunState.RUNNING}


async def execute(run_id: UUID) -> None:
    """Claim the run and see it through. Whatever happens, the row tells it; cancellation is a state too."""
    if not await sync_to_async(queue.claim)(run_id):
        await sync_to_async(queue.release)(run_id)
        return
    run = await sync_to_async(Run.objects.get)(pk=run_id)
    scribe = Scribe(run)
    try:
        plan = await asyncio.to_thread(plan_of, run)
        scribe.found = await run_protocol.measure(plan, scribe)
        await scribe.finish(RunState.DONE, "")
    except asyncio.CancelledError:
        await scribe.finish(RunState.CANCELLED, "Cancelled. What it had measured is kept.")
    except (BenchmarkError, SystemProblem) as error:
        await scribe.finish(RunState.FAILED, str(error))
    except Exception:  # the outermost loop of the process: the row must not stay active
        log.exception("run failed", run=str(run_id))
        await scribe.finish(RunState.FAILED, "The run broke off by a fault of the program; its log has the details.")
    finally:
        await sync_to_async(queue.launch_next)()


def plan_of(run: Run) -> RunPlan:
    """What the row asks for. Raises BinaryMissing."""
    endpoint = registry().endpoint(run.endpoint, run.method)
    url = f"http://{bracket_ipv6(run.address)}:{port_of(run)}{run.endpoint}"
    profile = PROFILES.get(run.profile)
    is_checked = (
        profile and profile.cross_check and run.generator != SECOND and SECOND in trial_execution.installed_generators()
    )
    return RunPlan(
        framework=run.framework,
        request=TargetRequest(url, run.method, request_headers(run.host, run.body, run.headers), run.body),
        program=trial_execution.find_program(run.generator),
        trials=run.trials_planned,
        duration_s=run.planned_duration_s,
        connections=run.connections,
        workers=run.workers,
        pipelining=run.pipelining,
        instances=run.instances,
        rate_per_second=run.rate_per_second,
        needs=endpoint.needs if endpoint else (),
        is_local=ports.bindable(run.address, 0),
        cross_check_program=trial_execution.find_program(SECOND) if is_checked else None,
    )


def port_of(run: Run) -> int:
    return int(run.host.rpartition(":")[2])


class Scribe:
    """Tells a run's row how the run goes."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.found: RunResult | None = None
        self.children: list[list[object]] = []
        self.under_way: list[Sample] = []
        self.started_s = time.monotonic()

    async def on_phase(self, name: str) -> None:
        self.run.state = PHASES[name]
        self.run.progress = {**self.run.progress, "phase": name, "elapsedSeconds": self._elapsed_s()}
        await sync_to_async(self.run.save)(update_fields=["state", "progress"])

    async def on_ready(self, found: RunResult) -> None:
        self.found = found
        facts = {"serverId": settings.SERVER_ID, "serverVersion": settings.VERSION}
        await sync_to_async(recorder.begin)(self.run, found, facts)

    async def on_start(self, children: Sequence[Identity]) -> None:
        """Whoever finds this run's process gone kills these."""
        self.children = [[child.pid, child.started_at, child.boot_id] for child in children]
        await self._tell({**self.run.progress, "children": self.children})

    async def on_sample(self, sample: Sample, phase: str, remaining_s: float) -> None:
        await self._tell({
            "phase": phase, "trial": sample.trial, "elapsedSeconds": self._elapsed_s(),
            "remainingSeconds": round(remaining_s, 1), "reqPerSec": sample.req_per_sec, "children": self.children,
        })  # fmt: skip
        if sample.trial:
            self.under_way.append(sample)
        if self.found and len(self.under_way) % SAMPLES_EVERY == 1:
            await sync_to_async(recorder.keep_samples)(self.run, [*self.found.samples(), *self.under_way])

    async def _tell(self, told: dict[str, object]) -> None:
        if await sync_to_async(recorder.heartbeat)(self.run, told):
            raise asyncio.CancelledError

    async def on_trial(self, done: TrialResult, found: RunResult) -> None:
        self.under_way.clear()
        await sync_to_async(recorder.keep)(self.run, done, found)

    async def target_processes(self) -> TargetProcesses:
        """By PM2's list, when it knows them; else those that serve the port. None of another machine's."""
        run, port = self.run, port_of(self.run)
        if not await asyncio.to_thread(ports.bindable, run.address, 0):
            return TargetProcesses((), None)
        try:
            listed = (await current.sample()).processes
        except PM2Error:
            listed = ()
        mine = [each for each in listed if (each.framework, each.port) == (run.framework, port)]
        online = [each for each in mine if each.status is Status.ONLINE]
        if online:
            return TargetProcesses(tuple(each.pid for each in online), sum(each.restarts for each in mine))
        return TargetProcesses(await asyncio.to_thread(serving_processes.serving_pids, run.address, port), None)

    async def finish(self, state: RunState, message: str) -> None:
        """The last word on the row, with what was measured so far."""
        run = self.run
        run.state, run.message = state, message
        if self.found and self.found.trials:
            recorder.fill(run, self.found)
        await asyncio.shield(asyncio.ensure_future(sync_to_async(recorder.close)(run)))
        log.info("run ended", run=str(run.pk), state=str(state), message=message)

    def _elapsed_s(self) -> float:
        return round(time.monotonic() - self.started_s, 1)
