"""Save and resurrect on a real PM2, held against `pm2 save` and `pm2 resurrect`."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pm2.actions import lifecycle
from pm2.actions.selection import ALL, ProcessSelector
from pm2.daemon import rpc_client
from pm2.ecosystem import saved_list_actions
from pm2.file_errors import NoSavedList, NothingToSave, NotSaved, SavedListDamaged, SavedListUnsafe
from pm2.monitor import current_monitor, listing
from tests.fixtures.pm2_apps import IDLE, command_line, run_app

pytestmark = [pytest.mark.real, pytest.mark.django_db(transaction=True)]


async def statuses() -> list[tuple[str, str]]:
    async with rpc_client.connect() as daemon:
        return sorted((process.name, process.status.value) for process in await listing.list_processes(daemon))


async def test_the_saved_list_is_that_of_pm2_save(new_pm2_home: Path, tmp_path: Path) -> None:
    await run_app(tmp_path, "a", IDLE, instances=2)
    await run_app(tmp_path, "module", IDLE, pmx_module=True)
    await run_app(tmp_path, "é", IDLE, env={"LONE": "\ud800", "N": 1.5})
    dump = new_pm2_home / "dump.pm2"
    await command_line("save")
    theirs = dump.read_text()

    result = await saved_list_actions.save()

    assert result.message == f"Saved 3 processes in {dump}"
    assert {process.name for process in result.processes} == {"a", "é"}
    assert dump.read_text() == theirs
    assert (new_pm2_home / "dump.pm2.bak").read_text() == theirs
    assert stat.S_IMODE(dump.stat().st_mode) == 0o600
    assert sorted(path.name for path in new_pm2_home.glob("dump*")) == ["dump.pm2", "dump.pm2.bak"]


async def test_an_empty_list_is_saved_only_by_force(pm2_home: Path, tmp_path: Path) -> None:
    await run_app(tmp_path, "a", IDLE)
    await saved_list_actions.save()
    before = (pm2_home / "dump.pm2").read_text()
    await lifecycle.delete(ALL)

    with pytest.raises(NothingToSave):
        await saved_list_actions.save()
    assert (pm2_home / "dump.pm2").read_text() == before

    await saved_list_actions.save(is_forced=True)
    assert (pm2_home / "dump.pm2").read_text() == "[]"
    assert (pm2_home / "dump.pm2.bak").read_text() == before


async def test_what_is_saved_is_started_again_as_it_was(pm2_home: Path, tmp_path: Path) -> None:
    await run_app(tmp_path, "a", IDLE, instances=2)
    await run_app(tmp_path, "stopped", IDLE)
    await run_app(tmp_path, "stays", IDLE)
    await lifecycle.stop(ProcessSelector(name="stopped"))
    await saved_list_actions.save()
    for name in ("a", "stopped"):
        await lifecycle.delete(ProcessSelector(name=name))

    result = await saved_list_actions.resurrect()

    assert result.message == "Resurrected a, stopped: 3 processes"
    assert [(one.name, one.reason) for one in result.skipped] == [("stays", "it is listed already")]
    assert sorted((one.name, one.message) for one in result.results)[-1] == ("stopped", "listed, and left stopped")
    assert await statuses() == [("a", "online"), ("a", "online"), ("stays", "online"), ("stopped", "stopped")]
    again = await saved_list_actions.resurrect()
    assert again.message == "Resurrected nothing: the processes of the saved list are listed already"


async def test_a_list_that_pm2_saved_is_started_on_a_daemon_that_was_down(new_pm2_home: Path, tmp_path: Path) -> None:
    await run_app(tmp_path, "a", IDLE)
    await command_line("save")
    await command_line("kill")

    result = await saved_list_actions.resurrect()

    assert result.message == "Resurrected a: 1 process"
    assert await statuses() == [("a", "online")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, NoSavedList),
        ("{", SavedListDamaged),
        ("{}", SavedListDamaged),
        ("[1]", SavedListDamaged),
        ("[{}]", SavedListDamaged),
        ('[{"name": "a", "env": {}}]', SavedListDamaged),
        ("[" * 100_000, SavedListDamaged),
    ],
)
async def test_what_cannot_be_resurrected(new_pm2_home: Path, text: str | None, expected: type[Exception]) -> None:
    if text is not None:
        (new_pm2_home / "dump.pm2").write_text(text)
        (new_pm2_home / "dump.pm2").chmod(0o600)

    with pytest.raises(expected, match=r"dump\.pm2"):
        await saved_list_actions.resurrect()

    assert listing.daemon_pid() is None
    assert text is None or (new_pm2_home / "dump.pm2").read_text() == text


@pytest.mark.parametrize("place", ["dump.pm2", "."])
async def test_a_list_that_others_could_change_is_not_started(new_pm2_home: Path, place: str) -> None:
    dump = new_pm2_home / "dump.pm2"
    dump.write_text("[]")
    dump.chmod(0o600)
    (new_pm2_home / place).chmod(0o777)

    with pytest.raises(SavedListUnsafe) as raised:
        await saved_list_actions.resurrect()

    where = new_pm2_home / place
    assert str(raised.value) == (
        f"Nothing was started, because others could change {dump}: {where} has mode 0777. Take that away: "
        f"chmod go-w {where}"
    )
    assert listing.daemon_pid() is None


async def test_a_list_that_cannot_be_written_is_an_error_that_names_it(
    pm2_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run_app(tmp_path, "a", IDLE)

    def refuse(*arguments: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(NotSaved) as raised:
        await saved_list_actions.save()

    assert str(raised.value).startswith(
        f"PM2's list was not saved. {pm2_home}/dump.pm2 cannot be written: no space left"
    )
    assert [path.name for path in pm2_home.glob("dump.pm2.tmp*")] == []


async def test_the_sample_tells_what_a_reboot_would_lose(pm2_home: Path, tmp_path: Path) -> None:
    await run_app(tmp_path, "a", IDLE)
    await saved_list_actions.save()
    await run_app(tmp_path, "b", IDLE)

    dump = (await current_monitor.get_monitor().stats(0.0)).dump

    assert dump is not None
    assert (dump.path, dump.missing, dump.extra, dump.problem) == (str(pm2_home / "dump.pm2"), ("b",), (), None)
    assert dump.saved_at is not None
