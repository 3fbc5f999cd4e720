from __future__ import annotations

from pathlib import Path

from tests.slowest_first import SLOWEST, rank


def test_the_named_files_exist_and_come_first_and_those_that_start_processes_next() -> None:
    folder = Path(__file__).parent
    known = [f"tests/{name}" for name in SLOWEST]

    assert [name for name in SLOWEST if not (folder / name).is_file()] == []
    files = {"tests/b.py": False, "tests/c.py": True, "tests/a.py": False} | dict.fromkeys(reversed(known), True)
    assert sorted(files, key=lambda file: rank(file, is_real=files[file])) == [
        *known, "tests/c.py", "tests/a.py", "tests/b.py",
    ]  # fmt: skip
