"""Decides to which server a result goes, and whether the key goes along. [io: name resolution]"""

from __future__ import annotations

import contextlib
import ipaddress
import shlex
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from benchmarks.engine import address
from benchmarks.errors import BadUsage, InvalidTargetAddress

SERVER_PORT = 3100
DEFAULT_URL = f"http://localhost:{SERVER_PORT}"


@dataclass(frozen=True, slots=True)
class Server:
    """`url`: without a trailing slash. `key`: an API key or a token, empty for none."""

    url: str
    key: str

    def __repr__(self) -> str:  # keeps the key out of logs
        return f"Server({self.url!r}, key={'***' if self.key else ''!r})"


@dataclass(frozen=True, slots=True)
class Destination:
    """The servers that the environment and `-H` name.

    `configured`: API_SERVER, empty if it is unset. `beside_target`: port 3100 of the host given with `-H`, empty
    without one. `key`: API_KEY, meant for the configured server; without one, for a server on this machine.
    """

    configured: str
    beside_target: str
    key: str

    def for_new_results(self) -> Server:
        return self._with_key(self.configured or self.beside_target or DEFAULT_URL)

    def for_saved_result(self, url: str) -> Server:
        """`url`: the server that the result was meant for. Raises BadUsage if it is not an address."""
        return self._with_key(self.configured or self.beside_target or parse_server_url(url, "A saved result's server"))

    def _with_key(self, url: str) -> Server:
        return Server(url, self.key if url == self.configured or is_this_machine(url) else "")


def read_environment(environ: Mapping[str, str], host: str | None) -> Destination:
    """`host`: the argument of `-H`. Raises BadUsage, InvalidTargetAddress."""
    configured, key = environ.get("API_SERVER", "").strip(), environ.get("API_KEY", "").strip()
    if not (key.isascii() and key.isprintable()):
        raise BadUsage("API_KEY contains characters not allowed in an HTTP header.")
    name = address.parse_host_port(host, SERVER_PORT)[0] if host else ""
    return Destination(
        configured=parse_server_url(configured, "API_SERVER") if configured else "",
        beside_target=f"http://{address.bracket_ipv6(name)}:{SERVER_PORT}" if name else "",
        key=key,
    )


def parse_server_url(text: str, source: str) -> str:
    """`192.168.1.100`, `bench-1:3100` or a full URL as a URL without a trailing slash. Raises BadUsage."""
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port = parts.port
    except ValueError as error:
        raise BadUsage(f"{source} is {text[:200]!r}, which is not an address: {error}.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not text.isprintable() or " " in text:
        raise BadUsage(f"{source} is {text[:200]!r}, which is not an address like {DEFAULT_URL}.")
    if parts.username is not None or parts.query or parts.fragment:
        raise BadUsage(f"{source} contains a user, query or fragment. The key belongs into API_KEY.")
    netloc = parts.netloc.rstrip(":") + (f":{SERVER_PORT}" if port is None and "://" not in text else "")
    return SplitResult(parts.scheme, netloc, parts.path.rstrip("/"), "", "").geturl()


def is_this_machine(url: str) -> bool:
    """Whether the URL names the loopback interface, as the default of API_SERVER does."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def find_proxy(url: str) -> str | None:
    """The proxy of the environment for `url`, without a password; none for this machine, which a proxy cannot reach."""
    parts = urlsplit(url)
    if is_this_machine(url) or urllib.request.proxy_bypass(parts.netloc):
        return None
    proxy = urllib.request.getproxies().get(parts.scheme)
    return proxy.rpartition("@")[2] if proxy else None


def find_exposure(server: Server) -> str | None:
    """A sentence if the key would cross the internet unencrypted, else None."""
    parts = urlsplit(server.url)
    if not server.key or parts.scheme == "https":
        return None
    proxy = find_proxy(server.url)
    if proxy:
        return f"API_KEY goes unencrypted through the proxy {proxy}. Use https, or NO_PROXY={parts.hostname}."
    with contextlib.suppress(InvalidTargetAddress):  # sending reports it
        if any(address.is_public(str(ip)) for ip in address.resolve(parts.hostname or "", server.url)):
            return f"API_KEY goes unencrypted to {server.url}, a public address. Use https, or a tunnel."
    return None


def delivery_command(destination: Destination, server: Server, program: str, *, is_refused: bool) -> str:
    """The line for a shell that sends the results saved for `server`. API_SERVER lets the key go along.

    `is_refused`: the server asked for another credential than it got. The key itself is not printed.
    """
    key = "API_KEY=KEY " if is_refused else ""
    if destination.key and not (is_refused and server.key):
        key = 'API_KEY="$API_KEY" '
    return f"API_SERVER={shlex.quote(server.url)} {key}{program} --resend"
