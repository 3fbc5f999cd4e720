"""Writes a run's rows while it goes on and at its end. [io: database]"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils import timezone

from benchmarks import histogram
from benchmarks.measurement import Load, Measurement, Verdict, saturation
from benchmarks.models import Run, Trial

OUTPUT_CHARACTERS = 2**20


def heartbeat(run: Run, progress: Mapping[str, object]) -> bool:
    """A sign of life with what goes on; whether somebody asked for the end."""
    run.progress = dict(progress)
    Run.objects.filter(pk=run.pk).update(progress=run.progress, heartbeat_at=timezone.now(), samples=run.samples)
    return Run.objects.filter(pk=run.pk, cancel_requested=True).exists()


def store_trial(run: Run, index: int, started_at: datetime, measured: Measurement, output: str) -> Trial:
    """One trial as a row; index 0 is the warm-up."""
    return Trial.objects.create(
        run=run,
        index=index,
        is_warmup=index == 0,
        started_at=started_at,
        duration_s=measured.duration_s,
        requests=measured.responses,
        req_per_sec=measured.rate,
        avg_latency_ms=measured.mean_ms,
        max_latency_ms=measured.max_ms,
        percentiles_ms=measured.percentiles_ms,
        errors=measured.errors,
        timeouts=measured.timeouts,
        non_2xx=measured.non_2xx,
        bytes_read=measured.bytes_read,
        histogram=histogram.encode(measured.latencies_us),
        output=output.encode()[:OUTPUT_CHARACTERS].decode(errors="ignore").replace("\x00", ""),
    )


def fill(
    run: Run, trials: Sequence[Measurement], whole: Measurement, verdict: Verdict, load: Load, cpu_s: float
) -> None:
    """Put the figures of all trials into `run`: the median rate, sums, latencies of all together."""
    rates = [trial.rate for trial in trials]
    run.req_per_sec = statistics.median(rates)
    if len(rates) > 1:
        run.req_per_sec_low, run.req_per_sec_high = min(rates), max(rates)
    run.duration_s, run.total_requests = whole.duration_s, whole.responses
    run.errors, run.timeouts, run.non_2xx = whole.errors, whole.timeouts, whole.non_2xx
    run.avg_latency_ms = whole.mean_ms
    run.p50_latency_ms = whole.percentiles_ms.get("50")
    run.p90_latency_ms = whole.percentiles_ms.get("90")
    run.p95_latency_ms = whole.percentiles_ms.get("95")
    run.p99_latency_ms = whole.percentiles_ms.get("99")
    run.p999_latency_ms = whole.percentiles_ms.get("99.9")
    run.connections_used = whole.connections_used
    run.saturation = saturation(load)
    if cpu_s > 0 and whole.responses:
        run.cpu_micros_per_request = cpu_s * 1e6 / whole.responses
    run.validity, run.reasons = verdict.validity, list(verdict.reasons)


def close(run: Run) -> None:
    """The end of a run, whatever it is. Its place in the list is the moment of its end."""
    now = timezone.now()
    run.at = run.recorded_at = run.heartbeat_at = now
    run.progress = {key: value for key, value in run.progress.items() if key not in ("child", "reqPerSec")}
    run.save()
