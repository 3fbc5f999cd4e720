"""The connection to PM2's daemon: many calls at once, each with a deadline. [io: rpc.sock]"""

from __future__ import annotations

import asyncio
import errno
import itertools
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from weakref import WeakKeyDictionary

from django.conf import settings

from pm2.daemon import amp, rpc
from pm2.errors import CallTimeout, DaemonNotRunning, InvalidHome, ProtocolError

SOCKET_PATH_BYTES = 107
READ_BYTES = 256 * 1024
FOREVER_S = 86_400.0  # for a caller who waits in his own way
BUSY_TRIES = 5  # a full backlog answers EAGAIN


class Link:
    """One connection to `rpc.sock`, shared by all callers of an event loop."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.version: str | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[str, asyncio.Future[rpc.Reply]] = {}
        self._ids = itertools.count(1)
        self._prefix = f"{random.getrandbits(48):x}"
        self._connecting = asyncio.Lock()

    async def call(self, method: str, *arguments: object, timeout_s: float | None = None) -> object:
        """The value of a call. Raises DaemonNotRunning, CallTimeout, CallFailed, ProtocolError."""
        timeout_s = settings.PM2_TIMEOUT if timeout_s is None else timeout_s
        call_id = f"{self._prefix}-{next(self._ids)}"
        try:
            async with asyncio.timeout(timeout_s):
                writer = await self._connected()
                answer = self._waiting[call_id] = asyncio.get_running_loop().create_future()
                writer.write(amp.encode(rpc.call(method, arguments, call_id)))
                await writer.drain()
                return rpc.value_of(await answer, method)
        except TimeoutError:
            raise CallTimeout(method, timeout_s) from None
        except OSError as error:
            self._lose(error)
            raise DaemonNotRunning(str(self.home)) from error
        finally:
            self._waiting.pop(call_id, None)

    async def daemon_version(self, timeout_s: float | None = None) -> str:
        """The daemon's version, asked once per connection."""
        if self.version is None or self._writer is None:
            self.version = str(await self.call("getVersion", {}, timeout_s=timeout_s))
        return self.version

    async def _connected(self) -> asyncio.StreamWriter:
        async with self._connecting:
            if self._writer is None:
                reader, self._writer = await open_socket(self.home)
                self._reading = asyncio.create_task(self._read(reader), name="pm2 rpc reader")
            return self._writer

    async def _read(self, reader: asyncio.StreamReader) -> None:
        decoder = amp.Decoder()
        try:
            while data := await reader.read(READ_BYTES):
                for frame in decoder.feed(data):
                    reply = rpc.parse_reply(frame)
                    answer = self._waiting.get(reply.id)
                    if answer and not answer.done():
                        answer.set_result(reply)
            self._lose(DaemonNotRunning(str(self.home)))
        except (OSError, ProtocolError) as error:
            self._lose(error if isinstance(error, ProtocolError) else DaemonNotRunning(str(self.home)))

    def _lose(self, error: Exception) -> None:
        """The connection is gone: whoever waits learns it, and the next call connects again."""
        writer, self._writer, self.version = self._writer, None, None
        if writer is not None:
            writer.close()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(error)

    async def close(self) -> None:
        writer, reading = self._writer, self._reading
        self._lose(DaemonNotRunning(str(self.home)))
        if reading is not None:
            reading.cancel()
            await asyncio.wait([reading])
        if writer is not None:
            try:
                await writer.wait_closed()
            except OSError:
                return


async def open_socket(home: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Raises InvalidHome, DaemonNotRunning."""
    path = str(home / "rpc.sock")
    if len(path.encode()) > SOCKET_PATH_BYTES:
        raise InvalidHome(path)
    for attempt in range(BUSY_TRIES):
        try:
            return await asyncio.open_unix_connection(path)
        except OSError as error:
            if error.errno != errno.EAGAIN or attempt == BUSY_TRIES - 1:
                raise DaemonNotRunning(str(home)) from error
            await asyncio.sleep(random.uniform(0.01, 0.05) * (attempt + 1))  # noqa: S311 - jitter
    raise DaemonNotRunning(str(home))


class _Shared:
    """A loop's link and how many use it. A held one stays open when nobody does."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.users = 0
        self.held = False


_links: WeakKeyDictionary[asyncio.AbstractEventLoop, _Shared] = WeakKeyDictionary()


def hold() -> None:
    """Keep this event loop's connection open between calls; for a loop that lives as long as the server."""
    _shared().held = True


def _shared() -> _Shared:
    loop, home = asyncio.get_running_loop(), Path(settings.PM2_HOME)
    shared = _links.get(loop)
    if shared is None or shared.link.home != home:
        shared = _links[loop] = _Shared(Link(home))
    return shared


@asynccontextmanager
async def daemon() -> AsyncIterator[Link]:
    """The loop's link for the length of the block; closed with the last user unless it is held."""
    shared = _shared()
    shared.users += 1
    try:
        yield shared.link
    finally:
        shared.users -= 1
        if not shared.users and not shared.held:
            await shared.link.close()
