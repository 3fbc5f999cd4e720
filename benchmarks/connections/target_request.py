"""The request that is measured, where it is sent, and the response. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

# Not part of HTTP/2 (RFC 9113, 8.2.2); Host is replaced by :authority.
NOT_IN_HTTP2 = ("connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade")
AGENT = "pm2site"  # of the preflight and the probe, by which a target's log can tell them from the load


@dataclass(frozen=True, slots=True)
class Origin:
    """Where to connect. `address`: an IP address without brackets; `server_name`: for TLS, empty without a name."""

    address: str
    port: int
    is_encrypted: bool
    server_name: str
    protocol: str

    @property
    def alpn(self) -> str:
        return "h2" if self.protocol == "h2" else "http/1.1"

    @property
    def tls_name(self) -> str:
        """What a certificate must be for."""
        return self.server_name or self.address


@dataclass(frozen=True, slots=True)
class TargetRequest:
    """One request as the generator will send it. The URL contains an IP address; the headers contain Host.

    `protocol`: http1 or h2; `expected_statuses`: empty for any 2xx.
    """

    url: str
    method: str
    headers: Mapping[str, str]
    body: bytes
    server_name: str = ""
    protocol: str = "http1"
    expected_statuses: tuple[int, ...] = ()

    @property
    def path(self) -> str:
        """Path and query."""
        parts = urlsplit(self.url)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    @property
    def origin(self) -> Origin:
        parts = urlsplit(self.url)
        is_encrypted = parts.scheme == "https"
        port = parts.port or (443 if is_encrypted else 80)
        return Origin(parts.hostname or "", port, is_encrypted, self.server_name, self.protocol)

    @property
    def shown_url(self) -> str:
        """For messages: over TLS with the name, if the target has one."""
        return self.url_with_host if self.server_name else self.url

    @property
    def url_with_host(self) -> str:
        """As the target sees it: with the name and the port of the Host header."""
        host = next((value for name, value in self.headers.items() if name.lower() == "host"), "")
        parts = urlsplit(self.url)
        return parts._replace(netloc=host or parts.netloc).geturl()

    @property
    def sent_headers(self) -> dict[str, str]:
        """The headers of the preflight and the probe."""
        has_agent = any(name.lower() == "user-agent" for name in self.headers)
        return {**self.headers} if has_agent else {**self.headers, "User-Agent": AGENT}

    @property
    def http2_headers(self) -> list[tuple[str, str]]:
        """The header list of HTTP/2, with lower-case names."""
        parts = urlsplit(self.url)
        fields = {name.lower(): value for name, value in self.sent_headers.items()}
        authority = fields.pop("host", parts.netloc)
        pseudo = {":method": self.method, ":scheme": parts.scheme, ":authority": authority, ":path": self.path}
        length = {"content-length": str(len(self.body))} if self.body else {}
        return [*pseudo.items(), *length.items(), *fields.items()]

    def expects(self, status: int) -> bool:
        return status in self.expected_statuses if self.expected_statuses else 200 <= status < 300


@dataclass(frozen=True, slots=True)
class Response:
    """A response as received. Header names are in lower case. `wire_bytes`: on the wire, with status line and headers;
    `seconds`: from the request to its end; `closes`: announced that the connection ends with it; `is_closed`: it did
    so unannounced."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    wire_bytes: int
    seconds: float
    closes: bool
    is_closed: bool
    is_http2: bool = False


def expectation(statuses: tuple[int, ...]) -> str:
    """The statuses in words: `2xx`, or `401 or 403`."""
    return " or ".join(map(str, statuses)) or "2xx"
