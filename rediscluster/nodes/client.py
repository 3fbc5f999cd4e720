"""Connections to single Redis nodes: raw replies, one deadline per call, no retries. [io: redis]

Neither `Redis` nor `RedisCluster` of redis-py: `Redis` repeats a SHUTDOWN because it looks like a lost connection, and
`RedisCluster` requires an existing cluster.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from django.conf import settings
from redis.asyncio import Connection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, BusyLoadingError, RedisError, ResponseError
from redis.exceptions import ConnectionError as ConnectionLost

from rediscluster.errors import CommandRefused, NodeTimeout, NodeUnreachable

HOST = "127.0.0.1"
CONNECT_TIMEOUT_S = 0.5
ERROR_REPLIES = (ResponseError, AuthenticationError)  # the connection stays usable after these

Command = Sequence[str | int]


class NodeConnection:
    """One connection to the Redis on a local port. Opened by the first command, reopened after a loss."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._lock = asyncio.Lock()
        self._connection = Connection(
            host=HOST,
            port=port,
            protocol=2,
            decode_responses=True,
            encoding_errors="replace",
            socket_connect_timeout=CONNECT_TIMEOUT_S,
            socket_timeout=None,  # the deadline of a call covers all its replies
            retry=Retry(NoBackoff(), 0),
            driver_info=None,
        )

    async def execute(self, *command: str | int, timeout_s: float | None = None) -> Any:
        """The raw reply. Raises NodeUnreachable, NodeTimeout, CommandRefused."""
        [reply] = await self.execute_pipeline([command], timeout_s=timeout_s)
        if isinstance(reply, ERROR_REPLIES):
            raise CommandRefused(self.port, " ".join(map(str, command[:2])), str(reply)) from reply
        return reply

    async def execute_pipeline(self, commands: Sequence[Command], *, timeout_s: float | None = None) -> list[Any]:
        """All replies of one pipeline; the reply to a rejected command is its error.

        The default of `timeout_s` is REDIS_TIMEOUT. Raises NodeUnreachable, NodeTimeout.
        """
        connection = self._connection
        setting = "REDIS_TIMEOUT" if timeout_s is None else ""
        timeout_s = settings.REDIS_TIMEOUT if timeout_s is None else timeout_s
        try:
            async with asyncio.timeout(timeout_s), self._lock:
                try:
                    await connection.send_packed_command(connection.pack_commands(commands), check_health=False)
                    return [await _read_reply(connection) for _ in commands]
                except BaseException:  # unread replies would be taken for those of the next call
                    await connection.disconnect(nowait=True)
                    raise
        except TimeoutError:
            raise NodeTimeout(self.port, timeout_s, setting) from None
        except BusyLoadingError as error:
            raise NodeUnreachable(self.port, "it is loading its keys", "loading") from error
        except (RedisError, OSError, ValueError) as error:  # ValueError: the listener is not a Redis
            raise NodeUnreachable(self.port, _describe(error)) from error

    async def close(self) -> None:
        await self._connection.disconnect(nowait=True)


async def _read_reply(connection: Connection) -> Any:
    try:
        return await connection.read_response()
    except ERROR_REPLIES as error:
        return error


def is_error_reply(reply: object) -> bool:
    """Whether a reply of `execute_pipeline` is an error."""
    return isinstance(reply, ERROR_REPLIES)


def _describe(error: Exception) -> str:
    if isinstance(error.__cause__, ConnectionRefusedError) or "Connect call failed" in str(error):
        return "connection refused"
    if isinstance(error, ConnectionLost):
        return "the connection was closed"
    return str(error).rstrip(".") or type(error).__name__


@asynccontextmanager
async def open_connections(ports: Sequence[int]) -> AsyncIterator[dict[int, NodeConnection]]:
    """A connection to each of `ports`, closed after the block."""
    nodes = {port: NodeConnection(port) for port in ports}
    try:
        yield nodes
    finally:
        for node in nodes.values():
            await node.close()


def parse_info(text: str) -> dict[str, str]:
    """The `name:value` lines of INFO and CLUSTER INFO."""
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
