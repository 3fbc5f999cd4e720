from __future__ import annotations

from pathlib import Path

import pytest

from perf.monitoring import kills


@pytest.mark.real
def test_after_a_kill_at_any_moment_the_file_opens_with_every_step_once(tmp_path: Path) -> None:
    problems, steps, _ = kills.run(tmp_path / "metrics.sqlite3", 6, seed=1)

    assert problems == []
    assert steps >= 6
