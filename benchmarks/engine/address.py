"""Where a load goes: `host[:port]` taken apart, and turned into an address. [io: name resolution]"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass

from benchmarks.errors import UnknownPlace

_HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::(?P<port>\d{1,5}))?")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Place:
    """Where the load goes. `named`: stands in BENCH_TARGETS, so nothing about it can be asked from PM2."""

    host: str
    address: str
    port: int
    named: bool

    @property
    def authority(self) -> str:
        """`host:port` as the Host header says it."""
        return f"{bracketed(self.host)}:{self.port}"

    @property
    def origin(self) -> str:
        return f"http://{bracketed(self.address)}:{self.port}"


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def parsed(text: str, default_port: int | None) -> tuple[str, int]:
    """Host, in lower case, and port. Raises UnknownPlace."""
    match = _HOST.fullmatch(text)
    if match is None:
        raise UnknownPlace(text[:100], "it is not host or host:port.")
    port = int(match["port"] or default_port or 0)
    if not 1 <= port <= 65535:
        wanted = "the port is not between 1 and 65535." if match["port"] else "a port is needed: host:port."
        raise UnknownPlace(text, wanted)
    return (match["six"] or match["name"]).lower(), port


def resolved(host: str, text: str) -> list[Address]:
    """IPv4 first: the frameworks listen there. Raises UnknownPlace."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnknownPlace(text, f"the name {host} does not resolve.") from error
    addresses = {ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found}
    return sorted(addresses, key=lambda address: (address.version, str(address)))


def is_public(address: str) -> bool:
    """Whether anybody's machine may stand behind it: neither loopback nor a private network."""
    return ipaddress.ip_address(address).is_global
