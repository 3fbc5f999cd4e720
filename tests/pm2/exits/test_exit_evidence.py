"""ExitRecorder: the evidence of PM2's log lines, events and counters in the record of an exit."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from pytest_django import Settings

from pm2.daemon.bus_events import DaemonLine, LogChunk, ProcessEvent
from pm2.daemon.process import from_monitor_data
from pm2.exits import exit_recorder, expected_exits, recent_usage
from pm2.exits.classify import Cause, Exit, UsageSample
from pm2.exits.exit_recorder import SETTLE_S, STDERR_GRACE_MS, ExitRecorder, InstanceContext
from pm2.exits.oom_kills import OomKills
from pm2.exits.recent_usage import UsageHistory
from pm2.logs import live_logs
from pm2.logs.live_logs import LogCollector
from system.host import usage_counters
from system.lib.feed import Feed

STARTED_MS = 1_700_000_000_000.0
EXIT_MS = STARTED_MS + 10_000
AT = datetime(2023, 11, 14, 22, 13, 30, tzinfo=UTC)

KILLED = "App [api:7] exited with code [0] via signal [SIGKILL]"
STOPPING = "Stopping app:api id:7"
STARTING = "App [api:7] starting in -fork mode-"
CHANGED = "Change detected on path src/a.js for app api - restarting"
OVER_LIMIT = (
    "[PM2][WORKER] Process 7 restarted because it exceeds --max-memory-restart value"
    " (current_memory=154525696 max_memory_limit=104857600 [octets])"
)
ENTRY: dict[str, object] = {"pm_id": 7, "pid": 11, "name": "api", "monit": {"cpu": 5, "memory": 500}}
OLD_KILLED = KILLED.replace(":7]", ":_old_7]")
OLD_STOPPING = STOPPING.replace("id:7", "id:_old_7")
BY_SIGKILL = (Cause.KILLED, "killed by SIGKILL from outside")
BY_THE_KERNEL = (Cause.OUT_OF_MEMORY, "killed by the kernel: out of memory")
PERHAPS = (Cause.KILLED, "killed by SIGKILL, possibly by the kernel: out of memory")
BY_A_CLIENT = (Cause.MANUAL, "ended by PM2’s command line or another client of its daemon")
FINISHED = (Cause.FINISHED, "ended by itself with exit code 0")


class Bench:
    """A recorder with a clock that only `finish` advances. pm_id 8 has a `cron_restart` schedule."""

    def __init__(self, clock: SimpleNamespace, proc: Path) -> None:
        self.proc = proc
        self.clock, self.logs, self.usage_history = clock, LogCollector(), UsageHistory()
        self.oom_kills = OomKills(proc, proc / "cgroups")
        self.recorder = ExitRecorder(
            self.logs,
            self.usage_history,
            self.oom_kills,
            lambda name, pm_id: InstanceContext(f"{name}-{pm_id}", 11, pm_id == 8),
        )

    def receive(self, *messages: str | ProcessEvent) -> None:
        """Passes on events, and lines of the daemon's log as of just before the exit."""
        for message in messages:
            if isinstance(message, str):
                self.recorder.on_daemon_line(DaemonLine(EXIT_MS - 1, message))
            else:
                self.recorder.on_process_event(message)

    def finish(self) -> list[Exit]:
        self.clock.now += SETTLE_S
        return list(self.recorder.take_completed())

    def causes(self, *messages: str | ProcessEvent) -> list[tuple[Cause, str]]:
        """Cause and text of the exits that `messages` report."""
        self.receive(*messages)
        return [(ended.cause, ended.text) for ended in self.finish()]


