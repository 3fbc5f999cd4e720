from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import requests
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from benchmarks import generators
from benchmarks.analysis import histogram, warm_up
from benchmarks.engine import generator_execution, run_protocol
from benchmarks.engine.run_plan import RunPlan, make_plan
from benchmarks.engine.run_spec import RunSpec
from benchmarks.models import Run
from benchmarks.runs import queue, run_recorder
from pm2.models import Exit, Instance
from tests.benchmarks.limited_server import run_limited_server, take_few_steps
from tests.fixtures.process_list import commands_with
from tests.fixtures.target_server import run_target

# wrk and h2load if the machine has them; autocannon is installed with the Node packages.
INSTALLED = generator_execution.installed_generators()
pytestmark = [pytest.mark.real, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _no_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be half of the load and of the time of a run with one trial."""
    monkeypatch.setattr(run_protocol, "max_warmup_s", lambda duration_s: 0.0)


@pytest.fixture
def with_warm_up(_no_warm_up: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_protocol, "max_warmup_s", warm_up.max_warmup_s)


def enqueue_run(port: int, generator: str = INSTALLED[0], **more: object) -> Run:
    values: dict[str, object] = {
        "framework": "node", "host": f"localhost:{port}", "address": "127.0.0.1", "endpoint": "/simple",
        "generator": generator, "planned_duration_s": 1, "connections": 10, "workers": 2, **more,
    }  # fmt: skip
    return Run.objects.create(**values)


def execute(run: Run) -> Run:
    call_command("run_benchmark", str(run.pk))
    run.refresh_from_db()
    return run


def install_fake_wrk(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a script called `wrk` first on PATH."""
    program = folder / "wrk"
    program.write_text(f'#!/bin/sh\n[ "$1" = -v ] && echo "wrk 4.1.0" && exit\n{script}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_progress_that_cannot_be_written_does_not_end_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(run_recorder, "record_heartbeat", fail)
    monkeypatch.setattr(run_recorder, "store_samples", fail)
    with run_target(delay_ms=5) as port:
        run = execute(enqueue_run(port))

    assert (run.state, run.message, run.trials.count()) == ("done", "", 1)


@pytest.mark.usefixtures("with_warm_up")
@pytest.mark.parametrize("generator", INSTALLED)
def test_a_run_measures_a_real_server(generator: str) -> None:
    with run_target(delay_ms=5) as port:
        run = execute(enqueue_run(port, generator))

    trials = list(run.trials.all())
    assert (run.state, run.message) == ("done", "")
    assert [(trial.index, trial.is_warmup) for trial in trials] == [(0, True), (1, False)]
    assert run.total_requests == trials[1].requests > 0
    assert run.duration_s
    assert run.req_per_sec == pytest.approx(run.total_requests / run.duration_s)
    assert (run.errors, run.non_2xx, run.connections_used) == (0, 0, 10)
    assert (run.p95_latency_ms is None) == (generator != "wrk")
    recorded = sum(count for _, count in histogram.decode(trials[1].histogram))
    assert recorded == (run.total_requests if generator == "wrk" else 0)
    assert bool(trials[1].corrected_histogram) == (generator == "wrk")
    assert run.preflight["before"]["body_bytes"] == 16
    before, after = run.preflight["before"], run.preflight["after"]
    assert after == {**before, "date": after["date"], "seconds": after["seconds"]}
    assert (run.progress["trial"], "children" in run.progress) == (1, False)
    assert run.budget is None


def test_a_budget_is_judged_after_each_trial_and_kept() -> None:
    with run_target(delay_ms=20) as port:
        expect = ["errors<=0", "p50<10ms", "rate>1/s"]
        run = execute(enqueue_run(port, planned_duration_s=2, expect=expect))

    assert (run.state, run.message) == ("done", "")
    assert run.budget is not None
    assert (run.budget["met"], [(item["text"], item["met"]) for item in run.budget["items"]]) == (
        "missed", [("errors<=0", "met"), ("p50<10ms", "missed"), ("rate>1/s", "not_shown")],
    )  # fmt: skip
    assert [item["value"] for item in run.budget["items"]] == [0, run.p50_latency_ms, run.req_per_sec]


def test_a_budget_that_was_damaged_in_the_database_does_not_end_the_run() -> None:
    with run_target(delay_ms=5) as port:
        run = execute(enqueue_run(port, expect=["p50<9s", "nonsense"]))

    assert run.budget is not None
    assert (run.state, [item["text"] for item in run.budget["items"]]) == ("done", ["p50<9s"])


def test_a_credential_reaches_the_target_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is neither in a command line or an environment while the run lasts, nor in the rows afterwards."""
    secret, seen, is_over = "Bearer s3cret-of-the-target", set[str](), threading.Event()

    def watch() -> None:
        while not is_over.wait(0.02):
            for process in psutil.Process().children(recursive=True):
                with suppress(psutil.Error):
                    text = " ".join([*process.cmdline(), *process.environ().values()])
                    seen.update(word for word in (secret, "key-of-the-server", "--latency") if word in text)

    watcher = threading.Thread(target=watch)
    with run_target(delay_ms=5) as port:
        monkeypatch.setenv("API_KEY", "key-of-the-server")
        watcher.start()
        run = execute(enqueue_run(port, "wrk", headers={"Authorization": secret, "Accept": "a/b"}))
        is_over.set()
        watcher.join()
        received = requests.get(f"http://127.0.0.1:{port}/credentials", timeout=60).json()

    assert (run.state, seen) == ("done", {"--latency"})
    assert run.headers == {"Authorization": "***", "Accept": "a/b"}
    rows = [*Run.objects.values(), *run.trials.values()]
    assert "s3cret" not in str(rows)
    assert received == [secret]


def test_a_queued_run_that_is_cancelled_keeps_no_credential() -> None:
    run = enqueue_run(1, headers={"Cookie": "a=b", "Accept": "a/b"})
    queue.cancel(run)
    run.refresh_from_db()

    assert (run.state, run.headers) == ("cancelled", {"Cookie": "***", "Accept": "a/b"})


def test_a_run_is_monitored_and_probed() -> None:
    with run_target(delay_ms=5) as port:
        run = execute(enqueue_run(port, trials_planned=2))

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


def test_exits_during_the_run_are_stored_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    target_instance, other = (
        Instance.objects.create(token=name, home="h", name=name, pm_id=3) for name in ("node", "other")
    )
    before = timezone.now() - timedelta(seconds=1)
    run = enqueue_run(1)
    later = timezone.now() + timedelta(minutes=1)

    def record_exits(spec: RunSpec) -> RunPlan:
        for instance, at in ((target_instance, before), (target_instance, later), (other, later)):
            Exit.objects.create(at=at, instance=instance, signal="SIGKILL", cause="killed", text="killed by SIGKILL")
        connection.close()
        return make_plan(spec)

    monkeypatch.setattr("benchmarks.runs.runner.make_plan", record_exits)
    execute(run)

    (stored,) = run.exits
    assert (stored["pmId"], stored["exitCode"], stored["signal"], stored["cause"]) == (3, None, "SIGKILL", "killed")


@pytest.mark.parametrize("generator", sorted(generators.PACED))
def test_a_fixed_rate_is_held_and_every_request_timed(generator: str) -> None:
    with run_target(delay_ms=5) as port:
        run = execute(enqueue_run(port, generator, rate_per_second=500, connections=5))

    if generator not in INSTALLED:  # it fails with a message; no other generator could hold the rate
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
def test_a_faulty_run_is_stored_as_invalid(endpoint: str, gate: str, reason: str) -> None:
    with run_target(delay_ms=5) as port:
        run = execute(enqueue_run(port, endpoint=endpoint))

    if endpoint == "/crash":  # the target is gone after the load
        assert (run.state, "got no response" in run.message) == ("failed", True)
    else:
        assert (run.state, run.message) == ("done", "")
    assert run.validity == "invalid"
    assert [result["state"] for result in run.gates if result["code"] == gate] == ["fail"]
    assert any(reason in sentence for sentence in run.reasons)


def test_an_empty_store_is_filled_before_it_is_read() -> None:
    with run_target(delay_ms=5) as port:
        run = execute(enqueue_run(port, endpoint="/code-fast"))

    assert (run.state, run.non_2xx) == ("done", 0)


def test_failed_responses_do_not_count() -> None:
    with run_target(delay_ms=5) as port:
        for _ in range(20):  # the preflight sends one request, and half of the responses are 500
            run = execute(enqueue_run(port, endpoint="/half"))
            if run.state == "done":
                break

    assert (run.state, run.validity) == ("done", "invalid")
    assert run.total_requests
    assert run.duration_s
    assert run.req_per_sec == pytest.approx((run.total_requests - run.non_2xx) / run.duration_s)


def test_a_target_that_is_down_fails_the_run() -> None:
    with run_target(delay_ms=5) as port:
        pass
    run = execute(enqueue_run(port))

    assert run.state == "failed"
    assert run.message == f"GET http://127.0.0.1:{port}/simple got no response: Connection refused."


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("exit 1", "wrk ended with exit code 1."),
        ("printf 'bad\\033[2J\\n line' >&2; exit 3", "wrk ended with exit code 3. Output: bad\\x1b[2J line"),
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
    install_fake_wrk(tmp_path, monkeypatch, script.replace("NAP", nap))
    if "NAP" in script:  # the others end by themselves, however busy the machine is
        monkeypatch.setattr(generator_execution, "GRACE_S", 1.0)
    with run_target(delay_ms=5) as port:
        run = execute(enqueue_run(port, "wrk"))

    assert (run.state, run.message, run.req_per_sec) == ("failed", message, None)
    assert commands_with(f"sleep {nap}") == []


def test_a_generator_that_was_uninstalled_fails_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = enqueue_run(1, "wrk")
    monkeypatch.setenv("PATH", str(tmp_path))

    execute(run)

    assert (run.state, run.message) == ("failed", "wrk is not installed. Put it on PATH, or run: make setup.")


def test_sigterm_cancels_the_run() -> None:
    with run_target(delay_ms=5) as port:
        run = enqueue_run(port, planned_duration_s=30)
        timer = threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGTERM))
        timer.start()
        began = time.monotonic()
        try:
            execute(run)
        finally:
            timer.join()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    assert (run.state, run.message) == ("cancelled", "Cancelled. Measurements so far are kept.")
    assert time.monotonic() - began < 30


def test_a_run_that_is_not_next_waits() -> None:
    first = enqueue_run(1)
    second = enqueue_run(1)

    Run.objects.filter(pk=first.pk).update(state="running")
    execute(second)

    assert (second.state, second.pid) == ("queued", None)


@pytest.mark.skipif("h2load" not in INSTALLED, reason="h2load is not installed")
@pytest.mark.usefixtures("with_warm_up")
def test_a_sweep_is_stored_with_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    take_few_steps(monkeypatch, precision=1.5)
    with run_limited_server(2000) as port:
        run = execute(enqueue_run(port, "h2load", profile="sweep", trials_planned=24, connections=100))

    trials = [trial for trial in run.trials.all() if not trial.is_warmup]
    assert (run.state, run.message) == ("done", "")
    assert run.sweep is not None
    assert run.sweep["low"] < run.sweep["high"]
    assert len(run.sweep["steps"]) == len(trials) == run.trials_planned < 24
    assert (run.req_per_sec, run.sweep["text"]) == (run.sweep["sustainedRate"], run.gates[-1]["message"])
    assert "rate" not in [gate["code"] for gate in run.gates]
    assert all(trial.corrected_histogram for trial in trials)
    assert run.connections_used is not None
    assert run.connections_used < 100
