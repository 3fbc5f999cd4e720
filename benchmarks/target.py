"""Which addresses this server may load: decided once, then passed on as an IP address. [io: name resolution]"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings

from benchmarks.errors import TargetNotAllowed
from system import ports

_HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::(?P<port>\d{1,5}))?")
# What inet_aton reads as an address although it does not look like one: 2130706433, 0x7f.1, 127.1.
_ODD_NUMBER = re.compile(r"(?:.*\.)?(?:0[xX][0-9A-Fa-f]*|\d+)\.?")
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
        return f"{_bracketed(self.host)}:{self.port}"

    @property
    def origin(self) -> str:
        return f"http://{_bracketed(self.address)}:{self.port}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def allowed(text: str, default_port: int, framework_ports: Collection[int]) -> Place:
    """The place that `host[:port]` names. Raises TargetNotAllowed, before anything goes over the network."""
    match = _HOST.fullmatch(text)
    if match is None:
        raise TargetNotAllowed(text[:100], "it is not host or host:port.")
    host = (match["six"] or match["name"]).lower()
    port = int(match["port"] or default_port)
    if not 1 <= port <= 65535:
        raise TargetNotAllowed(text, "the port is not between 1 and 65535.")
    if _is_named(host, port):
        return Place(host, str(_resolved(host, text)[0]), port, named=True)
    address = _own_address(host, text)
    if port not in framework_ports:
        raise TargetNotAllowed(text, f"port {port} is no framework's. BENCH_TARGETS can name more.")
    return Place(host, str(address), port, named=False)


def _is_named(host: str, port: int) -> bool:
    entries = {entry.lower() for entry in settings.BENCH_TARGETS}
    return bool(entries & {host, _bracketed(host), f"{_bracketed(host)}:{port}"})


def _own_address(host: str, text: str) -> Address:
    literal = _literal(host, text)
    known = {name.lower() for name in settings.HOST_NAMES}
    if literal is None and host not in known:
        raise TargetNotAllowed(text, "it is not this machine. BENCH_TARGETS can name more hosts.")
    for address in [literal] if literal else _resolved(host, text):
        if _is_own(address):
            return address
    raise TargetNotAllowed(text, "it is not an address of this machine. BENCH_TARGETS can name more.")


def _literal(host: str, text: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        if _ODD_NUMBER.fullmatch(host):
            raise TargetNotAllowed(text, "an IP address is written in four decimal parts.") from None
        return None


def _resolved(host: str, text: str) -> list[Address]:
    """IPv4 first: the frameworks listen there."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TargetNotAllowed(text, f"the name {host} does not resolve.") from error
    addresses = {ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found}
    return sorted(addresses, key=lambda address: (address.version, str(address)))


def _is_own(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return False
    if address.is_unspecified or address.is_multicast or address.is_link_local:
        return False
    if isinstance(address, ipaddress.IPv4Address) and address == ipaddress.IPv4Address("255.255.255.255"):
        return False
    return address.is_loopback or ports.bindable(str(address), 0)
