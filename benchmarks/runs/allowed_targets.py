"""Which addresses this server may load: decided once, then passed on as an IP address. [io: name resolution]"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection

from django.conf import settings

from benchmarks.engine.address import IPAddress, TargetAddress, bracket_ipv6, parse_host_port, resolve
from benchmarks.errors import InvalidTargetAddress, TargetNotAllowed
from system.host import ports

# What inet_aton reads as an address although it does not look like one: 2130706433, 0x7f.1, 127.1.
_ODD_NUMBER = re.compile(r"(?:.*\.)?(?:0[xX][0-9A-Fa-f]*|\d+)\.?")


def allowed(text: str, default_port: int, framework_ports: Collection[int]) -> TargetAddress:
    """The place that `host[:port]` names. Raises TargetNotAllowed, before anything goes over the network."""
    try:
        host, port = parse_host_port(text, default_port)
    except InvalidTargetAddress as error:
        raise TargetNotAllowed(text[:100], error.reason) from error
    if _is_named(host, port):
        return TargetAddress(host, str(_resolved(host, text)[0]), port, is_allow_listed=True)
    address = _own_address(host, text)
    if port not in framework_ports:
        raise TargetNotAllowed(text, f"port {port} is no framework's. BENCH_TARGETS can name more.")
    return TargetAddress(host, str(address), port, is_allow_listed=False)


def _is_named(host: str, port: int) -> bool:
    entries = {entry.lower() for entry in settings.BENCH_TARGETS}
    return bool(entries & {host, bracket_ipv6(host), f"{bracket_ipv6(host)}:{port}"})


def _own_address(host: str, text: str) -> IPAddress:
    literal = _literal(host, text)
    known = {name.lower() for name in settings.HOST_NAMES}
    if literal is None and host not in known:
        raise TargetNotAllowed(text, "it is not this machine. BENCH_TARGETS can name more hosts.")
    for address in [literal] if literal else _resolved(host, text):
        if _is_own(address):
            return address
    raise TargetNotAllowed(text, "it is not an address of this machine. BENCH_TARGETS can name more.")


def _literal(host: str, text: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        if _ODD_NUMBER.fullmatch(host):
            raise TargetNotAllowed(text, "an IP address is written in four decimal parts.") from None
        return None


def _resolved(host: str, text: str) -> list[IPAddress]:
    try:
        return resolve(host, text)
    except InvalidTargetAddress as error:
        raise TargetNotAllowed(text, error.reason) from error


def _is_own(address: IPAddress) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return False
    if address.is_unspecified or address.is_multicast or address.is_link_local:
        return False
    if isinstance(address, ipaddress.IPv4Address) and address == ipaddress.IPv4Address("255.255.255.255"):
        return False
    return address.is_loopback or ports.bindable(str(address), 0)
