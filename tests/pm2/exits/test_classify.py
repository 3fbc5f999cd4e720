from __future__ import annotations

from pathlib import Path

import pytest

from pm2.daemon import bus_events
from pm2.daemon.bus_events import DaemonKilled, DaemonLine, ExitLine, LogChunk, ProcessEvent
from pm2.exits.classify import Cause, Evidence, OomKill, classify_exit, terminating_signal
from system.host import usage_counters


@pytest.mark.parametrize(
    ("facts", "cause", "text"),
    [
        ({"signal": "SIGKILL", "oom_kill": OomKill.YES}, Cause.OUT_OF_MEMORY, "killed by the kernel: out of memory"),
        (
            {"signal": "SIGKILL", "oom_kill": OomKill.POSSIBLE}, Cause.KILLED,
            "killed by SIGKILL, possibly by the kernel: out of memory",
        ),
        ({"signal": "SIGTERM", "oom_kill": OomKill.YES}, Cause.KILLED, "killed by SIGTERM from outside"),
        ({"signal": "SIGKILL", "oom_kill": OomKill.YES, "was_requested": True, "verb": "stopped"}, Cause.MANUAL, "stopped by PM2’s command line"),
        ({"signal": "SIGKILL"}, Cause.KILLED, "killed by SIGKILL from outside"),
        (
            {"signal": "SIGABRT", "stderr": ("FATAL ERROR: Reached heap limit - JavaScript heap out of memory",)},
            Cause.OUT_OF_MEMORY, "ran out of memory, SIGABRT",
        ),
        ({"exit_code": 1, "signal": "SIGINT"}, Cause.CRASH, "crashed: exit code 1"),
        ({"exit_code": 0, "signal": "SIGINT"}, Cause.FINISHED, "ended by itself with exit code 0"),
        ({"was_requested": True, "has_cron": True}, Cause.CRON, "restarted by PM2: cron_restart"),
        ({"was_requested": True, "has_cron": True, "verb": "restarted"}, Cause.MANUAL, "restarted by PM2’s command line"),
        ({"was_requested": True, "verb": "stopped", "by": "ada"}, Cause.MANUAL, "stopped by ada"),
        ({"signal": "SIGKILL", "verb": "deleted"}, Cause.KILLED, "killed by SIGKILL from outside"),  # deleted just before
        ({"was_requested": True}, Cause.MANUAL, "ended by PM2’s command line or another client of its daemon"),
        (
            {"was_requested": True, "over_limit_bytes": 154525696}, Cause.MEMORY_LIMIT,
            "restarted by PM2: 147 MB, above max_memory_restart",
        ),
        ({"was_requested": True, "watched_file": "a.js"}, Cause.WATCH, "restarted by PM2: a.js changed"),
        ({"daemon_died": True}, Cause.DAEMON_DEATH, "PM2's daemon died and the process with it"),
    ],
)  # fmt: skip
def test_the_cause_follows_from_the_evidence(facts: dict[str, object], cause: Cause, text: str) -> None:
    evidence = Evidence(**{"exit_code": None, "signal": None, "was_requested": False} | facts)  # type: ignore[arg-type]

    assert classify_exit(evidence) == (cause, text)


@pytest.mark.parametrize(
    ("reported", "actual"), [("SIGINT", None), ("SIGKILL", "SIGKILL"), ("nonsense", None), (None, None)]
)
def test_a_sigint_reported_by_pm2_is_ignored(reported: str | None, actual: str | None) -> None:
    assert terminating_signal(Evidence(None, reported, was_requested=False)) == actual


def test_lines_of_the_daemons_log_are_parsed() -> None:
    assert bus_events.parse_exit("App [a]b:0] [:_old_7] exited with code [0] via signal [SIGKILL]") == ExitLine(
        "a]b:0] [", 7, is_old=True, code=0, signal="SIGKILL"
    )
    assert bus_events.parse_stopping("Stopping app:one id:0") == (0, False)
    assert bus_events.parse_stopping("Stopping app:one id:_old_3") == (3, True)
    assert bus_events.parse_watch_restart("Change detected on path exp.out for app w - restarting") == ("w", "exp.out")
    over = "[PM2][WORKER] Process 0 restarted because it exceeds --max-memory-restart value (current_memory=15 max_memory_limit=10 [octets])"  # fmt: skip
    assert bus_events.parse_memory_restart(over) == (0, 15, 10)
    for line in ("", "App one:0 online", "Stopping app:x id:y", "x" * 100_000):
        assert bus_events.parse_exit(line) is None
        assert (
            bus_events.parse_stopping(line),
            bus_events.parse_watch_restart(line),
            bus_events.parse_memory_restart(line),
        ) == (None, None, None)


@pytest.mark.parametrize(
    ("topic", "payload", "event"),
    [
        (
            b"s:process:event",
            {"event": "exit", "at": 5.0, "process": {"pm_id": "_old_2", "name": "n", "pm_uptime": 3, "exit_code": 0}},
            ProcessEvent("exit", 2, "n", 5.0, 3.0, is_manual=False, is_old=True, exit_code=0),
        ),
        (
            b"s:log:err",
            {"at": 5, "data": "x\n", "process": {"pm_id": 1, "name": "n"}},
            LogChunk(1, "n", "err", 5.0, "x\n"),
        ),
        (b"s:log:PM2", {"at": 5, "data": "App online\n"}, DaemonLine(5.0, "App online")),
        (b"s:pm2:kill", {"status": "killed"}, DaemonKilled()),
        (b"s:process:event", {"event": "exit", "process": {"pm_id": "x"}}, None),
        (b"s:process:event", {"event": 5, "process": {"pm_id": 1}}, None),
        (b"s:process:event", {"event": "exit", "process": [1]}, None),
        (b"s:log:out", {"data": "no process"}, None),
        (b"s:log:out", ["x"], None),
        (b"s:process:msg", {"anything": 1}, None),
    ],
)
def test_messages_are_parsed_and_malformed_ones_ignored(topic: bytes, payload: object, event: object) -> None:
    assert bus_events.parse_event(topic, payload) == event


def test_the_kernels_count_of_oom_kills(tmp_path: Path) -> None:
    (tmp_path / "vmstat").write_text("nr_free_pages 12\noom_kill 3\nthp_fault 1\n")

    assert usage_counters.oom_kills(tmp_path / "vmstat") == 3
    assert usage_counters.oom_kills(tmp_path / "none") is None
    assert isinstance(usage_counters.oom_kills(), int)
