"""Models of runs, trials and baselines: the history, and the state of active runs."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone


def this_server() -> str:
    """Id of the server that writes the row; referenced by migrations."""
    return str(settings.SERVER_ID)


class RunState(models.TextChoices):
    QUEUED = "queued"
    PREFLIGHT = "preflight"
    WARMING = "warming"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


ACTIVE = (RunState.PREFLIGHT, RunState.WARMING, RunState.RUNNING)
UNFINISHED = (RunState.QUEUED, *ACTIVE)


class Validity(models.TextChoices):
    VALID = "valid"
    CAUTION = "caution"
    INVALID = "invalid"
    UNKNOWN = "unknown"


class Source(models.TextChoices):
    SERVER = "server"
    CLIENT = "client"
    IMPORT = "import"


class Run(models.Model):
    """One benchmark: its scenario, state and results. Latencies are in milliseconds."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    server_id = models.CharField(max_length=64, default=this_server, editable=False)
    source = models.CharField(max_length=16, choices=Source, default=Source.SERVER)
    state = models.CharField(max_length=16, choices=RunState, default=RunState.QUEUED)
    message = models.TextField(blank=True, help_text="Why the run failed or ended early, in a sentence.")
    label = models.CharField(max_length=200, blank=True)

    # The scenario.
    framework = models.CharField(max_length=100)
    host = models.CharField(max_length=255, blank=True, help_text="host:port that was loaded")
    address = models.CharField(max_length=64, blank=True, help_text="The IP address that host stood for")
    endpoint = models.CharField(max_length=500)
    method = models.CharField(max_length=16, default="GET")
    body = models.TextField(blank=True)
    headers = models.JSONField(default=dict)
    generator = models.CharField(max_length=50)
    generator_version = models.CharField(max_length=100, blank=True)
    command = models.JSONField(default=list, help_text="The load generator's argument list")
    profile = models.CharField(max_length=20, blank=True)
    trials_planned = models.PositiveIntegerField(default=1)
    planned_duration_s = models.FloatField(default=0, help_text="Seconds of one trial as asked")
    connections = models.PositiveIntegerField(default=0)
    connections_used = models.PositiveIntegerField(null=True)
    workers = models.PositiveIntegerField(default=0)
    pipelining = models.PositiveIntegerField(default=1)
    rate_per_second = models.FloatField(
        null=True, help_text="Requests were sent at this rate; null: as fast as answers came"
    )
    instances = models.PositiveIntegerField(null=True)

    # State and owner.
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    at = models.DateTimeField(default=timezone.now, help_text="The time that the result carries: the end of the run")
    recorded_at = models.DateTimeField(
        default=timezone.now, db_index=True, help_text="When the result came into this history"
    )
    heartbeat_at = models.DateTimeField(null=True)
    pid = models.PositiveIntegerField(null=True)
    pid_started_at = models.FloatField(null=True, help_text="Start time of the process, seconds since 1970")
    boot_id = models.CharField(max_length=64, blank=True, help_text="The boot in which that process runs")
    cancel_requested = models.BooleanField(default=False)
    progress = models.JSONField(default=dict, help_text="Phase, trial, elapsed seconds, live requests/s")

    # Results; null until a trial is finished.
    duration_s = models.FloatField(null=True)
    req_per_sec = models.FloatField(null=True, help_text="Successful responses per second")
    req_per_sec_low = models.FloatField(null=True)
    req_per_sec_high = models.FloatField(null=True)
    avg_latency_ms = models.FloatField(null=True)
    p50_latency_ms = models.FloatField(null=True)
    p90_latency_ms = models.FloatField(null=True)
    p95_latency_ms = models.FloatField(null=True)
    p99_latency_ms = models.FloatField(null=True)
    p999_latency_ms = models.FloatField(null=True)
    total_requests = models.BigIntegerField(null=True)
    errors = models.BigIntegerField(default=0, help_text="Failed connections and requests, timeouts included")
    timeouts = models.BigIntegerField(default=0)
    non_2xx = models.BigIntegerField(default=0)
    cpu_micros_per_request = models.FloatField(null=True)
    memory_bytes = models.BigIntegerField(null=True, help_text="The most that the target's processes held together")
    saturation = models.CharField(max_length=30, blank=True)
    validity = models.CharField(max_length=10, choices=Validity, default=Validity.UNKNOWN)
    reasons = models.JSONField(default=list, help_text="Why the validity is not `valid`, in sentences")
    gates = models.JSONField(default=list, help_text="Each check: code, state, message, value, trial")
    preflight = models.JSONField(default=dict)
    environment = models.JSONField(default=dict)
    samples = models.JSONField(default=list, help_text="Once a second: rate, CPU of generator, target, Redis, host")
    exits = models.JSONField(default=list, help_text="How processes of the target ended in the run's time")
    original = models.JSONField(null=True, help_text="The imported or posted entry, untouched")

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["-at", "-id"], name="run_newest"),
            models.Index(fields=["framework", "endpoint", "method", "-at", "-id"], name="run_kind"),
            models.Index(fields=["state", "created_at"], name="run_state"),
            models.Index(fields=["validity", "-at", "-id"], name="run_by_validity"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["server_id"], condition=models.Q(state__in=ACTIVE), name="one_active_run_per_server"
            )
        ]

    def __str__(self) -> str:
        return f"{self.framework} {self.method} {self.endpoint} {self.at:%Y-%m-%d %H:%M:%S}"


class Trial(models.Model):
    """The stored result of a trial or of the warm-up."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="trials")
    index = models.PositiveIntegerField()
    is_warmup = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    duration_s = models.FloatField()
    requests = models.BigIntegerField()
    req_per_sec = models.FloatField(help_text="Successful responses per second")
    avg_latency_ms = models.FloatField(null=True)
    max_latency_ms = models.FloatField(null=True)
    percentiles_ms = models.JSONField(default=dict, help_text='{"50": 1.2, …}')
    errors = models.BigIntegerField(default=0)
    timeouts = models.BigIntegerField(default=0)
    non_2xx = models.BigIntegerField(default=0)
    bytes_read = models.BigIntegerField(default=0)
    histogram = models.TextField(blank=True, help_text="HdrHistogram V2, base64, microseconds, raw")
    corrected_histogram = models.TextField(blank=True, help_text="The same as wrk corrects it for coordinated omission")
    probe_histogram = models.TextField(blank=True, help_text="Of the probe lane, from the moment each request was due")
    facts = models.JSONField(default=dict, help_text="Who used the CPU, memory, saturation, what the probe lane saw")
    exit_code = models.IntegerField(default=0)  # never written: a generator that fails makes no trial
    output = models.TextField(blank=True, help_text="What the load generator printed, at most 1 MiB")

    class Meta:
        ordering = ["run", "index"]
        constraints = [models.UniqueConstraint(fields=["run", "index"], name="one_trial_per_index")]

    def __str__(self) -> str:
        return f"trial {self.index} of {self.run_id}"


class Baseline(models.Model):
    """The reference run of a framework, endpoint and method; at most one each."""

    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="baseline")
    framework = models.CharField(max_length=100)
    endpoint = models.CharField(max_length=500)
    method = models.CharField(max_length=16)
    set_by = models.CharField(max_length=200, blank=True)
    set_at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["framework", "endpoint", "method"]
        constraints = [
            models.UniqueConstraint(fields=["framework", "endpoint", "method"], name="one_baseline_per_kind")
        ]

    def __str__(self) -> str:
        return f"baseline of {self.framework} {self.method} {self.endpoint}"
