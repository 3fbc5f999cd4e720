"""`python -m benchmarks`: load a target from here, print what was measured, hand the result to a server. No Django."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import sys
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from benchmarks.analysis import comparison
from benchmarks.analysis.comparison import Verdict
from benchmarks.cli import report
from benchmarks.cli.arguments import CliOptions, parse_options, port_offset
from benchmarks.cli.upload import Outbox, Server, send_result
from benchmarks.engine import run_protocol, serving_processes
from benchmarks.engine.address import TargetAddress
from benchmarks.engine.monitor import Sample
from benchmarks.engine.run_protocol import RunPlan, RunResult, TargetProcesses, TargetRun
from benchmarks.engine.trial_execution import TrialResult
from benchmarks.errors import BadUsage, BenchmarkError, InvalidTargetAddress, NotDelivered
from pm2.errors import InvalidRegistry
from pm2.frameworks import registry
from system.errors import SystemProblem
from system.host.child_processes import Identity

OK, FAILED, USAGE, WORSE, INVALID, NO_VERDICT = 0, 1, 2, 3, 4, 5
PHASE_LABELS = {"preflight": "looking at the target", "warming": "warm-up", "running": "trial"}


def main(argv: Sequence[str]) -> int:
    """The exit code. Results go to stdout, everything else to stderr."""
    registry.port_offset = port_offset
    try:
        wanted = parse_options(argv, _confirm)
        outbox = Outbox(wanted.outbox)
        if wanted.is_resend and not _resend(outbox, wanted.server):
            return FAILED
        return asyncio.run(_measure(wanted, outbox)) if wanted.plans else OK
    except (BadUsage, InvalidRegistry, InvalidTargetAddress) as error:
        _print_stderr(f"[ERROR] {error}")
        return USAGE
    except (BenchmarkError, SystemProblem, OSError) as error:
        _print_stderr(f"[ERROR] {error}")
        return FAILED
    except (KeyboardInterrupt, asyncio.CancelledError):
        _print_stderr("[ERROR] Stopped.")
        return FAILED


def _confirm(question: str) -> bool:
    """Ask on a terminal; without one the answer is no."""
    if not sys.stdin.isatty():
        return False
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _print_stderr(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


async def _measure(wanted: CliOptions, outbox: Outbox) -> int:
    for plan in wanted.plans:
        _print_stderr(f"{plan.request.method} {plan.request.url} with {plan.program.name} {plan.program.version}")
    _print_stderr(f"Results go to {wanted.server.url}")
    task = asyncio.current_task()
    assert task  # noqa: S101 - this is one
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    line = ProgressLine()
    sides = [
        TargetRun(plan, ConsoleObserver(plan, place, line))
        for plan, place in zip(wanted.plans, wanted.places, strict=True)
    ]
    try:
        await run_protocol.measure_interleaved(sides)
    finally:
        line.clear()
        is_whole = all(len(side.result.trials) == side.plan.trials and side.result.after for side in sides)
        entries = [
            _build_entry(side.result, place, wanted, is_whole)
            for side, place in zip(sides, wanted.places, strict=True)
            if side.result.trials
        ]
        for entry in entries:  # what was measured before a failure is kept and delivered too
            for sentence in report.summary_lines(entry):
                _print_stderr(sentence)
            _deliver(entry, outbox, wanted.server)
    for entry in entries:
        print(json.dumps(entry) if wanted.is_json else report.result_line(entry), flush=True)
    return exit_code([(side.result, entry) for side, entry in zip(sides, entries, strict=True)])


def exit_code(runs: Sequence[tuple[RunResult, dict[str, Any]]]) -> int:
    """The exit code. Several targets are compared with the first, in words on stderr."""
    if any(entry["validity"] == "invalid" for _, entry in runs):
        return INVALID
    base, *others = [report.comparison_side(found, entry) for found, entry in runs]
    compared = [comparison.compare(base, other) for other in others]
    for each in compared:
        for sentence in [each.text, *(metric.text for metric in each.metrics[1:] if not each.reasons)]:
            _print_stderr(sentence)
    verdicts = [each.verdict for each in compared]
    if Verdict.WORSE in verdicts:
        return WORSE
    return NO_VERDICT if Verdict.NO_VERDICT in verdicts else OK


def _build_entry(found: RunResult, place: TargetAddress, wanted: CliOptions, is_whole: bool) -> dict[str, Any]:
    entry = report.build_entry(
        found, run_id=uuid.uuid4(), at=datetime.now(UTC), host=place.authority, label=wanted.label,
        profile=wanted.profile,
    )  # fmt: skip
    return {**entry, "state": "done" if is_whole else "interrupted"}


def _deliver(entry: dict[str, Any], outbox: Outbox, server: Server) -> None:
    file = outbox.save(entry, server.url)
    try:
        send_result(report.shrink_to_limit(entry), server)
    except NotDelivered as error:
        _print_stderr(f"[ERROR] {error}")
        _print_stderr(f"It is kept in {file}. Deliver it with: python -m benchmarks --resend")
    else:
        file.unlink()


def _resend(outbox: Outbox, server: Server) -> bool:
    """Whether everything that waited was taken."""
    waiting = list(outbox.pending())
    for file, _, entry in waiting:
        try:
            send_result(report.shrink_to_limit(entry), server)
        except NotDelivered as error:
            _print_stderr(f"[ERROR] {error}")
            _print_stderr(f"{file} is kept.")
            return False
        file.unlink()
        _print_stderr(f"{server.url} has taken the result of {entry['framework']}, {entry['timestamp']}.")
    if not waiting:
        _print_stderr("Nothing waits to be sent.")
    return True


class ProgressLine:
    """One line on stderr that is written over; on anything but a terminal only its phases are told."""

    def __init__(self) -> None:
        self.is_terminal = sys.stderr.isatty()
        self.last_phase = ""

    def show(self, phase: str, figures: str) -> None:
        if self.is_terminal:
            fitting = f"{phase}  {figures}"[: shutil.get_terminal_size().columns - 1]
            print(f"\r\x1b[K{fitting}", end="", file=sys.stderr, flush=True)
        elif phase != self.last_phase:
            _print_stderr(phase)
        self.last_phase = phase

    def clear(self) -> None:
        if self.is_terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


class ConsoleObserver:
    """Tells people how a run goes."""

    def __init__(self, plan: RunPlan, place: TargetAddress, line: ProgressLine) -> None:
        self.plan, self.place, self.line = plan, place, line
        self.began_s = time.monotonic()
        self.trials_done = 0

    async def on_phase(self, name: str) -> None:
        self.line.show(self._phase_label(name), "")

    def _phase_label(self, phase: str) -> str:
        number = f" {self.trials_done + 1} of {self.plan.trials}" if phase == "running" else ""
        return f"{self.plan.framework}: {PHASE_LABELS[phase]}{number}"

    async def on_ready(self, found: RunResult) -> None:
        self.began_s = time.monotonic()

    async def on_start(self, children: Sequence[Identity]) -> None:
        return

    async def on_sample(self, sample: Sample, phase: str, remaining_s: float) -> None:
        rate = f"{sample.req_per_sec:,.0f} requests/s" if sample.req_per_sec is not None else "…"
        shares = [f"{self.plan.program.name} {sample.generator_cpu_percent:.0f} %"]
        if sample.target_cpu_percent is not None:
            shares.append(f"target {sample.target_cpu_percent:.0f} %")
        shown = self._phase_label("running") if phase == "trial" else f"{self.plan.framework}: {phase}"
        self.line.show(shown, f"{sample.seconds:.0f} s  {rate}  {', '.join(shares)}  {remaining_s:.0f} s to go")

    async def on_trial(self, done: TrialResult, found: RunResult) -> None:
        self.trials_done = len(found.trials)
        if done.index and self.line.is_terminal:
            self.line.clear()
            _print_stderr(f"{self.plan.framework}: trial {done.index}: {done.measurement.rate:,.0f} requests/s")

    async def target_processes(self) -> TargetProcesses:
        if not self.plan.is_local:
            return TargetProcesses((), None)
        return TargetProcesses(
            await asyncio.to_thread(serving_processes.serving_pids, self.place.address, self.place.port), None
        )
