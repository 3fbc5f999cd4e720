"""The client behind proxies, and what counts as this machine."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from pytest_django import Settings

from pm2site.access.request_head import head_of_scope, is_loopback, new_head, unmapped


def head(peer: str = "127.0.0.1", **headers: str) -> Any:
    pairs = {"host": "localhost:3100", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return head_of_scope({
        "type": "http", "method": "GET", "path": "/", "client": (peer, 50_000), "server": ("127.0.0.1", 3100),
        "headers": [(name.encode(), value.encode()) for name, value in pairs.items()],
    })  # fmt: skip


PROXY_HEADERS = [
    "forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-anything", "x-real-ip", "via", "cf-connecting-ip",
    "true-client-ip", "x-client-ip",
]  # fmt: skip


def test_this_machine_is_a_loopback_peer_and_host() -> None:
    assert [is_loopback(head(peer)) for peer in ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1")] == [True] * 4
    assert [is_loopback(head(peer)) for peer in ("192.168.1.2", "::ffff:192.168.1.2", "")] == [False] * 3
    assert [is_loopback(head(host=host)) for host in ("localhost", "127.0.0.1:1", "[::1]:1")] == [True] * 3
    assert [is_loopback(head(host=host)) for host in ("bench", "192.168.1.2", "[::2]:1", "")] == [False] * 4


@pytest.mark.parametrize("name", PROXY_HEADERS)
def test_a_forwarding_header_is_a_proxys(name: str) -> None:
    assert not is_loopback(head(**{name: "127.0.0.1"}))


def test_forwarding_headers_of_anybody_do_not_count() -> None:
    client = head("192.0.2.7", x_forwarded_for="127.0.0.1", x_forwarded_proto="https", x_forwarded_host="localhost")

    assert (client.address, client.scheme, client.host) == ("192.0.2.7", "http", "localhost:3100")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x_forwarded_for": "203.0.113.9"}, ("203.0.113.9", "http", "localhost:3100")),
        ({"x_forwarded_for": "1.2.3.4, 203.0.113.9, 10.1.1.1"}, ("203.0.113.9", "http", "localhost:3100")),
        ({"x_forwarded_for": "1.2.3.4, unknown"}, ("127.0.0.1", "http", "localhost:3100")),
        ({"x_forwarded_for": "[2001:db8::1]:4711"}, ("2001:db8::1", "http", "localhost:3100")),
        ({"x_forwarded_for": "203.0.113.9:4711"}, ("203.0.113.9", "http", "localhost:3100")),
        ({"x_forwarded_for": "10.2.2.2"}, ("10.2.2.2", "http", "localhost:3100")),
        ({"x_forwarded_proto": "https", "x_forwarded_host": "pm.example"}, ("127.0.0.1", "https", "pm.example")),
        (
            {"forwarded": 'for="[2001:db8::1]:80";proto=https;host=pm.example'},
            ("2001:db8::1", "https", "pm.example"),
        ),
        ({"forwarded": "for=1.2.3.4, for=203.0.113.9;proto=http"}, ("203.0.113.9", "http", "localhost:3100")),
        ({"x_forwarded_proto": "HTTPS"}, ("127.0.0.1", "https", "localhost:3100")),
    ],
)
def test_headers_of_a_trusted_proxy_say_who_the_client_is(
    settings: Settings, headers: dict[str, str], expected: tuple[str, str, str]
) -> None:
    settings.TRUSTED_PROXIES = (ipaddress.ip_network("127.0.0.1"), ipaddress.ip_network("10.0.0.0/8"))
    client = head(**headers)

    assert (client.address, client.scheme, client.host) == expected
    assert not is_loopback(client)


def test_lines_of_a_list_are_one_list(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = (ipaddress.ip_network("127.0.0.1"), ipaddress.ip_network("10.0.0.0/8"))
    pairs = [
        ("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-For", "203.0.113.9, 10.1.1.1"), ("Content-Encoding", "gzip"),
        ("Content-Encoding", "identity"), ("X-API-Key", "first"), ("X-API-Key", "last"),
    ]  # fmt: skip
    client = new_head("GET", "/", pairs, "127.0.0.1")

    assert (client.address, client.headers["content-encoding"]) == ("203.0.113.9", "gzip, identity")
    assert client.headers["x-api-key"] == "last"


def test_mapped_addresses_are_ipv4() -> None:
    addresses = ["::ffff:127.0.0.1", "127.0.0.1", "::1", "fe80::1%eth0", "unix", ""]

    assert [unmapped(address) for address in addresses] == ["127.0.0.1", "127.0.0.1", "::1", "fe80::1", "unix", ""]
