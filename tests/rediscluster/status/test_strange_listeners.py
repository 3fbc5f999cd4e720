"""Programs that are not quite a Redis on a port of the configured range."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_django import Settings

from rediscluster.errors import ReplyNotUnderstood, UnknownNode
from rediscluster.nodes import client
from rediscluster.operations import cluster
from rediscluster.status import cluster_sampler, queries, text_map
from rediscluster.status.node_stats import NodeStats
from tests.fixtures.cluster import FIRST, FOURTH, three_masters
from tests.fixtures.ports import free_port

ReplyTo = Callable[[str], bytes]
INFO = "role:master\r\ncluster_enabled:1\r\nrun_id:a\r\n"
NODES = f"{'a' * 40} 127.0.0.1:7000@17000 myself,master - 0 0 1 connected 0-16383\n"
WRONGTYPE = b"*2\r\n:1\r\n$-1\r\n"


def text(content: str) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(content.encode()), content.encode())


def always(reply: bytes) -> ReplyTo:
    return lambda _command: reply


def redis_with(**replies: bytes) -> ReplyTo:
    """A Redis that gives these replies to the commands with this first or second word."""
    usual = {"INFO": text(INFO), "CLUSTER INFO": text("cluster_state:ok\r\n"), "CLUSTER NODES": text(NODES)}
    changed = usual | {name.replace("_", " "): reply for name, reply in replies.items()}
    return lambda command: changed.get(command, changed.get(command.split()[0], b"$-1\r\n"))


@asynccontextmanager
async def listening(port: int, reply_to: ReplyTo) -> AsyncIterator[None]:
    """Replies to each command of each connection; a reply that ends in `(close)` closes it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.current_task())
        with suppress(OSError):
            while received := await reader.read(65_536):
                for words in re.findall(rb"\*\d+\r\n((?:\$\d+\r\n[^\r]*\r\n)+)", received):
                    reply = reply_to(" ".join(re.findall(r"\$\d+\r\n([^\r]*)\r\n", words.decode())))
                    writer.write(reply.removesuffix(b"(close)"))
                    if reply.endswith(b"(close)"):
                        writer.close()
                        return
            writer.close()
            await writer.wait_closed()

    handlers = set[asyncio.Task[None] | None]()
    server = await asyncio.start_server(serve, client.HOST, port)
    try:
        yield
    finally:
        server.close()
        await asyncio.gather(*(handler for handler in handlers if handler))


@pytest.fixture
def port(settings: Settings, tmp_path: Path) -> int:
    """The only port of the range. There is no cluster of ours."""
    settings.REDIS_CLUSTER_DIR = tmp_path / "cluster"
    settings.REDIS_BASE_PORT, settings.REDIS_MAX_NODES = free_port(), 1
    cluster_sampler.reset()
    return int(settings.REDIS_BASE_PORT)


@pytest.mark.parametrize(
    ("reply_to", "reason"),
    [
        (always(b"+OK\r\n"), "not understood: INFO was answered with 'OK'"),
        (always(b":1\r\n"), "not understood: INFO was answered with 1"),
        (always(b"$-1\r\n"), "not understood: INFO was answered with None"),
        (always(WRONGTYPE), "not understood: INFO was answered with [1, None]"),
        (always(b"$99999999999\r\n"), "not understood: it sent a reply of more than 8 MB"),
        (always(b"*1\r\n" * 5000), "not understood: it sent arrays nested more than 8 deep"),
        (always(b"+\x1b[2J\r\n"), r"not understood: INFO was answered with '\x1b[2J'"),
        (always(b"-NOAUTH Authentication required.\r\n"), "it requires a password"),
        (always(b"-NOPERM this user has no permissions\r\n"), "NOPERM this user has no permissions"),
        (always(b"-ERR \x1b[2J\r\n"), r"\x1b[2J"),
        (always(b"-ERR max number of clients reached\r\n(close)"), "it refuses connections: max number of clients reached"),
        (redis_with(CLUSTER_NODES=b"+OK\r\n"), "not understood: CLUSTER NODES was answered with 'OK'"),
        (redis_with(CLUSTER_NODES=text("\x00" * 9)), r"not understood: CLUSTER NODES was answered with '\x00\x00\x00\x00\x00\x00\x00\x00\x00'"),
        (redis_with(CLUSTER_INFO=b":1\r\n"), "not understood: CLUSTER INFO was answered with 1"),
    ],
)  # fmt: skip
async def test_a_program_that_cannot_be_read_is_listed_with_the_reason(
    port: int, reply_to: ReplyTo, reason: str
) -> None:
    async with listening(port, reply_to):
        first = (await cluster_sampler.sample()).stats
        status = await queries.fetch_status()

    assert [(node.port, node.owner, node.state, node.reason) for node in first] == [(port, "other", "up", reason)]
    subject = (
        f"The program on {port} is" if reason.startswith("not understood") else
        f"A Redis server on {port} that this server did not start cannot be inspected:"
    )  # fmt: skip
    assert (status.state, status.message) == ("degraded", f"{subject} {reason}.")
    assert status.next_step == "Stop it, or set REDIS_BASE_PORT to set up a cluster on other ports."


