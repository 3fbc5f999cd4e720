"""Executes a load generator once, sampled every second, with the latency probe beside it."""

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
from benchmarks.analysis.saturation import CpuLoad
from benchmarks.engine import probe
from benchmarks.engine.execution_monitor import ExecutionMonitor, MonitoredProcesses, Sample
from benchmarks.engine.probe import ProbePlan, ProbeReport
from benchmarks.errors import GeneratorFailed
from benchmarks.generators import pacing
from benchmarks.generators.scenario import Scenario
from benchmarks.generators.secret_headers import redact, secret_texts
from system.host import binaries
from system.host.child_processes import Child, CompletedProcess, Identity, without_secrets
from system.lib import installation
from system.lib.text import printable

GRACE_S = 10.0  # a generator still running this long after its duration hangs
FIRST_TICK_S = 0.4
TICK_S = 1.0
STOP_S = 0.5
PROBE_LEAD_S = 0.3
PROBE_GRACE_S = 3.0
MAX_OUTPUT_BYTES = 8 * 2**20
MAX_LOG_BYTES = 32 * 2**20  # 26 bytes a request: more than a million of them
MAX_STORED_CHARACTERS = 2**20
MAX_SHOWN_CHARACTERS = 300
CLEAN_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C"}


@dataclass(frozen=True, slots=True)
class GeneratorProgram:
    """A load generator on this machine. `argv`: its program and leading arguments."""

    name: str
    version: str
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExecutionResult:
    """The result of one execution. `target_cpu_s`: CPU time of the target's process trees, from start to end."""

    index: int
    started_at: datetime
    measurement: Measurement
    load: CpuLoad
    samples: tuple[Sample, ...]
    target_cpu_s: float
    target_memory_bytes: int | None
    probe: ProbeReport | None
    command: tuple[str, ...]
    output: str

    def with_measurement(self, measurement: Measurement, started_at: datetime) -> ExecutionResult:
        return replace(self, measurement=measurement, started_at=started_at)


class ExecutionCallbacks(Protocol):
    """Receives the progress of an execution. Both methods may raise CancelledError to end it."""

    async def on_generator_started(self, children: Sequence[Identity]) -> None: ...

    async def on_sample(self, sample: Sample, purpose: str, remaining_s: float) -> None: ...


def find_program(name: str) -> GeneratorProgram:
    """An installed generator. Raises BinaryMissing."""
    binary = binaries.require(name)
    script = Path(generators.__file__).with_name("run_autocannon.cjs")
    interpreter = (str(binaries.require("node").path), str(script)) if name == "autocannon" else ()
    return GeneratorProgram(name, binary.version, (*interpreter, str(binary.path)))


def installed_generators() -> list[str]:
    """The installed load generators, in order of preference. Blocking: the first call runs their --version."""
    names = [name for name in generators.PREFERENCE if binaries.find(name)]
    return [name for name in names if name != "autocannon" or binaries.find("node")]


