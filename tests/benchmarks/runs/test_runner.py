from __future__ import annotations

import os
import signal
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from benchmarks import generators
from benchmarks.analysis import histogram
from benchmarks.engine import trial_execution
from benchmarks.models import Run
from pm2.models import Exit, Instance
from tests.fixtures.process_list import commands_with
from tests.fixtures.target_server import target

# wrk and h2load where the machine has them; autocannon comes with the Node parts.
INSTALLED = trial_execution.installed_generators()
pytestmark = [pytest.mark.real, pytest.mark.django_db(transaction=True)]


def queued(port: int, generator: str = INSTALLED[0], **more: object) -> Run:
    values: dict[str, object] = {
        "framework": "node", "host": f"localhost:{port}", "address": "127.0.0.1", "endpoint": "/simple",
        "generator": generator, "planned_duration_s": 1, "connections": 10, "workers": 2, **more,
    }  # fmt: skip
    return Run.objects.create(**values)


def carried_out(run: Run) -> Run:
    call_command("run_benchmark", str(run.pk))
    run.refresh_from_db()
    return run


def fake(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A `wrk` of our own, first on PATH."""
    program = folder / "wrk"
    program.write_text(f'#!/bin/sh\n[ "$1" = -v ] && echo "wrk 4.1.0" && exit\n{script}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@pytest.mark.parametrize("generator", INSTALLED)
def test_a_run_measures_a_real_server(generator: str) -> None:
    with target() as port:
        run = carried_out(queued(port, generator))

    trials = list(run.trials.all())
    assert (run.state, run.message) == ("done", "")
    assert [(trial.index, trial.is_warmup) for trial in trials] == [(0, True), (1, False)]
    assert run.total_requests == trials[1].requests > 0
    assert run.duration_s
    assert run.req_per_sec == pytest.approx(run.total_requests / run.duration_s)
    assert (run.errors, run.non_2xx, run.connections_used) == (0, 0, 10)
    assert (run.p95_latency_ms is None) == (generator != "wrk")
    kept = sum(count for _, count in histogram.decode(trials[1].histogram))
    assert kept == (run.total_requests if generator == "wrk" else 0)
    assert bool(trials[1].corrected_histogram) == (generator == "wrk")
    assert run.preflight["before"]["body_bytes"] == 16
    assert run.preflight["after"] == {**run.preflight["before"], "date": run.preflight["after"]["date"]}
    assert (run.progress["trial"], "children" in run.progress) == (1, False)


def test_a_run_is_watched_from_outside() -> None:
    with target() as port:
        run = carried_out(queued(port, trials_planned=2))

    trial, last = run.trials.filter(is_warmup=False)
    rates = sorted([trial.req_per_sec, last.req_per_sec])
    assert [run.req_per_sec_low, run.req_per_sec_high] == rates
    assert run.req_per_sec == pytest.approx(sum(rates) / 2)
    assert run.memory_bytes
    assert run.memory_bytes > 2**20
    assert run.cpu_micros_per_request
    assert 0 < run.cpu_micros_per_request < 10_000
    assert [set(sample) for sample in run.samples][:1] == [{
        "trial", "seconds", "reqPerSec", "generatorCpuPercent", "targetCpuPercent", "redisCpuPercent",
        "hostCpuPercent", "stealPercent", "targetMemoryBytes",
    }]  # fmt: skip
    assert all(sample["targetCpuPercent"] > 0 for sample in run.samples[1:])
    assert trial.facts["probe"]["sent"] == 20
    assert (trial.facts["probe"]["failed"], trial.facts["probe"]["mismatched"]) == (0, 0)
    assert sum(count for _, count in histogram.decode(trial.probe_histogram)) == 20
    assert trial.facts["saturation"] == run.saturation != ""
    states = {gate["code"]: gate["state"] for gate in run.gates}
    assert {states[code] for code in ("errors", "probe", "requests", "restarts") if code in states} <= {
        "pass",
        "warn",
    }  # late on a busy machine
    assert run.environment["key"]


def test_exits_of_the_runs_time_are_kept_with_it() -> None:
    mine, other = (Instance.objects.create(token=name, home="h", name=name, pm_id=3) for name in ("node", "other"))
    before = timezone.now() - timedelta(seconds=1)
    run = queued(1)
    later = timezone.now() + timedelta(minutes=1)
    for instance, at in ((mine, before), (mine, later), (other, later)):
        Exit.objects.create(at=at, instance=instance, signal="SIGKILL", cause="killed", text="killed by SIGKILL")

    carried_out(run)

    (kept,) = run.exits
    assert (kept["pmId"], kept["exitCode"], kept["signal"], kept["cause"]) == (3, None, "SIGKILL", "killed")


@pytest.mark.parametrize("generator", sorted(generators.PACED))
def test_a_rate_is_held_and_every_request_timed(generator: str) -> None:
    with target() as port:
        run = carried_out(queued(port, generator, rate_per_second=500, connections=5))

    if generator not in INSTALLED:  # it fails and says so; another one would not hold the rate
        assert (run.state, generator in run.message) == ("failed", True)
        return
    (trial,) = run.trials.filter(is_warmup=False)
    assert run.state == "done", run.message
    assert "rate" in {gate["code"] for gate in run.gates}
    assert sum(count for _, count in histogram.decode(trial.histogram)) == run.total_requests
    assert run.p50_latency_ms is not None


@pytest.mark.parametrize(
    ("endpoint", "gate", "reason"),
    [
        ("/fifty", "errors", "more than 1 % is too many to compare."),
        ("/other", "answer", "After the load the target responded with a different body."),
        ("/crash", "errors", "more than 1 % is too many to compare."),
    ],
)
def test_a_run_that_went_wrong_is_kept_as_invalid(endpoint: str, gate: str, reason: str) -> None:
    with target() as port:
        run = carried_out(queued(port, endpoint=endpoint))

    if endpoint == "/crash":  # after the load nobody answers any more
        assert (run.state, "got no response" in run.message) == ("failed", True)
    else:
        assert (run.state, run.message) == ("done", "")
    assert run.validity == "invalid"
    assert [each["state"] for each in run.gates if each["code"] == gate] == ["fail"]
    assert any(reason in each for each in run.reasons)


def test_an_empty_store_is_filled_before_it_is_read() -> None:
    with target() as port:
        run = carried_out(queued(port, endpoint="/code-fast"))

    assert (run.state, run.non_2xx) == ("done", 0)


def test_failed_responses_do_not_count() -> None:
    with target() as port:
        for _ in range(20):  # the preflight asks once, and half of the answers are 500
            run = carried_out(queued(port, endpoint="/half"))
            if run.state == "done":
                break

    assert (run.state, run.validity) == ("done", "invalid")
    assert run.total_requests
    assert run.duration_s
    assert run.req_per_sec == pytest.approx((run.total_requests - run.non_2xx) / run.duration_s)


def test_a_target_that_is_down_fails_the_run() -> None:
    with target() as port:
        pass
    run = carried_out(queued(port))

    assert run.state == "failed"
    assert run.message == f"GET http://127.0.0.1:{port}/simple got no response: Connection refused."


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("exit 1", "wrk ended with exit code 1."),
        ("echo garbage", "The output of wrk cannot be read: the line of exact figures is missing."),
        ("head -c 50000000 /dev/zero", "The output of wrk cannot be read: the line of exact figures is missing."),
        ("kill -9 $$", "wrk ended with SIGKILL."),
        ("sleep NAP; true", "wrk hung: it was killed 1 s after its planned end."),
    ],
)
def test_a_faulty_generator_fails_the_run(
    script: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nap = f"61.{os.getpid()}"  # another process may sleep in the same test
    fake(tmp_path, monkeypatch, script.replace("NAP", nap))
    monkeypatch.setattr(trial_execution, "GRACE_S", 1.0)
    with target() as port:
        run = carried_out(queued(port, "wrk"))

    assert (run.state, run.message, run.req_per_sec) == ("failed", message, None)
    assert commands_with(f"sleep {nap}") == []


def test_a_generator_that_is_gone_by_now_fails_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = queued(1, "wrk")
    monkeypatch.setenv("PATH", str(tmp_path))

    carried_out(run)

    assert (run.state, run.message) == ("failed", "wrk is not installed. Put it on PATH, or run: make setup.")


def test_sigterm_cancels_the_run() -> None:
    with target() as port:
        run = queued(port, planned_duration_s=30)
        timer = threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGTERM))
        timer.start()
        began = time.monotonic()
        try:
            carried_out(run)
        finally:
            timer.join()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    assert (run.state, run.message) == ("cancelled", "Cancelled. What it had measured is kept.")
    assert time.monotonic() - began < 30


def test_a_run_that_is_not_next_waits() -> None:
    first = queued(1)
    second = queued(1)

    Run.objects.filter(pk=first.pk).update(state="running")
    carried_out(second)

    assert (second.state, second.pid) == ("queued", None)
