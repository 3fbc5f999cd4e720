"""Ports and the process trees that listen on them, on real sockets."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from system.host import ports
from system.host.ports import Listener
from tests.fixtures.ports import free_port, free_ports
from tests.fixtures.server import ROOT

GONE = 2**22  # above every pid
TCP = b"   0: 0100007F:0BB9 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000 100 0 0 10 0\n"
ANY = TCP.replace(b"0100007F", b"00000000").replace(b"4711", b"4712")
OPEN = TCP.replace(b" 0A ", b" 01 ").replace(b"4711", b"4713")
ANSWER = (  # a message of inet_diag, and NLMSG_DONE
    struct.pack("=IH10x", 88, 20)
    + struct.pack("=4x2s2x16s44xI", b"\x0b\xb9", b"\x7f\0\0\x01", 4711)
    + struct.pack("=IH10x4x", 20, 3)
)
LISTENING = """
import socket, sys, time
sockets = [socket.create_server(('127.0.0.1', int(port))) for port in sys.argv[1:]]
print('listening', flush=True)
sys.stdin.read()
"""
PARENT = f"""
import subprocess, sys
with subprocess.Popen([sys.executable, '-c', {LISTENING!r}, *sys.argv[1:]], stdin=sys.stdin):
    pass
"""


@contextmanager
def program(source: str, *arguments: object) -> Iterator[int]:
    """A running Python program that has said that it listens."""
    argv = [sys.executable, "-c", source, *map(str, arguments)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        yield process.pid
        process.communicate()


def sample(*pids: int, alone: tuple[int, ...] = ()) -> dict[int, tuple[Listener, ...]]:
    """A new reading, with what earlier ones have taught."""
    return ports._listeners.read(frozenset(pids), frozenset(alone))


def test_a_port_is_listening_or_bindable() -> None:
    port = free_port()
    before = (ports.is_listening(port), ports.is_bindable("127.0.0.1", port))
    with socket.create_server(("127.0.0.1", port)):
        during = (ports.is_listening(port), ports.is_bindable("127.0.0.1", port), ports.is_bindable("0.0.0.0", port))
    after = (ports.is_listening(port), ports.is_bindable("127.0.0.1", port))

    assert (before, during, after) == ((False, True), (True, False, False), (False, True))


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70_000), ("a" * 70 + ".example", 80), ("192.0.2.1", 80)])
def test_an_impossible_or_foreign_address_is_neither(host: str, port: int) -> None:
    assert (ports.is_listening(port, host), ports.is_bindable(host, port)) == (False, False)


def test_a_port_is_waited_for_until_it_is_released() -> None:
    answers = iter([True, True, False])

    assert ports.is_released(lambda: next(answers)) is True
    assert list(answers) == []


def test_a_port_that_stays_taken_is_not_released(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "RELEASE_TIMEOUT_S", 0.05)

    assert ports.is_released(lambda: True) is False


def test_listening_sockets_are_read_from_the_kernels_lines() -> None:
    lines = [b"  sl  local_address rem_address   st\n", ANY, OPEN, b"odd\n", TCP, TCP.replace(b"0100007F", b"XY")]

    assert ports.parse_table(lines, socket.AF_INET) == {
        4712: Listener("0.0.0.0", 3001),
        4711: Listener("127.0.0.1", 3001),
    }


@pytest.mark.skipif(sys.byteorder != "little", reason="the lines are those of a little-endian machine")
@pytest.mark.parametrize(
    ("text", "address"),
    [
        (b"00000000000000000000000000000000", "::"),
        (b"00000000000000000000000001000000", "::1"),
        (b"0000000000000000FFFF00000501A8C0", "192.168.1.5"),
        (b"B80D0120000000000000000001000000", "2001:db8::1"),
    ],
)
def test_an_ipv6_address_is_read(text: bytes, address: str) -> None:
    line = TCP.replace(b"0100007F", text)

    assert ports.parse_table([line], socket.AF_INET6) == {4711: Listener(address, 3001)}


@given(
    st.lists(
        st.binary(max_size=80)
        | st.lists(st.sampled_from([b"0A", b"0:0", b"-1", b"FFFF:1", b"9" * 5000]), min_size=9).map(b" ".join)
    )
)
@example([TCP.replace(b":0BB9", b"")])
@example([TCP.replace(b"0100007F:0BB9", b"-1:1")])
def test_any_lines_become_a_table(lines: list[bytes]) -> None:
    for family in (socket.AF_INET, socket.AF_INET6):
        assert all(isinstance(listener, Listener) for listener in ports.parse_table(lines, family).values())


@given(st.binary(max_size=200) | st.integers(0, 200).map(lambda size: ANSWER[:size]))
@example(b"")
@example(ANSWER)
@example(b"\0" * 16)
def test_any_answer_of_the_kernel_becomes_a_table_or_a_known_error(data: bytes) -> None:
    for family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError, struct.error):
            assert isinstance(ports.parse_diag(data, family)[0], dict)


def test_listening_sockets_are_read_from_the_kernels_answer() -> None:
    assert ports.parse_diag(ANSWER, socket.AF_INET) == ({4711: Listener("127.0.0.1", 3001)}, True)


@pytest.mark.parametrize("is_answering", [True, False])
def test_the_sockets_of_this_process_are_in_the_table(monkeypatch: pytest.MonkeyPatch, is_answering: bool) -> None:
    if not is_answering:
        monkeypatch.setattr(ports, "NETLINK_SOCK_DIAG", 31)  # none has this number
    port, port6 = free_ports(2)
    with socket.create_server(("127.0.0.1", port)) as server, ExitStack() as stack:
        servers = {server: Listener("127.0.0.1", port)}
        if socket.has_dualstack_ipv6():
            dual = socket.create_server(("::", port6), family=socket.AF_INET6, dualstack_ipv6=True)
            servers[stack.enter_context(dual)] = Listener("::", port6)
        inodes = {os.fstat(one.fileno()).st_ino: listener for one, listener in servers.items()}
        with socket.create_connection(("127.0.0.1", port)):
            during, held = ports.read_table(), ports.read_held(os.getpid(), {*inodes, 1})
    after = ports.read_table()

    assert {inode: during.get(inode) for inode in inodes} == inodes
    assert (set(held), set(inodes) & set(after)) == (set(inodes), set())
    assert sum(listener.port == port for listener in during.values()) == 1  # not the connection's


def test_without_any_table_there_are_no_listeners(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "NETLINK_SOCK_DIAG", 31)
    monkeypatch.setattr(ports, "TABLES", {socket.AF_INET: Path("/proc/none"), socket.AF_INET6: Path("/proc")})

    assert ports.read_table() == {}


@pytest.mark.real
def test_a_tree_listens_where_any_of_its_processes_does() -> None:
    first, second = sorted(free_ports(2))
    with program(PARENT, second, first) as pid:
        deadline_s = time.monotonic() + 30
        while len((tree := sample(pid, GONE, 0))[pid]) < 2:
            assert time.monotonic() < deadline_s, tree
            time.sleep(0.05)

    assert tree == {pid: (Listener("127.0.0.1", first), Listener("127.0.0.1", second)), GONE: ()}


@pytest.mark.real
def test_without_its_children_a_process_has_its_own_sockets_alone() -> None:
    port = free_port()
    with program(LISTENING, port) as pid, socket.create_server(("127.0.0.1", 0)) as server:
        own, child = Listener(*server.getsockname()), sample(alone=(pid,))[pid]
        deadline_s = time.monotonic() + 30
        while not {own, *child} <= set(tree := sample(os.getpid())[os.getpid()]):
            assert time.monotonic() < deadline_s, tree
            time.sleep(0.05)
        alone = sample(alone=(os.getpid(),))[os.getpid()]

    assert child == (Listener("127.0.0.1", port),)
    assert {own, *child} & set(alone) == {own}


OF_ANOTHER_USER = """
import os, sys
from system.host import ports
os.setuid(65534)
sampled = ports._listeners.read(frozenset({os.getppid(), os.getpid()}), frozenset({1}))
print([listeners for listeners in sampled.values()], len(ports.read_table()) > 0)
"""


@pytest.mark.real
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_the_sockets_of_another_users_processes_are_unknown() -> None:
    with socket.create_server(("127.0.0.1", 0)):
        argv = [sys.executable, "-c", OF_ANOTHER_USER]
        completed = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)

    assert completed.stdout == "[(), (), ()] True\n"


def test_a_socket_that_opens_or_closes_later_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "RESCAN_S", 0.0)
    pid, states = os.getpid(), []
    sample(pid)
    with socket.create_server(("127.0.0.1", 0)) as server:
        listener = Listener(*server.getsockname())
        states.append(listener in sample(pid)[pid])
    states.append(listener in sample(pid)[pid])

    assert states == [True, False]


def test_a_look_at_a_few_processes_leaves_what_is_known_of_others() -> None:
    """Without that, the next sample would look through the descriptors of all processes again."""
    pid = os.getpid()
    with socket.create_server(("127.0.0.1", 0)) as server:
        sample(pid)
        known = ports._listeners.scans

        assert Listener(*server.getsockname()) in ports.listeners_of((pid, GONE))
        assert ports._listeners.scans is known


SCAN = ports._Scan(frozenset({(7, 1.0)}), 100.0, frozenset({1, 2}), frozenset({2}))
IDLE = ports._Scan(frozenset({(7, 1.0)}), 100.0, frozenset({1, 2}), frozenset())


@pytest.mark.parametrize(
    ("scan", "members", "inodes", "now_s", "expected"),
    [
        (SCAN, {(7, 1.0)}, {1, 2}, 129.0, False),  # nothing has changed
        (SCAN, {(7, 1.0)}, {1, 2}, 130.0, True),
        (SCAN, {(7, 1.0)}, {2}, 110.0, False),  # a socket was closed
        (SCAN, {(7, 1.0)}, {1, 2, 3}, 104.0, False),
        (SCAN, {(7, 1.0)}, {1, 2, 3}, 105.0, True),
        (SCAN, {(7, 1.0)}, {1, 3}, 100.5, True),  # its own was replaced
        (SCAN, {(7, 1.0), (8, 2.0)}, {1, 2}, 100.5, True),
        (SCAN, {(7, 5.0)}, {1, 2}, 100.5, True),  # a reused pid
        (IDLE, {(7, 1.0)}, {1, 2}, 129.0, False),
        (IDLE, {(7, 1.0)}, {1, 2, 3}, 100.5, True),
    ],
)
def test_descriptors_are_read_again_only_if_there_may_be_new_sockets(
    scan: ports._Scan, members: set[tuple[int, float]], inodes: set[int], now_s: float, expected: bool
) -> None:
    assert scan.is_outdated(frozenset(members), frozenset(inodes), now_s) is expected
