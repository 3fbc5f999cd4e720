"""TCP ports of this machine: which listen, for which processes, and which can be bound. [io: sockets, /proc]"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from system.host import process_trees
from system.host.psutil_thread import run_in_psutil_thread

RELEASE_TIMEOUT_S = 1.0
RELEASE_POLL_S = 0.02
FRESH_S = 0.2  # as that of a tree's usage: the two are read one after the other
RESCAN_S = 5.0  # of a tree that listens already, once there are new sockets: they may be its own
RESCAN_UNCHANGED_S = 30.0  # a listening socket can be handed to another process without any other trace
MAX_DESCRIPTORS = 10_000  # per process, lowest first; a server opens its listening sockets before its connections
TABLES = {socket.AF_INET: Path("/proc/net/tcp"), socket.AF_INET6: Path("/proc/net/tcp6")}

# linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h, net/tcp_states.h
TCP_LISTEN = 10
NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, NLMSG_ERROR, NLMSG_DONE = 4, 20, 2, 3
NLM_F_REQUEST_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
NETLINK_TIMEOUT_S = 1.0
NETLINK_HEADER = struct.Struct("=IH10x")  # nlmsghdr: length, type
DIAG_REQUEST = struct.Struct("=IHH8xBB2xI48x")  # nlmsghdr, inet_diag_req_v2: family, protocol, set of states
DIAG_MESSAGE = struct.Struct("=4x2s2x16s44xI")  # inet_diag_msg: local port, local address, inode


def is_listening(port: int, host: str = "127.0.0.1", timeout_s: float = 0.2) -> bool:
    """Whether host:port accepts a connection."""
    try:
        with socket.create_connection((host, port), timeout=timeout_s):
            return True
    except (OSError, OverflowError, UnicodeError):  # the last two: an impossible port or host name
        return False


def is_bindable(host: str, port: int) -> bool:
    """Whether this process could listen on host:port now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError, UnicodeError):
            return False
    return True


def select_listening(candidates: Iterable[int], host: str = "127.0.0.1") -> tuple[int, ...]:
    """The candidates that accept connections. On loopback a closed port refuses at once."""
    return tuple(port for port in candidates if is_listening(port, host))


def is_released(is_taken: Callable[[], bool]) -> bool:
    """Wait for a port without a visible holder: a killed process leaves /proc before its sockets close. False if it is
    still taken after `RELEASE_TIMEOUT_S`, by a process of another user for example."""
    deadline_s = time.monotonic() + RELEASE_TIMEOUT_S
    while is_taken():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(RELEASE_POLL_S)
    return True


@dataclass(frozen=True, slots=True)
class Listener:
    """A TCP socket that listens. `address`: the one it is bound to; 0.0.0.0 or :: stands for all."""

    address: str
    port: int


Table = Mapping[int, Listener]  # by the socket's inode


def read_table() -> Table:
    """All listening TCP sockets of our network namespace; none where the system does not state them."""
    listeners: dict[int, Listener] = {}
    for family, file in TABLES.items():
        try:
            listeners |= _query_kernel(family)
        except (OSError, struct.error, AttributeError):  # not allowed, another kernel, or not Linux
            with suppress(OSError), file.open("rb") as lines:
                listeners |= parse_table(lines, family)
    return listeners


def _query_kernel(family: socket.AddressFamily) -> Table:
    """By sock_diag(7): /proc/net/tcp takes a hundred times as long with many connections, which it lists too, and
    twenty times with none, because of the size of their hash table. Raises OSError, struct.error."""
    listeners: dict[int, Listener] = {}
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as kernel:
        kernel.settimeout(NETLINK_TIMEOUT_S)
        header = DIAG_REQUEST.size, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST_DUMP
        kernel.send(DIAG_REQUEST.pack(*header, family, socket.IPPROTO_TCP, 1 << TCP_LISTEN))
        is_done = False
        while not is_done:
            part, is_done = parse_diag(kernel.recv(2**16), family)
            listeners |= part
    return listeners


def parse_diag(data: bytes, family: socket.AddressFamily) -> tuple[Table, bool]:
    """The sockets in a part of the kernel's answer, and whether it is the last. Raises OSError if the kernel refused
    the request, struct.error if the part is malformed."""
    listeners: dict[int, Listener] = {}
    start = 0
    while start < len(data):
        length, kind = NETLINK_HEADER.unpack_from(data, start)
        if kind == NLMSG_DONE:
            return listeners, True
        if kind == NLMSG_ERROR or length < NETLINK_HEADER.size:
            raise OSError(f"the kernel answered with message {kind} of {length} bytes")
        port, address, inode = DIAG_MESSAGE.unpack_from(data, start + NETLINK_HEADER.size)
        size = 4 if family is socket.AF_INET else 16
        listeners[inode] = Listener(_as_text(family, address[:size]), int.from_bytes(port, "big"))
        start += (length + 3) & ~3
    return listeners, not data


