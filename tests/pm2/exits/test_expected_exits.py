from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from pytest_django import Settings

from pm2.exits import expected_exits

NOW_S = 1_700_000_000.0
NOW_MS = 1000 * NOW_S
STARTED_MS = NOW_MS - 300_000
HOME = "/home/ada/.pm2"


@pytest.fixture(autouse=True)
def clock(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Nothing is announced, and the time stands still at `now`, in seconds."""
    settings.DATA_DIR, settings.PM2_HOME = tmp_path, Path(HOME)
    clock = SimpleNamespace(now=NOW_S)
    monkeypatch.setattr(expected_exits, "_announced", {})
    monkeypatch.setattr(expected_exits, "time", SimpleNamespace(time=lambda: clock.now))
    return clock


def forget() -> None:
    """Leaves only the marker files, as for another process."""
    expected_exits._announced.clear()


def write_marker(tmp_path: Path, **fields: object) -> None:
    marker = {"home": HOME, "at": NOW_MS, "verb": "stopped", "by": "bob"} | fields
    (tmp_path / "expected-exits").mkdir(exist_ok=True)
    (tmp_path / "expected-exits" / "7.json").write_text(json.dumps(marker))


def test_an_exit_that_nobody_announced_has_no_actor() -> None:
    expected_exits.expect_exits([8], "restarted", "ada")

    assert expected_exits.lookup(7, STARTED_MS) is None


def test_an_announcement_of_this_process_needs_no_file(tmp_path: Path) -> None:
    expected_exits.expect_exits(iter([7, 8]), "restarted", "ada")
    for marker in (tmp_path / "expected-exits").iterdir():
        marker.unlink()

    assert [expected_exits.lookup(pm_id, STARTED_MS) for pm_id in (7, 8)] == [("restarted", "ada")] * 2


def test_an_announcement_of_another_process_is_read_from_its_file() -> None:
    expected_exits.expect_exits(iter([7, 8]), "restarted", "ada")
    forget()

    assert [expected_exits.lookup(pm_id, STARTED_MS) for pm_id in (7, 8)] == [("restarted", "ada")] * 2


def test_only_the_owner_can_read_the_markers(tmp_path: Path) -> None:
    expected_exits.expect_exits([7], "restarted", "ada")

    folder = tmp_path / "expected-exits"
    assert [(file.name, file.stat().st_mode & 0o777) for file in (folder, *folder.iterdir())] == [
        ("expected-exits", 0o700), ("7.json", 0o600),
    ]  # fmt: skip


def test_an_announcement_under_another_pm2_home_is_ignored(settings: Settings) -> None:
    expected_exits.expect_exits([7], "restarted", "ada")
    forget()
    settings.PM2_HOME = Path("/home/bob/.pm2")

    assert expected_exits.lookup(7, STARTED_MS) is None


@pytest.mark.parametrize("is_another_process", [False, True])
@pytest.mark.parametrize(
    ("started_ms", "announced"),
    [(NOW_MS - 1, ("restarted", "ada")), (NOW_MS, ("restarted", "ada")), (NOW_MS + 1, None)],
)
def test_an_announcement_before_the_run_began_is_ignored(
    is_another_process: bool, started_ms: float, announced: tuple[str, str] | None
) -> None:
    expected_exits.expect_exits([7], "restarted", "ada")
    if is_another_process:
        forget()

    assert expected_exits.lookup(7, started_ms) == announced


@pytest.mark.parametrize("is_another_process", [False, True])
@pytest.mark.parametrize(("age_s", "announced"), [(60.0, ("restarted", "ada")), (60.5, None)])
def test_an_announcement_is_ignored_after_a_minute(
    clock: SimpleNamespace, is_another_process: bool, age_s: float, announced: tuple[str, str] | None
) -> None:
    expected_exits.expect_exits([7], "restarted", "ada")
    if is_another_process:
        forget()
    clock.now = NOW_S + age_s

    assert expected_exits.lookup(7, STARTED_MS) == announced


def test_old_announcements_do_not_stay_in_memory(clock: SimpleNamespace) -> None:
    expected_exits.expect_exits([7], "restarted", "ada")
    clock.now = NOW_S + 61
    expected_exits.expect_exits([8], "stopped", "bob")

    assert expected_exits._announced == {8: (NOW_MS + 61_000, "stopped", "bob")}


@pytest.mark.parametrize(
    ("file_at_ms", "latest"), [(NOW_MS - 1, ("restarted", "ada")), (NOW_MS + 1, ("stopped", "bob"))]
)
def test_the_latest_of_file_and_memory_applies(tmp_path: Path, file_at_ms: float, latest: tuple[str, str]) -> None:
    expected_exits.expect_exits([7], "restarted", "ada")
    write_marker(tmp_path, at=file_at_ms)

    assert expected_exits.lookup(7, STARTED_MS) == latest


def test_the_last_of_two_announcements_applies(clock: SimpleNamespace) -> None:
    expected_exits.expect_exits([7], "restarted", "ada")
    clock.now = NOW_S + 1
    expected_exits.expect_exits([7], "stopped", "bob")
    in_memory = expected_exits.lookup(7, STARTED_MS)
    forget()

    assert (in_memory, expected_exits.lookup(7, STARTED_MS)) == (("stopped", "bob"), ("stopped", "bob"))


@pytest.mark.parametrize(
    "damaged",
    [
        b"", b'{"home": "/home/ada/.pm2", "at"', b"\xff\xfe", b"null", b"[]", b"7", b"{}",
        b'{"home": "/home/ada/.pm2", "at": 1700000000000, "verb": "stopped"}',
        b'{"home": "/home/ada/.pm2", "at": "soon", "verb": "stopped", "by": "bob"}',
        b'{"home": "/home/ada/.pm2", "at": null, "verb": "stopped", "by": "bob"}',
        b'{"home": "/home/ada/.pm2", "at": NaN, "verb": "stopped", "by": "bob"}',
    ],
)  # fmt: skip
def test_a_damaged_marker_is_ignored(tmp_path: Path, damaged: bytes) -> None:
    expected_exits.expect_exits([7], "restarted", "ada")
    (tmp_path / "expected-exits" / "7.json").write_bytes(damaged)
    in_memory = expected_exits.lookup(7, STARTED_MS)
    forget()

    assert (in_memory, expected_exits.lookup(7, STARTED_MS)) == (("restarted", "ada"), None)


def test_a_data_folder_that_cannot_be_written_loses_only_the_name_for_other_processes(
    tmp_path: Path, settings: Settings
) -> None:
    settings.DATA_DIR = tmp_path / "file"
    settings.DATA_DIR.write_text("")
    expected_exits.expect_exits([7], "restarted", "ada")
    in_memory = expected_exits.lookup(7, STARTED_MS)
    forget()

    assert (in_memory, expected_exits.lookup(7, STARTED_MS)) == (("restarted", "ada"), None)
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
