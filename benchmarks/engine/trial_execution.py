"""One execution of a load generator, watched every second, with the probe lane beside it."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from benchmarks import generators
from benchmarks.analysis.measurement import Measurement
from benchmarks.analysis.saturation import Load
from benchmarks.engine import probe
from benchmarks.engine.monitor import Sample, Subjects, Watch
from benchmarks.engine.probe import ProbePlan, ProbeReport
from benchmarks.errors import GeneratorFailed
from benchmarks.generators.scenario import Scenario
from system.host import binaries
from system.host.child_processes import Child, Finished, Identity

GRACE_S = 10.0  # a generator that has not ended this long after its time hangs
FIRST_TICK_S = 0.4
TICK_S = 1.0
STOP_S = 0.5
PROBE_LEAD_S = 0.3
PROBE_GRACE_S = 3.0
OUTPUT_BYTES = 8 * 2**20
KEPT_CHARACTERS = 2**20
CLEAN_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C"}


@dataclass(frozen=True, slots=True)
class Program:
    """A load generator on this machine. `argv`: how it is started."""

    name: str
    version: str
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrialDone:
    """One execution and all that was seen of it. `target_cpu_s`: of its process trees, from start to end."""

    index: int
    started_at: datetime
    measured: Measurement
    load: Load
    samples: tuple[Sample, ...]
    target_cpu_s: float
    target_memory_bytes: int | None
    probe: ProbeReport | None
    command: tuple[str, ...]
    output: str

    def with_measurement(self, measured: Measurement, started_at: datetime) -> TrialDone:
        return replace(self, measured=measured, started_at=started_at)


class Listener(Protocol):
    """Whoever wants to know how it goes. Both may raise CancelledError to end it."""

    async def started(self, children: Sequence[Identity]) -> None: ...

    async def tick(self, sample: Sample, phase: str, remaining_s: float) -> None: ...


def program(name: str) -> Program:
    """A generator that is installed. Raises BinaryMissing."""
    found = binaries.require(name)
    before = (str(binaries.require("node").path),) if name == "autocannon" else ()
    return Program(name, found.version, (*before, str(found.path)))


def installed() -> list[str]:
    """The load generators that this machine has. Takes a moment the first time: for threads."""
    found = [name for name in generators.PREFERENCE if binaries.find(name)]
    return [name for name in found if name != "autocannon" or binaries.find("node")]


class Execution:
    """A load generator at work. `phase`: what it is for, in a word; `index`: of the trial, 0 for all else."""

    def __init__(
        self, program: Program, scenario: Scenario, subjects: Subjects, response_bytes: int, index: int = 0,
        phase: str = "trial",
    ) -> None:  # fmt: skip
        self.program, self.scenario, self.index, self.phase = program, scenario, index, phase
        self.watch = Watch(subjects, response_bytes, index)
        self.children: list[Child] = []

    async def carry_out(self, listener: Listener, beside: ProbePlan | None, more_s: float) -> TrialDone:
        """`more_s`: what comes after it. Raises GeneratorFailed, UnreadableOutput; leaves no process behind."""
        started_at = datetime.now(UTC)
        with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
            folder = Path(name)
            argv = self._argv(folder)
            try:
                lane = await self._start_probe(beside, folder) if beside else None
                child = await self._start(argv, CLEAN_ENVIRONMENT, folder)
                await self.watch.start(child.pid)
                await listener.started([child.identity for child in self.children])
                finished = await self._attend(child, listener, more_s)
                load = await self.watch.end()
                report = await _report(lane) if lane else None
            finally:
                await asyncio.shield(asyncio.ensure_future(self._stop()))
            output = finished.stdout + _beside(folder)
        measured = generators.GENERATORS[self.program.name].parse(output)
        return TrialDone(
            self.index, started_at, measured, load, tuple(self.watch.samples), self.watch.target_cpu_s,
            self.watch.target_memory_bytes, report, tuple(argv), output[:KEPT_CHARACTERS],
        )  # fmt: skip

    def _argv(self, folder: Path) -> list[str]:
        """The argument list, with its script written to `folder`."""
        generator = generators.GENERATORS[self.program.name]
        script, file = generator.script(self.scenario), folder / "script"
        if script is not None:
            done = Path(generators.__file__).with_name(f"{self.program.name}_done.lua")
            file.write_text(script + (done.read_text() if done.exists() else ""))
        return generator.argv(self.scenario, self.program.argv, str(file))

    async def _start(self, argv: Sequence[str], env: dict[str, str] | None, cwd: Path) -> Child:
        child = await Child.start(argv, env=env, cwd=cwd, output_limit_bytes=OUTPUT_BYTES)
        self.children.append(child)
        return child

    async def _start_probe(self, plan: ProbePlan, folder: Path) -> Child:
        """Begun early enough that its own start takes no processor from the trial."""
        plan = replace(plan, begins_s=time.monotonic() + PROBE_LEAD_S)
        environment = {**os.environ, "PYTHONPATH": str(binaries.ROOT)}
        lane = await self._start(probe.write(plan, folder / "probe.json"), environment, folder)
        await asyncio.sleep(PROBE_LEAD_S)
        return lane

    async def _stop(self) -> None:
        for child in self.children:
            if child.exit_code is None:
                await child.stop(STOP_S)

    async def _attend(self, child: Child, listener: Listener, more_s: float) -> Finished:
        """Wait for the generator's end, telling the listener every second."""
        began_s, duration_s = time.monotonic(), self.scenario.duration_s
        waiter = asyncio.ensure_future(child.wait())
        try:
            while not waiter.done():
                await asyncio.wait({waiter}, timeout=TICK_S if self.watch.samples else FIRST_TICK_S)
                if waiter.done():
                    break
                elapsed_s = time.monotonic() - began_s
                if elapsed_s > duration_s + GRACE_S:
                    raise GeneratorFailed(
                        f"{self.program.name} hung: it did not end {GRACE_S:g} s after its time and was killed."
                    )
                remaining_s = max(0.0, duration_s - elapsed_s) + more_s
                await listener.tick(await self.watch.tick(), self.phase, remaining_s)
        finally:
            if not waiter.done():
                await asyncio.shield(asyncio.ensure_future(self._stop()))
        finished = await waiter
        if finished.exit_code != 0:
            how = finished.signal or f"exit code {finished.exit_code}"
            said = (finished.stderr.strip() or finished.stdout.strip())[-300:]
            raise GeneratorFailed(f"{self.program.name} ended with {how}." + (f" It said: {said}" if said else ""))
        return finished


def _beside(folder: Path) -> str:
    """What a generator wrote into a file beside its script, at most OUTPUT_BYTES."""
    log = folder / "script.log"
    if not log.is_file():
        return ""
    with log.open(errors="replace") as file:
        return "\n" + file.read(OUTPUT_BYTES)


async def _report(lane: Child) -> ProbeReport | None:
    """What the probe saw, once it has ended; None when it does not end."""
    try:
        async with asyncio.timeout(PROBE_GRACE_S):
            return probe.parse((await lane.wait()).stdout)
    except TimeoutError:
        return None
