"""The kernel's answer to whose a connection is, for real sockets."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from pm2site.access import peer_user
from pm2site.access.request_head import unmapped

ADDRESSES = [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("::", "127.0.0.1")]  # of the server, used by the client


@contextmanager
def connected(
    server_address: str, client_address: str, *, is_closed_by_client: bool = False
) -> Iterator[tuple[peer_user.Endpoint, peer_user.Endpoint]]:
    """The two ends of a connection as its server sees them: the client's, and its own."""
    family = socket.AF_INET6 if ":" in server_address else socket.AF_INET
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket(family))
        if server_address == "::":
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind((server_address, 0))
        listener.listen()
        client = stack.enter_context(socket.create_connection((client_address, listener.getsockname()[1])))
        accepted = stack.enter_context(listener.accept()[0])
        if is_closed_by_client:
            client.sendall(b"GET / HTTP/1.1\r\n")
            client.close()
        peer, own = accepted.getpeername(), accepted.getsockname()
        yield (unmapped(peer[0]), peer[1]), (unmapped(own[0]), own[1])


@pytest.mark.parametrize(("server", "client"), ADDRESSES)
def test_a_connection_belongs_to_the_user_who_opened_it(server: str, client: str) -> None:
    with connected(server, client) as ends:
        assert peer_user.is_own_user(*ends)


@pytest.mark.parametrize(("server", "client"), ADDRESSES)
def test_a_connection_of_another_user_is_not_own(monkeypatch: pytest.MonkeyPatch, server: str, client: str) -> None:
    other_user = os.getuid() + 1
    with connected(server, client) as ends:
        monkeypatch.setattr(os, "getuid", lambda: other_user)

        assert not peer_user.is_own_user(*ends)


def test_a_connection_that_is_closed_belongs_to_nobody() -> None:
    with connected("127.0.0.1", "127.0.0.1") as (client, server):
        pass

    assert not peer_user.is_own_user((client[0], 1), server)


@pytest.mark.parametrize(("server", "client"), ADDRESSES)
def test_a_connection_whose_client_has_closed_it_belongs_to_nobody(
    monkeypatch: pytest.MonkeyPatch, server: str, client: str
) -> None:
    """The kernel says that it is root's, as long as the other end has not closed it."""
    monkeypatch.setattr(os, "getuid", lambda: 0)
    with connected(server, client, is_closed_by_client=True) as ends:
        assert not peer_user.is_own_user(*ends)


def test_loopback_is_enough_where_the_kernel_cannot_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer_user, "is_supported", lambda: False)

    assert peer_user.is_own_user(("127.0.0.1", 1), ("127.0.0.1", 2))
