"""What a run says in the end: the entry that travels to a server, the line on stdout, the sentences for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from benchmarks.analysis import histogram
from benchmarks.analysis.comparison import Side
from benchmarks.analysis.saturation import is_lower_bound
from benchmarks.engine import trial_record
from benchmarks.engine.run_protocol import RunResult
from benchmarks.engine.trial_execution import TrialResult
from system.lib.wire import to_wire

MAX_BYTES = 200 * 1024  # a server takes 256 KiB
MAX_SAMPLES = 300
MAX_OUTPUT_CHARACTERS = 2000


def build_entry(found: RunResult, *, run_id: UUID, at: datetime, host: str, label: str, profile: str) -> dict[str, Any]:
    """A result in the words of the wire, with its parts. `at`: the end of the run."""
    plan, whole, verdict = found.plan, found.merged(), found.assessment()
    shown, (low, high) = whole.percentiles_ms, found.interval()
    asked = plan.request
    entry = to_wire({
        "id": run_id, "timestamp": at, "framework": plan.framework, "host": host,
        "endpoint": asked.path, "method": asked.method, "reqPerSec": found.rate, "avgLatency": whole.mean_ms,
        "p50Latency": shown.get("50"), "p90Latency": shown.get("90"), "p95Latency": shown.get("95"),
        "p99Latency": shown.get("99"), "p999Latency": shown.get("99.9"), "totalReqs": whole.responses,
        "duration": whole.duration_s, "connections": plan.connections, "workers": plan.workers,
        "pipelining": plan.pipelining, "errors": whole.errors, "timeouts": whole.timeouts, "non2xx": whole.non_2xx,
        "instances": plan.instances, "generator": plan.program.name, "generatorVersion": plan.program.version,
        "profile": profile, "rate": plan.rate_per_second, "trials": len(found.trials), "validity": verdict.validity,
        "reasons": verdict.reasons, "reqPerSecLow": low, "reqPerSecHigh": high,
        "cpuMicrosPerRequest": found.cpu_micros_per_request(), "memoryBytes": found.memory_bytes(),
        "saturation": found.saturation(), "label": label, "connectionsUsed": whole.connections_used,
        "gates": found.gates(), "environment": found.environment, "command": found.trials[-1].command,
        "samples": trial_record.thin_samples(found.samples(), MAX_SAMPLES),
        "trialResults": [_trial_entry(done, plan.pipelining) for done in [*found.warmup[-1:], *found.trials]],
    })  # fmt: skip
    assert isinstance(entry, dict)  # noqa: S101 - a mapping becomes an object
    return entry


def comparison_side(found: RunResult, entry: dict[str, Any]) -> Side:
    """The run as it is compared with another."""
    trials, names = found.trials, ("endpoint", "method", "generator", "workers", "pipelining", "rate", "instances")
    cpu = [trial.target_cpu_s * 1e6 / trial.measurement.responses for trial in trials if trial.target_cpu_s]
    memory = [float(trial.target_memory_bytes) for trial in trials if trial.target_memory_bytes]
    percentiles = {
        f"p{name}Latency": [trial.measurement.percentiles_ms.get(name) or 0.0 for trial in trials]
        for name in ("50", "99")
    }
    return Side(
        id=entry["id"],
        name=entry["label"] or entry["framework"],
        validity=entry["validity"],
        conditions={name: entry[name] for name in (*names, "connectionsUsed")} | {"body": found.plan.request.body},
        environment=str(found.environment.get("key", "")),
        values={
            "reqPerSec": found.rates,
            **percentiles,
            "cpuMicrosPerRequest": cpu if len(cpu) == len(trials) else [],
            "memoryBytes": memory if len(memory) == len(trials) else [],
        },
    )


def _trial_entry(done: TrialResult, pipelining: int) -> dict[str, Any]:
    measured = done.measurement
    return {
        "index": done.index, "isWarmup": done.index == 0, "startedAt": done.started_at,
        "duration": measured.duration_s, "totalReqs": measured.responses, "reqPerSec": measured.rate,
        "avgLatency": measured.mean_ms, "maxLatency": measured.max_ms, "percentiles": measured.percentiles_ms,
        "errors": measured.errors, "timeouts": measured.timeouts, "non2xx": measured.non_2xx,
        "bytesRead": measured.bytes_read, "facts": trial_record.trial_facts(done, pipelining),
        "histograms": {
            "raw": histogram.encode(measured.latencies_us), "corrected": histogram.encode(measured.corrected_us),
            "probe": done.probe.histogram if done.probe else "",
        },
        "output": done.output[:MAX_OUTPUT_CHARACTERS],
    }  # fmt: skip


def shrink_to_limit(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry, with less detail where it would be larger than a server takes. The figures always stay."""
    for smaller in _reduced_entries(entry):
        if len(json.dumps(smaller)) <= MAX_BYTES:
            return smaller
    return {name: value for name, value in entry.items() if name not in ("samples", "trialResults", "gates")}


def _reduced_entries(entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield entry
    trials = entry["trialResults"]
    for kept in (("raw", "corrected"), ("raw",), ()):
        trials = [
            {**trial, "output": "", "histograms": {name: trial["histograms"][name] for name in kept}}
            for trial in trials
        ]
        yield {**entry, "trialResults": trials}
    yield {**entry, "trialResults": trials, "samples": []}


def result_line(entry: dict[str, Any]) -> str:
    """The last line on stdout, as the original prints it."""
    rate, latency_ms = round(entry["reqPerSec"]), entry["avgLatency"] or 0
    return f"BENCHMARK_RESULT:{entry['framework']}:{rate}:{latency_ms:.2f}:{entry['totalReqs']}"


def summary_lines(entry: dict[str, Any]) -> Iterator[str]:
    """What people want to know first."""
    least = "at least " if is_lower_bound(entry["saturation"]) else ""
    said = f"{entry['framework']} {entry['method']} {entry['endpoint']}: {least}{entry['reqPerSec']:,.0f} requests/s"
    if entry["reqPerSecLow"] is not None:
        said += f" ({entry['reqPerSecLow']:,.0f} to {entry['reqPerSecHigh']:,.0f} in {entry['trials']} trials)"
    yield said + (f", {entry['saturation']}" if entry["saturation"] else "")
    latencies = [
        f"p{name} {entry[key]:.2f} ms"
        for name, key in (("50", "p50Latency"), ("90", "p90Latency"), ("99", "p99Latency"), ("99.9", "p999Latency"))
        if entry[key] is not None
    ]
    if latencies:
        yield "latency " + ", ".join(latencies)
    if entry["cpuMicrosPerRequest"] is not None:
        yield f"{entry['cpuMicrosPerRequest']:.1f} µs of CPU per request, {(entry['memoryBytes'] or 0) / 2**20:.0f} MB"
    yield f"{entry['totalReqs']:,} requests by {entry['generator']} {entry['generatorVersion']}: {entry['validity']}"
    yield from (f"  {reason}" for reason in entry["reasons"])
