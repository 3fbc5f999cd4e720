"""Parses `host[:port]` and resolves it to the address that is loaded. [io: name resolution]"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass

from benchmarks.errors import InvalidTargetAddress

_HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::(?P<port>\d{1,5}))?")
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class TargetAddress:
    """Where the load goes. `is_outside_pm2`: by BENCH_TARGETS, so PM2 has no information about it."""

    host: str
    address: str
    port: int
    is_outside_pm2: bool

    @property
    def authority(self) -> str:
        """`host:port` as in the Host header."""
        return f"{bracket_ipv6(self.host)}:{self.port}"

    @property
    def origin(self) -> str:
        return f"http://{bracket_ipv6(self.address)}:{self.port}"


def bracket_ipv6(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def parse_host_port(text: str, default_port: int | None) -> tuple[str, int]:
    """Host, in lower case, and port. Raises InvalidTargetAddress."""
    match = _HOST.fullmatch(text)
    if match is None:
        raise InvalidTargetAddress(text[:100], "it is not host or host:port.")
    port = int(match["port"] or default_port or 0)
    if not 1 <= port <= 65535:
        reason = "the port is not between 1 and 65535." if match["port"] else "a port is required: host:port."
        raise InvalidTargetAddress(text, reason)
    return (match["six"] or match["name"]).lower(), port


def resolve(host: str, text: str) -> list[IPAddress]:
    """The host's addresses, IPv4 first because the frameworks listen there. Raises InvalidTargetAddress."""
    try:
        entries = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise InvalidTargetAddress(text, f"the name {host} does not resolve.") from error
    addresses = {ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in entries}
    return sorted(addresses, key=lambda address: (address.version, str(address)))


def is_public(address: str) -> bool:
    """Whether the address is neither loopback nor in a private network, so it may be a stranger's machine."""
    return ipaddress.ip_address(address).is_global
