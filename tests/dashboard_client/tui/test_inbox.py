"""What waits for the screen: in which order it is taken, and what is left out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dashboard_client.tui.inbox import KEPT, Inbox
from dashboard_client.tui.model.events import Disconnected, Metric, Missed


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    made = Inbox()
    yield made
    made.close()


def test_of_a_gauge_only_the_newest_is_kept(inbox: Inbox) -> None:
    for value in range(3):
        inbox.put(Metric("pm2:stats", value, 0.0))

    assert inbox.take(10) == [Metric("pm2:stats", 2, 0.0)]


def test_what_was_heard_before_the_connection_was_lost_comes_before_its_loss(inbox: Inbox) -> None:
    heard, lost, again = Metric("pm2:stats", 1, 0.0), Disconnected("gone", 1.0), Metric("pm2:stats", 2, 2.0)
    for event in (heard, lost, again):
        inbox.put(event)

    assert inbox.take(10) == [heard, lost, again]


def test_a_flood_is_bounded_and_counted(inbox: Inbox) -> None:
    for number in range(KEPT + 3):
        inbox.put(Metric("pm2:logs", number, 0.0))

    taken = inbox.take(KEPT * 2)

    assert (taken[0], taken[-1], len(taken)) == (Metric("pm2:logs", 3, 0.0), Missed("pm2:logs", None), KEPT + 1)
