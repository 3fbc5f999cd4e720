"""Decides once which addresses this server may benchmark, and resolves them to an IP address. [io: name resolution]"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection

from django.conf import settings

from benchmarks.engine.address import IPAddress, TargetAddress, bracket_ipv6, parse_host_port, resolve
from benchmarks.errors import InvalidTargetAddress, TargetNotAllowed
from system.host import ports

# Numeric forms that inet_aton accepts as an address: 2130706433, 0x7f.1, 127.1.
_INET_ATON_NUMBER = re.compile(r"(?:.*\.)?(?:0[xX][0-9A-Fa-f]*|\d+)\.?")


def resolve_target(text: str, default_port: int, framework_ports: Collection[int]) -> TargetAddress:
    """Decides whether `host[:port]` may be loaded, and resolves it. Raises TargetNotAllowed; sends no packet to it."""
    try:
        host, port = parse_host_port(text, default_port)
    except InvalidTargetAddress as error:
        raise TargetNotAllowed(text[:100], error.reason) from error
    if _is_in_bench_targets(host, port):
        return TargetAddress(host, str(_resolve(host, text)[0]), port, is_outside_pm2=True)
    address = _local_address(host, text)
    if port not in framework_ports:
        raise TargetNotAllowed(text, f"port {port} belongs to no framework. BENCH_TARGETS can allow it.")
    return TargetAddress(host, str(address), port, is_outside_pm2=False)


def _is_in_bench_targets(host: str, port: int) -> bool:
    entries = {entry.lower() for entry in settings.BENCH_TARGETS}
    return bool(entries & {host, bracket_ipv6(host), f"{bracket_ipv6(host)}:{port}"})


def _local_address(host: str, text: str) -> IPAddress:
    literal = _parse_ip_literal(host, text)
    own_names = {name.lower() for name in settings.HOST_NAMES}
    if literal is None and host not in own_names:
        raise TargetNotAllowed(text, "it is not this machine. BENCH_TARGETS can allow other hosts.")
    for address in [literal] if literal else _resolve(host, text):
        if _is_local(address):
            return address
    raise TargetNotAllowed(text, "it is not an address of this machine. BENCH_TARGETS can allow others.")


def _parse_ip_literal(host: str, text: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        if _INET_ATON_NUMBER.fullmatch(host):
            raise TargetNotAllowed(text, "an IPv4 address must have four decimal parts.") from None
        return None


def _resolve(host: str, text: str) -> list[IPAddress]:
    try:
        return resolve(host, text)
    except InvalidTargetAddress as error:
        raise TargetNotAllowed(text, error.reason) from error


def _is_local(address: IPAddress) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return False
    if address.is_unspecified or address.is_multicast or address.is_link_local:
        return False
    if isinstance(address, ipaddress.IPv4Address) and address == ipaddress.IPv4Address("255.255.255.255"):
        return False
    return address.is_loopback or ports.is_bindable(str(address), 0)
