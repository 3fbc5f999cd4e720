"""Carries out one run: preflight, warm-up, trials, post-flight; writes the row once a second."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import structlog
from asgiref.sync import sync_to_async
from django.utils import timezone

from benchmarks import environment, generators, launch, preflight, recording
from benchmarks.errors import BenchmarkError, GeneratorFailed
from benchmarks.measurement import Load, Measurement, judge, merged
from benchmarks.models import Run, RunState
from benchmarks.observation import Watch
from benchmarks.preflight import Asked
from benchmarks.scenario import Scenario, warmup_s
from pm2 import processes
from pm2.errors import PM2Error
from pm2.frameworks.registry import registry
from pm2.process import Status
from system import binaries
from system.child import Child
from system.errors import SystemProblem

log = structlog.get_logger("benchmarks")

GRACE_S = 10.0  # a generator that has not ended this long after its time hangs
STOP_S = 0.5
OUTPUT_BYTES = 4 * 2**20
CLEAN_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C"}


async def execute(run_id: UUID) -> None:
    """Claim the run and see it through. Whatever happens, the row tells it; cancellation is a state too."""
    if not await sync_to_async(launch.claim)(run_id):
        await sync_to_async(launch.release)(run_id)
        return
    run = await sync_to_async(Run.objects.get)(pk=run_id)
    work = _Execution(run)
    try:
        await work.perform()
    except asyncio.CancelledError:
        await work.finish(RunState.CANCELLED, "Cancelled. What it had measured is kept.")
    except (BenchmarkError, SystemProblem) as error:
        await work.finish(RunState.FAILED, str(error))
    except Exception:  # the outermost loop of the process: the row must not stay active
        log.exception("run failed", run=str(run_id))
        await work.finish(RunState.FAILED, "The run broke off by a fault of the program; its log has the details.")
    finally:
        await sync_to_async(launch.launch_next)()


class _Execution:
    """One run under way."""

    def __init__(self, run: Run) -> None:
        self.run = run
        endpoint = registry().endpoint(run.endpoint, run.method)
        self.needs = endpoint.needs if endpoint else ()
        bracketed = f"[{run.address}]" if ":" in run.address else run.address
        port = run.host.rpartition(":")[2]
        self.asked = Asked(f"http://{bracketed}:{port}{run.endpoint}", run.method, self._headers(), run.body)
        self.measured: list[Measurement] = []
        self.loads: list[Load] = []
        self.notes: list[str] = []
        self.target_pids: tuple[int, ...] = ()
        self.started_s = time.monotonic()
        self.cpu_s = 0.0

    def _headers(self) -> dict[str, str]:
        headers = {"Host": self.run.host, **self.run.headers}
        if self.run.body and not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = "application/json"
        return headers

    async def perform(self) -> None:
        run = self.run
        await self._phase(RunState.PREFLIGHT)
        self.target_pids = await self._pids()
        before = await asyncio.to_thread(preflight.verify, self.asked, self.needs)
        facts = await asyncio.to_thread(environment.fingerprint, run.generator, run.generator_version)
        run.preflight, run.environment = {"before": asdict(before)}, facts
        await self._save("preflight", "environment")
        for index in range(run.trials_planned + 1):
            await self._trial(index, before.wire_bytes)
        after = await asyncio.to_thread(preflight.ask, self.asked)
        run.preflight["after"] = asdict(after)
        changed = preflight.changed(before, after, same_body="codes" not in self.needs and run.method == "GET")
        if changed:
            self.notes.append(changed)
        if not sum(trial.successes for trial in self.measured):
            raise GeneratorFailed("Not one successful response was counted: there is no result.")
        await self.finish(RunState.DONE, "")

    async def _pids(self) -> tuple[int, ...]:
        """The target's processes, when this machine's PM2 knows them."""
        try:
            listed = (await processes.sample()).processes
        except PM2Error:
            return ()
        mine = [each for each in listed if each.framework == self.run.framework and each.status is Status.ONLINE]
        if mine and self.run.instances not in (None, len(mine)):
            self.notes.append(f"{len(mine)} instances were online, not {self.run.instances} as asked.")
        return tuple(each.pid for each in mine)

    async def _trial(self, index: int, response_bytes: int) -> None:
        run, is_warmup = self.run, index == 0
        duration_s = warmup_s(run.planned_duration_s) if is_warmup else run.planned_duration_s
        await self._phase(RunState.WARMING if is_warmup else RunState.RUNNING)
        started_at = timezone.now()
        with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
            scenario = self._scenario(duration_s)
            argv = await asyncio.to_thread(_argv, run.generator, scenario, Path(folder))
            watch = Watch(self.target_pids, scenario.workers, environment.usable_cpus(), response_bytes)
            child = await Child.start(argv, env=CLEAN_ENVIRONMENT, cwd=Path(folder), output_limit_bytes=OUTPUT_BYTES)
            finished = await self._attend(child, watch, index, duration_s)
        if not is_warmup:
            run.command = argv
        measured = generators.GENERATORS[run.generator].parse(finished)
        await sync_to_async(recording.store_trial)(run, index, started_at, measured, finished)
        if not is_warmup:
            load = await watch.load(measured.duration_s)
            self.measured.append(measured)
            self.loads.append(load)
            self.cpu_s += watch.target_cpu_s

    def _scenario(self, duration_s: float) -> Scenario:
        run = self.run
        return Scenario(
            url=self.asked.url, method=run.method, headers=tuple(self.asked.headers.items()), body=run.body,
            duration_s=max(1, round(duration_s)), connections=run.connections, workers=run.workers,
            pipelining=run.pipelining,
        )  # fmt: skip

    async def _attend(self, child: Child, watch: Watch, index: int, duration_s: float) -> str:
        """Wait for the generator's end, telling the row every second; its standard output."""
        began_s = time.monotonic()
        waiter = asyncio.ensure_future(child.wait())
        try:
            await watch.start(child.pid)
            while not waiter.done():
                await asyncio.wait({waiter}, timeout=0.5 if watch.is_fresh else 1.0)
                elapsed_s = time.monotonic() - began_s
                if waiter.done():
                    break
                if elapsed_s > duration_s + GRACE_S:
                    raise GeneratorFailed(
                        f"{self.run.generator} hung: it did not end {GRACE_S:g} s after its time and was killed."
                    )
                await self._tick(child, await watch.tick(), index, elapsed_s, duration_s)
        finally:
            if not waiter.done():
                await asyncio.shield(child.stop(STOP_S))
        finished = await waiter
        if finished.exit_code != 0:
            how = finished.signal or f"exit code {finished.exit_code}"
            said = (finished.stderr.strip() or finished.stdout.strip())[-300:]
            raise GeneratorFailed(f"{self.run.generator} ended with {how}." + (f" It said: {said}" if said else ""))
        return finished.stdout

    async def _tick(self, child: Child, rate: float | None, index: int, elapsed_s: float, duration_s: float) -> None:
        run = self.run
        left = run.trials_planned - index
        remaining_s = max(0.0, duration_s - elapsed_s) + left * run.planned_duration_s
        one = child.identity
        told = {
            "phase": "warm-up" if index == 0 else "trial", "trial": index, "elapsedSeconds": self._elapsed_s(),
            "remainingSeconds": round(remaining_s, 1), "reqPerSec": rate,
            "child": [one.pid, one.started_at, one.boot_id],
        }  # fmt: skip
        if index and rate is not None:
            run.samples.append({"trial": index, "seconds": round(elapsed_s, 1), "reqPerSec": rate})
        if await sync_to_async(recording.heartbeat)(run, told):
            raise asyncio.CancelledError

    def _elapsed_s(self) -> float:
        return round(time.monotonic() - self.started_s, 1)

    async def _phase(self, state: RunState) -> None:
        self.run.state = state
        self.run.progress = {**self.run.progress, "phase": str(state), "elapsedSeconds": self._elapsed_s()}
        await self._save("state", "progress")

    async def _save(self, *fields: str) -> None:
        await sync_to_async(self.run.save)(update_fields=fields)

    async def finish(self, state: RunState, message: str) -> None:
        """The last word on the row, with what was measured so far."""
        run = self.run
        run.state, run.message = state, message
        if self.measured:
            load = _worst(self.loads)
            whole = merged(self.measured)
            recording.fill(run, self.measured, whole, judge(whole, load, self.notes), load, self.cpu_s)
        await asyncio.shield(asyncio.ensure_future(sync_to_async(recording.close)(run)))
        log.info("run ended", run=str(run.pk), state=str(state), message=message)


def _worst(loads: list[Load]) -> Load:
    """The busiest that either side was."""
    most: Callable[[list[float | None]], float | None] = lambda values: max(  # noqa: E731
        (value for value in values if value is not None), default=None
    )
    return Load(most([load.generator for load in loads]), most([load.target for load in loads]))


def _argv(name: str, scenario: Scenario, folder: Path) -> list[str]:
    """The argument list, with its script written to `folder`. Raises BinaryMissing."""
    program = [str(binaries.require(name).path)]
    if name == "autocannon":
        program.insert(0, str(binaries.require("node").path))
    generator = generators.GENERATORS[name]
    script, file = generator.script(scenario), folder / "script"
    if script is not None:
        done = Path(generators.__file__).with_name(f"{name}_done.lua")
        file.write_text(script + (done.read_text() if done.exists() else ""))
    return generator.argv(scenario, program, str(file))
