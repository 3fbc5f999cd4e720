"""Connections to single Redis nodes: raw replies, one deadline per call, no retries. [io: redis sockets]

Whatever listens on a port of a node may reply: the size of a reply is limited, and its type is for the caller to check.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from django.conf import settings

from rediscluster.errors import CommandRefused, NodeTimeout, NodeUnreachable
from rediscluster.nodes import resp
from rediscluster.nodes.resp import Command, ErrorReply, NotRedisProtocol, Reply

HOST = "127.0.0.1"
READ_BYTES = 16 * 1024  # parsed without a pause


class NodeConnection:
    """One connection to the Redis on a local port. Opened by the first command, reopened after a loss."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._lock = asyncio.Lock()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def execute(self, *command: str | int, timeout_s: float | None = None) -> Reply:
        """The raw reply. Raises NodeUnreachable, NodeTimeout, CommandRefused."""
        [reply] = await self.execute_pipeline([command], timeout_s=timeout_s)
        if isinstance(reply, ErrorReply):
            raise CommandRefused(self.port, resp.command_name(command), reply.text.rstrip("."))
        return reply

    async def execute_pipeline(self, commands: Sequence[Command], *, timeout_s: float | None = None) -> list[Reply]:
        """All replies of one pipeline; the reply to a rejected command is its error.

        The default of `timeout_s` is REDIS_TIMEOUT. Raises NodeUnreachable, NodeTimeout.
        """
        setting = "REDIS_TIMEOUT" if timeout_s is None else ""
        timeout_s = settings.REDIS_TIMEOUT if timeout_s is None else timeout_s
        try:
            async with asyncio.timeout(timeout_s), self._lock:
                try:
                    return await self._exchange(commands)
                except BaseException:  # unread replies would be taken for those of the next call
                    await self.close()
                    raise
        except TimeoutError:
            raise NodeTimeout(self.port, timeout_s, setting) from None
        except NotRedisProtocol as error:
            raise NodeUnreachable(self.port, str(error), "up" if error.has_replied else "down") from error
        except OSError as error:
            raise NodeUnreachable(self.port, _describe(error)) from error

    async def _exchange(self, commands: Sequence[Command]) -> list[Reply]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(HOST, self.port)
        reader, writer = self._streams
        writer.write(resp.pack(commands))
        await writer.drain()
        stream = resp.ReplyStream()
        replies: list[Reply] = []
        while len(replies) < len(commands):
            received = await reader.read(READ_BYTES)
            if not received:
                raise _closed_after(replies)
            replies += stream.feed(received)
            if len(replies) < len(commands):
                await asyncio.sleep(0)  # `read` does not pause while bytes are waiting
        if len(replies) > len(commands) or not stream.is_at_end:
            raise NotRedisProtocol("not understood: it sent more replies than it got commands", has_replied=True)
        if any(isinstance(reply, ErrorReply) and reply.code == "LOADING" for reply in replies):
            raise NodeUnreachable(self.port, "it is loading its keys", "loading")
        return replies

    async def close(self) -> None:
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None


def _closed_after(replies: Sequence[Reply]) -> Exception:
    """A Redis that refuses a connection, for example because of `maxclients`, says why and hangs up."""
    if replies and isinstance(replies[0], ErrorReply):
        return NotRedisProtocol(f"it refuses connections: {replies[0].text.rstrip('.')}", has_replied=True)
    return ConnectionResetError()


def _describe(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, ConnectionError):
        return "the connection was closed"
    return error.strerror or type(error).__name__


@asynccontextmanager
async def open_connections(ports: Sequence[int]) -> AsyncIterator[dict[int, NodeConnection]]:
    """A connection to each of `ports`, closed after the block."""
    nodes = {port: NodeConnection(port) for port in ports}
    try:
        yield nodes
    finally:
        for node in nodes.values():
            await node.close()
