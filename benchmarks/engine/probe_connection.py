"""One non-blocking HTTP connection of the latency probe, with one request at a time. [io: sockets]

`http.client` costs half a millisecond per request, and threads wake each other: both would lower the measured rate of a
target that uses all processors.
"""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

import httptools

RECV_BYTES = 65_536
MAX_BODY_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class ProbeResponse:
    """`status` 0: no response."""

    status: int
    body: bytes


NO_RESPONSE = ProbeResponse(0, b"")


def request_bytes(url: str, method: str, headers: dict[str, str], body: str) -> bytes:
    """The request as sent. The headers include Host. Asks for uncompressed responses, because bodies are checked."""
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    content = body.encode()
    fields = {"Accept-Encoding": "identity", **headers, **({"Content-Length": str(len(content))} if content else {})}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode() + content


class ProbeConnection:
    """Call `start` for a request, then `on_socket_ready` whenever the socket is ready, until a response is returned."""

    def __init__(self, host: str, port: int, request: bytes, *, is_head: bool = False) -> None:
        self.address, self.request, self.is_head = (host, port), request, is_head
        self.socket: socket.socket | None = None
        self.due_s = self.deadline_s = 0.0
        self._unsent = b""
        self._parser: httptools.HttpResponseParser
        self._body_parts: list[bytes] = []
        self._body_bytes = 0
        self._has_headers = self._has_length = self._is_complete = self._may_be_stale = False

    @property
    def has_unsent_data(self) -> bool:
        return bool(self._unsent)

    def start(self, due_s: float, deadline_s: float) -> ProbeResponse | None:
        """Connect if necessary, and send as much as possible. NO_RESPONSE if nothing listens."""
        self.due_s, self.deadline_s = due_s, deadline_s
        return self._send_request()

    def _send_request(self) -> ProbeResponse | None:
        self._parser, self._body_parts = httptools.HttpResponseParser(self), []
        self._has_headers = self._has_length = self._is_complete = False
        self._body_bytes = 0
        self._unsent = self.request
        self._may_be_stale = self.socket is not None
        try:
            if self.socket is None:
                return self._connect()
            self._send()
        except OSError:
            return self._on_broken()
        return None

    def _connect(self) -> ProbeResponse | None:
        """Start connecting; the socket becomes writable when connected."""
        self.socket = socket.socket(socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        is_connecting = self.socket.connect_ex(self.address) in (0, errno.EINPROGRESS)
        return None if is_connecting else self.fail()

    def _on_broken(self) -> ProbeResponse | None:
        """Reconnect if the connection was reused: a server may have closed the idle one, which is no failure."""
        if not self._may_be_stale:
            return self.fail()
        self.close()
        return self._send_request()

    def on_socket_ready(self) -> ProbeResponse | None:
        """Send or receive; the response once it is complete."""
        assert self.socket is not None  # noqa: S101 - only a connection with a socket can be ready
        try:
            if self._unsent:
                self._send()
                return None
            data = self.socket.recv(RECV_BYTES)
            if data:
                self._may_be_stale = False
                self._parser.feed_data(data)
            elif self._has_headers and not self._has_length:
                self._is_complete = True  # a body without a length ends with its connection
            else:
                return self._on_broken()
        except BlockingIOError:
            return None
        except OSError:
            return self._on_broken()
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return self.fail()
        if self._body_bytes > MAX_BODY_BYTES:
            return self.fail()
        return self._take_response(is_closed=not data) if self._is_complete else None

    def _send(self) -> None:
        assert self.socket is not None  # noqa: S101
        try:
            self._unsent = self._unsent[self.socket.send(self._unsent) :]
        except BlockingIOError:
            return

    def _take_response(self, *, is_closed: bool) -> ProbeResponse:
        response = ProbeResponse(self._parser.get_status_code(), b"".join(self._body_parts))
        if is_closed or not self._parser.should_keep_alive():
            self.close()
        return response

    def fail(self) -> ProbeResponse:
        """Close, so that the next request opens a new connection."""
        self.close()
        return NO_RESPONSE

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def on_header(self, name: bytes, value: bytes) -> None:
        self._has_length = self._has_length or name.lower() in (b"content-length", b"transfer-encoding")

    def on_headers_complete(self) -> None:
        self._has_headers = True
        self._is_complete = self.is_head

    def on_body(self, data: bytes) -> None:
        self._body_parts.append(data)
        self._body_bytes += len(data)

    def on_message_complete(self) -> None:
        self._is_complete = True
