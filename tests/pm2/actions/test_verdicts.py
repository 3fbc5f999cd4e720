from __future__ import annotations

from dataclasses import replace

import pytest

from pm2.actions import verdicts
from pm2.actions.outcomes import Outcome
from pm2.actions.verdicts import SelectedProcess, Verdict, done, failed
from pm2.daemon.process import Process, Status, from_monitor_data
from pm2.daemon.process_settings import ProcessSettings, parse_settings

ENTRY: dict[str, object] = {
    "pid": 11,
    "pm_id": 3,
    "name": "api",
    "pm2_env": {"status": "online", "restart_time": 4, "exit_code": 7},
}
BEFORE = from_monitor_data(ENTRY, 0)
SERVICE = parse_settings(ENTRY)
JOB = replace(SERVICE, autorestart=False)
STOPPED = replace(BEFORE, status=Status.STOPPED, pid=0)
ONLINE_AGAIN = Verdict(Outcome.DONE, "online, pid 12", is_final=False)


def listed(status: str, pid: int = 12, restarts: int = 5, exit_code: int | None = 7) -> Process:
    return replace(BEFORE, status=Status(status), pid=pid, restarts=restarts, exit_code=exit_code)


@pytest.mark.parametrize(
    ("settings", "before", "now", "expected"),
    [
        (SERVICE, BEFORE, listed("online"), ONLINE_AGAIN),
        (SERVICE, BEFORE, listed("online", pid=11), None),
        (SERVICE, BEFORE, listed("launching"), None),
        (SERVICE, STOPPED, listed("online", restarts=4), ONLINE_AGAIN),
        (SERVICE, STOPPED, listed("online"), failed("it exited again during startup", 7)),
        (SERVICE, BEFORE, listed("online", restarts=6), failed("it exited again during startup", 7)),
        (SERVICE, BEFORE, listed("errored", pid=0), failed("it exited again during startup", 7)),
        (SERVICE, BEFORE, listed("waiting restart"), failed("it exited again during startup", 7)),
        (SERVICE, BEFORE, None, failed("it was removed from PM2's list during startup")),
        (
            SERVICE, BEFORE, listed("stopped", pid=0),
            Verdict(Outcome.FAILED, "it was stopped during startup", is_final=False),
        ),
        (JOB, BEFORE, listed("online"), ONLINE_AGAIN),
        (JOB, BEFORE, listed("stopped", pid=0, exit_code=0), done("ran, ended with 0")),
        (JOB, STOPPED, listed("stopped", pid=0, exit_code=0, restarts=4), done("ran, ended with 0")),
        (JOB, BEFORE, listed("waiting restart", exit_code=0), done("ran, ended with 0")),
        (JOB, BEFORE, listed("stopped", pid=0), failed("it exited during startup", 7)),
        (
            replace(SERVICE, stop_exit_codes=frozenset({7})), BEFORE, listed("stopped", pid=0),
            done("ran, ended with 7"),
        ),
    ],
)  # fmt: skip
def test_whether_a_process_came_up(
    settings: ProcessSettings, before: Process, now: Process | None, expected: Verdict | None
) -> None:
    assert verdicts.judge_start(SelectedProcess(before, settings), now) == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (listed("stopping"), None),
        (listed("waiting restart"), None),
        (listed("stopped", pid=0), done("stopped")),
        (listed("errored", pid=0), done("errored")),
        (listed("errored", pid=12), failed("it could not be stopped: pid 12 did not end after SIGKILL")),
        (None, done("stopped, and removed from PM2's list")),
    ],
)
def test_whether_a_process_is_stopped(now: Process | None, expected: Verdict | None) -> None:
    assert verdicts.judge_stop(SelectedProcess(BEFORE, SERVICE), now) == expected


def test_a_deleted_process_is_not_listed() -> None:
    one = SelectedProcess(BEFORE, SERVICE)

    assert [verdicts.judge_delete(one, now) for now in (STOPPED, None)] == [None, done("deleted")]