def parse_table(lines: Iterable[bytes], family: socket.AddressFamily) -> Table:
    """The listening sockets in lines of /proc/net/tcp or tcp6. A malformed line is left out."""
    listeners: dict[int, Listener] = {}
    for line in lines:
        fields = line.split()
        if len(fields) >= 10 and fields[3] == b"%02X" % TCP_LISTEN:
            with suppress(ValueError, struct.error):
                address, _, port = fields[1].partition(b":")
                listeners[int(fields[9])] = Listener(_read_address(address, family), int(port, 16))
    return listeners


def _read_address(text: bytes, family: socket.AddressFamily) -> str:
    """The kernel prints each 32 bits of an address in the byte order of the machine. Raises ValueError, struct.error"""
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    return _as_text(family, struct.pack(f"={len(words)}I", *words))


def _as_text(family: socket.AddressFamily, packed: bytes) -> str:
    """An IPv4 address in IPv6 becomes IPv4."""
    return socket.inet_ntop(family, packed).removeprefix("::ffff:")


def read_held(pid: int, inodes: Collection[int]) -> frozenset[int]:
    """Which of the sockets the process holds; none of one that is gone or whose descriptors we may not read."""
    held: set[int] = set()
    with suppress(OSError):
        folder = os.open(f"/proc/{pid}/fd", os.O_RDONLY | os.O_DIRECTORY)
        try:
            for descriptor in os.listdir(folder)[:MAX_DESCRIPTORS]:  # noqa: PTH208 - half the time of whole paths
                with suppress(OSError, ValueError):  # closed meanwhile
                    kind, _, inode = os.readlink(descriptor, dir_fd=folder).partition(":[")
                    if kind == "socket" and int(inode[:-1]) in inodes:
                        held.add(int(inode[:-1]))
        finally:
            os.close(folder)
    return frozenset(held)


@dataclass(frozen=True, slots=True)
class _Scan:
    """What the descriptors of a tree showed. `seen`: the sockets that existed then; `held`: those that it held."""

    members: frozenset[process_trees.Member]
    at_s: float
    seen: frozenset[int]
    held: frozenset[int]

    def is_outdated(self, members: frozenset[process_trees.Member], inodes: frozenset[int], now_s: float) -> bool:
        if members != self.members:
            return True
        if inodes <= self.seen:
            return now_s - self.at_s >= RESCAN_UNCHANGED_S
        return not self.held & inodes or now_s - self.at_s >= RESCAN_S


class _ListenerSampler:
    """Remembers which tree holds which listening sockets: to look through all descriptors takes far longer than to see
    that no socket was added. Used only in the psutil thread, except `cached`."""

    def __init__(self) -> None:
        self.scans: dict[int, _Scan] = {}
        self.last: tuple[float, Collection[frozenset[int]], dict[int, tuple[Listener, ...]]] = (-FRESH_S, (), {})

    def cached(self, trees: frozenset[int], alone: frozenset[int]) -> dict[int, tuple[Listener, ...]] | None:
        """The last answer if it is younger than `FRESH_S`. Thread-safe."""
        read_at_s, pids, listeners = self.last
        return listeners if pids == (trees, alone) and time.monotonic() - read_at_s < FRESH_S else None

    def read(self, trees: frozenset[int], alone: frozenset[int]) -> dict[int, tuple[Listener, ...]]:
        now_s, table = time.monotonic(), read_table()
        inodes = frozenset(table)
        members = {pid: process_trees.read_members(pid) for pid in trees if pid > 0}
        members |= {pid: frozenset({(pid, 0.0)}) for pid in alone if pid > 0}
        self.scans = {pid: self._scan(pid, members[pid], inodes, now_s) for pid in members}
        listeners = {
            pid: tuple(sorted({table[inode] for inode in scan.held & inodes}, key=lambda one: (one.port, one.address)))
            for pid, scan in self.scans.items()
        }
        self.last = (now_s, (trees, alone), listeners)
        return listeners

    def _scan(self, pid: int, members: frozenset[process_trees.Member], inodes: frozenset[int], now_s: float) -> _Scan:
        last = self.scans.get(pid)
        if last and not last.is_outdated(members, inodes, now_s):
            return last
        held = frozenset[int]().union(*(read_held(member, inodes) for member, _ in members))
        return _Scan(members, now_s, inodes, held)


_listeners = _ListenerSampler()


def listeners_of(pids: Collection[int]) -> frozenset[Listener]:
    """Where these processes listen themselves, without their children, read now. Blocking, for less than a millisecond
    each; what `sample_listeners` remembers of others is left alone."""
    table = read_table()
    return frozenset(table[inode] for pid in pids for inode in read_held(pid, table))


async def sample_listeners(trees: Collection[int], alone: Collection[int] = ()) -> dict[int, tuple[Listener, ...]]:
    """Where the process trees listen, and the processes of `alone` without their children, each once, by port. Empty
    for those that are gone or that we may not look into."""
    pids = frozenset(trees), frozenset(alone)
    cached = _listeners.cached(*pids)
    return await run_in_psutil_thread(_listeners.read, *pids) if cached is None else cached
