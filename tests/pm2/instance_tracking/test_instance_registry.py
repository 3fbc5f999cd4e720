from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from pm2.daemon.process import Key, Process, from_monitor_data
from pm2.exits.classify import Cause, Exit
from pm2.instance_tracking import instance_registry
from pm2.instance_tracking.instance_registry import InstanceRegistry
from pm2.instance_tracking.instance_store import SavedInstance
from pm2.instance_tracking.reconciliation import Change
from pm2.monitor.daemon_monitor import DaemonMonitor
from system.database.deferred_writes import deferred_writes

API, WEB = ("api", 0), ("web", 1)


@dataclass
class RecordingStore:
    """Records the writes. A write of `broken`, a token, fails."""

    broken: str = ""
    writes: list[tuple[object, ...]] = field(default_factory=list)

    def save_exit(self, ended: Exit) -> None:
        self._write("exit", ended.instance)

    def save_missing_exit(self, ended: Exit) -> None:
        self._write("missing exit", ended.instance)

    def save_instances(self, instances: Mapping[str, Key]) -> None:
        self._write("instances", dict(instances))

    def mark_deleted(self, token: str) -> None:
        self._write("deleted", token)

    def set_restarts(self, token: str, restarts: int, lost_restarts: int) -> None:
        self._write("restarts", token, restarts, lost_restarts)

    def _write(self, *write: object) -> None:
        if self.broken in write:
            raise OSError("disk full")
        self.writes.append(write)


def process(key: Key = API, pid: int = 11, restarts: int = 0) -> Process:
    env = {"status": "online", "restart_time": restarts}
    return from_monitor_data({"name": key[0], "pm_id": key[1], "pid": pid, "pm2_env": env}, now_ms=0)


def exit_of(token: str) -> Exit:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Exit(token, at, "api", 0, 1, None, Cause.CRASH, "crashed: exit code 1", None, 2.0, (), ())


@pytest.fixture
def store() -> RecordingStore:
    return RecordingStore()


@pytest.fixture
def instances(store: RecordingStore) -> InstanceRegistry:
    return InstanceRegistry(store, {})


def test_an_instance_keeps_its_token(instances: InstanceRegistry) -> None:
    before = instances.token(*API)
    instances.update([process(pid=11), process(WEB)])
    instances.update([process(pid=12, restarts=1), process(WEB)])

    assert [instances.token(*API), instances.token(*WEB) != before, len(before)] == [before, True, 32]


def test_the_first_list_is_no_change(instances: InstanceRegistry) -> None:
    first = instances.update([process()])
    second = instances.update([process(), process(WEB)])

    assert (first, second) == ([], [Change("appeared", process(WEB), None)])
    assert list(instances.known) == [API, WEB]


async def test_writes_are_done_in_order(instances: InstanceRegistry, store: RecordingStore) -> None:
    instances.update([process(restarts=3), process(WEB)])
    api, web = instances.token(*API), instances.token(*WEB)
    instances.enqueue_exit(exit_of(api))
    instances.update([process(restarts=1)])
    before_flush = list(store.writes)
    await instances.flush_writes()
    await instances.flush_writes()

    assert (before_flush, store.writes) == (
        [],
        [
            ("instances", {api: API, web: WEB}), ("restarts", api, 3, 0), ("exit", api), ("deleted", web),
            ("restarts", api, 1, 3),
        ],
    )  # fmt: skip


async def test_the_restarts_of_a_deleted_instance_are_stored_before_pm2_forgets_them(
    instances: InstanceRegistry, store: RecordingStore
) -> None:
    instances.update([process(restarts=3), process(WEB, restarts=2)])
    api, web = instances.token(*API), instances.token(*WEB)
    instances.update([process(restarts=1), process(WEB, restarts=2)])  # `pm2 reset api`
    instances.update([process(pid=12, restarts=0)])  # both are deleted, api is started again
    await instances.flush_writes()

    assert store.writes == [
        ("instances", {api: API, web: WEB}), ("restarts", api, 3, 0), ("restarts", web, 2, 0), ("restarts", api, 1, 3),
        ("deleted", api), ("instances", {instances.token(*API): API}), ("deleted", web),
    ]  # fmt: skip


