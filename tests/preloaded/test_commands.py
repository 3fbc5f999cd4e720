"""A forked command is like one that was started: its output, exit code, environment, folder and end."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.preloaded import commands
from tests.preloaded.commands import MANAGE, ForkedCommand, run_manage

pytestmark = pytest.mark.real
SHOW = "import os, sys; print(sorted(os.environ.items()), os.getcwd(), sys.argv, sys.stdin.read()); sys.exit(7)"
DEADLINE_S = 60


def environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "DATA_DIR": str(folder / "var"), "LANG": "C.UTF-8"}


def test_a_forked_command_is_like_a_started_one(tmp_path: Path) -> None:
    env, arguments = environment(tmp_path), ["shell", "--no-imports", "-c", SHOW]
    started = subprocess.run(
        [*MANAGE, *arguments], env=env, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=DEADLINE_S, check=False,
    )  # fmt: skip
    forked = run_manage(arguments, env, timeout_s=DEADLINE_S, folder=tmp_path)

    assert str(tmp_path) in forked.stdout
    assert (forked.returncode, forked.stdout, forked.stderr) == (7, started.stdout, started.stderr)


def test_a_command_that_does_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[ForkedCommand] = []

    class Recorded(ForkedCommand):
        def wait(self, timeout: float | None = None) -> int:
            started.append(self)
            return super().wait(timeout)

    monkeypatch.setattr(commands, "ForkedCommand", Recorded)
    with pytest.raises(subprocess.TimeoutExpired):
        run_manage(["shell", "--no-imports", "-c", "import time; time.sleep(600)"], environment(tmp_path), timeout_s=1)

    assert started[0].returncode == -9
    assert not Path(f"/proc/{started[0].pid}/exe").exists()


def test_a_signal_is_a_negative_exit_code(tmp_path: Path) -> None:
    suicide = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    ended = run_manage(["shell", "--no-imports", "-c", suicide], environment(tmp_path), timeout_s=DEADLINE_S)

    assert ended.returncode == -9


def test_a_forked_server_is_ended_by_a_signal(tmp_path: Path) -> None:
    wait = "import pathlib, signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(5)); pathlib.Path('ready').touch(); signal.pause()"
    with (tmp_path / "output").open("wb") as output:
        command = ForkedCommand(["shell", "--no-imports", "-c", wait], environment(tmp_path), output, output, tmp_path)
    deadline_s = time.monotonic() + DEADLINE_S
    while not (tmp_path / "ready").exists():
        assert time.monotonic() < deadline_s, (tmp_path / "output").read_text()
        time.sleep(0.02)

    assert command.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        command.wait(0.01)
    command.send_signal(signal.SIGTERM)
    assert (command.wait(DEADLINE_S), command.poll(), command.returncode) == (5, 5, 5)
    command.kill()  # of a process that has ended, whose pid may be another's
    assert (tmp_path / "output").read_text() == ""
