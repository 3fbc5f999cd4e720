"""One HTTP connection under daphne: deadlines for head and body, bounded bodies, and refusals as JSON.

Twisted's own channel lets a client take any time, spools a body of any size to a file before the application sees the
request, and responds to malformed requests without a body.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog
from daphne import http_protocol
from twisted.protocols import basic
from twisted.web import http

from pm2site.errors import Refusal, error_body
from pm2site.transport.connections import ConnectionTable
from pm2site.transport.handshakes import HandshakeQueue
from pm2site.transport.websocket import LimitedWebSocket

log = structlog.get_logger("pm2site.transport")

HEAD_S = 10.0  # for a whole head, from its first byte or from the connection
BODY_S = 30.0  # for a whole body
KEEP_ALIVE_S = 75.0  # between two requests; nginx's default, so a proxy closes first
MAX_DISCARDED = 2 * 2**20  # bytes that a refused client may still send
LINGER_S = 2.0  # a refused client may finish sending, since closing at once would discard the response (TCP reset)
WRITE_S = 30.0  # a client that reads nothing of a response for so long is disconnected
_LINE_ENDS = re.compile(
    rb"[\x0b\x0c\x1c-\x1e\x85]"
)  # besides CR and LF, which Twisted refuses: those of Python's splitlines
MALFORMED = Refusal(400, "bad_request", "This is not a valid HTTP request.")
HEAD_TOO_LARGE = Refusal(431, "head_too_large", "The head is larger than 16 KiB, or has more than 500 headers.")
TIMED_OUT = Refusal(408, "request_timeout", "The request did not arrive in time: 10 s for its head, 30 s for its body.")


def refusal_response(refusal: Refusal, headers: Mapping[str, str]) -> bytes:
    """A complete HTTP/1.1 response that closes the connection. `headers`: besides others, X-Request-ID."""
    body = error_body(refusal.status, refusal.code, refusal.message, headers["X-Request-ID"])
    content = json.dumps(body, separators=(",", ":")).encode()
    lines = [
        f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}", "Content-Type: application/json",
        f"Content-Length: {len(content)}", "Cache-Control: no-store", "Connection: close",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]  # fmt: skip
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + content


class LimitedChannel(http.HTTPChannel):  # type: ignore[misc]
    """`connections` and `address` are set by the factory."""

    connections: ConnectionTable
    address = ""
    _is_refused = False
    _discarded = 0  # bytes that arrived after a refusal
    _is_idle = False  # between two requests
    _blocked: asyncio.Future[None] | None = None

    def connectionMade(self) -> None:
        self.timeOut = HEAD_S
        super().connectionMade()
        self.connections.add(self.transport, self.address)

    def connectionLost(self, reason: Any) -> None:
        super().connectionLost(reason)
        self.connections.remove(self.transport)
        self._unblock()

    def dataReceived(self, data: bytes) -> None:
        if self._is_refused:
            self._discarded += len(data)
            if self._discarded > MAX_DISCARDED:
                self.transport.abortConnection()
            return
        if self._is_idle:
            self._is_idle = False
            self.setTimeout(HEAD_S)
        # Not HTTPChannel's, which restarts the timeout: a head that trickles in would never be late.
        basic.LineReceiver.dataReceived(self, data)

    def lineLengthExceeded(self, line: bytes) -> None:
        self.refuse(HEAD_TOO_LARGE)

    def _maybeChooseTransferDecoder(self, header: bytes, data: bytes) -> bool:
        # Twisted ignores `identity`, and would read the body as the next request.
        if header == b"Transfer-Encoding" and data.lower() != b"chunked":
            self._respondToBadRequestAndDisconnect()
            return False
        return bool(super()._maybeChooseTransferDecoder(header, data))

    def _respondToBadRequestAndDisconnect(self) -> None:
        is_large = self._receivedHeaderSize > self.totalHeadersSize or self._receivedHeaderCount > self.maxHeaders
        self.refuse(HEAD_TOO_LARGE if is_large else MALFORMED)

    def allHeadersReceived(self) -> None:
        super().allHeadersReceived()
        if self.length != 0 and not self._is_refused:
            self.setTimeout(BODY_S)

    def allContentReceived(self) -> None:
        if self._is_refused:
            return
        self.connections.stop_waiting(self.transport)
        super().allContentReceived()

    def requestDone(self, request: Any) -> None:
        is_idle = not self._dataBuffer
        super().requestDone(request)
        if self.persistent and not self._handlingRequest:
            self._is_idle = is_idle
            self.setTimeout(KEEP_ALIVE_S if is_idle else HEAD_S)
            self.connections.start_waiting(self.transport)

    def timeoutConnection(self) -> None:
        if self.requests and not self._handlingRequest:
            self.refuse(TIMED_OUT)
        else:
            self.transport.abortConnection()

    def refuse(self, refusal: Refusal) -> None:
        """Sends the refusal, ignores what else arrives, and closes the connection."""
        if self._is_refused:
            return
        self._is_refused = True
        self.setTimeout(None)
        self.setRawMode()
        request = self.requests[-1] if self.requests else None
        headers = self.requestFactory.refusal_headers(request.raw_headers() if request else [])
        log.info(
            "request is refused", status=refusal.status, code=refusal.code, address=self.address,
            request_id=headers["X-Request-ID"],
        )  # fmt: skip
        self.transport.write(refusal_response(refusal, headers))
        self._networkProducer.unregisterProducer()
        self.transport.loseWriteConnection()
        self._abortingCall = self.callLater(LINGER_S, self.forceAbortClient)

    def _send100Continue(self) -> None:
        if not self._is_refused:
            super()._send100Continue()

    def rawDataReceived(self, data: bytes) -> None:
        if not self._is_refused:
            super().rawDataReceived(data)

    # Back-pressure: Twisted pauses the channel when 64 KiB are unsent.

    def pauseProducing(self) -> None:
        if self._blocked is None:
            self._blocked = asyncio.get_running_loop().create_future()
        super().pauseProducing()

    def resumeProducing(self) -> None:
        self._unblock()
        super().resumeProducing()

    def _unblock(self) -> None:
        blocked, self._blocked = self._blocked, None
        if blocked is not None and not blocked.done():
            blocked.set_result(None)

    async def wait_until_writable(self) -> None:
        """Returns when the client has read what was sent; disconnects it after `WRITE_S` without progress."""
        if self._blocked is None:
            return
        try:
            async with asyncio.timeout(WRITE_S):
                await asyncio.shield(self._blocked)
        except TimeoutError:
            self.transport.abortConnection()


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
        if not self.uri.isascii() or any(_LINE_ENDS.search(value) for _, value in headers):
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
