"""Runs `python -m benchmarks`: measures targets, prints the results and sends them to a server. No Django."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from benchmarks.cli import conclusion, delivery, report
from benchmarks.cli.arguments import CliOptions, parse_options, port_offset
from benchmarks.cli.conclusion import FAILED, OK, USAGE, MeasuredRun
from benchmarks.cli.console import ProgressLine, print_stderr
from benchmarks.cli.upload import Outbox
from benchmarks.engine import run_protocol, serving_processes
from benchmarks.engine.address import TargetAddress, bracket_ipv6
from benchmarks.engine.execution_monitor import Sample
from benchmarks.engine.generator_execution import ExecutionResult
from benchmarks.engine.run_plan import RunPlan
from benchmarks.engine.run_protocol import ProtocolRun, TargetProcesses
from benchmarks.engine.run_result import RunResult
from benchmarks.errors import BadUsage, BenchmarkError, InvalidTargetAddress
from pm2.errors import InvalidRegistry
from pm2.frameworks import registry
from system.errors import HostError
from system.host import standard_streams
from system.host.child_processes import Identity

STOPPED = "Stopped."
STATE_LABELS = {"preflight": "checking the target", "warming": "warm-up", "running": "trial"}


def main(argv: Sequence[str] | None = None) -> int:
    """`argv` defaults to the process's own. Returns the exit code. Results go to stdout, everything else to stderr."""
    with standard_streams.checked():
        return _run(sys.argv[1:] if argv is None else argv)


def _run(argv: Sequence[str]) -> int:
    registry.set_port_offset(port_offset)
    try:
        options = parse_options(argv, _confirm)
        outbox = Outbox(options.outbox)
        if options.is_resend and not delivery.resend(outbox, options.destination):
            return FAILED
        return asyncio.run(_measure(options, outbox)) if options.plans else OK
    except (BadUsage, InvalidRegistry, InvalidTargetAddress) as error:
        print_stderr(f"[ERROR] {error}")
        return USAGE
    except (BenchmarkError, HostError, OSError) as error:
        print_stderr(f"[ERROR] {error}")
        return FAILED
    except (KeyboardInterrupt, asyncio.CancelledError):
        print_stderr(f"[ERROR] {STOPPED}")
        return FAILED


def _confirm(question: str) -> bool:
    """Ask on the terminal; False without one."""
    if not sys.stdin.isatty():
        return False
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


async def _measure(options: CliOptions, outbox: Outbox) -> int:
    for plan in options.plans:
        print_stderr(f"{plan.spec.method} {_where(plan)} with {plan.program.name} {plan.program.version}")
    delivery.announce(options.destination)
    for sentence in conclusion.foreseen_obstacles([plan.spec for plan in options.plans]):
        print_stderr(sentence)
    task = asyncio.current_task()
    assert task  # noqa: S101 - this function runs in a task
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    line = ProgressLine()
    runs = [
        ProtocolRun(plan, ConsoleObserver(plan, target, line))
        for plan, target in zip(options.plans, options.targets, strict=True)
    ]
    failure = STOPPED
    try:
        await run_protocol.measure_interleaved(runs)
        failure = ""
    except (BenchmarkError, HostError, OSError) as error:
        failure = str(error)
        raise
    finally:
        line.clear()
        code = _conclude([run.result for run in runs], options, outbox, failure)
    return code


def _conclude(results: Sequence[RunResult], options: CliOptions, outbox: Outbox, failure: str) -> int:
    """Reports, saves and sends what was measured, also before a failure. Returns the exit code of a command without
    one."""
    is_complete, at = all(result.is_complete for result in results), datetime.now(UTC)
    runs = [MeasuredRun(result, _build_entry(result, is_complete, at)) for result in results]
    entries = [run.entry for run in runs if run.entry]
    comparisons = [] if failure else conclusion.compare_with_first(runs)
    for sentence in [line for entry in entries for line in report.summary_lines(entry)]:
        print_stderr(sentence)
    are_written = conclusion.write_reports(options, runs, comparisons, failure, at)
    for entry in entries:
        delivery.deliver(entry, outbox, options.destination)
    if failure:
        return FAILED
    for entry in entries:
        print(json.dumps(entry) if options.is_json else report.result_line(entry), flush=True)
    for sentence in conclusion.comparison_lines(comparisons):
        print_stderr(sentence)
    return conclusion.exit_code(entries, comparisons) if are_written else FAILED


def _build_entry(result: RunResult, is_complete: bool, at: datetime) -> dict[str, Any] | None:
    if not result.trials:
        return None
    entry = report.build_entry(result, run_id=uuid.uuid4(), at=at)
    return {**entry, "state": "done" if is_complete else "interrupted"}


def _where(plan: RunPlan) -> str:
    """The URL, and the address that is connected to if the URL has a name."""
    spec = plan.spec
    place = f"{bracket_ipv6(spec.address)}:{spec.port}"
    return spec.url if spec.host == place else f"{spec.url} at {place}"


class ConsoleObserver:
    """Prints the progress of a run to stderr."""

    def __init__(self, plan: RunPlan, target: TargetAddress, line: ProgressLine) -> None:
        self.plan, self.target, self.line = plan, target, line
        self.trials_done = 0

    async def on_state(self, state: str) -> None:
        self.line.show(self._state_label(state), "")

    def _state_label(self, state: str) -> str:
        spec, number = self.plan.spec, self.trials_done + 1
        if state != "running":
            return f"{spec.framework}: {STATE_LABELS[state]}"
        of = f"step {number} of at most" if spec.is_sweep else f"{STATE_LABELS[state]} {number} of"
        return f"{spec.framework}: {of} {spec.trials_planned}"

    async def on_preflight_passed(self, result: RunResult) -> None:
        return

    async def on_generator_started(self, children: Sequence[Identity]) -> None:
        return

    async def on_sample(self, sample: Sample, purpose: str, remaining_s: float) -> None:
        rate = f"{sample.req_per_sec:,.0f} requests/s" if sample.req_per_sec is not None else "…"
        shares = [f"{self.plan.program.name} {sample.generator_cpu_percent:.0f} %"]
        if sample.target_cpu_percent is not None:
            shares.append(f"target {sample.target_cpu_percent:.0f} %")
        label = self._state_label("running") if purpose == "trial" else f"{self.plan.spec.framework}: {purpose}"
        self.line.show(label, f"{sample.seconds:.0f} s  {rate}  {', '.join(shares)}  {remaining_s:.0f} s left")

    async def on_trial_finished(self, trial: ExecutionResult, result: RunResult) -> None:
        self.trials_done = len(result.trials)
        if trial.index and self.line.is_terminal:
            self.line.clear()
            name, figure = f"trial {trial.index}", f"{trial.measurement.rate:,.0f} requests/s"
            if result.sweep:
                step = result.sweep.steps[-1]
                name, figure = f"step {trial.index}", f"{step.rate:,.0f} requests/s: {step.outcome}"
            print_stderr(f"{self.plan.spec.framework}: {name}: {figure}")

    async def target_processes(self) -> TargetProcesses:
        if not self.plan.is_local:
            return TargetProcesses((), None)
        pids = await asyncio.to_thread(serving_processes.serving_pids, self.target.address, self.target.port)
        return TargetProcesses(pids, None)
