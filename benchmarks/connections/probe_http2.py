"""One HTTP/2 connection of the latency probe."""

from __future__ import annotations

import ssl
from collections.abc import Sequence

from benchmarks.connections.http2_exchange import Http2Broken, Http2Exchange
from benchmarks.connections.probe_socket import ProbeResponse, ProbeSocket


class Http2ProbeConnection(ProbeSocket):
    """One stream at a time. Frames that arrive while it is idle are read with the next request."""

    def __init__(
        self, host: str, port: int, headers: Sequence[tuple[str, str]], body: bytes,
        *, context: ssl.SSLContext | None = None, server_name: str = "",
    ) -> None:  # fmt: skip
        super().__init__(host, port, context, server_name)
        self.headers, self.body = headers, body
        self._exchange = Http2Exchange(headers, body)
        self._may_repeat = False

    def start(self, due_s: float, deadline_s: float) -> ProbeResponse | None:
        """As in HTTP/1.1; that a target has ended the idle connection is read with the next request."""
        self._may_repeat = self.socket is not None
        return super().start(due_s, deadline_s)

    def _begin(self) -> bytes:
        if self.socket is None:
            self._exchange = Http2Exchange(self.headers, self.body)
        try:
            return self._exchange.begin()
        except Http2Broken as error:
            raise ConnectionError(str(error)) from error

    def _on_data(self, data: bytes) -> ProbeResponse | None:
        if not data:
            return self._repeat() if self._may_repeat else self.fail()
        try:
            self._unsent += self._exchange.receive(data)
        except Http2Broken as error:
            return self._repeat() if error.is_refused and self._may_repeat else self.fail()
        if self._unsent:
            self._send()
        response = self._exchange.response
        if response is None:
            return None
        if self._exchange.is_ending:
            self.close()
        return ProbeResponse(response.status, response.body)

    def _repeat(self) -> ProbeResponse | None:
        """On a new connection."""
        self._may_repeat = False
        self.close()
        return self._send_request()