async def test_a_loading_redis_is_listed(port: int) -> None:
    async with listening(port, always(b"-LOADING Redis is loading the dataset in memory\r\n")):
        [node] = (await cluster_sampler.sample()).stats

    assert (node.port, node.state, node.reason) == (port, "loading", "it is loading its keys")


@pytest.mark.parametrize("reply", [b"HTTP/1.1 400 Bad Request\r\n\r\n(close)", b"220 mail ESMTP\r\n", b"", b"(close)"])
async def test_a_program_without_the_protocol_is_not_a_node(port: int, reply: bytes) -> None:
    async with listening(port, always(reply)):
        stats = await cluster_sampler.sample()

    assert (stats.stats, stats.cluster.state) == ((), "absent")


async def test_an_info_without_fields_leaves_the_figures_unknown(port: int) -> None:
    async with listening(port, lambda command: text("x:y\r\n") if command == "INFO" else b"-ERR unknown command\r\n"):
        [node] = (await cluster_sampler.sample()).stats

    assert replace(node, latency_ms=None) == NodeStats(port, None, "other", None, None, "up", None, 0, ())


@pytest.mark.parametrize("value", ["many", "nan", "inf", "1e999", "-1", "9" * 5000, "²", "\x1b[2J", ""])
async def test_a_field_of_any_content_leaves_the_rest(port: int, value: str) -> None:
    names = (
        "process_id", "used_memory", "maxmemory", "connected_clients", "used_cpu_sys", "used_cpu_user", "keyspace_hits",
        "total_commands_processed", "instantaneous_ops_per_sec", "connected_slaves", "slave0", "db0", "redis_version",
        "uptime_in_seconds", "rdb_changes_since_last_save",
    )  # fmt: skip
    strange = "".join(f"{name}:{value}\r\n" for name in names) + f"db1:keys={value}\r\nslave1:{value}=,lag={value}\r\n"
    current = f"cluster_state:{value}\r\ncluster_current_epoch:{value}\r\n"
    async with listening(port, redis_with(INFO=text(INFO + strange), CLUSTER_INFO=text(current), GET=text(value))):
        await cluster_sampler.sample()
        await asyncio.sleep(cluster_sampler.CACHE_S)
        stats = await cluster_sampler.sample()

    [node] = stats.stats
    assert (node.port, node.state, node.role, node.slots, node.reason) == (port, "up", "master", 16384, None)
    assert text_map.render_status(await queries.fetch_status(), stats)


@pytest.mark.parametrize(
    "reply", [b"+OK\r\n", b":1\r\n", WRONGTYPE, b"*1\r\n+OK\r\n", b"*1\r\n*4\r\n:1\r\n:-1\r\n:1\r\n*0\r\n"]
)
async def test_a_strange_slow_log_is_not_understood(port: int, reply: bytes) -> None:
    async with listening(port, redis_with(SLOWLOG=reply)):
        with pytest.raises(ReplyNotUnderstood, match="SLOWLOG GET was answered with"):
            await queries.fetch_slow_log(port, limit=1)


async def test_an_old_slow_log_has_no_addresses(port: int) -> None:
    async with listening(
        port, redis_with(SLOWLOG=b"*1\r\n*4\r\n:1\r\n:5\r\n:2000\r\n*1\r\n+PING\r\n", CONFIG=WRONGTYPE)
    ):
        slow_log = await queries.fetch_slow_log(port, limit=1)

    [entry] = slow_log.entries
    assert (entry.id, entry.duration_ms, entry.command, entry.client) == (1, 2.0, "PING", "")
    assert slow_log.threshold_ms is None


async def test_a_strange_info_is_not_understood(port: int) -> None:
    async with listening(port, always(b"+OK\r\n")):
        with pytest.raises(ReplyNotUnderstood, match="INFO was answered with 'OK'"):
            await queries.fetch_node_info(port)
        with pytest.raises(UnknownNode):
            await queries.fetch_node_info(port + 1)


async def test_a_strange_neighbour_leaves_our_cluster_as_it_is(cluster_folder: Path) -> None:
    await cluster.setup(three_masters())
    before = await queries.fetch_status()
    async with listening(FOURTH, always(b"+OK\r\n")):
        cluster_sampler.reset()
        after, nodes = await queries.fetch_status(), await queries.fetch_nodes()

    assert (after.state, after.message, after.next_step) == (before.state, before.message, before.next_step)
    assert [(node.port, node.owner, node.state) for node in nodes.details] == [
        *((port, "ours", "up") for port in range(FIRST, FOURTH)),
        (FOURTH, "other", "up"),
    ]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [(b"+OK\r\n", "not understood: INFO was answered with 'OK'"), (b"-NOAUTH\r\n", "it requires a password")],
)
async def test_a_program_on_the_port_of_a_stopped_node_is_not_ours(
    cluster_folder: Path, reply: bytes, reason: str
) -> None:
    await cluster.setup(three_masters())
    await cluster.stop()
    async with listening(FIRST, always(reply)):
        cluster_sampler.reset()
        [node, *_others] = (await cluster_sampler.sample()).stats

    assert (node.port, node.owner, node.state, node.reason) == (FIRST, "other", "up", reason)
