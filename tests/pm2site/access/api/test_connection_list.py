"""The list of connections: kinds, counts, what a reader sees, and bounds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pm2site.access.api.connection_list import MAX_LISTED, kind_of, list_connections
from pm2site.access.api.responses import ConnectionCounts, ConnectionDescription
from pm2site.access.auth import Credential
from pm2site.live.connections import OpenSocket

SINCE = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
KEY, READER = Credential("key", "API key", True), Credential("key", "read-only API key", False)
SESSION = Credential("session", "ada", True, "proof")
BROWSER = OpenSocket(SESSION, "10.0.0.1", "Mozilla/5.0 (X11)", SINCE, ("pm2:stats", "activity"))
DASHBOARD = OpenSocket(KEY, "10.0.0.2", "pm2site-dashboard", SINCE + timedelta(seconds=1), ())


def test_connections_are_listed_newest_first_with_who_where_and_what() -> None:
    listed = list_connections([BROWSER, DASHBOARD], KEY, "10.0.0.2")

    assert listed.connections == [
        ConnectionDescription(
            "API key", "10.0.0.2", "dashboard", "pm2site-dashboard", SINCE + timedelta(seconds=1), [], is_you=True
        ),
        ConnectionDescription(
            "ada", "10.0.0.1", "browser", "Mozilla/5.0 (X11)", SINCE, ["pm2:stats", "activity"], is_you=False
        ),
    ]
    assert listed.counts == ConnectionCounts(total=2, actors=2, browser=1, dashboard=1, program=0)


def test_a_reader_sees_no_address() -> None:
    listed = list_connections([BROWSER, replace(DASHBOARD, credential=READER)], READER, "10.0.0.2")

    assert [(row.address, row.is_you) for row in listed.connections] == [(None, True), (None, False)]


@pytest.mark.parametrize(
    ("caller", "address", "expected"),
    [(SESSION, "10.0.0.1", True), (SESSION, "10.0.0.9", False), (replace(SESSION, proof="x"), "10.0.0.1", False)],
)
def test_a_connection_is_yours_by_credential_and_address(caller: Credential, address: str, expected: bool) -> None:
    assert [row.is_you for row in list_connections([BROWSER], caller, address).connections] == [expected]


def test_a_user_agent_is_short_and_printable() -> None:
    hostile = replace(BROWSER, user_agent="Mozilla/\x1b[31m\x9b\u202e" + "x" * 500)

    [row] = list_connections([hostile], KEY, "").connections

    assert row.client == r"Mozilla/\x1b[31m\x9b\u202e" + "x" * (100 - 26)
    assert len(row.client) == 100


def test_the_list_is_bounded_and_the_counts_are_not() -> None:
    many = [replace(DASHBOARD, connected_at=SINCE + timedelta(seconds=number)) for number in range(MAX_LISTED + 5)]

    listed = list_connections(many, KEY, "")

    assert (len(listed.connections), listed.counts.total) == (1000, 1005)
    assert listed.connections[-1].connected_at == SINCE + timedelta(seconds=5)


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/140", "browser"),
        ("pm2site-dashboard", "dashboard"),
        ("pm2site-client", "program"),
        ("curl/8", "program"),
        ("", "program"),
    ],
)
def test_the_kind_of_a_client_follows_from_its_user_agent(user_agent: str, expected: str) -> None:
    assert kind_of(user_agent) == expected
