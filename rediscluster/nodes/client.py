"""Connections to single Redis nodes: plain replies, a deadline each, no retries. [io: redis]

Neither `Redis` nor `RedisCluster`: the one repeats a SHUTDOWN that it takes for a lost connection, the other wants a
cluster that exists already.
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
CONNECT_S = 0.5
REFUSALS = (ResponseError, AuthenticationError)  # answers, after which the connection goes on

Command = Sequence[str | int]


class Node:
    """One connection to the Redis on a port of this machine; opened by the first question, again after a loss."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._one_at_a_time = asyncio.Lock()
        self._connection = Connection(
            host=HOST,
            port=port,
            protocol=2,
            decode_responses=True,
            encoding_errors="replace",
            socket_connect_timeout=CONNECT_S,
            socket_timeout=None,  # the deadline of a question holds for all its replies
            retry=Retry(NoBackoff(), 0),
            driver_info=None,
        )

    async def ask(self, *command: str | int, timeout_s: float | None = None) -> Any:
        """The reply as it came. Raises NodeUnreachable, NodeTimeout, CommandRefused."""
        [reply] = await self.ask_all([command], timeout_s=timeout_s)
        if isinstance(reply, REFUSALS):
            raise CommandRefused(self.port, " ".join(map(str, command[:2])), str(reply)) from reply
        return reply

    async def ask_all(self, commands: Sequence[Command], *, timeout_s: float | None = None) -> list[Any]:
        """All replies of one pipeline; a refused command leaves its error in the list.

        Without `timeout_s`, within REDIS_TIMEOUT. Raises NodeUnreachable, NodeTimeout.
        """
        connection = self._connection
        setting = "REDIS_TIMEOUT" if timeout_s is None else ""
        timeout_s = settings.REDIS_TIMEOUT if timeout_s is None else timeout_s
        try:
            async with asyncio.timeout(timeout_s), self._one_at_a_time:
                try:
                    await connection.send_packed_command(connection.pack_commands(commands), check_health=False)
                    return [await _reply(connection) for _ in commands]
                except BaseException:  # what was not read would be taken for the next answer
                    await connection.disconnect(nowait=True)
                    raise
        except TimeoutError:
            raise NodeTimeout(self.port, timeout_s, setting) from None
        except BusyLoadingError as error:
            raise NodeUnreachable(self.port, "it is loading its keys", "loading") from error
        except (RedisError, OSError, ValueError) as error:  # ValueError: the listener does not speak Redis's protocol
            raise NodeUnreachable(self.port, _reason(error)) from error

    async def close(self) -> None:
        await self._connection.disconnect(nowait=True)


async def _reply(connection: Connection) -> Any:
    try:
        return await connection.read_response()
    except REFUSALS as error:
        return error


def is_refusal(reply: object) -> bool:
    """Whether a reply of `ask_all` is an error of the node."""
    return isinstance(reply, REFUSALS)


def _reason(error: Exception) -> str:
    if isinstance(error.__cause__, ConnectionRefusedError) or "Connect call failed" in str(error):
        return "connection refused"
    if isinstance(error, ConnectionLost):
        return "the connection was closed"
    return str(error).rstrip(".") or type(error).__name__


@asynccontextmanager
async def connected(ports: Sequence[int]) -> AsyncIterator[dict[int, Node]]:
    """A connection to each of `ports` for the length of the block."""
    nodes = {port: Node(port) for port in ports}
    try:
        yield nodes
    finally:
        for node in nodes.values():
            await node.close()


def fields(told: str) -> dict[str, str]:
    """INFO and CLUSTER INFO: `name:value` lines."""
    return dict(line.split(":", 1) for line in told.splitlines() if ":" in line)
