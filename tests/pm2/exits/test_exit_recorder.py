from __future__ import annotations

import time

import pytest

from pm2.daemon.bus_events import DaemonLine, ProcessEvent
from pm2.exits import exit_recorder, expected_exits
from pm2.exits.exit_recorder import ExitRecorder, InstanceContext
from pm2.exits.oom_kills import OomKills
from pm2.exits.recent_usage import UsageHistory
from pm2.logs.live_logs import LogCollector


@pytest.mark.parametrize(
    ("line", "cause", "by"),
    [
        ("App [api:7] exited with code [0] via signal [SIGKILL]", "killed", None),
        ("Stopping app:api id:7", "manual", "ada"),
    ],
)
def test_the_actor_is_named_only_if_the_action_caused_the_exit(
    monkeypatch: pytest.MonkeyPatch, line: str, cause: str, by: str | None
) -> None:
    monkeypatch.setattr(exit_recorder, "SETTLE_S", 0.0)
    own_recorder = ExitRecorder(
        LogCollector(), UsageHistory(), OomKills(), lambda name, pm_id: InstanceContext("i1", 11, False)
    )
    now_ms = 1000 * time.time()
    expected_exits.expect_exits([7], "reloaded", "ada")

    own_recorder.on_daemon_line(DaemonLine(now_ms, line))
    own_recorder.on_process_event(ProcessEvent("exit", 7, "api", now_ms, now_ms - 5000, False, False, 0))

    [ended] = own_recorder.take_completed()
    assert (ended.cause, ended.by) == (cause, by)
