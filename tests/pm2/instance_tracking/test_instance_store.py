from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from pm2 import models
from pm2.exits.classify import Cause, Exit, UsageSample
from pm2.instance_tracking import instance_store
from pm2.instance_tracking.instance_store import SavedInstance

pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
ENDED = Exit(
    instance="a", at=AT, name="api", pm_id=3, exit_code=1, signal=None, cause=Cause.CRASH, text="crashed: exit code 1",
    by=None, uptime_seconds=2.5, stderr=("Error: boom", "  at größe.js"), samples=(UsageSample(1.5, 99.5, 2**40),),
)  # fmt: skip


@pytest.fixture(autouse=True)
def _home(settings: Settings) -> None:
    settings.PM2_HOME = Path("/home/ada/.pm2")


def save(*exits: Exit) -> tuple[Exit, ...]:
    for ended in exits:
        instance_store.save_exit(ended)
    return exits


def later(ended: Exit, seconds: float = 1.0) -> Exit:
    return replace(ended, at=ended.at + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    "ended",
    [
        ENDED,
        replace(
            ENDED, exit_code=None, signal="SIGKILL", cause=Cause.KILLED, uptime_seconds=None, stderr=(), samples=()
        ),
        replace(ENDED, cause=Cause.MANUAL, text="stopped by ada", by="ada"),
    ],
)
def test_a_stored_exit_is_loaded_unchanged(ended: Exit) -> None:
    save(ended)

    assert instance_store.load_exits(10) == [ended]


def test_an_exit_is_loaded_by_its_number() -> None:
    save(ENDED, later(ENDED))
    second, first = instance_store.load_exits(10)

    assert first.id is not None
    assert (instance_store.load_exit(first.id), first.at) == (ENDED, ENDED.at)
    assert second.id != first.id
    assert instance_store.load_exit(10**15) is None


def test_nul_characters_are_replaced() -> None:
    save(replace(ENDED, name="a\0b", stderr=("\0one", "t\0wo"), text="changed\0", by="\0eve"))

    assert instance_store.load_exits(10) == [
        replace(ENDED, name="a�b", stderr=("�one", "t�wo"), text="changed�", by="�eve")
    ]


def test_long_texts_are_cut() -> None:
    save(replace(ENDED, name="n" * 501, text="t" * 501, by="b" * 201))

    assert instance_store.load_exits(10) == [replace(ENDED, name="n" * 500, text="t" * 500, by="b" * 200)]


def test_exits_of_a_name_that_is_stored_otherwise_are_found_by_it() -> None:
    name = "n\0" * 300
    save(replace(ENDED, name=name))

    stored = [replace(ENDED, name="n�" * 250)]
    assert (instance_store.load_exits(10, name), instance_store.load_exits(10, name, 3)) == (stored, stored)


def test_exits_of_an_instance_share_its_row() -> None:
    instance_store.save_instances({"a": ("api", 3)})
    instance_store.save_instances({"a": ("api", 3), "b": ("web", 4)})
    save(ENDED, later(ENDED))

    rows = models.Instance.objects.order_by("id").values_list("token", "home", "name", "pm_id", "gone_at")
    assert list(rows) == [("a", "/home/ada/.pm2", "api", 3, None), ("b", "/home/ada/.pm2", "web", 4, None)]
    assert list(models.Exit.objects.values_list("instance__token", flat=True)) == ["a", "a"]


@pytest.mark.parametrize("step_s", [0.0, -3600.0, 3600.0])
def test_the_newest_exits_are_first_whatever_the_clock_was_set_to(step_s: float) -> None:
    first, second, third = save(
        later(ENDED, 1), later(ENDED, 2 + step_s), replace(later(ENDED, 2 + step_s), exit_code=2)
    )

    assert instance_store.load_exits(10) == [third, second, first]
    assert instance_store.load_exits(2) == [third, second]
    assert instance_store.load_exits(10, "api", 3) == [third, second, first]
    assert instance_store.load_exits(0) == []


def test_exits_of_a_name() -> None:
    web = replace(ENDED, instance="b", name="web", pm_id=4)
    save(ENDED, web)

    assert instance_store.load_exits(10, name="web") == [web]


