"""Shares of the open WebSockets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from pytest_django import Settings

from pm2site.access.auth import Credential
from pm2site.live import connections
from pm2site.live.connections import OpenSocket, Sockets, socket_limit

READER, TOKEN = Credential("key", "key (read-only)", False), Credential("token", "ci", True, "hash")

SINCE = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)


@dataclass(eq=False)
class Socket:
    address: str = "10.0.0.1"
    credential: Credential | None = None
    closed_with: int | None = None

    def describe(self) -> OpenSocket | None:
        return OpenSocket(self.credential, self.address, "", SINCE, ()) if self.credential else None

    async def revoked(self) -> None: ...

    async def shut_down(self) -> None: ...

    def cancel(self) -> None: ...


def accepted(sockets: Sockets, credential: Credential, count: int) -> int:
    """How many of `count` more sockets of a credential are accepted, and stay open."""
    total = 0
    for _ in range(count):
        socket = Socket()
        if sockets.add(socket) is None:
            socket.credential = credential
            if sockets.find_excess(socket) is None:
                total += 1
            else:
                sockets.remove(socket)
    return total


async def test_a_credential_has_its_share_and_newcomers_a_place(settings: Settings) -> None:
    settings.WS_MAX_SOCKETS, settings.WS_SHARE = 40, 0.5
    sockets = Sockets()

    assert accepted(sockets, READER, 30) == 20
    assert accepted(sockets, TOKEN, 30) == 16  # 4 places are kept for others
    assert accepted(sockets, Credential("token", "new", True, "other"), 2) == 1


async def test_a_socket_that_is_being_closed_counts_no_more(settings: Settings) -> None:
    settings.WS_MAX_SOCKETS, settings.WS_SHARE = 4, 0.5
    sockets = Sockets()
    unanswered = [Socket(credential=READER) for _ in range(2)]
    for socket in unanswered:
        assert sockets.add(socket) is None
    assert accepted(sockets, READER, 1) == 0

    for socket in unanswered:
        socket.closed_with = 4429

    assert accepted(sockets, READER, 3) == 2


async def test_sockets_are_described_from_their_authentication_until_they_are_closed() -> None:
    sockets = Sockets()
    for socket in (Socket(), Socket("10.0.0.2", TOKEN), Socket("10.0.0.3", TOKEN, closed_with=4401)):
        assert sockets.add(socket) is None

    assert sockets.described() == [OpenSocket(TOKEN, "10.0.0.2", "", SINCE, ())]


async def test_an_address_has_its_share_of_sockets_that_are_not_authenticated(settings: Settings) -> None:
    settings.WS_MAX_SOCKETS, settings.WS_SHARE = 4, 0.5
    sockets = Sockets()

    assert [sockets.add(Socket()) for _ in range(3)] == [
        None, None, "10.0.0.1 has too many open sockets (WS_SHARE of WS_MAX_SOCKETS).",
    ]  # fmt: skip
    assert sockets.add(Socket("10.0.0.2")) is None


@pytest.mark.parametrize(
    ("possible", "expected"),
    [(4000, (2000, "WS_MAX_SOCKETS")), (864, (432, "half of the connections that the limit of open files allows"))],
)
def test_sockets_leave_half_of_the_connections_to_requests(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, possible: int, expected: tuple[int, str]
) -> None:
    settings.WS_MAX_SOCKETS = 2000
    monkeypatch.setattr(connections, "max_connections", lambda: possible)

    assert socket_limit() == expected
