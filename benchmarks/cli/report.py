"""Reports a finished run: the entry for the server, the result line on stdout, the summary for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from benchmarks.analysis import histogram
from benchmarks.analysis.comparison import Side
from benchmarks.analysis.saturation import is_lower_bound
from benchmarks.engine import run_result
from benchmarks.engine.generator_execution import ExecutionResult
from benchmarks.engine.run_result import RunResult
from benchmarks.sweeps.steps import GENERATOR
from system.lib.quantities import significant
from system.lib.wire import to_wire_object

# Parameters that the history does not keep of a submitted result.
NOT_SENT = ("address", "headers", "body", "bodyBase64", "expectStatus")
MAX_BYTES = 200 * 1024  # a server accepts 256 KiB
MAX_SAMPLES = 300
MAX_OUTPUT_CHARACTERS = 2000


def build_entry(result: RunResult, *, run_id: UUID, at: datetime) -> dict[str, Any]:
    """The result with its details, with the keys of the wire. `at`: end of the run."""
    spec = result.plan.spec
    parameters, figures = to_wire_object(spec), to_wire_object(result.compute_figures())
    details = to_wire_object({
        "id": run_id, "timestamp": at, "trials": len(result.trials),
        "connectionsUsed": result.merged().connections_used, "gates": result.evaluate_gates(),
        "environment": result.environment, "tls": result.tls, "command": result.trials[-1].command,
        "sweep": result.sweep.conclude() if result.sweep else None,
        "samples": run_result.thin_samples(result.samples(), MAX_SAMPLES),
        "budget": result.judge_budget(),
        "trialResults": [_trial_entry(trial, spec.pipelining) for trial in [*result.warmup[-1:], *result.trials]],
    })  # fmt: skip
    request = {name: value for name, value in parameters.items() if name not in NOT_SENT}
    return {**request, **figures, **details}


def comparison_side(result: RunResult, entry: dict[str, Any]) -> Side:
    """The run as one side of a comparison."""
    trials, spec = result.trials, result.plan.spec
    cpu = [
        trial.target_cpu_s * 1e6 / trial.measurement.responses
        for trial in trials
        if trial.target_cpu_s and trial.measurement.responses
    ]
    memory = [float(trial.target_memory_bytes) for trial in trials if trial.target_memory_bytes]
    percentiles = {
        f"p{name}Latency": [trial.measurement.percentiles_ms.get(name) or 0.0 for trial in trials]
        for name in ("50", "99")
    }
    values = {
        "reqPerSec": result.rates,
        **percentiles,
        "cpuMicrosPerRequest": cpu if len(cpu) == len(trials) else [],
        "memoryBytes": memory if len(memory) == len(trials) else [],
    }
    return Side(
        id=entry["id"],
        name=entry["label"] or entry["framework"],
        validity=entry["validity"],
        conditions=spec.conditions(entry["connectionsUsed"]),
        environment=str(result.environment.get("key", "")),
        values={} if spec.is_sweep else values,  # its trials are at different rates
    )


def _trial_entry(trial: ExecutionResult, pipelining: int) -> dict[str, Any]:
    figures = to_wire_object(run_result.build_trial_figures(trial, pipelining))
    histograms = {
        "raw": histogram.encode(trial.measurement.latencies_us),
        "corrected": histogram.encode(trial.measurement.corrected_us),
        "probe": trial.probe.histogram if trial.probe else "",
    }
    return {**figures, "histograms": histograms, "output": trial.output[:MAX_OUTPUT_CHARACTERS]}


def shrink_to_limit(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry, with fewer details if it exceeds MAX_BYTES. The figures are always kept."""
    for reduced in _reduced_entries(entry):
        if len(json.dumps(reduced)) <= MAX_BYTES:
            return reduced
    return {name: value for name, value in entry.items() if name not in ("samples", "trialResults", "gates")}


def _reduced_entries(entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield entry
    trials = entry["trialResults"]
    for kinds in (("raw", "corrected"), ("raw",), ()):
        trials = [
            {**trial, "output": "", "histograms": {name: trial["histograms"][name] for name in kinds}}
            for trial in trials
        ]
        yield {**entry, "trialResults": trials}
    yield {**entry, "trialResults": trials, "samples": []}


def result_line(entry: dict[str, Any]) -> str:
    """The last line on stdout, in the format of the original benchmark."""
    rate, latency_ms = round(entry["reqPerSec"]), entry["avgLatency"] or 0
    return f"BENCHMARK_RESULT:{entry['framework']}:{rate}:{latency_ms:.2f}:{entry['totalReqs']}"


def summary_lines(entry: dict[str, Any]) -> Iterator[str]:
    """The key figures, for people."""
    if sweep := entry["sweep"]:
        yield f"{entry['framework']} {entry['method']} {entry['endpoint']}: {sweep['text']}"
        yield from sweep_lines(sweep["steps"])
        yield from _validity_lines(entry)
        return
    bound = "at least " if is_lower_bound(entry["saturation"]) else ""
    rate = f"{entry['framework']} {entry['method']} {entry['endpoint']}: {bound}{entry['reqPerSec']:,.0f} requests/s"
    if entry["reqPerSecLow"] is not None:
        rate += f" ({entry['reqPerSecLow']:,.0f} to {entry['reqPerSecHigh']:,.0f} in {entry['trials']} trials)"
    yield rate + (f", {entry['saturation']}" if entry["saturation"] else "")
    latencies = [
        f"p{name} {entry[key]:.2f} ms"
        for name, key in (("50", "p50Latency"), ("90", "p90Latency"), ("99", "p99Latency"), ("99.9", "p999Latency"))
        if entry[key] is not None
    ]
    if latencies:
        yield "latency " + ", ".join(latencies)
    if entry["cpuMicrosPerRequest"] is not None:
        yield f"{entry['cpuMicrosPerRequest']:.1f} µs of CPU per request, {(entry['memoryBytes'] or 0) / 2**20:.0f} MB"
    yield from _validity_lines(entry)


def _validity_lines(entry: dict[str, Any]) -> Iterator[str]:
    yield f"{entry['totalReqs']:,} requests by {entry['generator']} {entry['generatorVersion']}: {entry['validity']}"
    yield from (f"  {reason}" for reason in entry["reasons"])
    if budget := entry["budget"]:
        yield f"budget {words(budget['met'])}"
        yield from (f"  {words(item['met'])}: {item['text']}: {item['message']}" for item in budget["items"])


def words(judgement: str) -> str:
    """`not_shown` → `not shown`."""
    return judgement.replace("_", " ")


def sweep_lines(steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The steps of a sweep as a table, in the order in which they were measured."""
    yield f"{'asked/s':>10} {'answered/s':>10} {'p50 ms':>8} {'p99 ms':>8} {'errors':>6}  outcome"
    for step in steps:
        p50, p99 = ("–" if step[name] is None else significant(step[name], 3) for name in ("p50", "p99"))
        rate, answered = significant(step["rate"], 4), significant(step["achieved"], 4)
        outcome = step["outcome"] if step["outcome"] != GENERATOR else "the generator was the limit"
        yield f"{rate:>10} {answered:>10} {p50:>8} {p99:>8} {step['errors']:>6}  {outcome}"
