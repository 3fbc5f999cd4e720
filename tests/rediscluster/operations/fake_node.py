"""A node whose replies a test decides; no connection is opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rediscluster.nodes.client import NodeConnection
from rediscluster.nodes.resp import Command


class FakeNode(NodeConnection):
    """`reply` gets every command; what it returns is the reply, an ErrorReply that of a refused command.

    `sent`: the commands, in order.
    """

    def __init__(self, port: int, reply: Callable[[Command], object]) -> None:
        self.port = port
        self.sent: list[Command] = []
        self._reply = reply

    async def execute_pipeline(self, commands: Sequence[Command], *, timeout_s: float | None = None) -> list[Any]:
        self.sent += commands
        return [self._reply(command) for command in commands]
