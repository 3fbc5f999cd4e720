"""`pm2 start FILE` and ours give PM2 the same processes, in every field that PM2 describes them with."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from pm2.actions import prepare_payload
from pm2.daemon.rpc_client import DaemonConnection
from pm2.ecosystem import start_from_file
from pm2.ecosystem.start_from_file import FileRequest
from system.host import binaries, child_processes
from tests.fixtures.pm2 import kill_all_of
from tests.pm2.ecosystem.ecosystem_files import FILES, EcosystemFile, write

pytestmark = [pytest.mark.real, pytest.mark.django_db(transaction=True)]
DEADLINE_S, SETTLE_S = 40.0, 10.0
# Of one process and its run: two starts of the same file by PM2 itself differ in these too.
OF_THE_RUN = {
    "pid", "pm_id", "monit", "pm_uptime", "created_at", "unique_id", "axm_monitor", "axm_dynamic", "axm_options",
    "axm_actions", "versioning", "_tree_pids", "prev_restart_delay", "unstable_restarts",
}  # fmt: skip
# What differs on purpose, by file: field → (PM2, ours).
EXPLAINED: dict[str, dict[str, tuple[Any, Any]]] = {}


@pytest.fixture(scope="module")
def reference_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The PM2_HOME in which PM2's own command line starts the files."""
    home = tmp_path_factory.mktemp("r")
    # A command that starts the daemon passes a variable about that on to its apps.
    asyncio.run(run_pm2(home, home, "ping"))
    yield home
    kill_all_of(home)


async def run_pm2(home: Path, folder: Path, *arguments: str) -> None:
    """With the environment that an app gets from us, which PM2 passes on."""
    argv = [str(binaries.require(name).path) for name in ("node", "pm2")]
    env = prepare_payload.daemon_env(os.environ, str(home))
    finished = await child_processes.run([*argv, *arguments], env=env, cwd=folder, timeout_s=DEADLINE_S)
    assert finished.exit_code == 0, finished.stdout + finished.stderr


async def start_by_us(file: EcosystemFile, path: Path) -> None:
    planned = await start_from_file.plan(FileRequest(str(path), file.only, file.env, folders=None))
    await start_from_file.carry_out_plan(planned)


@asynccontextmanager
async def emptied(connection: DaemonConnection) -> AsyncIterator[DaemonConnection]:
    try:
        yield connection
    finally:
        for entry in await list_of(connection):
            await connection.call("deleteProcessId", entry["pm_id"])
        await connection.close()


async def list_of(connection: DaemonConnection) -> list[dict[str, Any]]:
    entries = await connection.call("getMonitorData", {})
    assert isinstance(entries, list)
    return entries


def described(entries: list[dict[str, Any]], home: Path) -> list[Any]:
    """In an order that does not depend on which app PM2 started first."""
    cleaned = [without_run(entry, str(home), entry["pm_id"]) for entry in entries]
    return sorted(cleaned, key=lambda entry: (entry["name"], str(entry["pm2_env"].get("NODE_APP_INSTANCE"))))


def without_run(value: Any, home: str, pm_id: int) -> Any:
    """PM2 adds the pm_id to the names of files that instances do not share."""
    if isinstance(value, dict):
        return {key: without_run(one, home, pm_id) for key, one in value.items() if key not in OF_THE_RUN}
    if isinstance(value, list):
        return [without_run(one, home, pm_id) for one in value]
    return (
        re.sub(rf"-{pm_id}(\.\w+)$", r"-PM_ID\1", value.replace(home, "PM2_HOME")) if isinstance(value, str) else value
    )


def difference(ours: Any, theirs: Any, place: str = "") -> dict[str, tuple[Any, Any]]:
    """Path of a field → (PM2, ours)."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        pairs = [(f"{place}.{key}", ours.get(key), theirs.get(key)) for key in {*ours, *theirs}]
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = [(f"{place}[{index}]", one, other) for index, (one, other) in enumerate(zip(ours, theirs, strict=True))]
    else:
        return {} if ours == theirs else {place: (theirs, ours)}
    return {key: value for key, one, other in pairs for key, value in difference(one, other, key).items()}


@pytest.mark.parametrize("case", FILES)
async def test_the_processes_are_the_same(case: str, pm2_home: Path, reference_home: Path, tmp_path: Path) -> None:
    file = FILES[case]
    path = write(tmp_path, file)
    reference, own = DaemonConnection(reference_home), DaemonConnection(Path(settings.PM2_HOME))
    await asyncio.gather(run_pm2(reference_home, tmp_path, "start", *file.arguments), start_by_us(file, path))
    if file.again:
        path.write_text(file.again)
        await asyncio.gather(run_pm2(reference_home, tmp_path, "start", *file.arguments), start_by_us(file, path))
    async with emptied(reference), emptied(own):
        deadline_s = asyncio.get_running_loop().time() + SETTLE_S
        while True:  # PM2 learns the version of an app, and that one has ended, a moment later
            theirs = described(await list_of(reference), reference_home)
            differing = difference(described(await list_of(own), pm2_home), theirs)
            if differing == EXPLAINED.get(case, {}) or asyncio.get_running_loop().time() > deadline_s:
                break
            await asyncio.sleep(0.1)

    assert (differing, theirs != []) == (EXPLAINED.get(case, {}), True)
