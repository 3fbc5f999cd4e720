"""Where the server is and who we are: the environment and the flags of the command line."""

from __future__ import annotations

import ipaddress
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from dashboard_client.errors import ConfigError

DEFAULT_SERVER = "http://localhost:3100"
DEFAULT_PORT = 3100
DEFAULT_TIMEOUT_S = 10.0
DEFAULT_RECONNECT_MAX_S = 10.0
LONGEST_S = 3600.0


@dataclass(frozen=True, slots=True)
class Config:
    """`server`: scheme, host and port, perhaps a path, no trailing slash. `secret`: an API key or a token."""

    server: str = DEFAULT_SERVER
    secret: str = ""
    timeout_s: float = DEFAULT_TIMEOUT_S
    reconnect_max_s: float = DEFAULT_RECONNECT_MAX_S
    is_debugging: bool = False

    @property
    def ws_url(self) -> str:
        scheme, rest = self.server.split("://", 1)
        return f"{'wss' if scheme == 'https' else 'ws'}://{rest}/ws"

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine: then no proxy stands in between."""
        host = urlsplit(self.server).hostname or ""
        try:
            return host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    def __repr__(self) -> str:  # a key has no place in a log
        return f"Config(server={self.server!r}, secret={'***' if self.secret else ''!r})"


def from_environment(environ: Mapping[str, str] | None = None, server: str | None = None) -> Config:
    """`server` wins over API_SERVER. Raises ConfigError, which names the variable."""
    given = os.environ if environ is None else environ
    return Config(
        server=server_url(server or given.get("API_SERVER") or DEFAULT_SERVER, "--server" if server else "API_SERVER"),
        secret=secret(given.get("API_KEY", ""), "API_KEY"),
        timeout_s=seconds(given, "API_TIMEOUT", DEFAULT_TIMEOUT_S),
        reconnect_max_s=seconds(given, "API_RECONNECT_MAX", DEFAULT_RECONNECT_MAX_S),
        is_debugging=given.get("DASHBOARD_DEBUG", "") not in ("", "0"),
    )


def server_url(text: str, source: str = "url") -> str:
    """`192.168.1.100`, `bench-1:3100` and whole URLs. Raises ConfigError."""
    text = text.strip()
    example = f"for example {DEFAULT_SERVER}"
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"{source} is {text!r}, which is no address ({error}); {example}.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not text.isprintable() or " " in text:
        raise ConfigError(f"{source} is {text!r}, which is no address of a server; {example}.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(f"{source} carries a user, a query or a fragment. Keys belong in API_KEY; {example}.")
    if port is None and "://" not in text:
        parts = parts._replace(netloc=f"{parts.netloc.rstrip(':')}:{DEFAULT_PORT}")
    return _without_end(parts)


def _without_end(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def secret(text: str, source: str = "api_key") -> str:
    """Raises ConfigError for what no header can carry."""
    text = text.strip()
    if not (text.isascii() and text.isprintable()):
        raise ConfigError(f"{source} holds characters that no HTTP header can carry.")
    return text


def seconds(given: Mapping[str, str], name: str, default: float) -> float:
    text = given.get(name, "")
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= LONGEST_S:
        raise ConfigError(f"{name} is {text!r}; it takes seconds, up to {LONGEST_S:g}.")
    return value