def test_exits_of_a_pm_id_are_those_of_its_current_instance() -> None:
    current, other = replace(ENDED, instance="b"), replace(ENDED, instance="c", pm_id=4)
    save(ENDED)
    instance_store.mark_deleted("a")
    save(current, other)

    assert instance_store.load_exits(10, pm_id=3) == [current]
    assert instance_store.load_exits(10, name="api", pm_id=4) == [other]
    assert instance_store.load_exits(10, name="web", pm_id=4) == []
    assert instance_store.load_exits(10) == [other, current, ENDED]


def test_pm_id_zero_is_a_filter() -> None:
    zero = replace(ENDED, instance="b", pm_id=0)
    save(ENDED, zero)

    assert instance_store.load_exits(10, pm_id=0) == [zero]


def test_exits_since_a_time_include_that_time() -> None:
    _, second, third = save(ENDED, later(ENDED), later(ENDED, 2))

    assert instance_store.load_exits(10, since=second.at) == [third, second]


def test_exits_and_instances_under_another_pm2_home_are_not_loaded(settings: Settings) -> None:
    save(ENDED, replace(ENDED, instance="c", pm_id=4))
    settings.PM2_HOME = Path("/home/bob/.pm2")
    own = replace(ENDED, instance="b")
    save(own)

    assert instance_store.load_exits(10) == [own]
    assert instance_store.load_exits(10, name="api", pm_id=3) == [own]
    assert instance_store.load_instances() == {("api", 3): SavedInstance("b", 0)}


@pytest.mark.parametrize(("prune_every", "kept"), [(1, [4, 3]), (10**9, [4, 3, 2, 1])])
def test_the_oldest_exits_are_pruned_now_and_then(
    monkeypatch: pytest.MonkeyPatch, prune_every: int, kept: list[int]
) -> None:
    monkeypatch.setattr(instance_store, "MAX_EXITS", 2)
    monkeypatch.setattr(instance_store, "PRUNE_EVERY", prune_every)
    save(*(replace(later(ENDED, code), exit_code=code) for code in (1, 2, 3, 4)))

    assert [ended.exit_code for ended in instance_store.load_exits(10)] == kept


def test_the_newest_exits_are_kept_when_the_clock_was_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance_store, "MAX_EXITS", 2)
    monkeypatch.setattr(instance_store, "PRUNE_EVERY", 1)
    save(*(replace(later(ENDED, seconds), exit_code=seconds) for seconds in (10, 11, 5)))

    assert [ended.exit_code for ended in instance_store.load_exits(10)] == [5, 11]


def test_a_deleted_instance_is_not_loaded_and_its_time_is_stored() -> None:
    instance_store.save_instances({"a": ("api", 3), "b": ("web", 4)})
    instance_store.mark_deleted("a")
    instance_store.mark_deleted("unknown")

    assert instance_store.load_instances() == {("web", 4): SavedInstance("b", 0)}
    gone_at = models.Instance.objects.get(token="a").gone_at
    assert gone_at is not None
    assert abs(gone_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_restarts_are_stored_for_their_instance() -> None:
    instance_store.save_instances({"a": ("api", 3), "b": ("web", 4)})
    instance_store.set_restarts("a", 2, 5)
    instance_store.set_restarts("unknown", 2, 6)
    instance_store.set_restarts("a", 1, 7)

    assert instance_store.load_instances() == {("api", 3): SavedInstance("a", 7, 1), ("web", 4): SavedInstance("b", 0)}


DEATH = replace(ENDED, exit_code=None, cause=Cause.DAEMON_DEATH, text="PM2's daemon died and the process with it")


@pytest.mark.parametrize(
    ("other", "is_missing"),
    [
        (replace(ENDED, instance="b", cause=Cause.MANUAL, text="stopped by ada"), False),  # as another server saw it
        (replace(ENDED, pm_id=4, instance="c"), True),
        (later(ENDED, 0.001), True),
        (later(DEATH, -9), False),
        (later(DEATH, 9), False),
        (later(DEATH, 11), True),
        (later(replace(ENDED, cause=Cause.DAEMON_DEATH, pm_id=4, instance="c"), 1), True),
    ],
)
def test_an_exit_that_another_server_stored_is_not_stored_twice(other: Exit, is_missing: bool) -> None:
    stored = save(DEATH if other.cause is Cause.DAEMON_DEATH else ENDED)
    instance_store.save_missing_exit(other)

    expected = sorted((*stored, other) if is_missing else stored, key=lambda ended: ended.at, reverse=True)
    assert {(one.at, one.pm_id) for one in instance_store.load_exits(10)} == {(one.at, one.pm_id) for one in expected}
    assert len(instance_store.load_exits(10)) == len(expected)
