"""Log files are read backwards: complete, in blocks, past holes, and never a named pipe."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm2.logs import log_files
from pm2.logs.log_files import BLOCK_BYTES, MAX_LINE_BYTES, read_backwards, read_last_lines

GIB = 2**30


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []), (b"\n", [""]), (b"one", ["one"]), (b"one\ntwo\n", ["two", "one"]), (b"one\n\ntwo", ["two", "", "one"]),
        (b"\xff\xfe\n", ["��"]), (b"a\r\nb\r\n", ["b", "a"]), (b"\0\0\0one\n", ["one"]), (b"one\n\0\0\0", ["one"]),
        (b"one\n\0\0two\n", ["two", "one"]), (b"o\0e\n", ["o\0e"]),
    ],
)  # fmt: skip
def test_a_file_is_read_backwards(tmp_path: Path, content: bytes, expected: list[str]) -> None:
    (tmp_path / "log").write_bytes(content)

    assert list(read_backwards(tmp_path / "log")) == expected


def test_a_file_larger_than_a_block_loses_no_line(tmp_path: Path) -> None:
    lines = [f"{number} " + "x" * (number % 300) for number in range(5000)]
    (tmp_path / "log").write_text("\n".join(lines) + "\n")

    assert list(read_backwards(tmp_path / "log")) == lines[::-1]
    assert read_last_lines(tmp_path / "log", 2) == lines[-2:]
    assert read_last_lines(tmp_path / "none", 2) == []


@given(st.lists(st.binary(min_size=1, max_size=9).map(lambda block: block.replace(b"\0", b"\n")), max_size=9))
def test_lines_do_not_depend_on_where_blocks_end(blocks: list[bytes]) -> None:
    content = b"".join(blocks)
    expected = content.removesuffix(b"\n").split(b"\n")[::-1] if content else []

    assert list(log_files._split_backwards(iter(blocks[::-1]))) == expected


@pytest.mark.parametrize("size", [BLOCK_BYTES, 7 * BLOCK_BYTES + 3, 3 * GIB])
def test_lines_on_both_sides_of_a_hole_are_read(tmp_path: Path, size: int) -> None:
    file = tmp_path / "log"
    file.write_bytes(b"old 1\nold 2\n")
    os.truncate(file, size)  # as copytruncate leaves a file whose writer keeps its position
    with file.open("ab") as log:
        log.write(b"new 1\nnew 2\n")

    assert list(read_backwards(file, time.monotonic() + 60)) == ["new 2", "new 1", "old 2", "old 1"]
    assert read_last_lines(file, 2) == ["new 1", "new 2"]


@pytest.mark.parametrize("zeros", [1, BLOCK_BYTES - 1, 3 * BLOCK_BYTES])
def test_zeros_that_are_not_a_hole_separate_lines_too(tmp_path: Path, zeros: int) -> None:
    (tmp_path / "log").write_bytes(b"old\n" + b"\0" * zeros + b"new 1\nnew 2\n")

    assert list(read_backwards(tmp_path / "log")) == ["new 2", "new 1", "old"]


def test_the_beginning_of_a_line_that_is_too_long_is_kept(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"before\nbegin " + b"x" * (5 * MAX_LINE_BYTES) + b" end\nafter\n")
    after, long, before = read_backwards(tmp_path / "log")

    assert (after, before) == ("after", "before")
    assert long == "begin " + "x" * (MAX_LINE_BYTES - len("begin "))


def test_the_clock_is_looked_at_between_blocks(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"x" * (3 * BLOCK_BYTES) + b"\nlast\n")
    lines = read_backwards(tmp_path / "log", time.monotonic() + 0.2)

    assert next(lines) == "last"
    time.sleep(0.3)
    with pytest.raises(TimeoutError):
        next(lines)


def test_what_is_not_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert list(read_backwards(tmp_path / "pipe")) == []
    assert (read_last_lines(tmp_path / "pipe", 1), log_files.identify(tmp_path / "pipe")) == ([], None)
    with pytest.raises(FileNotFoundError):
        next(read_backwards(tmp_path / "none"))
