"""Decides once which addresses this server may load, and resolves them to an IP address. [io: names, files, sockets]"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from benchmarks.engine.address import IPAddress, TargetAddress, bracket_ipv6, parse_host_port, resolve
from benchmarks.errors import InvalidTargetAddress, TargetNotAllowed
from pm2.monitor.listeners import EVERY_ADDRESS
from rediscluster.nodes.addresses import redis_ports
from rediscluster.topology.plan import BUS_OFFSET
from system.host import ports
from system.host.ports import Listener

# Numeric forms that inet_aton accepts as an address: 2130706433, 0x7f.1, 127.1.
_INET_ATON_NUMBER = re.compile(r"(?:.*\.)?(?:0[xX][0-9A-Fa-f]*|\d+)\.?")
DEFAULT_PORTS = {"postgresql": 5432, "redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a target answers. `host`, `port`: of its URL, for the Host header and TLS; `connect`: host[:port] that is
    connected to in its place, empty for the same."""

    host: str
    port: int
    connect: str = ""

    @property
    def authority(self) -> str:
        return f"{bracket_ipv6(self.host)}:{self.port}"


def resolve_target(place: Place, app_listeners: Collection[Listener]) -> TargetAddress:
    """Decides whether a place may be loaded, and resolves it; sends no packet to it. The decision is about the address
    that is connected to. `app_listeners`: of the frameworks and of what listens under PM2. Raises TargetNotAllowed."""
    text = place.connect or place.authority
    try:
        host, port = parse_host_port(text, place.port)
    except InvalidTargetAddress as error:
        raise TargetNotAllowed(text[:100], error.reason) from error
    is_in_bench_targets = _is_in_bench_targets(host, port)
    address = _resolve(host, text)[0] if is_in_bench_targets else _local_address(host, text)
    for owner in _owners(address, port, {one.port for one in app_listeners}):
        raise TargetNotAllowed(text, f"port {port} of {address} is {owner}.")
    if not is_in_bench_targets and not _arrives_at(app_listeners, address, port):
        raise TargetNotAllowed(
            text, f"no framework and nothing under PM2 listens on port {port} of {address}. BENCH_TARGETS can allow it."
        )
    return TargetAddress(place.host, str(address), port, is_outside_pm2=is_in_bench_targets)


def check_resolved(address_text: str, port: int, app_listeners: Collection[Listener]) -> None:
    """The decision again, for an address that was permitted when its run was queued: the app may have ended, and
    another program on this machine may have its port. Raises TargetNotAllowed."""
    address = ipaddress.ip_address(address_text)
    if not _is_local(address) or _arrives_at(app_listeners, address, port):
        return
    if _is_in_resolved_bench_targets(address, port):
        return
    raise TargetNotAllowed(f"{bracket_ipv6(address_text)}:{port}", "nothing under PM2 listens there any more.")


def _is_in_resolved_bench_targets(address: IPAddress, port: int) -> bool:
    for entry in settings.BENCH_TARGETS:
        try:
            host, entry_port = parse_host_port(bracket_ipv6(entry) if _is_ip(entry) else entry, port)
        except InvalidTargetAddress:
            continue
        if entry_port == port and address in _known_addresses(host):
            return True
    return False


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _arrives_at(listeners: Collection[Listener], address: IPAddress, port: int) -> bool:
    """Whether a connection to the address arrives at one of them. Several programs can listen on one port, each on
    addresses of its own: the kernel chooses the one that is bound most exactly."""
    theirs = {one.address for one in listeners if one.port == port}
    bound = theirs | {one.address for one in ports.read_table().values() if one.port == port}
    everywhere = EVERY_ADDRESS[address.version == 6 :]  # a socket on :: takes IPv4 too
    return next((text for text in (str(address), *everywhere) if text in bound), None) in theirs


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


def _owners(address: IPAddress, port: int, app_ports: Collection[int]) -> Iterator[str]:
    """What is never loaded, BENCH_TARGETS or not: parts of this server, and what they need."""
    is_here = _is_local(address) or bool(getattr(address, "ipv4_mapped", None)) or address.is_unspecified
    if is_here and port in own_ports():
        yield "this server itself"
    if is_here and port in cluster_ports(app_ports):
        yield "of the Redis Cluster"
    for name, host, service_port in _services():
        known = _known_addresses(host) if service_port == port else []
        if address in known or (is_here and any(_is_local(one) for one in known)):
            yield f"this server's {name}"


def own_ports() -> set[int]:
    """Where this process listens, and where it would."""
    return {settings.API_PORT, *(one.port for one in ports.listeners_of((os.getpid(),)))}


def cluster_ports(app_ports: Collection[int]) -> set[int]:
    """Of the nodes and their cluster buses."""
    nodes = set(redis_ports()) - set(app_ports)
    return nodes | {port + BUS_OFFSET for port in nodes}


def _services() -> Iterator[tuple[str, str, int]]:
    """Name, host and port of what this server needs. SQLite and a unix socket have no port."""
    configured: dict[str, Any] = settings.DATABASES["default"]
    host = str(configured.get("HOST") or "")
    if host and not host.startswith("/"):
        yield "database", host, int(configured.get("PORT") or DEFAULT_PORTS["postgresql"])
    for name, url in (("broker", settings.BROKER_URL), ("channel layer", settings.CHANNEL_REDIS_URL)):
        parts = urlsplit(url)
        if parts.hostname:
            yield name, parts.hostname, parts.port or DEFAULT_PORTS[parts.scheme]


def _known_addresses(host: str) -> list[IPAddress]:
    try:
        return resolve(host, host)
    except (InvalidTargetAddress, socket.gaierror):
        return []
