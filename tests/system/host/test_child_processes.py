from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from system.errors import ChildFailed, ChildTimeout
from system.host import child_processes
from system.host.child_processes import Child, CompletedProcess, Identity

pytestmark = pytest.mark.real

ROOT = Path(__file__).resolve().parents[3]
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
LEAVES_A_GRANDCHILD = """
import subprocess, sys
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session={own_session}).pid)
"""


def python(source: str) -> list[str]:
    return [sys.executable, "-c", source]


async def test_a_command_runs_to_completion() -> None:
    finished = await child_processes.run(
        python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"), timeout_s=30
    )

    assert finished == CompletedProcess(3, None, "out\n", "err\n", truncated=False)


async def test_more_output_than_a_pipe_holds_does_not_block_the_child_and_is_bounded() -> None:
    finished = await child_processes.run(
        python("print('x' * 5_000_000 + 'END')"), timeout_s=30, output_limit_bytes=1000
    )

    assert (finished.exit_code, finished.truncated, len(finished.stdout)) == (0, True, 1000)
    assert finished.stdout.endswith("xEND\n")


async def test_a_child_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    source = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "p = subprocess.Popen([sys.executable, '-c', 'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)']);"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(p.pid)); time.sleep(600)"
    )

    with pytest.raises(ChildTimeout, match="did not finish within 3 s"):
        await child_processes.run(python(source), timeout_s=3)

    await wait_until_gone(int((tmp_path / "pid").read_text()))


async def test_a_cancelled_run_leaves_nothing_behind(tmp_path: Path) -> None:
    source = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    task = asyncio.create_task(child_processes.run(python(source), timeout_s=60))
    pid = int(await read_when_written(tmp_path / "pid"))
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task

    await wait_until_gone(pid)


@pytest.mark.parametrize(("number", "name"), [(signal.SIGKILL, "SIGKILL"), (signal.SIGRTMIN + 1, "SIG35")])
async def test_a_signal_is_named(number: int, name: str) -> None:
    child = await Child.start(SLEEP)
    os.kill(child.pid, number)

    finished = await child.wait()

    assert (finished.exit_code, finished.signal) == (-number, name)


async def test_a_grandchild_that_holds_the_pipe_is_killed_with_the_group(tmp_path: Path) -> None:
    finished = await child_processes.run(python(LEAVES_A_GRANDCHILD.format(own_session=False)), timeout_s=30)

    assert finished.exit_code == 0
    await wait_until_gone(int(finished.stdout))


async def test_a_grandchild_in_its_own_session_survives_and_does_not_block_wait() -> None:
    pipes_before = open_pipes()

    finished = await child_processes.run(python(LEAVES_A_GRANDCHILD.format(own_session=True)), timeout_s=30)

    grandchild = child_processes.identify(int(finished.stdout))
    assert finished.exit_code == 0
    assert grandchild
    await wait_until(lambda: open_pipes() == pipes_before, "our ends of the pipes are still open")
    assert child_processes.kill_group(grandchild, signal.SIGKILL)
    await wait_until_dead(grandchild)


async def test_stop_sends_sigterm_first() -> None:
    source = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); print(1, flush=True); time.sleep(600)"
    child = await Child.start(python(source))
    await wait_for_output(child, "1")

    finished = await child.stop(30)

    assert (finished.exit_code, finished.signal) == (7, None)


async def test_a_cancelled_stop_still_kills() -> None:
    source = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"
    child = await Child.start(python(source))
    await wait_for_output(child, "1")
    stopping = asyncio.create_task(child.stop(60))
    await asyncio.sleep(0)
    stopping.cancel()

    finished = await child.wait()

    assert finished.signal == "SIGKILL"


async def test_an_unrelated_process_with_the_pid_of_a_child_is_not_signalled() -> None:
    child = await Child.start(SLEEP)
    actual = child.identity
    child.identity = Identity(actual.pid, actual.started_at - 1, actual.boot_id)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(child.stop(0.1), 0.5)

    assert child_processes.is_alive(actual)
    child.identity = actual
    assert (await child.stop(10)).signal == "SIGTERM"


def test_children_run_in_a_thread_with_its_own_event_loop() -> None:
    with ThreadPoolExecutor(1) as threads:
        finished = threads.submit(asyncio.run, child_processes.run(python("print(1)"), timeout_s=30)).result()

    assert finished == CompletedProcess(0, None, "1\n", "", truncated=False)


