"""Which Host names and Origins are ours: against DNS rebinding and foreign pages."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from django.conf import settings

_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]{1,253})(?::([0-9]{1,5}))?")


def host_name(host: str) -> str | None:
    """The name or address in a Host header, without port and brackets; None if malformed."""
    match = _HOST.fullmatch(host)
    return match[1].strip("[]").lower().rstrip(".") if match else None


def is_allowed_host(host: str) -> bool:
    name = host_name(host)
    if name is None:
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        allowed = (*settings.HOST_NAMES, *settings.API_ALLOWED_HOSTS)
        return name in {allowed_name.lower() for allowed_name in allowed}
    return True  # unlike a name, an IP address cannot be rebound to another machine (DNS rebinding)


def is_allowed_origin(origin: str, host: str) -> bool:
    """True for our own pages and for exact entries of API_ALLOWED_ORIGINS."""
    if origin in settings.API_ALLOWED_ORIGINS:
        return True
    parts = urlsplit(origin)
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower() and not parts.path
