"""One HTTP connection under daphne: deadlines for head and body, bounded bodies, and refusals as JSON.

Twisted's own channel lets a client take any time, spools a body of any size to a file before the application sees the
request, and responds to malformed requests without a body.
"""

from __future__ import annotations

import asyncio
import re
from functools import lru_cache
from typing import Any

import structlog
from twisted.protocols import basic
from twisted.web import http
from twisted.web.http_headers import Headers

from pm2site.errors import Refusal
from pm2site.transport.connections import ConnectionTable
from pm2site.transport.responses import HEAD_TOO_LARGE, MALFORMED, TIMED_OUT, refusal_response

log = structlog.get_logger("pm2site.transport")

HEAD_S = 10.0  # for a whole head, from its first byte or from the connection
BODY_S = 30.0  # for a whole body
KEEP_ALIVE_S = 75.0  # between two requests; nginx's default, so a proxy closes first
MAX_DISCARDED = 2 * 2**20  # bytes that a refused client may still send
LINGER_S = 2.0  # a refused client may finish sending, since closing at once would discard the response (TCP reset)
MAX_KNOWN_LINE = 300  # bytes of a header that is remembered
JUDGED = frozenset(
    {b"content-length", b"transfer-encoding", b"authorization", b"proxy-authorization", b"cookie", b"x-api-key"}
)
_PLAIN_HEADER = re.compile(rb"([A-Za-z0-9-]+):[ \t]*([!-~]|[!-~][ -~]*[!-~])[ \t]*")
WRITE_S = 30.0  # a client that reads nothing of a response for so long is disconnected


@lru_cache(maxsize=4096)
def parse_header(line: bytes) -> tuple[bytes, bytes] | None:
    """Name and value as Twisted keeps them; None for a line that Twisted is to judge: one that it may refuse, that
    frames the body, or that is secret, and so not to be remembered."""
    match = _PLAIN_HEADER.fullmatch(line)
    if match is None or match[1].lower() in JUDGED:
        return None
    headers = Headers()
    headers.addRawHeader(match[1], match[2])
    return next((name, values[0]) for name, values in headers.getAllRawHeaders())


class LimitedChannel(http.HTTPChannel):  # type: ignore[misc]
    """`connections` and `address` are set by the factory."""

    connections: ConnectionTable
    address = ""
    _is_refused = False
    _discarded = 0  # bytes that arrived after a refusal
    _is_idle = False  # between two requests
    _blocked: asyncio.Future[None] | None = None
    _host: Any = None

    def getHost(self) -> Any:
        """Twisted makes a system call of it for each request; the address of a connection does not change."""
        if self._host is None:
            self._host = super().getHost()
        return self._host

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
        # A whole head without a body, as most requests arrive: LineReceiver would copy what is left at each line.
        if self.line_mode and not self._buffer and data.find(b"\r\n\r\n") == len(data) - 4:
            for line in data[:-2].split(b"\r\n"):
                if self.line_mode:
                    self.lineReceived(line)
            return
        # Not HTTPChannel's, which restarts the timeout: a head that trickles in would never be late.
        basic.LineReceiver.dataReceived(self, data)

    def lineLengthExceeded(self, line: bytes) -> None:
        self.refuse(HEAD_TOO_LARGE)

    def headerReceived(self, line: bytes) -> bool:
        """As Twisted's, which parses and checks each line anew: clients send the same lines again and again."""
        parsed = parse_header(line) if len(line) <= MAX_KNOWN_LINE else None
        if parsed is None:
            return bool(super().headerReceived(line))
        name, value = parsed
        self._receivedHeaderCount += 1
        if self._receivedHeaderCount > self.maxHeaders:
            self._respondToBadRequestAndDisconnect()
            return False
        self.requests[-1].requestHeaders._rawHeaders.setdefault(name, []).append(value)
        return True

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
