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

from benchmarks.analysis import comparison
from benchmarks.analysis.comparison import Verdict
from benchmarks.cli import delivery, report
from benchmarks.cli.arguments import CliOptions, parse_options, port_offset
from benchmarks.cli.console import ProgressLine, print_stderr
from benchmarks.cli.upload import Outbox
from benchmarks.engine import run_protocol, serving_processes
from benchmarks.engine.address import TargetAddress
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

OK, FAILED, USAGE, WORSE, INVALID, NO_VERDICT = 0, 1, 2, 3, 4, 5
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
        print_stderr("[ERROR] Stopped.")
        return FAILED


def _confirm(question: str) -> bool:
    """Ask on the terminal; False without one."""
    if not sys.stdin.isatty():
        return False
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


async def _measure(options: CliOptions, outbox: Outbox) -> int:
    for plan in options.plans:
        print_stderr(f"{plan.request.method} {plan.request.url} with {plan.program.name} {plan.program.version}")
    delivery.announce(options.destination)
    task = asyncio.current_task()
    assert task  # noqa: S101 - this function runs in a task
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    line = ProgressLine()
    runs = [
        ProtocolRun(plan, ConsoleObserver(plan, target, line))
        for plan, target in zip(options.plans, options.targets, strict=True)
    ]
    try:
        await run_protocol.measure_interleaved(runs)
    finally:
        line.clear()
        is_complete = all(run.result.is_complete for run in runs)
        entries = [_build_entry(run.result, is_complete) for run in runs if run.result.trials]
        for entry in entries:  # measurements before a failure are saved and sent too
            for sentence in report.summary_lines(entry):
                print_stderr(sentence)
            delivery.deliver(entry, outbox, options.destination)
    for entry in entries:
        print(json.dumps(entry) if options.is_json else report.result_line(entry), flush=True)
    return exit_code([(run.result, entry) for run, entry in zip(runs, entries, strict=True)])


def exit_code(runs: Sequence[tuple[RunResult, dict[str, Any]]]) -> int:
    """The exit code of finished runs. Prints the comparison of each with the first to stderr."""
    if any(entry["validity"] == "invalid" for _, entry in runs):
        return INVALID
    base, *others = [report.comparison_side(result, entry) for result, entry in runs]
    comparisons = [comparison.compare(base, other) for other in others]
    for compared in comparisons:
        for sentence in [compared.text, *(metric.text for metric in compared.metrics[1:] if not compared.reasons)]:
            print_stderr(sentence)
    verdicts = [compared.verdict for compared in comparisons]
    if Verdict.WORSE in verdicts:
        return WORSE
    return NO_VERDICT if Verdict.NO_VERDICT in verdicts else OK


def _build_entry(result: RunResult, is_complete: bool) -> dict[str, Any]:
    entry = report.build_entry(result, run_id=uuid.uuid4(), at=datetime.now(UTC))
    return {**entry, "state": "done" if is_complete else "interrupted"}


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
