from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from system.lib import files


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@contextmanager
def process_umask(value: int) -> Iterator[None]:
    before = os.umask(value)
    try:
        yield
    finally:
        os.umask(before)


def append(path: Path) -> None:
    with open(path, "a", encoding="utf-8", opener=files.open_private) as file:
        file.write("line\n")


WRITERS: dict[str, Callable[[Path], object]] = {
    "open_private": append,
    "create_once": lambda path: files.create_once(path, "line\n"),
    "write_atomically": lambda path: files.write_atomically(path, ["li", "ne\n"]),
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277])
def test_a_new_file_has_our_mode_whatever_the_umask(tmp_path: Path, umask: int, writer: str) -> None:
    with process_umask(umask):
        WRITERS[writer](tmp_path / "file")

    assert (mode_of(tmp_path / "file"), (tmp_path / "file").read_text()) == (0o600, "line\n")
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o277])
def test_a_folder_of_ours_has_our_mode_whatever_the_umask_and_what_it_was(tmp_path: Path, umask: int) -> None:
    (tmp_path / "old").mkdir(mode=0o755)

    with process_umask(umask):
        files.make_folder(tmp_path / "new" / "inner")
        files.make_folder(tmp_path / "old")

    assert [mode_of(tmp_path / name) for name in ("new", "new/inner", "old")] == [0o700] * 3


def test_a_file_that_others_could_read_gets_our_mode(tmp_path: Path) -> None:
    for name in ("log", "secret", "data"):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(0o644)

    append(tmp_path / "log")
    assert files.read_private(tmp_path / "secret") == "x"
    files.make_private(tmp_path / "data")
    files.make_private(tmp_path / "none")

    assert [mode_of(tmp_path / name) for name in ("log", "secret", "data")] == [0o600] * 3
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "access",
    [append, files.make_private, files.read_private, lambda path: files.create_once(path, "mine")],
    ids=["append", "make_private", "read_private", "create_once"],
)
@pytest.mark.parametrize("target", ["another", "nothing"])
def test_a_symlink_is_not_followed(tmp_path: Path, access: Callable[[Path], object], target: str) -> None:
    (tmp_path / "another").write_text("theirs")
    (tmp_path / "another").chmod(0o644)
    (tmp_path / "link").symlink_to(tmp_path / target)

    with pytest.raises(OSError, match="symbolic links") as caught:
        access(tmp_path / "link")

    assert caught.value.errno == errno.ELOOP
    assert ((tmp_path / "another").read_text(), mode_of(tmp_path / "another")) == ("theirs", 0o644)
    assert not (tmp_path / "nothing").exists()


def test_a_symlink_is_replaced_not_followed_by_an_atomic_write(tmp_path: Path) -> None:
    (tmp_path / "another").write_text("theirs")
    (tmp_path / "link").symlink_to(tmp_path / "another")

    files.write_atomically(tmp_path / "link", ["ours"])

    assert ((tmp_path / "another").read_text(), (tmp_path / "link").read_text()) == ("theirs", "ours")
    assert not (tmp_path / "link").is_symlink()


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["fifo", "folder"])
def test_only_a_regular_file_is_opened_and_nothing_is_waited_for(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "special")

    with pytest.raises(OSError, match=r"Not a regular file|Is a directory|No such device") as caught:
        append(tmp_path / "special")

    assert caught.value.errno in (errno.EINVAL, errno.EISDIR, errno.ENXIO)


def test_a_file_that_is_created_once_keeps_its_first_content(tmp_path: Path) -> None:
    assert [files.create_once(tmp_path / "secret", text) for text in ("first", "second")] == ["first", "first"]


def test_a_file_is_replaced_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "cluster.json"
    file.write_text("old")

    files.write_atomically(file, ["ne", "w"])

    assert file.read_text() == "new"
    assert mode_of(file) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_after_a_failure_the_old_file_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "cluster.json"
    file.write_text("old")

    def pieces() -> Iterator[str]:
        yield "half"
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space left"):
        files.write_atomically(file, pieces())

    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_large_log_is_renamed_and_the_oldest_is_deleted(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    assert files.rotate(log, 3, 2) is False

    rotated = []
    for text in ("1", "22", "333", "4444", "55555"):
        rotated.append(files.rotate(log, 3, 2))
        log.write_text(text)

    assert rotated == [False, False, False, True, True]
    files.rotate(log, 3, 2)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"a.log.1": "55555", "a.log.2": "4444"}


@pytest.mark.parametrize(
    ("number", "sentences"),
    [
        (errno.ENOSPC, "{0} cannot be written: no space left on device. Make room; this shows the disk: df -h {0}"),
        (
            errno.EROFS,
            "{0} cannot be written: its file system is read-only. Change that: mount -o remount,rw {1}",
        ),
        (errno.ELOOP, "{0} is a symlink, and not followed. Put the file there: mv $(readlink -f {0}) {0}"),
        (errno.EIO, "{0} cannot be written: input/output error. This shows what is there: ls -ld {0}"),
    ],
)
def test_a_refusal_is_described_with_the_command_that_helps(tmp_path: Path, number: int, sentences: str) -> None:
    mount = next(folder for folder in tmp_path.parents if folder.is_mount())

    described = files.describe_refusal(tmp_path, OSError(number, os.strerror(number)))

    assert described == sentences.format(tmp_path, mount)


def test_the_description_of_a_missing_right_names_the_owner_and_the_mode(tmp_path: Path) -> None:
    folder = tmp_path / "data dir"
    folder.mkdir()
    folder.chmod(0o555)
    user = Path("~").expanduser().owner() if os.geteuid() else "root"

    described = files.describe_refusal(folder / "logs", PermissionError(errno.EACCES, "Permission denied"))

    assert described == (
        f"{folder}/logs cannot be written: {folder} belongs to {user} with mode 0555, and this is {user}. "
        f"Allow it: chmod u+rwx '{folder}'"
    )


def test_a_folder_is_checked_by_writing_and_nothing_remains(tmp_path: Path) -> None:
    files.check_writable(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []

    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        files.check_writable(tmp_path / "file" / "data")


def test_an_error_of_the_system_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space left") as caught:
        files.write_atomically(tmp_path / "cluster.json", ["new"])
    assert (caught.value.filename, list(tmp_path.iterdir())) == (str(tmp_path / "cluster.json"), [])

    with pytest.raises(FileNotFoundError) as missing:
        files.write_atomically(tmp_path / "none" / "cluster.json", ["new"])
    assert missing.value.filename == str(tmp_path / "none" / "cluster.json")
