"""Models of runs, trials and baselines: the history, and the state of active runs."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from system.model_fields import StorableCharField, StorableJSONField, StorableTextField
from system.stored_times import format_time


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
NOT_DONE = tuple(state for state in RunState if state != RunState.DONE)
END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)  # after every row
ONE_STEP = timedelta(microseconds=1)  # the smallest that every database stores


FILTERED = ("state", "validity", "endpoint", "method", "source")


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
    server_id = StorableCharField(max_length=64, default=this_server, editable=False)
    source = StorableCharField(max_length=16, choices=Source, default=Source.SERVER)
    state = StorableCharField(max_length=16, choices=RunState, default=RunState.QUEUED)
    message = StorableTextField(blank=True, help_text="Why the run failed or ended early, in a sentence.")
    label = StorableCharField(max_length=200, blank=True)

    # The parameters.
    framework = StorableCharField(max_length=100)
    host = StorableCharField(max_length=255, blank=True, help_text="host:port under load")
    address = StorableCharField(max_length=64, blank=True, help_text="IP address that is connected to")
    connect_port = models.PositiveIntegerField(null=True, help_text="Port that is connected to; null: the host's")
    scheme = StorableCharField(max_length=8, default="http", help_text="http or https")
    protocol = StorableCharField(max_length=8, default="http1", help_text="http1, or h2 for HTTP/2")
    insecure = models.BooleanField(default=False, help_text="The certificate is not to be verified")
    endpoint = StorableCharField(max_length=500)
    method = StorableCharField(max_length=16, default="GET")
    body = StorableTextField(blank=True)
    body_base64 = StorableTextField(blank=True, help_text="The body if it is not text, in base64")
    headers = StorableJSONField(default=dict)
    expect_status = StorableJSONField(default=list, items=int, help_text="Expected status codes; empty: any 2xx")
    expect = StorableJSONField(default=list, items=str, help_text="The budget, such as p99<50ms")
    generator = StorableCharField(max_length=50)
    generator_version = StorableCharField(max_length=100, blank=True)
    command = StorableJSONField(default=list, items=str, help_text="Arguments of the load generator")
    profile = StorableCharField(max_length=20, blank=True)
    trials_planned = models.PositiveIntegerField(default=1)
    planned_duration_s = models.FloatField(default=0, help_text="Requested duration of a trial in seconds")
    connections = models.PositiveIntegerField(default=0)
    connections_used = models.PositiveIntegerField(null=True)
    workers = models.PositiveIntegerField(default=0)
    pipelining = models.PositiveIntegerField(default=1)
    rate_per_second = models.FloatField(null=True, help_text="Fixed rate of requests; null: as fast as possible")
    instances = models.PositiveIntegerField(null=True)

    # State and owner.
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    at = models.DateTimeField(default=timezone.now, help_text="End of the run; the history is ordered by it")
    clock_at = models.DateTimeField(
        null=True, help_text="What the clock showed then, if it had been set back behind the end of an earlier run"
    )
    recorded_at = models.DateTimeField(
        default=timezone.now, db_index=True, help_text="When the result was added to this history"
    )
    heartbeat_at = models.DateTimeField(null=True)
    # Not a time of day: that clock may step. Unlike the time since boot, it stands still while the machine sleeps, when
    # no process can give a sign of life.
    heartbeat_s = models.FloatField(
        null=True, help_text="Last sign of life of the process, in seconds of the machine's monotonic clock"
    )
    pid = models.PositiveIntegerField(null=True)
    pid_started_at = models.FloatField(null=True, help_text="Start of the process in seconds since boot")
    boot_id = StorableCharField(max_length=64, blank=True, help_text="Boot in which the process was started")
    cancel_requested = models.BooleanField(default=False)
    progress = StorableJSONField(default=dict, help_text="Phase, trial, elapsed seconds, live requests/s")

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
    total_requests = models.BigIntegerField(null=True, help_text="Responses received")
    errors = models.BigIntegerField(default=0, help_text="Failed connections and requests, timeouts included")
    timeouts = models.BigIntegerField(default=0)
    non_2xx = models.BigIntegerField(default=0)
    cpu_micros_per_request = models.FloatField(null=True)
    memory_bytes = models.BigIntegerField(null=True, help_text="Peak memory of all processes of the target together")
    saturation = StorableCharField(max_length=30, blank=True)
    validity = StorableCharField(max_length=10, choices=Validity, default=Validity.UNKNOWN)
    reasons = StorableJSONField(default=list, items=str, help_text="Reasons for a validity other than `valid`")
    gates = StorableJSONField(default=list, items=dict, help_text="Checks: code, state, message, value, trial")
    budget = StorableJSONField(null=True, help_text="Whether the result met what was expected of it")
    sweep = StorableJSONField(null=True, help_text="The steps of a sweep, and the rate that the target sustains")
    tls = StorableJSONField(null=True, help_text="What the preflight saw of the encrypted connection")
    preflight = StorableJSONField(default=dict)
    environment = StorableJSONField(default=dict)
    samples = StorableJSONField(
        default=list, items=dict, help_text="Once a second: rate, CPU of generator, target, Redis, host"
    )
    exits = StorableJSONField(default=list, items=dict, help_text="Exits of the target's processes during the run")
    original = StorableJSONField(null=True, help_text="The entry as imported or submitted")

    class Meta:
        ordering = ["-at", "-id"]
        # No index begins with a column that a query of the history compares and does not order by: without statistics,
        # SQLite would prefer it to the one in the right order. The last columns filter without reading the row.
        indexes = [
            models.Index(fields=["-at", "-id", *FILTERED], name="run_newest"),
            models.Index(fields=["framework", "-at", "-id", *FILTERED], name="run_of_framework"),
            models.Index(
                fields=["framework", "endpoint", "method", "-at", "-id", "state", "validity"], name="run_kind"
            ),
            models.Index(fields=["state", "-at", "-id"], name="run_by_state"),
            models.Index(fields=["state", "created_at"], name="run_state"),
            # Of this condition, since SQLite would prefer an index that begins with `server_id` for the queue, too.
            models.Index(
                fields=["server_id", "-recorded_at"], condition=models.Q(original__isnull=True), name="run_of_server"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["server_id"], condition=models.Q(state__in=ACTIVE), name="one_active_run_per_server"
            )
        ]

    def __str__(self) -> str:
        return f"{self.framework} {self.method} {self.endpoint} {format_time(self.at)}"


def unfinished_runs() -> models.QuerySet[Run]:
    """Queued and active runs of all servers, in the order of the queue. In the order of the history, SQLite would walk
    through all runs for them."""
    return Run.objects.filter(state__in=UNFINISHED).order_by("created_at", "id")


def newest_recorded_at() -> datetime | None:
    """The largest `recorded_at`; None without rows. The limit makes SQLite use the index, whatever it expects."""
    rows = Run.objects.filter(recorded_at__lte=END_OF_TIME).order_by("-recorded_at")
    return rows.values_list("recorded_at", flat=True).first()


def next_recorded_at() -> datetime:
    """Now, or right after the newest row: `recorded_at` is the order in which results were added, and totals and
    deletions rely on it, so it goes on when the clock is set back."""
    now, newest = timezone.now(), newest_recorded_at()
    return now if newest is None else max(now, newest + ONE_STEP)


def next_at() -> tuple[datetime, datetime | None]:
    """`at` and `clock_at` of a run of this server that ends now: runs stay in the order in which they were made, and
    what the clock showed is kept where it contradicts that order. The times of imports and clients are theirs."""
    now = timezone.now()
    own = Run.objects.filter(server_id=this_server(), original__isnull=True, recorded_at__lte=END_OF_TIME)
    own = own.filter(source=Source.SERVER).exclude(state__in=UNFINISHED)
    newest = own.order_by("-recorded_at").values_list("at", flat=True).first()
    return (now, None) if newest is None or newest < now else (newest + ONE_STEP, now)


class Trial(models.Model):
    """The stored result of a trial or of the warm-up."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="trials")
    index = models.PositiveIntegerField()
    is_warmup = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    duration_s = models.FloatField()
    requests = models.BigIntegerField(help_text="Responses received")
    req_per_sec = models.FloatField(help_text="Successful responses per second")
    avg_latency_ms = models.FloatField(null=True)
    max_latency_ms = models.FloatField(null=True)
    percentiles_ms = StorableJSONField(default=dict, help_text='{"50": 1.2, …}')
    errors = models.BigIntegerField(default=0)
    timeouts = models.BigIntegerField(default=0)
    non_2xx = models.BigIntegerField(default=0)
    bytes_read = models.BigIntegerField(default=0)
    histogram = StorableTextField(blank=True, help_text="HdrHistogram V2, base64, microseconds, raw")
    corrected_histogram = StorableTextField(blank=True, help_text="The same, corrected by wrk for coordinated omission")
    probe_histogram = StorableTextField(blank=True, help_text="The latency probe, from the time each request was due")
    facts = StorableJSONField(
        default=dict, help_text="CPU and memory by process group, saturation, results of the latency probe"
    )
    exit_code = models.IntegerField(default=0)  # never written: a generator that fails has no trial
    output = StorableTextField(blank=True, help_text="Output of the load generator, at most 1 MiB")

    class Meta:
        ordering = ["run", "index"]
        constraints = [models.UniqueConstraint(fields=["run", "index"], name="one_trial_per_index")]

    def __str__(self) -> str:
        return f"trial {self.index} of {self.run_id}"