class Execution:
    """Runs the load generator once. `purpose`: warm-up, trial or cross-check; `index`: of the trial, 0 for others."""

    def __init__(
        self,
        program: GeneratorProgram,
        scenario: Scenario,
        monitored: MonitoredProcesses,
        response_bytes: int,
        index: int = 0,
        purpose: str = "trial",
    ) -> None:
        self.program, self.scenario, self.index, self.purpose = program, scenario, index, purpose
        self.monitor = ExecutionMonitor(monitored, response_bytes, index)
        self.children: list[Child] = []

    async def run(
        self, callbacks: ExecutionCallbacks, probe_plan: ProbePlan | None, remaining_after_s: float
    ) -> ExecutionResult:
        """`remaining_after_s`: duration of the run after this. Leaves no process behind. Raises GeneratorFailed,
        UnreadableOutput."""
        started_at = datetime.now(UTC)
        with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
            folder = Path(name)
            argv = self._argv(folder)
            try:
                probe_process = await self._start_probe(probe_plan, folder, callbacks) if probe_plan else None
                child = await self._start(argv, CLEAN_ENVIRONMENT, folder)
                await self.monitor.start(child.pid)
                await callbacks.on_generator_started([child.identity for child in self.children])
                finished = await self._wait_for_end(child, callbacks, remaining_after_s)
                load = await self.monitor.finish()
                report = await _read_probe_report(probe_process) if probe_process else None
            finally:
                await asyncio.shield(asyncio.ensure_future(self._stop()))
            output = finished.stdout + _read_request_log(folder)
        measurement = generators.GENERATORS[self.program.name].parse(output, self.scenario.expected_class)
        if self.scenario.rate_per_second:
            measurement = pacing.add_paced_figures(measurement, output, self.scenario)
        return ExecutionResult(
            self.index, started_at, measurement, load, tuple(self.monitor.samples), self.monitor.target_cpu_s,
            self.monitor.target_memory_bytes, report, tuple(argv),
            redact(output, secret_texts(self.scenario.headers))[:MAX_STORED_CHARACTERS],
        )  # fmt: skip

    def _argv(self, folder: Path) -> list[str]:
        """The argument list; writes the input file to `folder`."""
        generator = generators.GENERATORS[self.program.name]
        content, file = generator.input_content(self.scenario), folder / "script"
        if content is not None:
            suffix = Path(generators.__file__).with_name(f"{self.program.name}_done.lua")
            file.write_bytes(content + (suffix.read_bytes() if suffix.exists() else b""))
        return generator.argv(self.scenario, self.program.argv, str(file))

    async def _start(self, argv: Sequence[str], env: dict[str, str] | None, cwd: Path) -> Child:
        child = await Child.start(argv, env=env, cwd=cwd, output_limit_bytes=MAX_OUTPUT_BYTES)
        self.children.append(child)
        return child

    async def _start_probe(self, plan: ProbePlan, folder: Path, callbacks: ExecutionCallbacks) -> Child:
        """Start early enough that the startup takes no CPU time from the trial."""
        plan = replace(plan, starts_at_s=time.monotonic() + PROBE_LEAD_S)
        environment = {**without_secrets(os.environ), "PYTHONPATH": str(installation.ROOT)}
        probe_process = await self._start(probe.write_plan(plan, folder / "probe.json"), environment, folder)
        await callbacks.on_generator_started([probe_process.identity])
        await asyncio.sleep(max(0.0, (plan.starts_at_s or 0.0) - time.monotonic()))
        return probe_process

    async def _stop(self) -> None:
        for child in self.children:
            if child.exit_code is None:
                await child.stop(STOP_S)

    async def _wait_for_end(
        self, child: Child, callbacks: ExecutionCallbacks, remaining_after_s: float
    ) -> CompletedProcess:
        """Wait for the generator to exit, passing a sample to the callbacks every second."""
        began_s, duration_s = time.monotonic(), self.scenario.duration_s
        waiter = asyncio.ensure_future(child.wait())
        try:
            while not waiter.done():
                await asyncio.wait({waiter}, timeout=TICK_S if self.monitor.samples else FIRST_TICK_S)
                if waiter.done():
                    break
                elapsed_s = time.monotonic() - began_s
                if elapsed_s > duration_s + GRACE_S:
                    raise GeneratorFailed(
                        f"{self.program.name} hung: it was killed {GRACE_S:g} s after its planned end."
                    )
                remaining_s = max(0.0, duration_s - elapsed_s) + remaining_after_s
                await callbacks.on_sample(await self.monitor.take_sample(), self.purpose, remaining_s)
        finally:
            if not waiter.done():
                await asyncio.shield(asyncio.ensure_future(self._stop()))
        finished = await waiter
        if finished.exit_code != 0:
            cause = finished.signal or f"exit code {finished.exit_code}"
            output = self._describe_output(finished.stderr) or self._describe_output(finished.stdout)
            raise GeneratorFailed(f"{self.program.name} ended with {cause}." + (f" Output: {output}" if output else ""))
        return finished

    def _describe_output(self, text: str) -> str:
        """The end of a program's output, as one line that neither controls a terminal nor shows a credential."""
        words = redact(text, secret_texts(self.scenario.headers)).split()
        return printable(" ".join(words))[-MAX_SHOWN_CHARACTERS:]


def _read_request_log(folder: Path) -> str:
    """The log that a generator wrote to a file next to its input file, at most MAX_LOG_BYTES."""
    log = folder / "script.log"
    if not log.is_file():
        return ""
    with log.open(encoding="utf-8", errors="replace") as file:
        return "\n" + file.read(MAX_LOG_BYTES)


async def _read_probe_report(probe_process: Child) -> ProbeReport | None:
    """The report of the probe process once it has exited; None on timeout."""
    try:
        async with asyncio.timeout(PROBE_GRACE_S):
            return probe.parse_report((await probe_process.wait()).stdout)
    except TimeoutError:
        return None
