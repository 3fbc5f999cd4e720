"""Request headers that hold a credential: they never reach a command line, and no row keeps them. [pure]"""

from __future__ import annotations

from collections.abc import Mapping

MASK = "***"
KEEPERS = ("wrk",)  # read headers from a file; h2load and autocannon only from their command line
_NAMES = ("authorization", "proxy-authorization", "cookie")
_PARTS = ("api-key", "apikey", "auth", "secret", "token", "password", "session", "credential")


def is_secret(name: str) -> bool:
    lowered = name.lower()
    return lowered in _NAMES or any(part in lowered for part in _PARTS)


def has_secrets(headers: Mapping[str, str]) -> bool:
    return any(map(is_secret, headers))


def masked(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with `***` for each credential."""
    return {name: MASK if is_secret(name) else value for name, value in headers.items()}
