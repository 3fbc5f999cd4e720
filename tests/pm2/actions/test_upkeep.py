"""Flush, reset and signal on a real PM2."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from pm2.actions import lifecycle, upkeep
from pm2.actions.selection import ALL, ProcessSelector
from pm2.daemon import rpc_client
from pm2.errors import ActionFailed, ProcessNotFound
from pm2.exits import expected_exits
from pm2.monitor import listing
from tests.fixtures.pm2_apps import IDLE, run_app, until

pytestmark = [pytest.mark.real, pytest.mark.django_db(transaction=True)]
TALKS = "console.log('out'); console.error('err'); setInterval(() => {}, 1000)"
COUNTS = "let n = 0; process.on('SIGUSR2', () => console.log('signals', ++n)); setInterval(() => {}, 1000); console.log('up')"


def logs(home: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in (home / "logs").glob("*")}


async def test_log_files_are_emptied_and_written_further(pm2_home: Path, tmp_path: Path) -> None:
    await run_app(tmp_path, "talks", TALKS)
    await run_app(tmp_path, "other", TALKS)
    await until(lambda: logs(pm2_home), lambda sizes: len(sizes) == 4 and all(sizes.values()))

    result = await upkeep.flush(ProcessSelector(name="talks"))

    assert result.message == "Emptied the logs of talks: 1 process"
    assert [(one.name, one.outcome.value, one.message) for one in result.results] == [
        ("talks", "done", "8 bytes emptied")
    ]
    assert sorted(logs(pm2_home).values()) == [0, 0, 4, 4]
    await lifecycle.restart(ProcessSelector(name="talks"))
    await until(lambda: logs(pm2_home), lambda sizes: sorted(sizes.values()) == [4, 4, 4, 4])
    assert (await upkeep.flush(ALL)).message == "Emptied the logs of other, talks: 2 processes"
    assert set(logs(pm2_home).values()) == {0}


async def test_only_files_of_pm2_are_emptied(pm2_home: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("kept")
    link, pipe = tmp_path / "link.log", tmp_path / "pipe.log"
    link.symlink_to(victim)
    await run_app(tmp_path, "links", IDLE)
    await run_app(tmp_path, "quiet", IDLE, pm_out_log_path="/dev/null", pm_err_log_path="/dev/null")
    async with rpc_client.connect() as daemon:
        paths = [str(Path(str(entry["pm2_env"]["pm_out_log_path"]))) for entry in await listing.fetch_entries(daemon)]  # type: ignore[index]
    os.mkfifo(pipe)
    Path(paths[0]).unlink()
    Path(paths[0]).symlink_to(link)

    with pytest.raises(ActionFailed) as raised:
        await upkeep.flush(ALL)

    assert str(raised.value).startswith(f"Emptied the logs 1 of 2 processes. links 0: {paths[0]} cannot be emptied")
    assert victim.read_text() == "kept"
    assert victim.read_text() == "kept"
    Path(paths[0]).unlink()
    pipe.rename(paths[0])
    with pytest.raises(ActionFailed):
        await upkeep.flush(ProcessSelector(name="links"))


async def test_counters_are_reset(pm2_home: Path, tmp_path: Path) -> None:
    await run_app(tmp_path, "a", IDLE)
    await lifecycle.restart(ProcessSelector(name="a"))

    result = await upkeep.reset(ProcessSelector(name="a"))

    assert result.message == "Reset PM2's counters of a: 1 process"
    assert [(process.name, process.restarts, process.status.value) for process in result.processes] == [
        ("a", 0, "online")
    ]
    with pytest.raises(ProcessNotFound):
        await upkeep.reset(ProcessSelector(name="none"))


async def test_a_signal_reaches_the_process(pm2_home: Path, tmp_path: Path) -> None:
    await run_app(tmp_path, "counts", COUNTS)
    [log] = list((pm2_home / "logs").glob("*-out.log"))
    await until(log.read_text, lambda text: text == "up\n")

    result = await upkeep.send_signal(ProcessSelector(name="counts"), "SIGUSR2", "somebody")

    pid = result.processes[0].pid
    assert result.message == "Sent SIGUSR2 to counts: 1 process"
    assert [one.message for one in result.results] == [f"SIGUSR2 sent to pid {pid}"]
    await until(log.read_text, lambda text: text == "up\nsignals 1\n")
    assert expected_exits.lookup(0) is None


async def test_a_signal_that_ends_a_process_is_announced(pm2_home: Path, tmp_path: Path) -> None:
    await run_app(tmp_path, "a", IDLE)

    before = (await upkeep.send_signal(ProcessSelector(pm_id=0), "SIGKILL", "somebody")).processes[0].pid

    announced = expected_exits.lookup(0)
    assert announced is not None
    assert (announced.verb, announced.by) == ("sent SIGKILL", "somebody")
    async with rpc_client.connect() as daemon:
        await until(
            lambda: listing.list_processes(daemon),
            lambda processes: processes[0].pid not in (0, before) and processes[0].restarts == 1,
        )


async def test_what_is_not_running_gets_no_signal_and_the_daemon_neither(pm2_home: Path, tmp_path: Path) -> None:
    """PM2's own call sends it to the daemon's group: the pid of an ended process is 0."""
    await run_app(tmp_path, "a", IDLE)
    await lifecycle.stop(ProcessSelector(name="a"))

    with pytest.raises(ActionFailed) as raised:
        await upkeep.send_signal(ProcessSelector(name="a"), "SIGKILL")

    assert str(raised.value) == "Sent SIGKILL to 0 of 1 process. a 0: it is not running: stopped."
    async with rpc_client.connect() as daemon:
        assert [process.name for process in await listing.list_processes(daemon)] == ["a"]


def test_every_signal_of_the_list_exists() -> None:
    assert {"SIGHUP", "SIGUSR2", "SIGTERM"} <= set(upkeep.SIGNALS)
    assert all(signal.Signals[name] for name in upkeep.SIGNALS)
