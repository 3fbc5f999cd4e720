"""A non-blocking connection of the latency probe, with or without TLS, and one request at a time. [io: sockets]

Call `start` for a request, then `on_socket_ready` whenever the socket is ready, until a response is returned.
"""

from __future__ import annotations

import errno
import socket
import ssl
from abc import ABC, abstractmethod
from dataclasses import dataclass

RECV_BYTES = 65_536
MAX_BODY_BYTES = 16 * 2**20
_NOT_READY = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


@dataclass(frozen=True, slots=True)
class ProbeResponse:
    """`status` 0: no response."""

    status: int
    body: bytes


NO_RESPONSE = ProbeResponse(0, b"")


class ProbeSocket(ABC):
    """What HTTP/1.1 and HTTP/2 have in common. `context`: None without TLS."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None = None, server_name: str = "") -> None:
        self.address, self.context, self.server_name = (host, port), context, server_name
        self.socket: socket.socket | None = None
        self.due_s = self.deadline_s = 0.0
        self._unsent = b""
        self._may_be_stale = self._needs_handshake = self._reads_handshake = False

    @abstractmethod
    def _begin(self) -> bytes:
        """The bytes of the request; `socket` is None if they open the connection."""

    @abstractmethod
    def _on_data(self, data: bytes) -> ProbeResponse | None:
        """The response once it is complete; `data` is empty if the other end closed. Raises OSError if broken."""

    @property
    def has_unsent_data(self) -> bool:
        """Whether it waits for room to send, not for something to receive."""
        return bool(self._unsent) and not self._reads_handshake

    def start(self, due_s: float, deadline_s: float) -> ProbeResponse | None:
        """Connect if necessary, and send as much as possible. NO_RESPONSE if nothing listens."""
        self.due_s, self.deadline_s = due_s, deadline_s
        return self._send_request()

    def _send_request(self) -> ProbeResponse | None:
        self._may_be_stale = self.socket is not None
        try:
            self._unsent = self._begin()
            if self.socket is None:
                return self._connect()
            self._send()
        except OSError:
            return self._on_broken()
        return None

    def _connect(self) -> ProbeResponse | None:
        """Start connecting; the socket becomes writable when connected."""
        opened = socket.socket(socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET)
        opened.setblocking(False)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.context:
            name = self.server_name or self.address[0]
            opened = self.context.wrap_socket(opened, server_hostname=name, do_handshake_on_connect=False)
        self.socket, self._needs_handshake, self._reads_handshake = opened, self.context is not None, False
        is_connecting = opened.connect_ex(self.address) in (0, errno.EINPROGRESS)
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
            if self._needs_handshake:
                self._shake_hands()
            if self._unsent:
                self._send()
                return None
            data = self.socket.recv(RECV_BYTES)
            if data:
                self._may_be_stale = False
            return self._on_data(data)
        except _NOT_READY:
            return None
        except OSError:
            return self._on_broken()

    def _shake_hands(self) -> None:
        """Raises SSLWantReadError, SSLWantWriteError while it is not done."""
        assert isinstance(self.socket, ssl.SSLSocket)  # noqa: S101
        self._reads_handshake = False
        try:
            self.socket.do_handshake()
        except ssl.SSLWantReadError:
            self._reads_handshake = True
            raise
        self._needs_handshake = False

    def _send(self) -> None:
        assert self.socket is not None  # noqa: S101
        try:
            self._unsent = self._unsent[self.socket.send(self._unsent) :]
        except _NOT_READY:
            return

    def fail(self) -> ProbeResponse:
        """Close, so that the next request opens a new connection."""
        self.close()
        return NO_RESPONSE

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None
