from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from pytest_django import Settings

from pm2.daemon import origin
from pm2.daemon.origin import Origin
from pm2.exits import expected_exits
from system.host import boot_clock

NOW_S = 5000.0
OWN = Origin(11, 3100, "A")
OTHER = Origin(12, 3101, "B")


@pytest.fixture(autouse=True)
def clock(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Nothing is announced, and the time since boot stands still at `now`, in seconds."""
    settings.DATA_DIR, settings.PM2_HOME = tmp_path / "var", tmp_path / "home"
    clock = SimpleNamespace(now=NOW_S)
    monkeypatch.setattr(boot_clock, "seconds_since_boot", lambda: clock.now)
    monkeypatch.setattr(boot_clock, "boot_id", lambda: "boot 1")
    monkeypatch.setattr(origin, "this_process", lambda: OWN)
    monkeypatch.setattr(expected_exits, "_announced", {})
    monkeypatch.setattr(expected_exits, "_used", {})
    return clock


def become_another(settings: Settings, monkeypatch: pytest.MonkeyPatch, process: Origin) -> None:
    """Leaves only the marker files, as for another process with a DATA_DIR of its own."""
    expected_exits._announced.clear()
    expected_exits._used.clear()
    settings.DATA_DIR = Path(settings.DATA_DIR).parent / "another"
    monkeypatch.setattr(origin, "this_process", lambda: process)


def forget() -> None:
    """Leaves only the marker files, as for another process."""
    expected_exits._announced.clear()
    expected_exits._used.clear()


def looked_up(*pm_ids: int) -> list[tuple[str, str] | None]:
    announced = [expected_exits.lookup(pm_id) for pm_id in pm_ids]
    return [(one.verb, one.by) if one else None for one in announced]


def marker(tmp_path: Path) -> Path:
    return tmp_path / "home" / "pm2site" / "exit-7.json"


def test_an_exit_that_nobody_announced_has_no_actor() -> None:
    expected_exits.expect_exits([8], "restarted", "ada")

    assert looked_up(7) == [None]


def test_an_announcement_of_this_process_needs_no_file(tmp_path: Path) -> None:
    expected_exits.expect_exits(iter([7, 8]), "restarted", "ada")
    for file in marker(tmp_path).parent.iterdir():
        file.unlink()

    assert looked_up(7, 8) == [("restarted", "ada")] * 2


@pytest.mark.parametrize(
    ("by", "reader", "actor"),
    [
        ("ada", OWN, "ada"),
        ("ada", OTHER, "ada on another server (pid 11, port 3100)"),
        ("", OTHER, "another server (pid 11, port 3100)"),
    ],
)
def test_an_announcement_of_another_process_on_the_pm2_home_names_its_server(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, by: str, reader: Origin, actor: str
) -> None:
    expected_exits.expect_exits(iter([7, 8]), "restarted", by)
    become_another(settings, monkeypatch, reader)

    assert looked_up(7, 8) == [("restarted", actor)] * 2


def test_the_actor_of_a_command_says_that_it_is_one(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origin, "this_process", lambda: Origin(13, None, "B"))
    expected_exits.expect_exits([7], "stopped", "ada (command line)")
    become_another(settings, monkeypatch, OWN)

    assert looked_up(7) == [("stopped", "ada (command line)")]


def test_only_the_owner_can_read_the_markers(tmp_path: Path) -> None:
    expected_exits.expect_exits([7], "restarted", "ada")

    folder = marker(tmp_path).parent
    assert [(file.name, file.stat().st_mode & 0o777) for file in (folder, *folder.iterdir())] == [
        ("pm2site", 0o700), ("exit-7.json", 0o600),
    ]  # fmt: skip


@pytest.mark.parametrize("is_shared", [False, True])
def test_an_announcement_under_another_pm2_home_is_ignored(tmp_path: Path, settings: Settings, is_shared: bool) -> None:
    if not is_shared:
        (tmp_path / "home").write_text("")
    expected_exits.expect_exits([7], "restarted", "ada")
    forget()
    settings.PM2_HOME = tmp_path / "bobs"

    assert looked_up(7) == [None]


@pytest.mark.parametrize("is_another_process", [False, True])
def test_an_announcement_is_for_one_exit(is_another_process: bool) -> None:
    expected_exits.expect_exits([7, 8], "restarted", "ada")
    if is_another_process:
        forget()
    announced = expected_exits.lookup(7)
    assert announced
    expected_exits.use_up(7, announced)
    after = looked_up(7, 8)
    expected_exits.expect_exits([7], "stopped", "bob")

    assert (after, looked_up(7)) == ([None, ("restarted", "ada")], [("stopped", "bob")])


@pytest.mark.parametrize("is_another_process", [False, True])
@pytest.mark.parametrize(("age_s", "announced"), [(60.0, ("restarted", "ada")), (60.5, None)])
def test_an_announcement_is_ignored_after_a_minute(
    clock: SimpleNamespace, is_another_process: bool, age_s: float, announced: tuple[str, str] | None
) -> None:
    expected_exits.expect_exits([7], "restarted", "ada")
    if is_another_process:
        forget()
    clock.now = NOW_S + age_s

    assert looked_up(7) == [announced]


def test_an_announcement_of_an_earlier_boot_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    expected_exits.expect_exits([7], "restarted", "ada")
    forget()
    monkeypatch.setattr(boot_clock, "boot_id", lambda: "boot 2")

    assert looked_up(7) == [None]


def test_old_announcements_do_not_stay_in_memory(clock: SimpleNamespace) -> None:
    expected_exits.expect_exits([7], "restarted", "ada")
    clock.now = NOW_S + 61
    expected_exits.expect_exits([8], "stopped", "bob")

    assert {pm_id: one.by for pm_id, one in expected_exits._announced.items()} == {8: "bob"}


@pytest.mark.parametrize(("file_at_s", "latest"), [(NOW_S - 1, ("restarted", "ada")), (NOW_S, ("stopped", "bob"))])
def test_the_latest_of_file_and_memory_applies(
    clock: SimpleNamespace, file_at_s: float, latest: tuple[str, str]
) -> None:
    clock.now = file_at_s
    expected_exits.expect_exits([7], "stopped", "bob")
    in_memory = expected_exits._announced.pop(7)
    clock.now = NOW_S
    if file_at_s < NOW_S:
        expected_exits._announced[7] = expected_exits.Announcement("x", NOW_S, "restarted", "ada")

    assert (in_memory.by, looked_up(7)) == ("bob", [latest])


def test_the_last_of_two_announcements_applies(clock: SimpleNamespace) -> None:
    expected_exits.expect_exits([7], "restarted", "ada")
    clock.now = NOW_S + 1
    expected_exits.expect_exits([7], "stopped", "bob")
    in_memory = looked_up(7)
    forget()

    assert (in_memory, looked_up(7)) == ([("stopped", "bob")], [("stopped", "bob")])


WHOLE = {
    "id": "x", "home": "HOME", "boot": "boot 1", "at": NOW_S, "verb": "stopped", "by": "bob", "pid": 11, "port": 3100,
    "server_id": "A",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "announced"),
    [
        (json.dumps(WHOLE), ("stopped", "bob")),
        *((json.dumps(WHOLE)[:length], None) for length in (0, 20, 60)),
        *((json.dumps({key: value for key, value in WHOLE.items() if key != left}), None) for left in WHOLE),
        *((json.dumps({**WHOLE, "at": at}), None) for at in ("soon", None, float("nan"), NOW_S + 1)),
        ("null", None), ("[]", None), ("7", None), ("\udcff", None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_shared", [False, True])
def test_a_damaged_marker_is_ignored(
    tmp_path: Path, text: str, announced: tuple[str, str] | None, is_shared: bool
) -> None:
    file = marker(tmp_path) if is_shared else tmp_path / "var" / "expected-exits" / "7.json"
    file.parent.mkdir(parents=True)
    text = text.replace("HOME", str(tmp_path / "home"))
    file.write_bytes(text.encode(errors="surrogateescape"))

    assert looked_up(7) == [announced]


def test_where_nothing_can_be_written_only_the_name_for_other_processes_is_lost(
    tmp_path: Path, settings: Settings
) -> None:
    for name in ("home", "var"):
        (tmp_path / name).write_text("")
    expected_exits.expect_exits([7], "restarted", "ada")
    in_memory = looked_up(7)
    forget()

    assert (in_memory, looked_up(7)) == ([("restarted", "ada")], [None])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["home", "var"]


def test_a_pm2_home_that_cannot_be_written_leaves_the_commands_of_this_data_dir(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").write_text("")
    expected_exits.expect_exits([7], "restarted", "ada")
    forget()
    own = looked_up(7)
    become_another(settings, monkeypatch, OTHER)

    assert (own, looked_up(7)) == ([("restarted", "ada")], [None])
