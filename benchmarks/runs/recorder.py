"""Writes a run's rows while it goes on and at its end. [io: database]"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from django.db import transaction
from django.utils import timezone

from benchmarks.analysis import histogram
from benchmarks.engine import trial_record
from benchmarks.engine.monitor import Sample
from benchmarks.engine.run_protocol import RunResult
from benchmarks.engine.trial_execution import TrialResult
from benchmarks.models import Run, Source, Trial
from pm2.models import Exit
from system.lib.wire import iso_time, to_wire

MAX_SAMPLES = 1000
MAX_EXITS = 100


def heartbeat(run: Run, progress: Mapping[str, object]) -> bool:
    """A sign of life with what goes on; whether somebody asked for the end."""
    run.progress = dict(progress)
    Run.objects.filter(pk=run.pk).update(progress=run.progress, heartbeat_at=timezone.now())
    return Run.objects.filter(pk=run.pk, cancel_requested=True).exists()


def keep_samples(run: Run, samples: Sequence[Sample]) -> None:
    """What was seen so far, for those who look on, and in case that nothing more comes."""
    run.samples = [to_wire(sample) for sample in trial_record.thin_samples(samples, MAX_SAMPLES)]
    Run.objects.filter(pk=run.pk).update(samples=run.samples)


def begin(run: Run, found: RunResult, facts: Mapping[str, object]) -> None:
    """What is known before the load. `facts`: of the server, for the environment."""
    run.preflight = {"before": asdict(found.before) if found.before else None, "isConstant": found.is_constant}
    run.environment = {**found.environment, **facts}
    run.save(update_fields=["preflight", "environment"])


def store_trial(run: Run, done: TrialResult) -> Trial:
    """One trial as a row; index 0 is the warm-up."""
    measured = done.measurement
    return Trial.objects.create(
        run=run,
        index=done.index,
        is_warmup=done.index == 0,
        started_at=done.started_at,
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
        corrected_histogram=histogram.encode(measured.corrected_us),
        probe_histogram=done.probe.histogram if done.probe else "",
        facts=trial_record.trial_facts(done, run.pipelining),
        output=done.output.replace("\x00", ""),
    )


def keep(run: Run, done: TrialResult, found: RunResult) -> None:
    """A trial, and the run's figures of all so far, at once: whoever finds the run interrupted finds both."""
    with transaction.atomic():
        store_trial(run, done)
        if found.trials:
            fill(run, found)
            save(run)


def fill(run: Run, found: RunResult) -> None:
    """Put the figures of all trials into `run`: the median rate, sums, latencies of all together."""
    whole, verdict = found.merged(), found.assessment()
    run.req_per_sec = found.rate
    run.req_per_sec_low, run.req_per_sec_high = found.interval()
    run.command = list(found.trials[-1].command)
    run.duration_s, run.total_requests = whole.duration_s, whole.responses
    run.errors, run.timeouts, run.non_2xx = whole.errors, whole.timeouts, whole.non_2xx
    run.avg_latency_ms = whole.mean_ms
    run.p50_latency_ms = whole.percentiles_ms.get("50")
    run.p90_latency_ms = whole.percentiles_ms.get("90")
    run.p95_latency_ms = whole.percentiles_ms.get("95")
    run.p99_latency_ms = whole.percentiles_ms.get("99")
    run.p999_latency_ms = whole.percentiles_ms.get("99.9")
    run.connections_used = whole.connections_used
    run.saturation = found.saturation()
    run.cpu_micros_per_request = found.cpu_micros_per_request()
    run.memory_bytes = found.memory_bytes()
    run.gates = [to_wire(gate) for gate in found.gates()]
    run.validity, run.reasons = verdict.validity, list(verdict.reasons)
    run.samples = [to_wire(sample) for sample in trial_record.thin_samples(found.samples(), MAX_SAMPLES)]
    if found.after:
        run.preflight = {**run.preflight, "after": asdict(found.after)}


def save(run: Run) -> None:
    """Everything but what others write: the wish for an end."""
    names = [field.name for field in run._meta.concrete_fields if not field.primary_key]
    run.save(update_fields=[name for name in names if name != "cancel_requested"])


def exits_of(run: Run) -> list[dict[str, object]]:
    """How processes of the target ended since the run began, as far as the server has seen it; oldest first."""
    seen = Exit.objects.filter(instance__name=run.framework, at__gte=run.started_at or run.created_at)
    return [
        {
            "at": iso_time(each.at), "pmId": each.instance.pm_id, "exitCode": each.exit_code, "signal": each.signal,
            "cause": each.cause, "text": each.text,
        }
        for each in seen.select_related("instance").order_by("at", "id")[:MAX_EXITS]
    ]  # fmt: skip


def close(run: Run) -> None:
    """The end of a run, whatever it is. Its place in the list is the moment of its end."""
    now = timezone.now()
    run.at = run.recorded_at = run.heartbeat_at = now
    run.progress = {key: value for key, value in run.progress.items() if key not in ("children", "reqPerSec")}
    run.exits = exits_of(run) if run.source == Source.SERVER else []
    save(run)
