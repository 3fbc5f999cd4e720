"""What the head of a request says about its client, for HTTP and WebSocket alike; reads proxies' headers if trusted."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from pm2site.transport.connection_probe import CONNECTION_KEY, Connection

FORWARDING = frozenset({"forwarded", "x-real-ip", "via", "cf-connecting-ip", "true-client-ip", "x-client-ip"})
FORWARDING_PREFIX = "x-forwarded-"
LISTS = frozenset({"forwarded", "content-encoding"})  # headers whose lines form one list, beside X-Forwarded-*
Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RequestHead:
    """`headers`: by lower-case name, lists joined, otherwise the last of equal ones; `hosts`, `origins`: all values.

    `address`, `scheme` and `host` are the client's; those of the nearest proxy unless it is in TRUSTED_PROXIES.
    `client`, `server`: the two ends of the TCP connection; None outside a server. `target_bytes`: length of the URL.
    """

    method: str
    path: str
    headers: Headers
    hosts: tuple[str, ...]
    origins: tuple[str, ...]
    address: str
    scheme: str
    host: str
    is_forwarded: bool
    client: tuple[str, int] | None = None
    server: tuple[str, int] | None = None
    connection: Connection = field(default_factory=Connection, compare=False)
    is_websocket: bool = False
    query: bytes = b""
    target_bytes: int = 0
    cookies: str = field(default="", repr=False)


@lru_cache(maxsize=4096)  # parsing an address takes 15 µs, several times a request
def unmapped(address: str) -> str:
    """An IPv4 address that arrived at an IPv6 socket, as IPv4: Python before 3.13 does not see ::ffff:127.0.0.1 as
    loopback."""
    try:
        parsed = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return address
    mapped = getattr(parsed, "ipv4_mapped", None)
    return str(mapped or parsed)


def is_trusted_proxy(address: str) -> bool:
    """Whether `address` is in TRUSTED_PROXIES."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in settings.TRUSTED_PROXIES)


def new_head(
    method: str, path: str, pairs: Iterable[tuple[str, str]], peer: str, scheme: str = "http", **connection: Any
) -> RequestHead:
    """The head of a request. `pairs`: all headers; `peer`: the address at the other end of the connection."""
    headers: dict[str, str] = {}
    hosts, origins = [], []
    is_forwarded = False
    for given_name, value in pairs:
        name = given_name.lower()
        if name == "host":
            hosts.append(value)
        elif name == "origin":
            origins.append(value)
        is_forwarding = name.startswith(FORWARDING_PREFIX)
        is_forwarded = is_forwarded or is_forwarding or name in FORWARDING
        is_list = name in headers and (is_forwarding or name in LISTS)
        headers[name] = f"{headers[name]}, {value}" if is_list else value
    address, host = unmapped(peer), hosts[0] if hosts else ""
    if is_forwarded and is_trusted_proxy(address):
        forwarded = _forwarded(headers)
        address = _client_address(address, forwarded["for"])
        scheme = forwarded["proto"][-1] if forwarded["proto"] else scheme
        host = forwarded["host"][-1] if forwarded["host"] else host
        hosts = [host] if forwarded["host"] else hosts
    is_secure = scheme.lower() in ("https", "wss")
    return RequestHead(
        method, path, headers, tuple(hosts), tuple(origins), address,
        "https" if is_secure else "http", host, is_forwarded, cookies=headers.get("cookie", ""),
        **connection,
    )  # fmt: skip


def _forwarded(headers: Headers) -> dict[str, list[str]]:
    """The values of `for`, `proto` and `host`, one per proxy, of X-Forwarded-* or else of Forwarded (RFC 7239)."""
    names = {"for": "x-forwarded-for", "proto": "x-forwarded-proto", "host": "x-forwarded-host"}
    if any(name in headers for name in names.values()):
        return {key: _listed(headers.get(name, "")) for key, name in names.items()}
    values: dict[str, list[str]] = {"for": [], "proto": [], "host": []}
    for element in _listed(headers.get("forwarded", "")):
        for pair in element.split(";"):
            key, _, value = pair.strip().partition("=")
            if key.lower() in values:
                values[key.lower()].append(value.strip().strip('"'))
    return values


def _listed(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _client_address(peer: str, hops: list[str]) -> str:
    """The last address that no trusted proxy has: what stands before it was written by the client itself."""
    address = peer
    for hop in reversed(hops):
        name = hop.removeprefix("[").split("]")[0] if hop.startswith("[") else hop
        name = name.rsplit(":", 1)[0] if name.count(":") == 1 else name
        try:
            address = unmapped(str(ipaddress.ip_address(name)))
        except ValueError:
            break
        if not is_trusted_proxy(address):
            break
    return address


def head_of_scope(scope: Mapping[str, Any]) -> RequestHead:
    """The head of a request that arrived by ASGI."""
    client, server = scope.get("client"), scope.get("server")
    return new_head(
        str(scope.get("method", "GET")),
        str(scope["path"]),
        ((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]),
        str(client[0]) if client else "",
        str(scope.get("scheme", "http")),
        client=(unmapped(str(client[0])), int(client[1])) if client and client[1] else None,
        server=(unmapped(str(server[0])), int(server[1])) if server and server[1] else None,
        connection=scope.get(CONNECTION_KEY) or Connection(),
        is_websocket=scope["type"] == "websocket",
        query=bytes(scope.get("query_string") or b""),
        target_bytes=len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b""),
    )


def head_of_request(request: HttpRequest) -> RequestHead:
    """The head of a request that reached Django by another way, such as Django's test client."""
    peer = str(request.META.get("REMOTE_ADDR") or "")
    return new_head(str(request.method), request.path_info, request.headers.items(), peer, str(request.scheme))


@lru_cache(maxsize=4096)
def is_loopback_name(host: str) -> bool:
    """Whether a Host header, with or without a port, names this machine's loopback."""
    name = host.rsplit(":", 1)[0] if host.count(":") == 1 else host
    name = name.removeprefix("[").split("]")[0]
    try:
        return ipaddress.ip_address(unmapped(name)).is_loopback
    except ValueError:
        return name.lower() == "localhost"


def is_loopback(head: RequestHead) -> bool:
    """Whether peer and Host are loopback, and no header indicates a proxy."""
    return not head.is_forwarded and is_loopback_name(head.address) and is_loopback_name(head.host)
