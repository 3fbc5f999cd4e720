"""A deadline for a whole response. urllib3's timeouts are for each read: a byte a second keeps them from expiring."""

from __future__ import annotations

import http.client
import io
import socket
import time
from contextvars import ContextVar
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

# Monotonic seconds; of the request that this thread is about to send.
deadline_s: ContextVar[float] = ContextVar("deadline_s")


class _Reader(io.RawIOBase):
    """Reads from a socket until the deadline. Raises TimeoutError, as a socket does."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket, self._deadline_s = connection, deadline_s.get()
        self._raw = connection.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        remaining_s = self._deadline_s - time.monotonic()
        if remaining_s <= 0:
            raise TimeoutError("timed out")
        self._socket.settimeout(remaining_s)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, connection: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(connection, *args, **options)
        self.fp.close()  # nothing has been read through it
        self.fp = io.BufferedReader(_Reader(connection))


class _Connection(HTTPConnection):
    response_class = _Response


class _SecureConnection(HTTPSConnection):
    response_class = _Response


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


POOL_CLASSES: dict[str, type[HTTPConnectionPool]] = {"http": _Pool, "https": _SecurePool}
