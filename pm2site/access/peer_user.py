"""Asks the kernel which user a connection from this machine belongs to."""

from __future__ import annotations

import ipaddress
import os
import struct
from pathlib import Path

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
Endpoint = tuple[str, int]


def is_supported() -> bool:
    """Whether this system has the kernel's tables of sockets (Linux)."""
    return all(os.access(table, os.R_OK) for table in TABLES[:1])


def is_own_user(client: Endpoint, server: Endpoint) -> bool:
    """Whether the socket that `client` connected with belongs to the user of this process.

    True where the kernel cannot be asked. A socket that its program has closed belongs to nobody.
    """
    if not is_supported():
        return True
    return any(
        _uid(table.read_bytes(), encode(client), encode(server)) == os.getuid()
        for table, encode in ((TABLES[0], _ipv4), (TABLES[1], _ipv6), (TABLES[1], _mapped))
        if table.exists() and encode(client) and encode(server)
    )


def _uid(table: bytes, local: bytes, remote: bytes) -> int | None:
    """Columns: number, local address, remote address, state, queues, timer, retransmissions, uid, timeout, inode
    (proc_net_tcp(5)). A socket without inode was closed by its program, and the kernel states root as its user."""
    position = table.find(b" " + local + b" " + remote + b" ")
    if position < 0:
        return None
    end = table.find(b"\n", position)
    columns = table[position : end if end >= 0 else None].split()
    return int(columns[6]) if columns[8] != b"0" else None


def _encode(packed: bytes, port: int) -> bytes:
    """The kernel prints an address as 32-bit words of the host's byte order."""
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    return ("".join(f"{word:08X}" for word in words) + f":{port:04X}").encode()


def _ipv4(endpoint: Endpoint) -> bytes:
    address = ipaddress.ip_address(endpoint[0])
    return _encode(address.packed, endpoint[1]) if address.version == 4 else b""


def _ipv6(endpoint: Endpoint) -> bytes:
    address = ipaddress.ip_address(endpoint[0])
    return _encode(address.packed, endpoint[1]) if address.version == 6 else b""


def _mapped(endpoint: Endpoint) -> bytes:
    """An IPv4 connection of an IPv6 socket."""
    address = ipaddress.ip_address(endpoint[0])
    return _encode(b"\0" * 10 + b"\xff\xff" + address.packed, endpoint[1]) if address.version == 4 else b""
