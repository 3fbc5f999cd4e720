"""What a reboot would bring back, by the saved list and by the machine's init."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from pm2.daemon.process import Process, from_monitor_data
from pm2.saved_list import dump_file, dump_status, dump_watch
from pm2.saved_list.dump_file import SavedList
from pm2.saved_list.dump_watch import DumpWatch
from pm2.saved_list.startup_unit import Startup, find_startup
from tests.fixtures.odd_json import any_json

USER = pwd.getpwuid(os.geteuid()).pw_name
UNIT = f"pm2-{USER}.service"
ENABLED_BY = "multi-user.target.want" + "s"


def process(name: str, status: str = "online", *, is_module: bool = False) -> Process:
    env = {"status": status, "pmx_module": is_module}
    return from_monitor_data({"name": name, "pm_id": 0, "pid": 1, "pm2_env": env}, 0.0)


def saved(*names: str, status: str = "online") -> list[dict[str, object]]:
    return [{"name": name, "status": status} for name in names]


@pytest.mark.parametrize(
    ("entries", "processes", "expected"),
    [
        ([], [], ((), ())),
        (saved("a"), [process("a")], ((), ())),
        ([], [process("b"), process("a")], (("a", "b"), ())),
        (saved("a", "b"), [], ((), ("a", "b"))),
        (saved("a"), [process("a"), process("a")], (("a",), ())),
        (saved("a", "a"), [process("a")], ((), ("a",))),
        (saved("a", status="stopped"), [process("a")], (("a",), ())),
        (saved("a", status="stopped"), [process("a", "stopped")], ((), ())),
        (saved("a"), [process("a", "stopped")], ((), ())),
        (saved("a"), [process("a", "errored")], ((), ())),
        ([], [process("m", is_module=True)], ((), ())),
    ],
)
def test_lists_are_compared_by_name_and_number(
    entries: list[dict[str, object]], processes: list[Process], expected: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    assert dump_status.compare(dump_status.count_names(entries), processes) == expected


@given(any_json("name", "status"))
def test_any_saved_json_is_a_list_or_a_problem(value: object) -> None:
    path = Path(f"/dev/shm/dump-{os.getpid()}")
    path.write_text(json.dumps(value), encoding="utf-8")
    try:
        read = dump_file.read(path)
    finally:
        path.unlink()

    assert (read.problem is None) == (isinstance(value, list) and all(isinstance(one, dict) for one in value))
    dump_status.count_names(read.entries)


def test_what_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "dump.pm2"

    def problem(make: Callable[[], object], remove: Callable[[], object]) -> str:
        make()
        text = (dump_file.read(path).problem or "").replace(str(path), "FILE")
        remove()
        return text

    def too_large() -> None:
        with path.open("wb") as file:
            file.truncate(dump_file.MAX_BYTES + 2**20)

    assert [
        problem(lambda: None, lambda: None),
        problem(lambda: os.mkfifo(path), path.unlink),
        problem(path.mkdir, path.rmdir),
        problem(too_large, path.unlink),
        problem(lambda: path.write_bytes(b"\xff[]"), path.unlink),
        problem(lambda: path.write_text("({a: 1})"), path.unlink),
        problem(lambda: path.write_text("7"), path.unlink),
        problem(lambda: path.symlink_to(path), path.unlink),
    ] == [
        "",
        "FILE is not a regular file. Move it away, and save the list again.",
        "FILE is not a regular file. Move it away, and save the list again.",
        "FILE has 17 MB, more than the 16 MB that are read of it.",
        "FILE is damaged: it is not JSON. Save the list again.",
        "FILE is damaged: it is not JSON. Save the list again.",
        "FILE is damaged: it is not a list of processes. Save the list again.",
        "FILE cannot be read: too many levels of symbolic links.",
    ]


async def test_the_file_is_read_again_only_when_it_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dump_watch, "FRESH_S", 0.0)
    monkeypatch.setattr(dump_watch, "WAIT_S", 30.0)
    reads: list[Path] = []
    read = dump_file.read

    def counted(path: Path) -> SavedList:
        reads.append(path)
        return read(path)

    monkeypatch.setattr(dump_file, "read", counted)
    watch, path = DumpWatch(tmp_path), tmp_path / "dump.pm2"

    async def missing() -> Any:
        status = await watch.compare([process("a")])
        assert status
        return status.saved_at is not None, status.missing, status.problem

    assert [await missing() for _ in range(3)] == [(False, ("a",), None)] * 3
    path.write_text(json.dumps(saved("a")))
    assert [await missing() for _ in range(3)] == [(True, (), None)] * 3
    path.write_text("{")
    assert [await missing() for _ in range(3)] == [
        (True, ("a",), f"{path} is damaged: it is not JSON. Save the list again.")
    ] * 3
    path.unlink()
    assert await missing() == (False, ("a",), None)
    assert len(reads) == 4


async def test_a_file_system_that_hangs_delays_no_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()

    def hang(path: Path) -> SavedList:
        answers.wait(30)
        return SavedList()

    monkeypatch.setattr(dump_file, "read", hang)
    watch = DumpWatch(tmp_path)
    first = await watch.compare([])
    threads_before = threading.active_count()
    others = [await watch.compare([]) for _ in range(100)]
    threads = threading.active_count()
    answers.set()
    deadline_s = time.monotonic() + 30
    while (last := await watch.compare([])) is None and time.monotonic() < deadline_s:
        await asyncio.sleep(0.01)

    assert (first, others, threads - threads_before) == (None, [None] * 100, 0)
    assert last is not None


def install(root: Path, link: str, text: str = "") -> None:
    path = root / link
    path.parent.mkdir(parents=True)
    unit = root / "unit"
    unit.write_text(text)
    path.symlink_to(unit)


@pytest.mark.parametrize(
    ("link", "text", "has_systemd", "expected"),
    [
        ("etc/nothing", "", False, Startup.UNKNOWN),
        ("etc/nothing", "", True, Startup.MISSING),
        (f"etc/systemd/system/{ENABLED_BY}/{UNIT}", "", True, Startup.ENABLED),
        (f"etc/systemd/system/default.target.requires/{UNIT}", "", True, Startup.ENABLED),
        (f"etc/systemd/system/{ENABLED_BY}/{UNIT}", "Environment=PM2_HOME=HOME\n", True, Startup.ENABLED),
        (f"etc/systemd/system/{ENABLED_BY}/{UNIT}", "Environment=PM2_HOME=/other\n", True, Startup.MISSING),
        (f"etc/systemd/system/{UNIT}", "", True, Startup.MISSING),
        (f"etc/systemd/system/{ENABLED_BY}/pm2-somebody-else.service", "", True, Startup.MISSING),
        (f"etc/rc3.d/S20pm2-{USER}", "", False, Startup.ENABLED),
        (f"etc/rc3.d/K20pm2-{USER}", "", False, Startup.UNKNOWN),
        (f"etc/runlevels/default/pm2-{USER}", "", False, Startup.ENABLED),
    ],
)
def test_what_pm2_startup_has_arranged(
    tmp_path: Path, link: str, text: str, has_systemd: bool, expected: Startup
) -> None:
    home, root = tmp_path / "home", tmp_path / "root"
    home.mkdir()
    install(root, link, text.replace("HOME\n", f"{home}\n").replace("PM2_HOME=/other", "PM2_HOME=/other"))
    if has_systemd:
        (root / "run/systemd/system").mkdir(parents=True)

    assert find_startup(home, root) == expected


async def test_a_look_whose_result_another_caller_took_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, wait = DumpWatch(tmp_path), asyncio.wait

    async def wait_and_be_overtaken(*arguments: Any, **options: Any) -> object:
        done = await wait(*arguments, **options)
        await watch.compare([])
        return done

    monkeypatch.setattr(asyncio, "wait", wait_and_be_overtaken)
    status = await watch.compare([process("a")])

    assert status is not None
    assert (status.missing, status.extra) == (("a",), ())
