"""Which Host names and Origins are ours: against DNS rebinding and foreign pages."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings

_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]{1,253})(?::([0-9]{1,5}))?")

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def host_name(host: str) -> str | None:
    """The name or address in a Host header, without port and brackets; None if malformed."""
    match = _HOST.fullmatch(host)
    return match[1].strip("[]").lower().rstrip(".") if match else None


def is_allowed_host(host: str) -> bool:
    if _is_address(host):
        return True  # unlike a name, an IP address cannot be rebound to another machine (DNS rebinding)
    name = host_name(host)
    allowed = (*settings.HOST_NAMES, *settings.API_ALLOWED_HOSTS)
    return name is not None and name in {allowed_name.lower() for allowed_name in allowed}


@lru_cache(maxsize=1024)  # parsing an address takes 15 µs
def _is_address(host: str) -> bool:
    name = host_name(host)
    try:
        return name is not None and ipaddress.ip_address(name) is not None
    except ValueError:
        return False


def is_allowed_origin(origin: str, host: str) -> bool:
    """True for our own pages and for exact entries of API_ALLOWED_ORIGINS."""
    if origin in settings.API_ALLOWED_ORIGINS:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:  # not an address
        return False
    default = _DEFAULT_PORTS.get(parts.scheme)
    if default is None or parts.path:
        return False
    return parts.netloc.lower().removesuffix(default) == host.lower().removesuffix(default)
