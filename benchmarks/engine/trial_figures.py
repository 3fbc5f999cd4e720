"""The stored form of a trial and its samples, for database rows and for uploads."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.analysis import histogram, saturation
from benchmarks.analysis.gates import littles_law_ratio
from benchmarks.engine.run_figures import TrialFigures
from benchmarks.engine.trial_execution import TrialResult
from benchmarks.engine.trial_monitor import Sample
from system.lib.wire import to_wire


def trial_facts(trial: TrialResult, pipelining: int) -> dict[str, object]:
    """CPU, memory, saturation and probe results of a trial, with the keys of the wire."""
    probe, load = trial.probe, trial.load
    details = to_wire({
        "saturation": saturation.classify_saturation(load),
        "generatorShare": load.generator,
        "targetShare": load.target,
        "hostShare": load.host,
        "othersCores": load.others_cores,
        "stealShare": load.steal,
        "targetCpuSeconds": trial.target_cpu_s,
        "targetMemoryBytes": trial.target_memory_bytes,
        "littleRatio": littles_law_ratio(trial.measurement, pipelining),
        "correctedP99": histogram.summarize(trial.measurement.corrected_us)[1],
        "probe": {
            "sent": probe.sent, "failed": probe.failed, "mismatched": probe.mismatched, "p50Latency": probe.p50_ms,
            "p99Latency": probe.p99_ms, "maxLatency": probe.max_ms,
        } if probe else None,
    })  # fmt: skip
    assert isinstance(details, dict)  # noqa: S101 - a mapping becomes an object
    return details


def build_trial_figures(trial: TrialResult, pipelining: int) -> TrialFigures:
    measurement = trial.measurement
    return TrialFigures(
        index=trial.index,
        is_warmup=trial.index == 0,
        started_at=trial.started_at,
        duration_s=measurement.duration_s,
        requests=measurement.responses,
        req_per_sec=measurement.rate,
        avg_latency_ms=measurement.mean_ms,
        max_latency_ms=measurement.max_ms,
        percentiles_ms=measurement.percentiles_ms,
        errors=measurement.errors,
        timeouts=measurement.timeouts,
        non_2xx=measurement.non_2xx,
        bytes_read=measurement.bytes_read,
        facts=trial_facts(trial, pipelining),
    )


def thin_samples(samples: Sequence[Sample], limit: int) -> list[Sample]:
    """At most `limit` samples, evenly spread."""
    return list(samples[:: -(-len(samples) // limit) or 1])