class StoredTarget(models.Model):
    """An own target: a name, where it answers, and its endpoints, whose credentials are kept apart."""

    name = StorableCharField(max_length=64, unique=True)
    pm2 = StorableCharField(max_length=200, blank=True, help_text="Name of its processes under PM2")
    url = StorableCharField(max_length=300, blank=True, help_text="scheme://host:port")
    connect = StorableCharField(max_length=300, blank=True, help_text="host:port to connect to instead of the URL's")
    ports = StorableJSONField(default=list, items=int, help_text="Where the processes listen, if that cannot be seen")
    insecure = models.BooleanField(default=False, help_text="The certificate is not to be verified")
    protocol = StorableCharField(max_length=8, default="http1")
    endpoints = StorableJSONField(default=list, items=dict)
    sealed_headers = StorableTextField(blank=True, editable=False, help_text="Credentials, encrypted")
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = StorableCharField(max_length=200, blank=True)

    class Meta:
        ordering = ["name"]
        verbose_name = "target"

    def __str__(self) -> str:
        return str(self.name)


class Baseline(models.Model):
    """The reference run of a framework, endpoint and method; at most one each."""

    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="baseline")
    framework = StorableCharField(max_length=100)
    endpoint = StorableCharField(max_length=500)
    method = StorableCharField(max_length=16)
    set_by = StorableCharField(max_length=200, blank=True)
    set_at = models.DateTimeField(default=timezone.now)
    reason = StorableCharField(max_length=200, blank=True)

    class Meta:
        ordering = ["framework", "endpoint", "method"]
        constraints = [
            models.UniqueConstraint(fields=["framework", "endpoint", "method"], name="one_baseline_per_kind")
        ]

    def __str__(self) -> str:
        return f"baseline of {self.framework} {self.method} {self.endpoint}"
