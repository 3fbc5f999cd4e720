"""One connection of the probe: a request at a time, never waiting. [io: sockets]

`http.client` costs half a millisecond a request, and threads wake each other: beside a target that fills its processors
both are seen in the target's own figure.
"""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

import httptools

CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` 0: there was none."""

    status: int
    body: bytes


NONE = Answer(0, b"")


def request_bytes(url: str, method: str, headers: dict[str, str], body: str) -> bytes:
    """A request as it goes over the wire; the headers hold Host already. Bodies are looked at, so they come plain."""
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    content = body.encode()
    named = {"Accept-Encoding": "identity", **headers, **({"Content-Length": str(len(content))} if content else {})}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items()), "", ""]
    return "\r\n".join(lines).encode() + content


class Lane:
    """Begin a request, then `proceed` whenever the socket is ready, until there is an answer."""

    def __init__(self, host: str, port: int, request: bytes, *, is_head: bool = False) -> None:
        self.address, self.request, self.is_head = (host, port), request, is_head
        self.socket: socket.socket | None = None
        self.due_s = self.ends_s = 0.0
        self._left = b""
        self._parser: httptools.HttpResponseParser
        self._parts: list[bytes] = []
        self._has_headers = self._has_length = self._is_over = self._may_be_stale = False

    @property
    def wants_to_write(self) -> bool:
        return bool(self._left)

    def begin(self, due_s: float, ends_s: float) -> Answer | None:
        """Connect where that is needed, and send what can be sent. NONE where nobody listens."""
        self.due_s, self.ends_s = due_s, ends_s
        return self._start()

    def _start(self) -> Answer | None:
        self._parser, self._parts = httptools.HttpResponseParser(self), []
        self._has_headers = self._has_length = self._is_over = False
        self._left = self.request
        self._may_be_stale = self.socket is not None
        try:
            if self.socket is None:
                return self._connect()
            self._send()
        except OSError:
            return self._broken()
        return None

    def _connect(self) -> Answer | None:
        """Begun only: the socket tells when it can be written to."""
        self.socket = socket.socket(socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        is_begun = self.socket.connect_ex(self.address) in (0, errno.EINPROGRESS)
        return None if is_begun else self.fail()

    def _broken(self) -> Answer | None:
        """A server may close a connection that lay idle, just as it is used again: that is no failure of an answer."""
        if not self._may_be_stale:
            return self.fail()
        self.close()
        return self._start()

    def proceed(self) -> Answer | None:
        """What the socket is ready for; the answer once it is whole."""
        assert self.socket is not None  # noqa: S101 - only a lane with a socket can be ready
        try:
            if self._left:
                self._send()
                return None
            data = self.socket.recv(CHUNK)
            if data:
                self._may_be_stale = False
                self._parser.feed_data(data)
            elif self._has_headers and not self._has_length:
                self._is_over = True  # a body without a length ends with its connection
            else:
                return self._broken()
        except BlockingIOError:
            return None
        except OSError:
            return self._broken()
        except httptools.HttpParserError:
            return self.fail()
        return self._answer(is_closed=not data) if self._is_over else None

    def _send(self) -> None:
        assert self.socket is not None  # noqa: S101
        try:
            self._left = self._left[self.socket.send(self._left) :]
        except BlockingIOError:
            return

    def _answer(self, *, is_closed: bool) -> Answer:
        answer = Answer(self._parser.get_status_code(), b"".join(self._parts))
        if is_closed or not self._parser.should_keep_alive():
            self.close()
        return answer

    def fail(self) -> Answer:
        """The next request opens the connection again."""
        self.close()
        return NONE

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def on_header(self, name: bytes, value: bytes) -> None:
        self._has_length = self._has_length or name.lower() in (b"content-length", b"transfer-encoding")

    def on_headers_complete(self) -> None:
        self._has_headers = True
        self._is_over = self.is_head

    def on_body(self, data: bytes) -> None:
        self._parts.append(data)

    def on_message_complete(self) -> None:
        self._is_over = True
