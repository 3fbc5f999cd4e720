"""Which addresses the server may load."""

from __future__ import annotations

import re
import socket

import pytest
from pytest_django import Settings

from benchmarks.engine.address import TargetAddress, parse_host_port
from benchmarks.errors import InvalidTargetAddress, TargetNotAllowed
from benchmarks.targets.permitted import Place, check_resolved, resolve_target
from system.host.ports import Listener

EVERYWHERE = frozenset(Listener(address, port) for address in ("0.0.0.0", "::") for port in (3001, 3002))
SPELLINGS = [
    "8.8.8.8", "169.254.169.254", "0.0.0.0", "2130706433", "0x7f000001", "127.1", "0177.0.0.1", "0x7f.0.0.1", "127.0.1",
    "017700000001", "localhost.evil.com", "evil.com", "user@localhost", "localhost:6379", "localhost:3100",
    "localhost:0", "localhost:99999", "file:///etc/passwd", "http://localhost", "[::]", "[::ffff:8.8.8.8]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "", " ", "localhost:3001/x", "-h", "255.255.255.255", "224.0.0.1",
    "localhost:3001:3002", "localhost:+3001", "localhost:\uff13\uff10\uff10\uff11", "\uff4cocalhost",
    "localhost\t", "localhost\n:3001",
    "local host", "[fe80::1%lo]", "[fe80::1]", "127.0.0.1:22", "[::1]:22", "127.0.0.1.", "1.1.1.1:3001", "127.0.0.1:13001",
]  # fmt: skip


def resolve(text: str, connect: str = "") -> TargetAddress:
    """As a request does that gives `text` as its host. Raises TargetNotAllowed, InvalidTargetAddress."""
    host, port = parse_host_port(text, 3001)
    return resolve_target(Place(host, port, connect), EVERYWHERE)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_other_addresses_than_those_of_frameworks_and_apps_are_refused(spelling: str) -> None:
    with pytest.raises((TargetNotAllowed, InvalidTargetAddress)):
        resolve(spelling)


@pytest.mark.parametrize("spelling", [spelling for spelling in SPELLINGS if spelling])
def test_connect_is_judged_by_the_address_that_is_connected_to(spelling: str) -> None:
    with pytest.raises(TargetNotAllowed):
        resolve("localhost:3001", connect=spelling)


def test_loopback_is_resolved_once() -> None:
    assert resolve("localhost") == TargetAddress("localhost", "127.0.0.1", 3001, is_outside_pm2=False)
    assert resolve("127.0.0.1:3002") == TargetAddress("127.0.0.1", "127.0.0.1", 3002, is_outside_pm2=False)
    assert resolve("[::1]").authority == "[::1]:3001"


def test_any_name_may_be_measured_on_an_address_that_is_permitted() -> None:
    resolved = resolve_target(Place("api.example.com", 443, "127.0.0.1:3001"), EVERYWHERE)

    assert resolved == TargetAddress("api.example.com", "127.0.0.1", 3001, is_outside_pm2=False)


def test_a_permitted_name_does_not_permit_another_address_to_connect_to(settings: Settings) -> None:
    settings.BENCH_TARGETS = ("api.example.com",)

    with pytest.raises(TargetNotAllowed, match=r"127\.0\.0\.1:22: .* nothing under PM2 listens on port 22"):
        resolve_target(Place("api.example.com", 443, "127.0.0.1:22"), EVERYWHERE)


def test_an_allow_listed_target_may_have_any_port(settings: Settings) -> None:
    settings.BENCH_TARGETS = ("127.0.0.1:9999", "10.1.2.3")

    assert resolve("127.0.0.1:9999").is_outside_pm2
    assert resolve("10.1.2.3:80") == TargetAddress("10.1.2.3", "10.1.2.3", 80, is_outside_pm2=True)
    with pytest.raises(TargetNotAllowed):
        resolve("127.0.0.1:9998")


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("127.0.0.1:3177", "port 3177 of 127.0.0.1 is this server itself"),
        ("127.0.0.1:7000", "port 7000 of 127.0.0.1 is of the Redis Cluster"),
        ("[::1]:17002", "port 17002 of ::1 is of the Redis Cluster"),
        ("[::ffff:127.0.0.1]:7000", "is of the Redis Cluster"),
        ("10.9.8.7:5433", "port 5433 of 10.9.8.7 is this server's database"),
        ("127.0.0.2:6379", "port 6379 of 127.0.0.2 is this server's broker"),
        ("[::1]:6379", "port 6379 of ::1 is this server's broker"),
        ("10.9.8.7:6380", "port 6380 of 10.9.8.7 is this server's channel layer"),
    ],
)
def test_parts_of_the_server_are_never_loaded(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, text: str, owner: str
) -> None:
    settings.BENCH_TARGETS = ("127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "10.9.8.7", "127.0.0.2")
    settings.BROKER_URL, settings.CHANNEL_REDIS_URL = "redis://:pw@localhost/0", "rediss://10.9.8.7:6380"
    settings.API_PORT = 3177
    settings.REDIS_BASE_PORT = 7000
    monkeypatch.setitem(settings.DATABASES["default"], "HOST", "10.9.8.7")
    monkeypatch.setitem(settings.DATABASES["default"], "PORT", 5433)

    with pytest.raises(TargetNotAllowed, match=re.escape(owner)):
        resolve(text)


@pytest.mark.parametrize(
    ("apps", "others", "permitted", "refused"),
    [
        ("127.0.0.2", "127.0.0.1", ["127.0.0.2"], ["127.0.0.1", "127.0.0.3", "[::1]"]),
        ("0.0.0.0", "::1", ["127.0.0.1", "127.0.0.2"], ["[::1]"]),
        ("::1", "127.0.0.1", ["[::1]"], ["127.0.0.1"]),
        ("::", "127.0.0.3", ["[::1]"], ["127.0.0.3"]),
    ],
)
def test_a_port_is_permitted_on_the_addresses_on_which_the_app_listens(
    apps: str, others: str, permitted: list[str], refused: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program may listen on the same port of another address."""
    monkeypatch.setattr("benchmarks.targets.permitted.own_ports", set)  # the sockets are this process's
    with socket.socket(_family(apps)) as ours, socket.socket(_family(others)) as theirs:
        for one in (ours, theirs):
            if one.family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        ours.bind((apps, 0))
        port = ours.getsockname()[1]
        theirs.bind((others, port))
        for one in (ours, theirs):
            one.listen()

        for host in permitted:
            assert resolve_target(Place(host.strip("[]"), port), {Listener(apps, port)}).port == port
        for host in refused:
            with pytest.raises(TargetNotAllowed, match=f"nothing under PM2 listens on port {port} of"):
                resolve_target(Place("api.test", 80, f"{host}:{port}"), {Listener(apps, port)})


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


@pytest.mark.parametrize("entry", ["127.0.0.1", "localhost", "127.0.0.1:{port}", "[::1]"])
def test_what_was_permitted_is_checked_again_when_the_run_begins(settings: Settings, entry: str) -> None:
    """Its app may have ended, and another program may listen on its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(TargetNotAllowed, match=rf"127\.0\.0\.1:{port}: nothing under PM2 listens there any more"):
            check_resolved("127.0.0.1", port, ())
        check_resolved("127.0.0.1", port, {Listener("127.0.0.1", port)})
        check_resolved("192.0.2.1", port, ())  # not this machine
        settings.BENCH_TARGETS = (entry.format(port=port),)
        if entry == "[::1]":
            with pytest.raises(TargetNotAllowed):
                check_resolved("127.0.0.1", port, ())
        else:
            check_resolved("127.0.0.1", port, ())
