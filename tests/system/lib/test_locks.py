from __future__ import annotations

import subprocess
import sys
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
