"""One HTTP request under daphne: checked by its head before its body is kept, and started without daphne's detours."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog
from daphne import http_protocol
from twisted.internet import tcp
from twisted.web import http

from pm2site.errors import Refusal
from pm2site.transport.handshakes import HandshakeQueue
from pm2site.transport.responses import MALFORMED, response_head
from pm2site.transport.websocket import LimitedWebSocket

log = structlog.get_logger("pm2site.transport")

# Besides CR and LF, which Twisted refuses: those of Python's splitlines.
_LINE_ENDS = re.compile(rb"[\x0b\x0c\x1c-\x1e\x85]")


def _send(transport: Any, data: bytes) -> None:
    """Writes to the socket at once what it takes, if nothing else waits: Twisted would wait for the event loop to say
    that the socket is writable, which costs two system calls to begin and to end waiting."""
    is_plain = isinstance(transport, tcp.Connection) and transport.connected and not transport.disconnecting
    if is_plain and not transport.dataBuffer and not transport._tempDataBuffer:
        sent = transport.writeSomeData(data)
        data = data[sent:] if isinstance(sent, int) else data  # else an error, which `write` meets again
    if data:
        transport.write(data)


class LimitedRequest(http_protocol.WebRequest):  # type: ignore[misc]
    """`check_head`: refuses a request by its head, before a byte of its body is kept; `refusal_headers`: those of such
    a response; `handshakes`: where requests for a WebSocket wait for their turn. The factory sets all three.
    """

    handshakes: HandshakeQueue
    check_head: Callable[[str, bytes, list[tuple[bytes, bytes]], str], Refusal | None]
    refusal_headers: Callable[[list[tuple[bytes, bytes]]], dict[str, str]]
    max_body_bytes: int
    _received = 0

    def gotLength(self, length: int | None) -> None:
        self.content = BytesIO()
        if not self._use_absolute_target():
            self.channel.refuse(MALFORMED)
            return
        self.requestHeaders.removeHeader(b"Daphne-Root-Path")  # daphne would believe it from anybody
        has_more = length != 0 or self.requestHeaders.hasHeader(b"Upgrade")
        refusal = self._head_refusal() if has_more else None  # without a body, the application checks soon enough
        if refusal is not None:
            self.channel.refuse(refusal)

    def _use_absolute_target(self) -> bool:
        """`GET http://host/path`: the host of the target replaces the Host header (RFC 9112, 3.2.2). False if that is
        not an address."""
        target = self.channel._path
        if not target.lower().startswith((b"http://", b"https://")):
            return True
        try:
            parts = urlsplit(target)
        except ValueError:
            return False
        self.channel._path = (parts.path or b"/") + (b"?" + parts.query if parts.query else b"")
        self.requestHeaders.setRawHeaders(b"Host", [parts.netloc])
        return True

    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        return [(name.lower(), value) for name, values in self.requestHeaders.getAllRawHeaders() for value in values]

    def _head_refusal(self) -> Refusal | None:
        headers = self.raw_headers()
        if any(name == b"sec-websocket-protocol" and not value.isascii() for name, value in headers):
            return MALFORMED  # daphne fails on it
        return type(self).check_head(
            self.channel._command.decode("latin-1"), self.channel._path, headers, self.channel.address
        )

    def process(self) -> None:
        if self.requestHeaders.hasHeader(b"Upgrade"):
            self.channel.connections.start_waiting(self.channel.transport)
            self.channel.transport.pauseProducing()
            self.handshakes.add(self._process_if_connected)
        elif self.server.proxy_forwarded_address_header:
            super().process()
        else:
            self._run_application()

    def _run_application(self) -> None:
        """As daphne's `process`, which checks names and values again that Twisted has checked, byte by byte, and waits
        for an application that is there at once: a tenth of the time of a short request."""
        headers = [(name, value) for name, value in self.raw_headers() if b"_" not in name]  # CVE-2015-0219
        if not self.uri.isascii() or _LINE_ENDS.search(b" ".join([value for _, value in headers])):
            self.channel.refuse(MALFORMED)
            return
        self.request_start = time.monotonic()
        self.query_string = self.uri.partition(b"?")[2]
        if hasattr(self.client, "port"):  # not with a unix socket
            self.client_addr = [str(self.client.host), self.client.port]
            self.server_addr = [str(self.host.host), self.host.port]
        self.client_scheme = "https" if self.isSecure() else "http"
        scope = {
            "type": "http", "http_version": self.clientproto.rpartition(b"/")[2].decode("ascii"),
            "method": self.method.decode("ascii"), "path": unquote(self.path.decode("ascii")), "raw_path": self.path,
            "root_path": self.server.root_path, "scheme": self.client_scheme, "query_string": self.query_string,
            "headers": headers, "client": self.client_addr,
            "server": self.server_addr,
        }  # fmt: skip
        self.application_queue = self.server.create_application(self, scope)
        if self.application_queue is not None:  # the client has not gone
            body = self.content.read()
            self.application_queue.put_nowait({"type": "http.request", "body": body, "more_body": False})

    def respond(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        """Sends a complete response at once, a fifth cheaper than by ASGI's two messages. `headers`: with
        Content-Length. Does nothing if the client has gone. Raises ValueError for a header that would end its line."""
        if self.finished or self._disconnected or self.channel._is_refused:
            return
        if not self.channel.persistent:
            headers = [*headers, (b"Connection", b"close")]
        head = response_head(self.clientproto, status, headers)
        self._response_started, self.startedWriting, self.code = True, 1, status
        has_body = self.method != b"HEAD" and status not in http.NO_BODY_CODES
        _send(self.channel.transport, head + body if has_body else head)
        self.finish()

    def application_ended(self) -> None:
        """Forgets the request, which daphne would keep until its next check, a second of requests at a time."""
        if self.finished:
            self.server.connections.pop(self, None)

    def _process_if_connected(self) -> None:
        if self._disconnected:
            return
        channel = self.channel
        channel.transport.resumeProducing()
        super().process()
        socket = channel.transport.protocol
        if channel._dataBuffer and isinstance(socket, LimitedWebSocket):
            early, channel._dataBuffer = b"".join(channel._dataBuffer), []
            socket.dataReceived(early)  # frames that did not wait for the handshake count, too

    def handleContentChunk(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > self.max_body_bytes:
            self.channel.refuse(Refusal.body_too_large(self.max_body_bytes))
        elif not self.channel._is_refused:
            super().handleContentChunk(data)

    def handle_exception(self, exception: BaseException) -> None:
        """Responds to an error of the application; cuts a response that has begun, so that the client notices."""
        if self.finished or getattr(self, "channel", None) is None:
            return
        if self._response_started:
            self.channel.transport.abortConnection()
        else:
            self.channel.refuse(Refusal(500, "internal_error", "Internal server error. The server's log has details."))

    def check_timeouts(self) -> None:
        timeout_s = self.server.http_timeout
        if timeout_s and self.duration() > timeout_s and not self.finished and getattr(self, "channel", None):
            log.warning("request took too long", path=self.path.decode("latin-1"), seconds=round(self.duration()))
            self.channel.transport.abortConnection()

    async def wait_until_writable(self) -> None:
        channel = getattr(self, "channel", None)  # Twisted deletes it when the response is finished
        if channel is not None:
            await channel.wait_until_writable()