def test_an_instance_knows_the_restarts_of_those_that_had_its_name_and_pm_id(
    store: RecordingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of one that an earlier server has stored; the rows of their deletion may be read later."""
    monkeypatch.setattr(instance_registry, "MAX_DELETED", 2)
    instances = InstanceRegistry(store, {API: SavedInstance("saved", 5, 2)})
    instances.update([process(WEB)])
    instances.update([process(), process(WEB)])
    first, second = dict(instances.current()[API].earlier), instances.token(*API)
    instances.update([process(restarts=3), process(WEB)])
    instances.update([process(pid=12, restarts=0), process(WEB)])
    both, third = dict(instances.current()[API].earlier), instances.token(*API)
    instances.update([process(pid=12, restarts=1), process(WEB)])
    instances.update([process(pid=13, restarts=0), process(WEB)])

    assert (first, both) == ({"saved": 7}, {"saved": 7, second: 3})
    assert instances.current()[API].earlier == ((second, 3), (third, 1))
    assert instances.current()[WEB].earlier == ()


@pytest.mark.parametrize(("restarts", "total"), [(2, 7), (3, 8), (1, 8), (0, 7)])
def test_a_counter_that_was_reset_while_no_server_ran_goes_on(store: RecordingStore, restarts: int, total: int) -> None:
    instances = InstanceRegistry(store, {API: SavedInstance("saved", 5, 2)})
    instances.update([process(restarts=restarts)])

    assert instances.known[API].restarts == total


def test_current_instances_have_the_tokens_under_which_they_are_stored(instances: InstanceRegistry) -> None:
    without_store = InstanceRegistry(None, {})
    for registry in (instances, without_store):
        registry.update([process()])

    assert {key: instance.token for key, instance in instances.current().items()} == {API: instances.token(*API)}
    assert {key: instance.token for key, instance in without_store.current().items()} == {API: ""}


async def test_writes_wait_while_too_many_others_do(
    instances: InstanceRegistry, store: RecordingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    instances.update([process()])
    instances.enqueue_exit(exit_of(api := instances.token(*API)))
    with monkeypatch.context() as busy:
        busy.setattr(deferred_writes, "add", lambda write, leaving: False)
        await instances.flush_writes()
        assert store.writes == []
    await instances.flush_writes()

    assert store.writes == [("instances", {api: API}), ("exit", api)]


async def test_an_unchanged_list_writes_nothing(instances: InstanceRegistry, store: RecordingStore) -> None:
    instances.update([process(restarts=3)])
    await instances.flush_writes()
    store.writes.clear()
    instances.update([process(pid=12, restarts=3)])
    await instances.flush_writes()

    assert store.writes == []


async def test_a_reused_pm_id_gets_a_new_token(instances: InstanceRegistry, store: RecordingStore) -> None:
    instances.update([process(), process(WEB)])
    first = instances.token(*API)
    instances.update([process(WEB)])
    await instances.flush_writes()
    instances.update([process(), process(WEB)])
    second = instances.token(*API)
    await instances.flush_writes()

    assert second != first
    assert store.writes[1:] == [("deleted", first), ("instances", {second: API})]


async def test_an_instance_deleted_and_started_between_two_lists_is_another_one(
    instances: InstanceRegistry, store: RecordingStore
) -> None:
    instances.update([process(pid=11, restarts=3)])
    first = instances.token(*API)
    changes = instances.update([process(pid=12, restarts=0)])
    second = instances.token(*API)
    await instances.flush_writes()

    assert [(change.kind, change.process.pid) for change in changes] == [("deleted", 11), ("appeared", 12)]
    assert (second != first, instances.known[API].restarts) == (True, 0)
    assert store.writes == [
        ("instances", {first: API}), ("restarts", first, 3, 0), ("deleted", first), ("instances", {second: API}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("pid", "restarts", "is_same_daemon", "total"),
    [(11, 0, True, 3), (12, 0, False, 3), (12, 4, True, 4), (12, 1, True, 4), (0, 0, True, 3)],
    ids=["pm2 reset", "pm2 update", "restart", "reset and restart", "stopped and reset"],
)
def test_a_restart_and_a_reset_keep_the_instance(
    instances: InstanceRegistry, pid: int, restarts: int, is_same_daemon: bool, total: int
) -> None:
    instances.update([process(pid=11, restarts=3)])
    first = instances.token(*API)
    instances.update([process(pid=pid, restarts=restarts)], is_same_daemon=is_same_daemon)

    assert (instances.token(*API), instances.known[API].restarts) == (first, total)


def test_what_appears_after_an_empty_list_is_a_change(instances: InstanceRegistry) -> None:
    instances.update([])

    assert [change.kind for change in instances.update([process()])] == ["appeared"]


async def test_what_the_first_list_has_after_no_daemon_is_a_change(store: RecordingStore) -> None:
    instances = InstanceRegistry(store, {API: SavedInstance("saved", 5), WEB: SavedInstance("not-resurrected", 0)})
    instances.note_absence()
    await instances.flush_writes()
    before = list(store.writes)
    changes = instances.update([process(restarts=1)])
    await instances.flush_writes()

    assert (before, [change.kind for change in changes], instances.known[API].restarts) == ([], ["appeared"], 6)
    assert store.writes == [
        ("instances", {"saved": API}), ("deleted", "not-resurrected"), ("restarts", "saved", 1, 5),
    ]  # fmt: skip


async def test_a_monitor_notices_what_appears_with_its_daemon(tmp_path: Path) -> None:
    monitor = DaemonMonitor(tmp_path)
    state = (await monitor.stats()).daemon.state

    assert (state, [change.kind for change in monitor.instances.update([process()])]) == ("down", ["appeared"])


LONG: Key = ("n" * 499 + "\0" + "other end", 0)
STORED: Key = ("n" * 499 + "�", 0)


async def test_an_instance_whose_name_is_stored_otherwise_keeps_its_token(store: RecordingStore) -> None:
    instances = InstanceRegistry(store, {STORED: SavedInstance("saved", 5)})
    for restarts, pid in ((2, 11), (3, 12), (0, 12)):
        instances.update([process(LONG, pid, restarts)])
    await instances.flush_writes()
    kept = list(store.writes)
    instances.update([process(LONG, 13, 2)])
    instances.update([process(LONG, 14, 0)])
    other = instances.token(*LONG)
    instances.update([])
    await instances.flush_writes()

    assert kept == [
        ("instances", {"saved": LONG}), ("restarts", "saved", 2, 5), ("restarts", "saved", 3, 5),
        ("restarts", "saved", 0, 8),
    ]  # fmt: skip
    assert store.writes[4:] == [
        ("restarts", "saved", 2, 8), ("deleted", "saved"), ("instances", {other: LONG}), ("deleted", other),
    ]  # fmt: skip


async def test_taking_over_an_instance_whose_name_is_stored_otherwise(store: RecordingStore) -> None:
    instances = InstanceRegistry(None, {})
    instances.update([process(LONG, restarts=5)])
    instances.begin_storing(store, {STORED: SavedInstance("saved", 3)})
    instances.update([process(LONG, restarts=6)])
    await instances.flush_writes()

    assert (instances.token(*LONG), instances.known[LONG].restarts) == ("saved", 9)
    assert store.writes == [
        ("instances", {"saved": LONG}), ("restarts", "saved", 5, 3), ("restarts", "saved", 6, 3),
    ]  # fmt: skip


async def test_the_token_of_an_earlier_server_is_reused(store: RecordingStore) -> None:
    instances = InstanceRegistry(store, {API: SavedInstance("saved", 5), WEB: SavedInstance("deleted-meanwhile", 0)})
    instances.update([process(restarts=2)])
    restarts = instances.known[API].restarts
    instances.update([process(restarts=0)])
    await instances.flush_writes()

    assert (instances.token(*API), restarts) == ("saved", 7)
    assert store.writes == [
        ("instances", {"saved": API}), ("deleted", "deleted-meanwhile"), ("restarts", "saved", 2, 5),
        ("restarts", "saved", 0, 7),
    ]  # fmt: skip


def test_a_later_instance_of_the_same_name_has_lost_no_restarts(store: RecordingStore) -> None:
    instances = InstanceRegistry(store, {API: SavedInstance("saved", 5)})
    instances.update([process(restarts=2), process(WEB)])
    instances.update([process(WEB)])
    instances.update([process(restarts=0), process(WEB)])

    assert (instances.token(*API) == "saved", instances.known[API].lost_restarts) == (False, 0)


async def test_lost_restarts_add_up(instances: InstanceRegistry, store: RecordingStore) -> None:
    for restarts in (3, 0, 2, 1, 1):
        instances.update([process(restarts=restarts)])
    token = instances.token(*API)
    await instances.flush_writes()

    assert store.writes[1:] == [
        ("restarts", token, 3, 0), ("restarts", token, 0, 3), ("restarts", token, 2, 3), ("restarts", token, 1, 5),
    ]  # fmt: skip


async def test_a_failing_write_is_logged_and_the_next_one_done(
    instances: InstanceRegistry, store: RecordingStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.broken = "b"
    for token in "abc":
        instances.enqueue_exit(exit_of(token))
    await instances.flush_writes()
    await instances.flush_writes()

    assert store.writes == [("exit", "a"), ("exit", "c")]
    assert [(record.name, record.levelname) for record in caplog.records] == [(instance_registry.__name__, "ERROR")]
    assert "PM2's history could not be written" in caplog.text
    assert "disk full" in caplog.text


async def test_writes_beyond_the_limit_are_dropped(
    instances: InstanceRegistry, store: RecordingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance_registry, "MAX_PENDING_WRITES", 2)
    for token in "abc":
        instances.enqueue_exit(exit_of(token))
    await instances.flush_writes()
    instances.enqueue_exit(exit_of("d"))
    await instances.flush_writes()

    assert store.writes == [("exit", "a"), ("exit", "b"), ("exit", "d")]


async def test_without_a_store_instances_are_tracked_all_the_same() -> None:
    instances = InstanceRegistry(None, {})
    instances.update([process(restarts=3), process(WEB)])
    first = instances.token(*WEB)
    instances.update([process(restarts=0)])
    instances.enqueue_exit(exit_of(first))
    await instances.flush_writes()

    assert (list(instances.known), instances.known[API].restarts) == ([API], 3)
    assert instances.token(*WEB) != first


async def test_taking_over_uses_the_stored_tokens_and_stores_the_exits_since(store: RecordingStore) -> None:
    gone = ("gone", 2)
    instances = InstanceRegistry(None, {})
    instances.update([process(restarts=5), process(WEB)])
    instances.enqueue_exit(exit_of(instances.token(*API)))
    await instances.flush_writes()
    before, pending = list(store.writes), exit_of(instances.token(*API))

    instances.begin_storing(store, {API: SavedInstance("a", 3), gone: SavedInstance("g", 0)})
    instances.enqueue_exit(pending)
    instances.update([process(restarts=1), process(WEB)])
    instances.enqueue_exit(exit_of(instances.token(*API)))
    await instances.flush_writes()

    web = instances.token(*WEB)
    assert (before, store.writes) == (
        [],
        [
            ("deleted", "g"), ("instances", {"a": API, web: WEB}), ("restarts", "a", 5, 3), ("missing exit", "a"),
            ("missing exit", "a"), ("restarts", "a", 1, 8), ("missing exit", "a"),
        ],
    )  # fmt: skip


async def test_taking_over_before_the_first_list_is_a_start(store: RecordingStore) -> None:
    instances = InstanceRegistry(None, {})
    instances.begin_storing(store, {API: SavedInstance("a", 3)})
    changes = instances.update([process(restarts=1)])
    await instances.flush_writes()

    assert (changes, store.writes) == ([], [("instances", {"a": API}), ("restarts", "a", 1, 3)])
    assert instances.known[API].restarts == 4


async def test_only_the_exits_of_the_last_minute_are_stored(
    store: RecordingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(instance_registry, "time", SimpleNamespace(monotonic=lambda: clock.now))
    instances = InstanceRegistry(None, {})
    for token, at_s in (("old", 1000.0), ("new", 1001.0)):
        clock.now = at_s
        instances.enqueue_exit(exit_of(token))
    clock.now = 1060.5
    instances.begin_storing(store, {})
    clock.now += 60
    instances.enqueue_exit(exit_of("later"))
    await instances.flush_writes()

    assert store.writes == [("missing exit", "new"), ("exit", "later")]
