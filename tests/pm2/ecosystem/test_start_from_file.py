"""Starts of ecosystem files on a real PM2: what is announced, what becomes of each process, and the second start."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from pm2.actions import lifecycle
from pm2.actions.selection import ALL, ProcessSelector
from pm2.ecosystem import start_from_file
from pm2.ecosystem.start_from_file import FileRequest, StartResult
from pm2.errors import ActionFailed, AlreadyRunning, NothingToStart, StartFailed
from pm2.monitor import current_monitor
from tests.pm2.ecosystem.ecosystem_files import EcosystemFile, js, write

pytestmark = [pytest.mark.real, pytest.mark.django_db(transaction=True)]
TWO = EcosystemFile(
    "e.config.js", js("{name: 'api', script: 'serves.js', instances: 2}, {name: 'web', script: 'app.js'}")
)


async def start(path: Path, **options: object) -> StartResult:
    planned = await start_from_file.plan(FileRequest(str(path), folders=None, **options))  # type: ignore[arg-type]
    return await start_from_file.carry_out_plan(planned, "somebody")


async def listed() -> list[tuple[str, str, int]]:
    stats = await current_monitor.get_monitor().stats(0.0)
    return sorted((process.name, process.status.value, process.restarts) for process in stats.processes)


async def test_a_file_is_started_on_a_daemon_that_was_down_and_started_again(
    new_pm2_home: Path, tmp_path: Path
) -> None:
    path = write(tmp_path, TWO)
    result = await start(path)

    assert (result.message, result.warnings, result.skipped) == ("Started api, web: 3 processes", (), ())
    assert {(one.name, one.outcome.value) for one in result.results} == {("api", "done"), ("web", "done")}
    assert sorted(app.name for app in result.apps if not app.restarts) == ["api", "web"]
    assert await listed() == [("api", "online", 0), ("api", "online", 0), ("web", "online", 0)]

    again = await start(path, only=("api",))

    assert [(app.name, app.instances, app.restarts) for app in again.apps] == [("api", 2, True)]
    assert again.message == "Started api: 2 processes"
    assert await listed() == [("api", "online", 1), ("api", "online", 1), ("web", "online", 0)]


async def test_a_preview_starts_nothing(new_pm2_home: Path, tmp_path: Path) -> None:
    planned = await start_from_file.plan(FileRequest(str(write(tmp_path, TWO)), ("api",), folders=None))

    result = start_from_file.preview(planned)

    user, script = planned.apps[0].user, tmp_path / "serves.js"
    assert result.message == f"Would start 2 × api as {user}: node {script}, in {tmp_path}"
    assert (result.apps, result.processes, list(new_pm2_home.iterdir())) == (planned.apps, (), [])


async def test_an_app_that_crashes_is_an_error_with_its_output(pm2_home: Path, tmp_path: Path) -> None:
    file = EcosystemFile(
        "e.config.js", js("{name: 'bad', script: 'bad.sh', autorestart: false}, {name: 'good', script: 'app.js'}")
    )
    path = write(tmp_path, file)
    (tmp_path / "bad.sh").write_text("echo RangeError: out of luck >&2; exit 1")  # at once, also on a busy machine

    with pytest.raises(ActionFailed) as raised:
        await start(path)

    assert str(raised.value).startswith("Started 1 of 2 processes. bad ")
    assert str(raised.value).endswith("Error output: RangeError: out of luck")
    assert raised.value.fields is not None
    results = raised.value.fields["results"]
    assert isinstance(results, list)
    assert {(one["name"], one["outcome"]) for one in results} == {("bad", "failed"), ("good", "done")}


async def test_an_app_that_has_done_its_work_or_is_not_to_start_is_no_failure(pm2_home: Path, tmp_path: Path) -> None:
    apps = "{name: 'job', script: '/bin/true', autorestart: false}, {name: 'idle', script: 'app.js', autostart: false}"
    result = await start(write(tmp_path, EcosystemFile("e.config.js", js(apps))))

    assert sorted((one.name, one.outcome.value, one.message) for one in result.results) == [
        ("idle", "done", "listed, and left stopped"),
        ("job", "done", "ran, ended with 0"),
    ]


async def test_stopped_processes_of_any_name_are_started(pm2_home: Path, tmp_path: Path) -> None:
    await start(write(tmp_path, TWO))
    with pytest.raises(AlreadyRunning):
        await lifecycle.start_selected(ProcessSelector(name="api"))
    await lifecycle.stop(ProcessSelector(pm_id=0))
    await lifecycle.stop(ProcessSelector(name="web"))
    stopped = [row for row in await listed() if row[1] == "stopped"]

    one = await lifecycle.start_selected(ProcessSelector(pm_id=0), "somebody")
    other = await lifecycle.start_selected(ProcessSelector(word="web"))

    assert len(stopped) == 2
    assert one.message in ("Started api: 1 process", "Started web: 1 process")  # PM2 starts two apps at a time
    assert [result.outcome.value for result in one.results] == ["done"]
    assert {row[1] for row in await listed()} == {"online"}
    assert other.message == "Started web: 1 process"


@pytest.mark.parametrize("is_down", [True, False])
async def test_a_name_that_nothing_has(pm2_home: Path, new_pm2_home: Path, tmp_path: Path, is_down: bool) -> None:
    if not is_down:
        await start(write(tmp_path, TWO), only=("web",))

    with pytest.raises(NothingToStart) as raised:
        await lifecycle.start_selected(ProcessSelector(word="koa"))

    assert str(raised.value).startswith("Neither a process in PM2's list nor a framework is named 'koa'. Frameworks: ")


async def test_a_stopped_process_that_crashes_now_is_an_error(pm2_home: Path, tmp_path: Path) -> None:
    file = EcosystemFile("e.config.js", js("{name: 'one', script: 'app.sh'}"))
    await start(write(tmp_path, file))
    await lifecycle.stop(ALL)
    (tmp_path / "app.sh").write_text("exit 3")

    with pytest.raises(StartFailed, match="one did not come up: it exited again during startup, exit code 3"):
        await lifecycle.start_selected(ProcessSelector(name="one"))


async def test_two_starts_at_once_do_not_double_the_apps(pm2_home: Path, tmp_path: Path) -> None:
    path = write(tmp_path, TWO)
    outcomes = await asyncio.gather(*(start(path) for _ in range(4)), return_exceptions=True)

    assert {type(outcome).__name__ for outcome in outcomes} <= {"StartResult", "OperationInProgress"}
    assert "StartResult" in {type(outcome).__name__ for outcome in outcomes}
    assert [row[0] for row in await listed()] == ["api", "api", "web"]


async def test_this_server_itself_is_not_restarted(
    pm2_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, EcosystemFile("e.config.js", js("{name: 'own', script: 'app.js'}")))
    [process] = (await start(path)).processes
    monkeypatch.setattr(start_from_file, "ancestry", lambda: frozenset({os.getpid(), process.pid}))

    result = await start(path)

    assert [(one.name, one.reason) for one in result.skipped] == [("own", "it is this server itself")]
    assert await listed() == [("own", "online", 0)]
