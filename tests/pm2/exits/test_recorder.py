from __future__ import annotations

import time

import pytest

from pm2.daemon.bus_events import DaemonLine, ProcessEvent
from pm2.exits import expected, recorder
from pm2.exits.recent_usage import Curves
from pm2.exits.recorder import Background, Recorder
from pm2.logs.live_logs import LogTaker


@pytest.mark.parametrize(
    ("said", "cause", "by"),
    [
        ("App [api:7] exited with code [0] via signal [SIGKILL]", "killed", None),
        ("Stopping app:api id:7", "manual", "ada"),
    ],
)
def test_who_asked_for_it_is_named_where_it_was_what_happened(
    monkeypatch: pytest.MonkeyPatch, said: str, cause: str, by: str | None
) -> None:
    monkeypatch.setattr(recorder, "SETTLE_S", 0.0)
    box = Recorder(LogTaker(), Curves(), lambda name, pm_id: Background("i1", 11, False))
    now_ms = 1000 * time.time()
    expected.announce([7], "reloaded", "ada")

    box.daemon_said(DaemonLine(now_ms, said))
    box.happened(ProcessEvent("exit", 7, "api", now_ms, now_ms - 5000, False, False, 0))

    [ended] = box.settled()
    assert (ended.cause, ended.by) == (cause, by)