@pytest.fixture
def bench(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Bench:
    settings.DATA_DIR = tmp_path
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(exit_recorder, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(recent_usage, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(expected_exits, "_announced", {})
    (tmp_path / "vmstat").write_text("oom_kill 5\n")
    monkeypatch.setattr(live_logs, "feed", Feed("lines", max_items=10, max_bytes=10_000))
    return Bench(clock, tmp_path)


def exit_event(
    exit_code: int = 0, pm_id: int = 7, started_ms: float = STARTED_MS, *, is_old: bool = False
) -> ProcessEvent:
    return ProcessEvent("exit", pm_id, "api", EXIT_MS, started_ms, False, is_old, exit_code)


def action(event: str, pm_id: int = 7, *, is_manual: bool = True) -> ProcessEvent:
    return ProcessEvent(event, pm_id, "api", EXIT_MS + 100, EXIT_MS + 50, is_manual, False, None)


def record(exit_code: int, text: str) -> Exit:
    return Exit("api-7", AT, "api", 7, exit_code, None, Cause.CRASH, text, None, 10.0, (), ())


def test_an_exit_reported_twice_is_one_record(bench: Bench) -> None:
    bench.receive(exit_event(1), exit_event(1))
    first = bench.finish()
    bench.receive(exit_event(1))

    assert (first, bench.finish()) == ([record(1, "crashed: exit code 1")], [])


def test_runs_of_a_process_have_their_own_records_in_order(bench: Bench) -> None:
    bench.receive(exit_event(2), exit_event(1, started_ms=STARTED_MS + 4000), exit_event(3, pm_id=8))

    assert [(ended.exit_code, ended.pm_id, ended.uptime_seconds) for ended in bench.finish()] == [
        (2, 7, 10.0), (1, 7, 6.0), (3, 8, 10.0),
    ]  # fmt: skip


def test_runs_of_long_ago_are_not_remembered(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exit_recorder, "MAX_KNOWN_RUNS", 2)
    bench.receive(
        exit_event(pm_id=1), exit_event(pm_id=2), exit_event(pm_id=3), exit_event(pm_id=2), exit_event(pm_id=1)
    )

    assert [ended.pm_id for ended in bench.finish()] == [1, 2, 3, 1]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([OVER_LIMIT, STOPPING], (Cause.MEMORY_LIMIT, "restarted by PM2: 147 MB, above max_memory_restart")),
        ([CHANGED, STOPPING], (Cause.WATCH, "restarted by PM2: src/a.js changed")),
        ([STOPPING], BY_A_CLIENT),
        ([KILLED], BY_SIGKILL),
        (["App [api:7] exited with code [3] via signal [SIGINT]"], (Cause.CRASH, "crashed: exit code 3")),
        (["App [api:8] exited with code [3] via signal [SIGINT]"], FINISHED),
        ([OVER_LIMIT.replace("Process 7", "Process 8"), "Stopping app:api id:8"], FINISHED),
        ([CHANGED.replace("app api", "app web")], FINISHED),
        (["App [api:7] online"], FINISHED),
    ],
)
def test_the_daemons_log_gives_the_cause(bench: Bench, lines: list[str], expected: tuple[Cause, str]) -> None:
    assert bench.causes(*lines, exit_event()) == [expected]


@pytest.mark.parametrize("line", [OVER_LIMIT, CHANGED, STOPPING, KILLED])
def test_a_line_about_an_earlier_run_is_ignored(bench: Bench, line: str) -> None:
    assert bench.causes(line, STARTING, exit_event(started_ms=EXIT_MS - 0.5)) == [FINISHED]


@pytest.mark.parametrize("line", [OVER_LIMIT, CHANGED, STOPPING, KILLED])
@pytest.mark.parametrize("step_ms", [-3_600_000.0, 3_600_000.0])
def test_a_line_counts_whatever_the_clock_was_set_to_during_the_run(bench: Bench, line: str, step_ms: float) -> None:
    [expected] = bench.causes(STARTING, line, exit_event())
    bench.receive(STARTING)
    bench.clock.now += 10 - SETTLE_S
    bench.receive(line, exit_event(started_ms=EXIT_MS - 10_000 - step_ms))
    [ended] = bench.finish()

    assert ((ended.cause, ended.text), ended.uptime_seconds) == (expected, 10.0 - SETTLE_S)


def test_a_reload_starts_the_new_worker_before_the_old_one_ends(bench: Bench) -> None:
    in_cluster = STARTING.replace("fork", "cluster")
    bench.receive(in_cluster)
    bench.clock.now += 60
    bench.receive(OVER_LIMIT, in_cluster)
    bench.clock.now += 1
    bench.receive(OLD_STOPPING, exit_event(started_ms=EXIT_MS - 3_600_000, is_old=True), KILLED, exit_event())

    assert [(ended.cause, ended.uptime_seconds) for ended in bench.finish()] == [
        (Cause.MEMORY_LIMIT, 61.0), (Cause.KILLED, 10.0),
    ]  # fmt: skip


def test_what_was_seen_before_the_connection_was_lost_does_not_count(bench: Bench) -> None:
    bench.receive(STARTING, STOPPING)
    bench.recorder.on_disconnected()

    assert bench.causes(exit_event()) == [FINISHED]


@pytest.mark.parametrize(
    ("stated_s", "listed_s", "uptime_s"),
    [(3610, None, 3610), (-3590, None, 0), (3610, 4.0, 4.0), (-3590, 4.0, 4.0), (3610, 3605.0, 3610)],
)
def test_an_exit_whose_start_was_not_seen_has_the_age_of_the_process_list(
    bench: Bench, stated_s: float, listed_s: float | None, uptime_s: float
) -> None:
    """PM2's times count while they are near it."""
    recorder = ExitRecorder(
        bench.logs, bench.usage_history, bench.oom_kills, lambda *_: InstanceContext("i", 11, False, listed_s)
    )
    recorder.on_process_event(exit_event(started_ms=EXIT_MS - 1000 * stated_s))
    bench.clock.now += SETTLE_S

    assert [ended.uptime_seconds for ended in recorder.take_completed()] == [uptime_s]


def test_an_exit_without_a_start_time_has_no_cause_that_nobody_reported(bench: Bench) -> None:
    assert bench.causes(exit_event(1, started_ms=0.0)) == [(Cause.CRASH, "crashed: exit code 1")]


def test_a_changed_file_concerns_only_the_app_that_watches_it(bench: Bench) -> None:
    of_another_app = ProcessEvent("exit", 8, "web", EXIT_MS, STARTED_MS, False, False, 0)

    assert bench.causes(CHANGED, of_another_app, exit_event()) == [
        FINISHED, (Cause.WATCH, "restarted by PM2: src/a.js changed"),
    ]  # fmt: skip


def test_an_exit_line_counts_once(bench: Bench) -> None:
    bench.receive(KILLED, exit_event(), exit_event(started_ms=STARTED_MS - 1))

    assert [(ended.signal, ended.exit_code) for ended in bench.finish()] == [("SIGKILL", None), (None, 0)]


@pytest.mark.parametrize(
    ("line", "is_old", "expected"),
    [
        (OLD_KILLED, True, BY_SIGKILL),
        (OLD_KILLED, False, FINISHED),
        (KILLED, True, FINISHED),
        (OLD_STOPPING, True, BY_A_CLIENT),
        (OLD_STOPPING, False, FINISHED),
        (STOPPING, True, FINISHED),
    ],
)
def test_lines_about_the_old_worker_of_a_reload_concern_only_its_exit(
    bench: Bench, line: str, is_old: bool, expected: tuple[Cause, str]
) -> None:
    assert bench.causes(line, exit_event(is_old=is_old)) == [expected]


@pytest.mark.parametrize(
    ("event", "verb"),
    [
        ("restart", "restarted"), ("stop", "stopped"), ("reload", "reloaded"), ("graceful reload", "reloaded"),
        ("delete", "deleted"), ("scale", "scaled down"),
    ],
)  # fmt: skip
def test_a_manual_action_published_after_the_exit_gives_the_verb(bench: Bench, event: str, verb: str) -> None:
    messages = (STOPPING, exit_event(), action(event), action("restart"))

    assert bench.causes(*messages) == [(Cause.MANUAL, f"{verb} by PM2’s command line")]


@pytest.mark.parametrize("event", [action("online"), action("stop", is_manual=False), action("stop", pm_id=8)])
def test_another_event_gives_no_verb(bench: Bench, event: ProcessEvent) -> None:
    assert bench.causes(STOPPING, exit_event(), event) == [BY_A_CLIENT]


def test_an_action_does_not_explain_an_exit_that_pm2_did_not_request(bench: Bench) -> None:
    assert bench.causes(exit_event(), action("stop")) == [FINISHED]


def test_an_announced_action_keeps_its_actor_and_verb(bench: Bench) -> None:
    expected_exits.expect_exits([7], "reloaded", "ada")
    bench.receive(STOPPING, exit_event(), action("restart"))

    assert [(ended.text, ended.by) for ended in bench.finish()] == [("reloaded by ada", "ada")]


def test_a_scheduled_restart_is_recognised(bench: Bench) -> None:
    assert bench.causes("Stopping app:api id:8", exit_event(pm_id=8)) == [
        (Cause.CRON, "restarted by PM2: cron_restart")
    ]


def count_kill(bench: Bench) -> None:
    """The kernel counts one more, as soon as it has sent the signal."""
    file = bench.proc / "vmstat"
    file.write_text(f"nr_free_pages 5\noom_kill {usage_counters.oom_kills(file) + 1}\n")  # type: ignore[operator]


def see_alive(bench: Bench, *pm_ids: int) -> None:
    """A process list, some time before what comes next."""
    bench.oom_kills.sample([(pm_id, 11) for pm_id in pm_ids], bench.clock.now)
    bench.clock.now += 5


def killed(pm_id: int = 7, started_ms: float = STARTED_MS) -> tuple[str, ProcessEvent]:
    return KILLED.replace(":7]", f":{pm_id}]"), exit_event(pm_id=pm_id, started_ms=started_ms)


def test_a_kill_for_memory_is_the_cause_of_the_only_exit_since(bench: Bench) -> None:
    see_alive(bench, 7)
    count_kill(bench)

    assert bench.causes(*killed()) == [BY_THE_KERNEL]


def test_a_kill_for_memory_before_the_process_was_seen_alive_is_not_the_cause(bench: Bench) -> None:
    see_alive(bench, 7)
    count_kill(bench)
    see_alive(bench, 7)

    assert bench.causes(*killed()) == [BY_SIGKILL]


@pytest.mark.parametrize("message", [STOPPING, KILLED.replace("SIGKILL", "SIGTERM")])
def test_a_kill_for_memory_does_not_explain_a_stop_or_another_signal(bench: Bench, message: str) -> None:
    see_alive(bench, 7, 8)
    count_kill(bench)
    first = bench.causes(message, exit_event())

    assert (first[0][1].partition("memory")[1], bench.causes(*killed(8))) == ("", [BY_THE_KERNEL])


def test_a_kill_for_memory_explains_one_exit(bench: Bench) -> None:
    see_alive(bench, 7, 8)
    count_kill(bench)
    first = bench.causes(*killed(7))

    assert (first, bench.causes(*killed(8))) == ([BY_THE_KERNEL], [BY_SIGKILL])


@pytest.mark.parametrize(("kills", "expected"), [(0, BY_SIGKILL), (1, PERHAPS), (2, BY_THE_KERNEL), (3, BY_THE_KERNEL)])
def test_with_fewer_kills_for_memory_than_exits_it_is_unknown_which(
    bench: Bench, kills: int, expected: tuple[Cause, str]
) -> None:
    see_alive(bench, 7, 8)
    for _ in range(kills):
        count_kill(bench)

    assert bench.causes(*killed(7), *killed(8)) == [expected] * 2


def test_a_kill_for_memory_is_only_possible_for_a_process_that_was_not_seen_alive(bench: Bench) -> None:
    see_alive(bench)
    count_kill(bench)
    never_listed = bench.causes(*killed())
    see_alive(bench, 8)
    bench.receive(STARTING.replace("api:7", "api:8"))
    count_kill(bench)

    assert (never_listed, bench.causes(*killed(8))) == ([PERHAPS], [PERHAPS])


def test_a_process_that_takes_a_while_to_die_of_it_was_killed_for_memory(bench: Bench) -> None:
    """It is listed once more, when the kernel has counted it already."""
    see_alive(bench, 7)
    count_kill(bench)
    bench.oom_kills.sample([(7, 11)], bench.clock.now)
    bench.clock.now += 0.5

    assert bench.causes(*killed()) == [BY_THE_KERNEL]


def test_without_counters_no_exit_is_a_kill_for_memory(bench: Bench) -> None:
    (bench.proc / "vmstat").unlink()
    see_alive(bench, 7)

    assert bench.causes(*killed()) == [BY_SIGKILL]


def test_a_record_is_complete_once_the_exit_has_settled(bench: Bench) -> None:
    bench.receive(exit_event(1))
    bench.clock.now += SETTLE_S - 0.25
    early = list(bench.recorder.take_completed())
    bench.receive(exit_event(2, started_ms=STARTED_MS + 1))
    bench.clock.now += 0.25
    due = list(bench.recorder.take_completed())

    assert (early, due) == ([], [record(1, "crashed: exit code 1")])
    assert [ended.exit_code for ended in bench.finish()] == [2]


def test_the_last_stderr_belongs_to_the_exit_and_later_lines_to_the_next(bench: Bench) -> None:
    bench.receive(exit_event(1))
    for delay_ms, text in ((-5, "one"), (STDERR_GRACE_MS, "two"), (STDERR_GRACE_MS + 1, "next")):
        bench.logs.add_chunk(LogChunk(7, "api", "err", EXIT_MS + delay_ms, f"{text}\n"))
    bench.logs.add_chunk(LogChunk(7, "api", "out", EXIT_MS, "output\n"))
    bench.logs.add_chunk(LogChunk(8, "api", "err", EXIT_MS, "another process\n"))
    first = bench.finish()
    next_event = ProcessEvent("exit", 7, "api", EXIT_MS + 5000, EXIT_MS + 1, False, False, 1)
    bench.receive(next_event)

    assert [ended.stderr for ended in first + bench.finish()] == [("one", "two"), ("next",)]


def test_the_last_stderr_belongs_to_the_exit_when_the_clock_was_set_back(bench: Bench) -> None:
    bench.logs.add_chunk(LogChunk(7, "api", "err", EXIT_MS + 3_600_000, "last words\n"))
    bench.receive(exit_event(1))
    bench.logs.add_chunk(LogChunk(7, "api", "err", EXIT_MS + 100, "of the next run\n"))

    assert [ended.stderr for ended in bench.finish()] == [("last words",)]


def test_the_last_samples_of_the_run_are_taken_at_the_exit(bench: Bench) -> None:
    next_run = ENTRY | {"pid": 12, "monit": {"cpu": 6, "memory": 600}}
    bench.usage_history.record([from_monitor_data(ENTRY, 0), from_monitor_data(next_run, 0)])
    bench.clock.now += 2
    bench.receive(exit_event())

    assert [ended.samples for ended in bench.finish()] == [(UsageSample(2.0, 5.0, 500),)]


def test_processes_that_died_with_the_daemon_are_recorded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exit_recorder, "datetime", SimpleNamespace(now=lambda zone: AT.astimezone(zone)))
    processes = [from_monitor_data(ENTRY | {"pm_id": pm_id}, 0) for pm_id in (7, 8)]
    bench.usage_history.record(processes[:1])
    text = "PM2's daemon died and the process with it"

    assert bench.recorder.record_daemon_death(processes) == [
        Exit(
            "api-7", AT, "api", 7, None, None, Cause.DAEMON_DEATH, text, None, None, (), (UsageSample(0.0, 5.0, 500),)
        ),
        Exit("api-8", AT, "api", 8, None, None, Cause.DAEMON_DEATH, text, None, None, (), ()),
    ]