async def test_children_run_under_twisteds_reactor() -> None:
    source = """
import asyncio, sys
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
from twisted.internet import asyncioreactor
asyncioreactor.install(loop)
from twisted.internet import reactor
from system.errors import ChildTimeout
from system.host import child_processes

async def main():
    print((await child_processes.run([sys.executable, "-c", "print(6 * 7)"], timeout_s=30)).stdout)
    try:
        await child_processes.run([sys.executable, "-c", "import time; time.sleep(600)"], timeout_s=0.5)
    except ChildTimeout as error:
        print(error.timeout_s)
    reactor.stop()

task = loop.create_task(main())
reactor.run()
"""

    finished = await child_processes.run(python(source), cwd=ROOT, timeout_s=60)

    assert (finished.exit_code, finished.stdout.split(), finished.stderr) == (0, ["42", "0.5"], "")


@pytest.mark.parametrize("argv", [["/no/such/program"], ["/etc/passwd"], ["bad\0name"]])
async def test_a_program_that_cannot_be_started_is_an_error(argv: list[str]) -> None:
    with pytest.raises(ChildFailed, match="could not be started"):
        await child_processes.run(argv, timeout_s=5)


async def test_a_detached_process_has_its_own_session_and_leaves_no_zombie(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "log.txt"
    identity = child_processes.spawn_detached(
        python("import os; print(os.getsid(0) == os.getpid(), os.environ.get('X'))"),
        env={"X": "1"}, cwd=tmp_path, log_file=log,
    )  # fmt: skip

    await wait_until_gone(identity.pid)

    assert log.read_text() == "True 1\n"
    assert not child_processes.is_alive(identity)


def test_a_detached_process_whose_log_is_a_symlink_does_not_start(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ChildFailed) as caught:
        child_processes.spawn_detached(SLEEP, env={}, cwd=tmp_path, log_file=log)

    assert str(caught.value) == (
        f"{SLEEP[0]} could not be started: its log {log} cannot be opened: Too many levels of symbolic links."
    )


async def test_a_detached_process_outlives_its_parent(tmp_path: Path) -> None:
    source = f"""
import os, pathlib
from system.host import child_processes
folder = pathlib.Path({str(tmp_path)!r})
print(child_processes.spawn_detached({SLEEP!r}, env={{}}, cwd=folder, log_file=folder / "log").pid)
"""

    finished = await child_processes.run([sys.executable, "-X", "dev", "-c", source], cwd=ROOT, timeout_s=60)

    detached = child_processes.identify(int(finished.stdout))
    assert (finished.exit_code, finished.stderr) == (0, "")
    assert detached
    assert child_processes.kill_group(detached, signal.SIGTERM)
    await wait_until_dead(detached)


def test_a_zombie_is_not_alive() -> None:
    process = subprocess.Popen(python("input()"), stdin=subprocess.PIPE)
    identity = child_processes.identify(process.pid)
    assert identity
    assert process.stdin
    process.stdin.close()
    process.kill()

    asyncio.run(wait_until_dead(identity))

    assert psutil.pid_exists(process.pid)
    assert child_processes.kill_group(identity, signal.SIGKILL) is False
    process.wait()


def test_the_output_of_a_command_is_returned_whatever_its_exit_code() -> None:
    source = "import sys; print(1, flush=True); print(2, file=sys.stderr); sys.exit(1)"

    assert child_processes.read_output(python(source), 30) == "1\n2\n"


@pytest.mark.parametrize(
    "argv", [["/no/such/program"], ["/etc/passwd"], ["/bin/sh", "-c", "echo lib.so.1.1: not found; exit 127"]]
)
def test_a_program_that_cannot_run_has_no_output(argv: list[str]) -> None:
    assert child_processes.read_output(argv, 30) is None


async def test_a_command_that_hangs_has_no_output_and_is_killed_with_its_children(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"

    assert (
        child_processes.read_output(["/bin/sh", "-c", f"echo 1.2; sleep 600 & echo $! > {pid_file}; wait"], 1) is None
    )

    await wait_until_gone(int(pid_file.read_text()))


def test_excess_output_is_not_read() -> None:
    source = "while True: print('x' * 1000)"

    assert len(child_processes.read_output(python(source), 30) or "") < 2 * child_processes.TAIL_BYTES


async def test_an_identity_is_more_than_a_pid() -> None:
    own = child_processes.identify(os.getpid())
    assert own
    assert child_processes.is_alive(own)
    for other in (Identity(own.pid, own.started_at + 1, own.boot_id), Identity(own.pid, own.started_at, "other boot")):
        assert not child_processes.is_alive(other)
        assert child_processes.kill_group(other, signal.SIGKILL) is False  # this process was not killed


def test_ancestry_includes_this_process_and_its_parent() -> None:
    assert {os.getpid(), os.getppid()} <= child_processes.ancestry()


def open_pipes() -> set[str]:
    targets = (str(file.readlink()) for file in Path("/proc/self/fd").iterdir() if file.is_symlink())
    return {target for target in targets if target.startswith(("pipe:", "socket:"))}


async def wait_until(is_true: Callable[[], object], failure: str) -> None:
    deadline_s = time.monotonic() + 30
    while not is_true():
        assert time.monotonic() < deadline_s, failure
        await asyncio.sleep(0.02)


async def wait_until_gone(pid: int) -> None:
    await wait_until(lambda: not psutil.pid_exists(pid), f"{pid} still exists")


async def wait_until_dead(identity: Identity) -> None:
    # An orphan is reaped by process 1, which may take some time.
    await wait_until(lambda: not child_processes.is_alive(identity), f"{identity} is still alive")


async def wait_for_output(child: Child, text: str) -> None:
    await wait_until(lambda: text in child.stdout_tail, f"{child.program} never printed {text!r}")


async def read_when_written(file: Path) -> str:
    await wait_until(lambda: file.exists() and file.read_text(encoding="utf-8"), f"{file} was not written")
    return file.read_text(encoding="utf-8")


KEPT = {
    "PATH": "/bin", "HOME": "/h", "KEYBOARD": "us", "MONKEY": "1", "PM2_HOME": "/p", "DATA_DIR": "/d", "PWD": "/w",
    "OLDPWD": "/o", "SSH_AUTH_SOCK": "/s", "AUTHOR": "me", "TOKENIZERS_PARALLELISM": "1", "PATTERN": "x",
    "API_SERVER": "http://h:3100/a:b", "http_proxy": "http://proxy:3128", "GIT_REMOTE": "ssh://git@host:22/x",
}  # fmt: skip
SECRET = {
    "API_KEY": "1", "API_KEY_READONLY": "2", "GITHUB_TOKEN": "3", "DB_PASSWORD": "4", "AWS_SECRET_ACCESS_KEY": "5",
    "DATABASE_URL": "postgresql://u:p@h/d", "api_key": "6", "PGPASSWORD": "7", "MYSQL_PWD": "8", "REDISCLI_AUTH": "9",
    "APIKEY": "10", "NPM_CONFIG__AUTHTOKEN": "11", "GITHUB_PAT": "12", "SMTP_PASS": "13",
    "BACKUP_URL": "postgres://user:pw@host/name", "CACHE": "redis://:pw@host:6379/0", "https_proxy": "http://u:p@h:1",
    "SEVERAL": "a http://h/ amqp://u:p%40@h b", "DSN": "host=h password=pw", "ODBC": "Server=h;Pwd=pw;",
}  # fmt: skip


def test_variables_with_a_secret_in_their_name_are_left_out() -> None:
    assert child_processes.without_secrets(KEPT | SECRET) == KEPT
    assert child_processes.without_secrets(KEPT | SECRET, keep=("DATABASE_URL",)) == KEPT | {
        "DATABASE_URL": SECRET["DATABASE_URL"]
    }


async def test_a_child_inherits_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "the-key")
    monkeypatch.setenv("DATA_DIR", "/d")
    child = await Child.start(
        [sys.executable, "-c", "import os; print(os.environ.get('API_KEY'), os.environ['DATA_DIR'])"]
    )

    assert (await child.wait()).stdout == "None /d\n"


def test_a_short_command_inherits_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "the-key")

    assert child_processes.read_output(["/bin/sh", "-c", "echo ${API_KEY-none}"], 60) == "none\n"
