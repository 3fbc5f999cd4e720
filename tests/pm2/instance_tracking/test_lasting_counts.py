from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection
from pytest_django import Settings

from pm2 import models
from pm2.exits.classify import Cause, Exit
from pm2.instance_tracking import instance_store, lasting_counts

pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
CRASH = Exit("a", AT, "api", 3, 1, None, Cause.CRASH, "crashed", None, 2.5, (), ())
CRASHES = {("api", "crash"): 2}


@pytest.fixture(autouse=True)
def _home(settings: Settings) -> None:
    settings.PM2_HOME = Path("/home/ada/.pm2")


def save(*exits: Exit) -> None:
    for ended in exits:
        instance_store.save_exit(ended)


def test_exits_are_counted_by_app_and_cause_whichever_instance_had_them() -> None:
    save(CRASH, replace(CRASH, instance="b", pm_id=4), replace(CRASH, cause=Cause.MANUAL), replace(CRASH, name="a\0b"))

    assert lasting_counts.load_exit_counts(["api"], 10) == {
        ("api", "crash"): 2, ("api", "manual"): 1, ("a�b", "crash"): 1,
    }  # fmt: skip


def test_counts_outlive_the_exits_and_their_instances(settings: Settings) -> None:
    save(CRASH, CRASH)
    models.Exit.objects.all().delete()
    models.Instance.objects.all().delete()

    assert lasting_counts.load_exit_counts(["api"], 0) == CRASHES
    settings.PM2_HOME = Path("/home/bob/.pm2")
    assert lasting_counts.load_exit_counts(["api"], 10) == {}


def test_an_exit_that_cannot_be_stored_is_not_counted() -> None:
    with pytest.raises(AttributeError):
        save(replace(CRASH, samples=(None,)))  # type: ignore[arg-type]

    assert lasting_counts.load_exit_counts(["api"], 10) == {}


def test_the_counts_of_other_apps_are_those_counted_last() -> None:
    save(*(replace(CRASH, name=name) for name in ("api", "old", "new")))

    assert lasting_counts.load_exit_counts(["api"], 1) == {("api", "crash"): 1, ("new", "crash"): 1}


@pytest.mark.parametrize(("prune_every", "names"), [(1, ["new", "newer"]), (10**9, ["new", "newer", "old"])])
def test_apps_that_ended_long_ago_make_room(
    monkeypatch: pytest.MonkeyPatch, prune_every: int, names: list[str]
) -> None:
    monkeypatch.setattr(lasting_counts, "MAX_COUNTS", 2)
    monkeypatch.setattr(lasting_counts, "PRUNE_EVERY", prune_every)
    save(*(replace(CRASH, name=name) for name in ("old", "new", "newer")))

    assert sorted(name for name, _ in lasting_counts.load_exit_counts(["old", "new", "newer"], 0)) == names


def test_a_row_with_another_type_is_left_out() -> None:
    save(CRASH, CRASH, replace(CRASH, cause=Cause.WATCH))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pm2_exitcount SET count = 'many' WHERE cause = 'watch'")

    assert lasting_counts.load_exit_counts(["api"], 10) == CRASHES


def test_exits_stored_by_an_earlier_version_are_counted_once() -> None:
    save(CRASH, CRASH, replace(CRASH, name="web", instance="b"))
    models.ExitCount.objects.all().delete()
    import_module("pm2.migrations.0002_exit_counts").count_stored_exits(apps, None)

    assert lasting_counts.load_exit_counts(["api", "web"], 0) == {**CRASHES, ("web", "crash"): 1}


def test_restarts_of_deleted_instances_are_summed_by_name_and_pm_id(settings: Settings) -> None:
    instance_store.save_instances({"a": ("api", 3), "b": ("api", 3), "c": ("api", 4), "d": ("web", 3), "e": ("api", 3)})
    for token, restarts in {"a": 5, "b": 7, "c": 1, "d": 2, "e": 100}.items():
        instance_store.set_restarts(token, 1, restarts - 1)
    for token in "abcd":
        instance_store.mark_deleted(token)

    assert lasting_counts.load_restarts_of_deleted(["api"], []) == {("api", 3): 12, ("api", 4): 1}
    assert lasting_counts.load_restarts_of_deleted(["api"], ["b", "c"]) == {("api", 3): 5}
    settings.PM2_HOME = Path("/home/bob/.pm2")
    assert lasting_counts.load_restarts_of_deleted(["api"], []) == {}
