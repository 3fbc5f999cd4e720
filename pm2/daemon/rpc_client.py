"""The socket for calls: one connection per event loop, concurrent calls, a deadline for each. [io: rpc.sock]"""

from __future__ import annotations

import asyncio
import errno
import itertools
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from django.conf import settings

from pm2.daemon import amp, daemon_process, rpc_messages
from pm2.daemon.socket_path import socket_path
from pm2.errors import CallTimeout, ProtocolError
from system.lib.per_loop import PerLoop

READ_BYTES = 256 * 1024
UNBOUNDED_S = 86_400.0  # for a caller that enforces its own deadline
CONNECT_ATTEMPTS = 5  # connecting to a full backlog fails with EAGAIN


class DaemonConnection:
    """One connection to `rpc.sock`, shared by all callers of an event loop."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._version: str | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reader_task: asyncio.Task[None] | None = None
        self._pending: dict[str, asyncio.Future[rpc_messages.Reply]] = {}
        self._call_numbers = itertools.count(1)
        self._id_prefix = f"{random.getrandbits(48):x}"
        self._connecting = asyncio.Lock()

    async def call(self, method: str, *arguments: object, timeout_s: float | None = None) -> object:
        """Calls a method of the daemon and returns its value. Raises CallTimeout, CallFailed, ProtocolError, and the
        errors of `open_socket`."""
        timeout_s = settings.PM2_TIMEOUT if timeout_s is None else timeout_s
        call_id = f"{self._id_prefix}-{next(self._call_numbers)}"
        try:
            async with asyncio.timeout(timeout_s):
                writer = await self._ensure_connected()
                future = self._pending[call_id] = asyncio.get_running_loop().create_future()
                writer.write(amp.encode(rpc_messages.build_call(method, arguments, call_id)))
                await writer.drain()
                return rpc_messages.unwrap_reply(await future, method)
        except TimeoutError:
            raise CallTimeout(method, timeout_s) from None
        except OSError as error:
            self._disconnect(error)
            raise daemon_process.not_running(self.home) from error
        finally:
            self._pending.pop(call_id, None)

    async def version(self, timeout_s: float | None = None) -> str:
        """The version of PM2's daemon, requested once per connection."""
        if self._version is None or self._writer is None:
            self._version = str(await self.call("getVersion", {}, timeout_s=timeout_s))
        return self._version

    async def _ensure_connected(self) -> asyncio.StreamWriter:
        async with self._connecting:
            if self._writer is None:
                reader, self._writer = await open_socket(self.home)
                self._reader_task = asyncio.create_task(self._read_replies(reader), name="pm2 rpc reader")
            return self._writer

    async def _read_replies(self, reader: asyncio.StreamReader) -> None:
        decoder = amp.Decoder()
        try:
            while data := await reader.read(READ_BYTES):
                for frame in decoder.feed(data):
                    reply = rpc_messages.parse_reply(frame)
                    future = self._pending.get(reply.id)
                    if future and not future.done():
                        future.set_result(reply)
            self._disconnect(daemon_process.not_running(self.home))
        except (OSError, ProtocolError) as error:
            self._disconnect(error if isinstance(error, ProtocolError) else daemon_process.not_running(self.home))

    def _disconnect(self, error: Exception) -> None:
        """Closes the connection and fails all pending calls; the next call reconnects."""
        writer, self._writer, self._version = self._writer, None, None
        if writer is not None:
            writer.close()
        for future in self._pending.values():
            if not future.done():
                future.set_exception(error)

    async def close(self) -> None:
        writer, reader_task = self._writer, self._reader_task
        self._disconnect(daemon_process.not_running(self.home))
        if reader_task is not None:
            reader_task.cancel()
            await asyncio.wait([reader_task])
        if writer is not None:
            try:
                await writer.wait_closed()
            except OSError:
                return


async def open_socket(home: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Raises DaemonNotRunning, DaemonUnreachable, SocketForbidden."""
    path = socket_path(home, "rpc.sock")
    for attempt in range(CONNECT_ATTEMPTS):
        try:
            return await asyncio.open_unix_connection(path)
        except OSError as error:
            if error.errno != errno.EAGAIN or attempt == CONNECT_ATTEMPTS - 1:
                raise daemon_process.explain_refusal(home, path, error) from error
            await asyncio.sleep(random.uniform(0.01, 0.05) * (attempt + 1))  # noqa: S311 - jitter
    raise daemon_process.not_running(home)


class _SharedConnection:
    """A connection and its number of users. `is_kept_open`: it is not closed when the last user leaves."""

    def __init__(self, connection: DaemonConnection) -> None:
        self.connection = connection
        self.users = 0
        self.is_kept_open = False


_connections: PerLoop[_SharedConnection] = PerLoop()


def keep_open() -> None:
    """Keeps this event loop's connection open between calls; for a loop that lives as long as the server."""
    _loop_connection().is_kept_open = True


def _loop_connection() -> _SharedConnection:
    home, shared = Path(settings.PM2_HOME), _connections.get()
    if shared is None or shared.connection.home != home:
        shared = _connections.set(_SharedConnection(DaemonConnection(home)))
    return shared


@asynccontextmanager
async def connect() -> AsyncIterator[DaemonConnection]:
    """Yields this event loop's connection; the first call opens it, the last user closes it, unless it is kept open."""
    shared = _loop_connection()
    shared.users += 1
    try:
        yield shared.connection
    finally:
        shared.users -= 1
        if not shared.users and not shared.is_kept_open:
            await shared.connection.close()
