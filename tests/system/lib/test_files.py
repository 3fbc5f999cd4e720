from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from system.lib.files import write_atomically


def test_a_file_is_replaced_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "cluster.json"
    file.write_text("old")

    write_atomically(file, ["ne", "w"])

    assert file.read_text() == "new"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_after_a_failure_the_old_file_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "cluster.json"
    file.write_text("old")

    def pieces() -> Iterator[str]:
        yield "half"
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_atomically(file, pieces())

    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]
