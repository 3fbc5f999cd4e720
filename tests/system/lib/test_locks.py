from __future__ import annotations

import resource
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from system.lib import locks

pytestmark = pytest.mark.real

HOLD = """
import sys, time
from pathlib import Path
from system.lib import locks
with locks.exclusive(Path(sys.argv[1]), "setup"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_names_its_holder_and_is_released_when_it_dies(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert locks.holder(path) is None

    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        assert locks.holder(path) == "setup"
        with locks.exclusive(path, "stop") as label:
            assert label == "setup"
        holder.kill()
        holder.wait()

    assert locks.holder(path) is None
    with locks.exclusive(path, "stop") as label:
        assert label is None
        assert locks.holder(path) == "stop"


def test_many_share_a_lock_and_nobody_has_it_alone_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "lock"

    with locks.shared(path, "server 1") as first, locks.shared(path, "server 2") as second:
        assert (first, second) == (None, None)
        with locks.exclusive(path, "restore") as label:
            assert label == "server 2"

    with locks.exclusive(path, "restore") as label, locks.shared(path, "server") as refused:
        assert (label, refused) == (None, "restore")


def test_a_lock_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with locks.exclusive(path, "migrate", wait_s=0.1) as label:
            assert label == "setup"
        threading.Timer(0.2, holder.kill).start()
        with locks.exclusive(path, "migrate", wait_s=60) as label:
            assert label is None


def test_a_lock_on_a_full_disk_is_held_without_its_label(tmp_path: Path) -> None:
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limit[1]))
    try:
        with locks.exclusive(tmp_path / "lock", "setup") as label:
            assert (label, locks.holder(tmp_path / "lock")) == (None, "another program")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)


def test_a_lock_is_not_taken_through_a_symlink(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "another")

    with pytest.raises(OSError, match="symbolic links"), locks.exclusive(tmp_path / "lock"):
        pass

    assert not (tmp_path / "another").exists()
