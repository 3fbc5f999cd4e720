from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pm2.daemon.shared_folder import open_shared, path_of, read_shared, replace_text


def make(path: Path) -> None:
    os.close(open_shared(path, os.O_RDWR | os.O_CREAT))


def tree(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path.relative_to(folder)), path.stat().st_mode & 0o777) for path in folder.rglob("*"))


def test_files_are_made_for_the_owner_only_in_a_home_that_may_be_missing(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        for name in ("lock", "lock", "another"):
            make(path_of(tmp_path / "home", name))
    finally:
        os.umask(before)

    assert tree(tmp_path) == [
        ("home", 0o700), ("home/pm2site", 0o700), ("home/pm2site/another", 0o600), ("home/pm2site/lock", 0o600),
    ]  # fmt: skip


def test_a_home_may_be_a_symlink(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    replace_text(path_of(tmp_path / "link", "text"), "é\n")

    assert read_shared(path_of(tmp_path / "real", "text")) == "é\n"
    assert tree(tmp_path / "real") == [("pm2site", 0o700), ("pm2site/text", 0o600)]


def test_a_text_is_replaced_without_a_rest(tmp_path: Path) -> None:
    replace_text(path_of(tmp_path, "text"), "long text")
    replace_text(path_of(tmp_path, "text"), "x")

    assert (read_shared(path_of(tmp_path, "text")), tree(tmp_path)[1:]) == ("x", [("pm2site/text", 0o600)])


def test_reading_creates_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_shared(path_of(tmp_path, "text"))

    assert list(tmp_path.iterdir()) == []


def to_a_symlink(home: Path) -> None:
    path_of(home, "lock").symlink_to(home / "secret")


def to_a_hard_link(home: Path) -> None:
    path_of(home, "lock").hardlink_to(home / "secret")


def to_a_pipe(home: Path) -> None:
    os.mkfifo(path_of(home, "lock"))


def to_a_folder_elsewhere(home: Path) -> None:
    (home / "pm2site").rmdir()
    (home / "elsewhere").mkdir()
    (home / "pm2site").symlink_to(home / "elsewhere")


@pytest.mark.parametrize("lead", [to_a_symlink, to_a_hard_link, to_a_pipe, to_a_folder_elsewhere])
@pytest.mark.parametrize("use", [make, read_shared])
def test_nothing_is_followed(tmp_path: Path, lead: Callable[[Path], None], use: Callable[[Path], object]) -> None:
    (tmp_path / "pm2site").mkdir()
    (tmp_path / "secret").write_text("secret")
    lead(tmp_path)

    with pytest.raises(OSError, match=r"symbolic link|Not a directory|Not a regular file|No such device"):
        use(path_of(tmp_path, "lock"))

    assert (tmp_path / "secret").read_text() == "secret"
    assert not (tmp_path / "elsewhere" / "lock").exists()


def test_another_user_creates_nothing_in_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)

    with pytest.raises(PermissionError, match="PM2_HOME belongs to another user"):
        make(path_of(tmp_path, "lock"))

    assert list(tmp_path.iterdir()) == []
