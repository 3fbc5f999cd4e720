"""What is kept of a trial and of its samples, wherever it is kept: in a row, or on its way to a server."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.analysis import histogram, saturation
from benchmarks.analysis.gates import little
from benchmarks.engine.monitor import Sample
from benchmarks.engine.trial_execution import TrialDone
from system.lib.wire import to_wire


def facts_of(done: TrialDone, pipelining: int) -> dict[str, object]:
    """What was seen of a trial from outside, in the words of the wire."""
    probe, load = done.probe, done.load
    shown = to_wire({
        "saturation": saturation.saturation(load),
        "generatorShare": load.generator,
        "targetShare": load.target,
        "hostShare": load.host,
        "othersCores": load.others_cores,
        "stealShare": load.steal,
        "targetCpuSeconds": done.target_cpu_s,
        "targetMemoryBytes": done.target_memory_bytes,
        "littleRatio": little(done.measured, pipelining),
        "correctedP99": histogram.summary(done.measured.corrected_us)[1],
        "probe": {
            "sent": probe.sent, "failed": probe.failed, "mismatched": probe.mismatched, "p50Latency": probe.p50_ms,
            "p99Latency": probe.p99_ms, "maxLatency": probe.max_ms,
        } if probe else None,
    })  # fmt: skip
    assert isinstance(shown, dict)  # noqa: S101 - a mapping becomes an object
    return shown


def thinned(samples: Sequence[Sample], most: int) -> list[Sample]:
    """At most so many of them, evenly spread."""
    return list(samples[:: -(-len(samples) // most) or 1])
