"""The inbox: order of events and bounds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dashboard_client.tui.inbox import MAX_QUEUED, Inbox
from dashboard_client.tui.model.events import Disconnected, Missed, StreamData


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    inbox = Inbox()
    yield inbox
    inbox.close()


def test_only_the_latest_value_of_a_gauge_is_kept(inbox: Inbox) -> None:
    for value in range(3):
        inbox.put(StreamData("pm2:stats", value, 0.0))

    assert inbox.take(10) == [StreamData("pm2:stats", 2, 0.0)]


def test_values_received_before_a_disconnect_are_taken_before_it(inbox: Inbox) -> None:
    received, lost, again = StreamData("pm2:stats", 1, 0.0), Disconnected("gone", 1.0), StreamData("pm2:stats", 2, 2.0)
    for event in (received, lost, again):
        inbox.put(event)

    assert inbox.take(10) == [received, lost, again]


def test_a_flood_is_bounded_and_counted(inbox: Inbox) -> None:
    for number in range(MAX_QUEUED + 3):
        inbox.put(StreamData("pm2:logs", number, 0.0))

    taken = inbox.take(MAX_QUEUED * 2)

    assert (taken[0], taken[-1], len(taken)) == (
        StreamData("pm2:logs", 3, 0.0),
        Missed("pm2:logs", None),
        MAX_QUEUED + 1,
    )
