"""Parses `host[:port]` and resolves it to the address that is loaded. [io: name resolution]"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass

from benchmarks.errors import InvalidTargetAddress

PORT = "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"  # 1 to 65535
HOST = r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+"
PATH_CHARACTERS = "A-Za-z0-9._~!$&'()*+,;=:@%/?-"  # RFC 3986, section 3.3 and 3.4
_HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::(?P<port>[0-9]{1,5}))?")
_URL = re.compile(
    rf"(?P<scheme>[Hh][Tt][Tt][Pp][Ss]?)://(?P<authority>(?:{HOST})(?::(?:{PORT}))?)(?P<path>[/?][{PATH_CHARACTERS}]*)?"
)
DEFAULT_PORTS = {"http": 80, "https": 443}
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class TargetAddress:
    """Where the load goes. `host`: the name for the Host header, and for TLS; `address`, `port`: what is connected to.
    `is_outside_pm2`: by BENCH_TARGETS, so PM2 has no information about it."""

    host: str
    address: str
    port: int
    is_outside_pm2: bool

    @property
    def authority(self) -> str:
        """`host:port` as in the Host header."""
        return f"{bracket_ipv6(self.host)}:{self.port}"


@dataclass(frozen=True, slots=True)
class TargetUrl:
    """A URL in its parts. `path`: with the query; `/` if the URL has none."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        return f"{bracket_ipv6(self.host)}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.authority}"


def is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


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
    if match["six"] and not is_ipv6(match["six"]):
        raise InvalidTargetAddress(text, "brackets hold an IPv6 address, such as [::1].")
    return (match["six"] or match["name"]).lower(), port


def parse_url(text: str) -> TargetUrl:
    """An http or https URL, strictly: no user, no fragment, and only the characters of RFC 3986. Raises
    InvalidTargetAddress."""
    match = _URL.fullmatch(text)
    if match is None:
        raise InvalidTargetAddress(text[:100], _url_problem(text))
    scheme = match["scheme"].lower()
    host, port = parse_host_port(match["authority"], DEFAULT_PORTS[scheme])
    path = match["path"] or "/"
    return TargetUrl(scheme, host, port, path if path.startswith("/") else f"/{path}")


def _url_problem(text: str) -> str:
    scheme, separator, rest = text.partition("://")
    if not separator or scheme.lower() not in DEFAULT_PORTS:
        return "a URL begins with http:// or https://, such as http://127.0.0.1:8080/orders."
    if "@" in rest.partition("/")[0]:
        return "a URL has no user and password here: send a header, such as Authorization."
    if "#" in rest:
        return "a fragment (#…) is never sent: leave it out."
    return "it is not a URL: percent-encode other characters, a space as %20."


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
