"""A credential of a run reaches its target, and neither rows, messages, command lines nor other processes."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from django.core.management import call_command
from pytest_django import Settings

from benchmarks.errors import QueueFull
from benchmarks.models import Run, RunState, Trial
from benchmarks.runs import private_headers, queue, watch
from system.host.child_processes import identify
from tests.benchmarks.raw_target import raw_target
from tests.benchmarks.runs.detached import Detached, detached, wait_until
from tests.fixtures.process_list import commands_with
from tests.fixtures.target_server import run_target

__all__ = ["detached"]
SECRET = "s3cret-of-the-target"
HEADERS = {"Authorization": f"Bearer {SECRET}", "X-Access-Key": f"key-{SECRET}", "Accept": "a/b"}
MASKED = {"Authorization": "***", "X-Access-Key": "***", "Accept": "a/b"}


@pytest.fixture
def data(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def active_run(db: None) -> Run:
    """Other runs stay queued."""
    identity = identify(os.getpid())
    assert identity
    return Run.objects.create(
        framework="node", endpoint="/simple", generator="wrk", state="running", heartbeat_s=time.monotonic(),
        pid=identity.pid, pid_started_at=identity.started_at, boot_id=identity.boot_id,
    )  # fmt: skip


def new_run(port: int = 1) -> Run:
    return Run(
        framework="node", host=f"127.0.0.1:{port}", address="127.0.0.1", endpoint="/simple", generator="wrk",
        headers=dict(HEADERS), planned_duration_s=1, connections=4, workers=1,
    )  # fmt: skip


def stored_files(data: Path) -> list[Path]:
    return sorted((data / private_headers.FOLDER).glob("*"))


@pytest.mark.django_db(transaction=True)
def test_a_queued_run_has_its_credentials_in_a_private_file(data: Path, active_run: Run) -> None:
    for _ in range(10):
        queue.enqueue(new_run())
    with pytest.raises(QueueFull):
        queue.enqueue(new_run())

    assert [run.headers for run in Run.objects.filter(state="queued")] == [MASKED] * 10
    assert SECRET not in str(list(Run.objects.values()))
    modes = {oct(file.stat().st_mode) for file in (data / private_headers.FOLDER, *stored_files(data))}
    assert (len(stored_files(data)), modes) == (10, {"0o40700", "0o100600"})
    for run in Run.objects.filter(state="queued"):
        queue.cancel(run)
    assert stored_files(data) == []


@pytest.mark.django_db(transaction=True)
def test_what_a_crash_left_is_swept(data: Path, active_run: Run) -> None:
    waiting, gone, young = new_run(), new_run(), new_run()
    queue.enqueue(waiting)
    for run in (gone, young, active_run):  # the last one is claimed, and has not read its own yet
        private_headers.store(run.pk, HEADERS)
    for run in (waiting, gone, active_run):
        os.utime(data / private_headers.FOLDER / f"{run.pk}.json", (0, 0))

    watch.QueueWatch().look()

    assert {file.stem for file in stored_files(data)} == {str(waiting.pk), str(young.pk), str(active_run.pk)}


@pytest.mark.django_db(transaction=True)
def test_a_run_without_its_credentials_fails(data: Path, active_run: Run) -> None:
    run = new_run()
    queue.enqueue(run)
    (file,) = stored_files(data)
    file.unlink()
    active_run.delete()
    call_command("run_benchmark", str(run.pk))

    run.refresh_from_db()
    assert (run.state, run.message) == (
        "failed",
        f"The credentials of this run cannot be read: {file} is missing. Queue it again, with its headers.",
    )


def repeat(head: bytes) -> bytes:
    """Responds with everything that it received, as the start of its body, a JSON key, and in a header."""
    secret = head.lower().partition(b"authorization: ")[2].partition(b"\r\n")[0].decode()
    body = f'{{"{secret}": "{SECRET * ("bearer" in secret)}", "pad": "{"x" * 400}"}}'.encode()
    return b"HTTP/1.1 200 OK\r\nServer: %s\r\nDate: x\r\nContent-Type: %s/json\r\nContent-Length: %d\r\n\r\n%s" % (
        secret.encode(), secret.encode(), len(body), body,
    )  # fmt: skip


@pytest.mark.real
@pytest.mark.django_db(transaction=True)
def test_a_target_that_repeats_its_request_stores_no_credential(data: Path, active_run: Run) -> None:
    with raw_target(repeat) as port:
        run = new_run(port)
        queue.enqueue(run)
        active_run.delete()
        call_command("run_benchmark", str(run.pk))
    run.refresh_from_db()

    assert (run.state, run.message) == (RunState.DONE, "")
    assert run.preflight["before"]["body_start"].startswith('{"bearer ***": "***", "pad": "xxx')
    assert run.preflight["before"]["keys"] == ["bearer ***", "pad"]
    assert (run.preflight["before"]["server"], run.preflight["before"]["content_type"]) == (
        "bearer ***",
        "bearer ***/json",
    )
    assert run.trials.get(is_warmup=False).facts["probe"]["mismatched"] == 0
    assert SECRET not in str([*Run.objects.values(), *Trial.objects.values()])
    assert stored_files(data) == []


@pytest.mark.real
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (
            b"HTTP/1.1 401 No\r\nContent-Length: 30\r\n\r\nno: %s\x1b[2J..",
            "responds with 401, not 2xx: 'no: ***\\x1b[2J..'. It refuses the credential that was sent: check headers.",
        ),
        (b"SSH %s\x1b[2J\r\n\r\n", "got no response: SSH ***\\x1b[2J."),
    ],
)  # fmt: skip
def test_a_refusal_that_repeats_the_credential_is_shown_without_it(
    response: bytes, reason: str, data: Path, active_run: Run
) -> None:
    with raw_target(lambda _: response % SECRET.encode(), closes=True) as port:
        run = new_run(port)
        queue.enqueue(run)
        active_run.delete()
        call_command("run_benchmark", str(run.pk))
    run.refresh_from_db()

    assert (run.state, run.message) == ("failed", f"GET http://127.0.0.1:{port}/simple {reason}")


@pytest.mark.real
def test_the_processes_of_a_run_inherit_no_password(detached: Detached) -> None:
    """But the one of the run gets what reaches the database."""
    url = f"sqlite:///{detached.folder}/pm2site.sqlite3"
    detached.env |= {
        "DATABASE_URL": url, "PGPASSWORD": "secret-1", "MYSQL_PWD": "secret-2", "REDISCLI_AUTH": "secret-3",
        "BACKUP_URL": "postgres://user:secret-4@host/name", "API_KEY": "secret-5",
    }  # fmt: skip
    with run_target() as port:
        detached.enqueue(port, 60)
        (pid,) = detached.wait_for("running")
        wait_until(lambda: commands_with("benchmarks.engine.probe") and commands_with(f"127.0.0.1:{port}/simple"))
        runner = psutil.Process(pid)
        environments = [runner.environ()]
        for process in runner.children(recursive=True):
            with suppress(psutil.Error):
                environments.append(process.environ())
        detached.python("from benchmarks.runs.queue import Run, cancel; cancel(Run.objects.get())")

    assert len(environments) >= 3
    assert [environment.get("DATABASE_URL") for environment in environments] == [url, *[None] * (len(environments) - 1)]
    assert environments[0].pop("PGPASSWORD") == "secret-1"  # the URL has no password: libpq's would be this one
    assert [name for environment in environments for name, value in environment.items() if "secret-" in value] == []
