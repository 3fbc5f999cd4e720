"""One HTTP/1.1 connection of the latency probe.

`http.client` costs half a millisecond per request, and threads wake each other: both would lower the measured rate of a
target that uses all processors.
"""

from __future__ import annotations

import ssl

import httptools

from benchmarks.connections.probe_socket import MAX_BODY_BYTES, ProbeResponse, ProbeSocket
from benchmarks.connections.target_request import TargetRequest


def request_bytes(request: TargetRequest) -> bytes:
    """The request as sent."""
    length = {"Content-Length": str(len(request.body))} if request.body else {}
    fields = {**request.sent_headers, **length}
    lines = [f"{request.method} {request.path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode() + request.body


class ProbeConnection(ProbeSocket):
    """Its parser calls the methods named `on_…`."""

    def __init__(
        self, host: str, port: int, request: bytes, *, is_head: bool = False,
        context: ssl.SSLContext | None = None, server_name: str = "",
    ) -> None:  # fmt: skip
        super().__init__(host, port, context, server_name)
        self.request, self.is_head = request, is_head
        self._parser: httptools.HttpResponseParser
        self._body_parts: list[bytes] = []
        self._body_bytes = 0
        self._has_headers = self._has_length = self._is_complete = self._keeps_alive = False

    def _begin(self) -> bytes:
        self._parser, self._body_parts = httptools.HttpResponseParser(self), []
        self._has_headers = self._has_length = self._is_complete = self._keeps_alive = False
        self._body_bytes = 0
        return self.request

    def _on_data(self, data: bytes) -> ProbeResponse | None:
        try:
            if data:
                self._parser.feed_data(data)
            elif self._has_headers and not self._has_length:
                self._is_complete = True  # a body without a length ends with its connection
            else:
                return self._on_broken()
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return self.fail()
        if self._body_bytes > MAX_BODY_BYTES:
            return self.fail()
        return self._take_response(is_closed=not data) if self._is_complete else None

    def _take_response(self, *, is_closed: bool) -> ProbeResponse:
        response = ProbeResponse(self._parser.get_status_code(), b"".join(self._body_parts))
        if is_closed or not self._keeps_alive:
            self.close()
        return response

    def on_header(self, name: bytes, value: bytes) -> None:
        self._has_length = self._has_length or name.lower() in (b"content-length", b"transfer-encoding")

    def on_headers_complete(self) -> None:
        self._has_headers = True
        self._keeps_alive = self._parser.should_keep_alive()  # after the end of the response, it would deny that
        self._is_complete = self.is_head

    def on_body(self, data: bytes) -> None:
        self._body_parts.append(data)
        self._body_bytes += len(data)

    def on_message_complete(self) -> None:
        self._is_complete = True
