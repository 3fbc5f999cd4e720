"""A forked command is like one that was started: its output, exit code, environment, folder and end."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.preloaded.commands import MANAGE, run_manage

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


def test_a_command_that_does_not_end_is_killed(tmp_path: Path) -> None:
    hang = "import os, pathlib, time; pathlib.Path('pid').write_text(str(os.getpid())); time.sleep(600)"
    with pytest.raises(subprocess.TimeoutExpired):
        run_manage(["shell", "--no-imports", "-c", hang], environment(tmp_path), timeout_s=10, folder=tmp_path)

    pid = int((tmp_path / "pid").read_text())
    assert not Path(f"/proc/{pid}/exe").exists()


def test_a_signal_is_a_negative_exit_code(tmp_path: Path) -> None:
    suicide = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    ended = run_manage(["shell", "--no-imports", "-c", suicide], environment(tmp_path), timeout_s=DEADLINE_S)

    assert ended.returncode == -9
