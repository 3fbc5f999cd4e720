"""The audit trail keeps the newest rows, and strangers cannot fill it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from pytest_django import Settings

from pm2site.access.throttle import attempts
from pm2site.audit import bounds, trail
from pm2site.models import Activity

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_budget(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(trail, "anonymous_budget", bounds.AnonymousBudget())
    yield
    attempts.clear()


def record(number: int) -> None:
    trail.record(actor="ci", address="", action="pm2.start", subject=str(number))


def test_only_the_newest_rows_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "PRUNE_BATCH", 2)
    for number in range(8):
        record(number)

    assert bounds.prune(3) == 5
    assert list(Activity.objects.order_by("pk").values_list("target", flat=True)) == ["5", "6", "7"]
    assert bounds.prune(3) == 0


def test_rows_above_the_setting_are_deleted_as_new_ones_come(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setattr(bounds, "PRUNE_EVERY", 5)
    monkeypatch.setattr(trail, "retention", bounds.Retention())
    settings.ACTIVITY_ROWS = 2
    for number in range(10):
        record(number)

    assert list(Activity.objects.order_by("pk").values_list("target", flat=True)) == ["8", "9"]


def test_strangers_add_a_bounded_number_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    minute = [0.0]
    monkeypatch.setattr("pm2site.audit.bounds.time.monotonic", lambda: minute[0])
    browser = Client(enforce_csrf_checks=True, headers={"Host": "localhost"}, REMOTE_ADDR="192.0.2.1")
    statuses = {browser.post("/login", {"username": "a", "password": "b"}).status_code for _ in range(100)}

    assert statuses == {403}
    assert Activity.objects.count() == bounds.ANONYMOUS_PER_MINUTE
    minute[0] = 60.0
    browser.post("/login", {"username": "a", "password": "b"})
    last = Activity.objects.latest("pk")
    assert (last.actor, last.action, last.outcome, last.message) == (
        "nobody", "login", "refused", "(70 more were not recorded)",
    )  # fmt: skip
