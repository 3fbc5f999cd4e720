"""Client configuration from environment variables and command-line flags."""

from __future__ import annotations

import ipaddress
import math
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from dashboard_client.errors import ConfigError

DEFAULT_SERVER = "http://localhost:3100"
DEFAULT_PORT = 3100
DEFAULT_TIMEOUT_S = 10.0
DEFAULT_RECONNECT_MAX_S = 10.0
MAX_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Config:
    """`server`: scheme, host, port and optional path, without a trailing slash. `secret`: an API key or a token."""

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
        """Whether the server is on this machine; proxies are bypassed then."""
        host = urlsplit(self.server).hostname or ""
        try:
            return host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    def find_exposure(self) -> str | None:
        """A sentence if the key would cross the internet unencrypted, else None. Looks the server's name up."""
        parts = urlsplit(self.server)
        if not self.secret or parts.scheme == "https" or self.is_local:
            return None
        if proxy := self._find_proxy():
            name = proxy.rpartition("@")[2]  # without its password
            return f"API_KEY goes unencrypted through the proxy {name}. Use https, or NO_PROXY={parts.hostname}."
        with suppress(OSError, ValueError):  # connecting reports it
            resolved = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM)
            if any(ipaddress.ip_address(str(sockaddr[0]).split("%")[0]).is_global for *_, sockaddr in resolved):
                return f"API_KEY goes unencrypted to {self.server}, a public address. Use https, or a tunnel."
        return None

    def _find_proxy(self) -> str | None:
        from urllib.request import getproxies, proxy_bypass  # slow: it imports ssl

        parts = urlsplit(self.server)
        return None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)

    def __repr__(self) -> str:  # keeps the key out of logs
        return f"Config(server={self.server!r}, secret={'***' if self.secret else ''!r})"


def from_environment(environ: Mapping[str, str] | None = None, server: str | None = None) -> Config:
    """`server` overrides API_SERVER. Raises ConfigError naming the variable."""
    environ = os.environ if environ is None else environ
    return Config(
        server=parse_server_url(
            server or environ.get("API_SERVER") or DEFAULT_SERVER, "--server" if server else "API_SERVER"
        ),
        secret=parse_secret(environ.get("API_KEY", ""), "API_KEY"),
        timeout_s=parse_seconds(environ, "API_TIMEOUT", DEFAULT_TIMEOUT_S),
        reconnect_max_s=parse_seconds(environ, "API_RECONNECT_MAX", DEFAULT_RECONNECT_MAX_S),
        is_debugging=environ.get("DASHBOARD_DEBUG", "") not in ("", "0"),
    )


def parse_server_url(text: str, source: str = "url") -> str:
    """Accepts `192.168.1.100`, `bench-1:3100` and full URLs. Raises ConfigError."""
    text = text.strip()
    example = f"for example {DEFAULT_SERVER}"
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"{source} is {text!r}, which is not a valid address ({error}); {example}.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not text.isprintable() or " " in text:
        raise ConfigError(f"{source} is {text!r}, which is not a server address; {example}.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(f"{source} contains a user, query or fragment. Put the key in API_KEY; {example}.")
    if port is None and "://" not in text:
        parts = parts._replace(netloc=f"{parts.netloc.rstrip(':')}:{DEFAULT_PORT}")
    return _to_url(parts)


def _to_url(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def parse_secret(text: str, source: str = "api_key") -> str:
    """Raises ConfigError for characters not allowed in an HTTP header."""
    text = text.strip()
    if not (text.isascii() and text.isprintable()):
        raise ConfigError(f"{source} contains characters not allowed in an HTTP header.")
    return text


def parse_seconds(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name, "")
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= MAX_SECONDS:
        raise ConfigError(f"{name} is {text!r}; it must be a number of seconds, at most {MAX_SECONDS:g}.")
    return value
