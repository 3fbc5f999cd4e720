"""Against a listener within this process that sends the bytes a test decides."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest
from pytest_django import Settings

from rediscluster.errors import CommandRefused, NodeTimeout, NodeUnreachable
from rediscluster.nodes import client
from rediscluster.nodes.client import NodeConnection
from rediscluster.nodes.resp import ErrorReply
from tests.fixtures.ports import free_port

Script = Sequence[bytes]
PONG, SILENCE, CLOSE = b"+PONG\r\n", b"", b"(close)"
LATE = b"(late)"  # replies `+late` once the test sets `release`


@dataclass(slots=True)
class Listener:
    """`received`: the commands of every connection. `release`: lets the late reply go; `has_sent_late`: it is sent."""

    port: int = 0
    received: list[list[bytes]] = field(default_factory=list)
    has_received: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    has_sent_late: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def listening(*scripts: Script) -> AsyncIterator[tuple[Listener, NodeConnection]]:
    """A listener and a connection to it. Its n-th connection replies by the n-th script, a reply per command."""
    listener, handlers = Listener(), set[asyncio.Task[None] | None]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.current_task())
        commands: list[bytes] = []
        listener.received.append(commands)
        with suppress(OSError):
            for reply in scripts[len(listener.received) - 1]:
                commands.append(await reader.read(4096))
                listener.has_received.set()
                if reply == LATE:
                    await listener.release.wait()
                    writer.write(b"+late\r\n")
                    listener.has_sent_late.set()
                elif reply.endswith(CLOSE):
                    writer.write(reply.removesuffix(CLOSE))
                    break
                else:
                    writer.write(reply)
            else:
                await reader.read()  # until the client closes
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, client.HOST, 0)
    listener.port = server.sockets[0].getsockname()[1]
    try:
        async with client.open_connections([listener.port]) as nodes:
            yield listener, nodes[listener.port]
    finally:
        server.close()
        await asyncio.gather(*(handler for handler in handlers if handler))


async def test_replies_of_one_connection_come_in_order() -> None:
    async with listening([PONG, b"$2\r\n\xff!\r\n:7\r\n$-1\r\n"]) as (listener, node):
        assert await node.execute("PING") == "PONG"
        assert await node.execute_pipeline([("GET", "a"), ("INCR", "b"), ("GET", "c")]) == ["\ufffd!", 7, None]

    assert listener.received == [
        [
            b"*1\r\n$4\r\nPING\r\n",
            b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n*2\r\n$4\r\nINCR\r\n$1\r\nb\r\n*2\r\n$3\r\nGET\r\n$1\r\nc\r\n",
        ]
    ]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (b"-ERR Slot 0 is already busy\r\n", "Slot 0 is already busy"),
        (b"-CUSTOM \xff\r\n", "CUSTOM \ufffd"),
        (b"-NOAUTH Authentication required.\r\n", "NOAUTH Authentication required"),
        (b"-ERR \x1b]0;title\x07\r\n", "\\x1b]0;title\\x07"),
    ],
)
async def test_an_error_reply_is_a_refused_command(reply: bytes, reason: str) -> None:
    async with listening([reply, PONG]) as (listener, node):
        with pytest.raises(CommandRefused) as caught:
            await node.execute("CLUSTER", "ADDSLOTSRANGE", 0, 5460)
        assert await node.execute("PING") == "PONG"

    assert caught.value.reason == reason
    assert str(caught.value) == f"The node on {listener.port} rejected CLUSTER ADDSLOTSRANGE: {reason}."
    assert len(listener.received) == 1


async def test_an_error_within_a_pipeline_is_a_reply() -> None:
    async with listening([b"+OK\r\n-ERR no such key\r\n:1\r\n"]) as (_listener, node):
        replies = await node.execute_pipeline([("SET", "a", 1), ("RENAME", "b", "c"), ("DEL", "a")])

    assert replies == ["OK", ErrorReply("ERR", "no such key"), 1]


async def test_each_command_of_a_pipeline_is_refused_where_a_password_is_required() -> None:
    refusal = b"-NOAUTH Authentication required.\r\n"
    async with listening([2 * refusal, PONG]) as (listener, node):
        replies = await node.execute_pipeline([("INFO",), ("CLUSTER", "INFO")])
        assert await node.execute("PING") == "PONG"

    assert replies == 2 * [ErrorReply("NOAUTH", "NOAUTH Authentication required.")]
    assert len(listener.received) == 1


@pytest.mark.parametrize(
    ("reply", "state", "reason"),
    [
        (CLOSE, "down", "the connection was closed"),
        (b"+PO" + CLOSE, "down", "the connection was closed"),
        (b"$10\r\nhalf" + CLOSE, "down", "the connection was closed"),
        (b"-LOADING Redis is loading the dataset in memory\r\n", "loading", "it is loading its keys"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "down", "not understood: it sent 'HTTP/1.1 400 Bad Request'"),
        (b":seven\r\n", "up", "not understood: it sent 'seven' for a number"),
        (b"+A\r\n+B\r\n", "up", "not understood: it sent more replies than it got commands"),
        (b"+A\r\n+B", "up", "not understood: it sent more replies than it got commands"),
    ],
)
async def test_a_node_that_does_not_reply_is_unreachable_and_the_next_call_reconnects(
    reply: bytes, state: str, reason: str
) -> None:
    async with listening([reply], [PONG]) as (listener, node):
        with pytest.raises(NodeUnreachable) as caught:
            await node.execute("PING")
        assert await node.execute("PING") == "PONG"

    assert (type(caught.value), caught.value.state, caught.value.reason) == (NodeUnreachable, state, reason)
    trouble = "cannot be used" if state == "up" else "does not respond"
    assert str(caught.value) == f"The node on {listener.port} {trouble}: {reason}."
    assert listener.received == [[b"*1\r\n$4\r\nPING\r\n"]] * 2


async def test_a_node_that_refuses_a_connection_and_closes_it_is_up() -> None:
    async with listening([b"-ERR max number of clients reached\r\n" + CLOSE]) as (_listener, node):
        with pytest.raises(NodeUnreachable) as caught:
            await node.execute_pipeline([("INFO",), ("CLUSTER", "INFO")])

    assert (caught.value.state, caught.value.reason) == ("up", "it refuses connections: max number of clients reached")


async def test_a_port_without_a_listener_is_unreachable() -> None:
    node = NodeConnection(free_port())

    with pytest.raises(NodeUnreachable) as caught:
        await node.execute("PING")

    assert (caught.value.state, caught.value.reason) == ("down", "connection refused")


async def test_silence_is_a_timeout() -> None:
    async with listening([SILENCE]) as (listener, node):
        with pytest.raises(NodeTimeout) as caught:
            await node.execute("PING", timeout_s=0.05)

    assert caught.value.state == "unresponsive"
    assert str(caught.value) == f"The node on {listener.port} does not respond: no reply within 0.05 s."


async def test_the_default_timeout_names_its_setting(settings: Settings) -> None:
    settings.REDIS_TIMEOUT = 0.05

    async with listening([SILENCE]) as (_listener, node):
        with pytest.raises(NodeTimeout) as caught:
            await node.execute("PING")

    assert caught.value.reason == "no reply within 0.05 s (REDIS_TIMEOUT)"


async def test_a_timeout_covers_all_replies_of_a_pipeline() -> None:
    async with listening([PONG]) as (_listener, node):
        with pytest.raises(NodeTimeout):
            await node.execute_pipeline([("PING",), ("PING",)], timeout_s=0.05)


async def test_a_late_reply_is_not_taken_for_that_of_the_next_call() -> None:
    async with listening([LATE], [b"+next\r\n"]) as (listener, node):
        with pytest.raises(NodeTimeout):
            await node.execute("GET", "a", timeout_s=0.05)
        listener.release.set()
        await listener.has_sent_late.wait()

        assert await node.execute("GET", "b") == "next"


async def test_the_reply_to_a_cancelled_call_is_not_taken_for_that_of_the_next_call() -> None:
    async with listening([LATE], [b"+next\r\n"]) as (listener, node):
        call = asyncio.create_task(node.execute("GET", "a"))
        await listener.has_received.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        listener.release.set()
        await listener.has_sent_late.wait()

        assert await node.execute("GET", "b") == "next"


async def test_concurrent_calls_do_not_mix_their_replies() -> None:
    async with listening([b"+first\r\n", b"+second\r\n"]) as (_listener, node):
        first, second = await asyncio.gather(node.execute("GET", "a"), node.execute("GET", "b"))

    assert (first, second) == ("first", "second")
