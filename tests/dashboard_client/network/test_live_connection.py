"""The live connection: reconnecting, resuming, polling, and reasons for disconnects."""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import TypeVar

import pytest
from websockets.sync.server import ServerConnection

from dashboard_client.config import Config
from dashboard_client.network import disconnects, events
from dashboard_client.network.api import Api
from dashboard_client.network.live_connection import LiveConnection
from dashboard_client.wire.benchmarks import BenchmarkProgress, RunProgress
from dashboard_client.wire.host_and_pm2 import Activity, ActivityEntry, HostStats, LogLine, LogLines, Pm2Stats
from tests.dashboard_client.fakes import TcpProxy, http_server, reply, ws_server
from tests.fixtures.ports import free_port
from tests.fixtures.server import Server, StartServer

TIMEOUT_S = 20.0
E = TypeVar("E")


class FeedEvents:
    """Events delivered by a feed, in order."""

    def __init__(self, feed: LiveConnection, event_queue: queue.SimpleQueue[events.NetworkEvent]) -> None:
        self.feed, self.event_queue = feed, event_queue

    def next(self, kind: type[E], is_match: Callable[[E], bool] = lambda _: True) -> E:
        """Wait for the next matching event of this kind; others are skipped."""
        deadline_s = time.monotonic() + TIMEOUT_S
        skipped = []
        while (left_s := deadline_s - time.monotonic()) > 0:
            try:
                event = self.event_queue.get(timeout=left_s)
            except queue.Empty:
                break
            if isinstance(event, kind) and is_match(event):
                return event
            skipped.append(event)
        raise AssertionError(f"No matching {kind.__name__}; received {skipped}")


@contextmanager
def feed(url: str, secret: str = "", reconnect_max_s: float = 0.5) -> Iterator[FeedEvents]:
    event_queue: queue.SimpleQueue[events.NetworkEvent] = queue.SimpleQueue()
    new_feed = LiveConnection(Config(server=url, secret=secret, reconnect_max_s=reconnect_max_s), event_queue.put)
    new_feed.start()
    try:
        yield FeedEvents(new_feed, event_queue)
    finally:
        new_feed.stop()


def on_stream(stream: str) -> Callable[[events.StreamData], bool]:
    return lambda metric: metric.stream == stream


def test_streams_are_delivered_until_unsubscribed(shared_server: Server) -> None:
    with feed(shared_server.url) as delivered:
        delivered.feed.subscribe("system:metrics", 0.25)
        delivered.feed.subscribe("pm2:stats")
        host = delivered.next(events.StreamData, on_stream("system:metrics"))
        pm2 = delivered.next(events.StreamData, on_stream("pm2:stats"))
        delivered.feed.unsubscribe("system:metrics")
        delivered.feed.unsubscribe("pm2:stats")
        delivered.feed.subscribe("redis:stats", 0.25)
        delivered.next(events.StreamData, on_stream("redis:stats"))
        later = [delivered.next(events.StreamData) for _ in range(4)]  # a second, in which the others had four values

        assert isinstance(host.value, HostStats)
        assert isinstance(pm2.value, Pm2Stats)
        assert 0 < time.monotonic() - host.received_at_s < TIMEOUT_S
        assert [value.stream for value in later] == ["redis:stats"] * 4


def test_subscriptions_survive_a_server_restart(start_server: StartServer) -> None:
    server = start_server()
    with feed(server.url) as delivered:
        delivered.feed.subscribe("system:metrics", 0.25)
        delivered.next(events.StreamData)
        server.stop()
        lost = delivered.next(events.Disconnected)
        refused = delivered.next(events.Disconnected)
        server.start()
        delivered.next(events.Connected)
        delivered.next(events.StreamData)

    assert (lost.code, lost.reason) == (4503, "the server is shutting down")
    assert refused.reason == f"Cannot connect to API server {server.url}: connection refused"
    assert refused.retry_in_s is not None
    assert refused.retry_in_s <= 0.5


def test_early_subscriptions_are_sent_once_after_connected() -> None:
    received: queue.SimpleQueue[str] = queue.SimpleQueue()

    def handle(socket: ServerConnection) -> None:
        with pytest.raises(TimeoutError):
            received.put(f"before: {socket.recv(timeout=0.5)!r}")
        socket.send(json.dumps({"type": "connected", "clientId": "1", "streams": ["activity"], "timestamp": ""}))
        for text in socket:
            received.put(json.loads(text)["stream"])

    with ws_server(handle) as url, feed(url) as delivered:
        delivered.feed.subscribe("activity")
        delivered.next(events.Connected)
        delivered.feed.subscribe("pm2:events")

        assert [received.get(timeout=TIMEOUT_S) for _ in range(2)] == ["activity", "pm2:events"]


def test_events_missed_while_disconnected_are_delivered_once_after_reconnecting(shared_server: Server) -> None:
    proxy, api = TcpProxy(shared_server.port), Api(Config(shared_server.url))
    ids = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(3)]

    def act(run_id: str) -> None:
        with pytest.raises(Exception, match=run_id):
            api.benchmark_cancel(run_id)

    targets: list[str] = []
    try:
        with feed(proxy.url) as delivered:
            delivered.feed.subscribe("activity", 0.25)
            delivered.next(events.Connected)
            for step, run_id in enumerate(ids):
                if step == 1:
                    proxy.cut()
                    delivered.next(events.Disconnected)
                act(run_id)
                if step == 1:
                    proxy.restore()
                    delivered.next(events.Connected)
                while run_id not in targets:
                    value = delivered.next(events.StreamData, on_stream("activity")).value
                    assert isinstance(value, Activity)
                    targets += [entry.target for entry in value.entries]
    finally:
        proxy.close()

    assert [target for target in targets if target in ids] == ids


def test_a_wrong_key_stops_retries_until_retry_now(start_server: StartServer) -> None:
    server = start_server(API_KEY="right")
    with feed(server.url, secret="wrong") as delivered:
        disconnected = delivered.next(events.Disconnected)
        assert (disconnected.code, disconnected.retry_in_s) == (4401, None)

        delivered.feed.retry_now()
        assert isinstance(delivered.event_queue.get(timeout=TIMEOUT_S), events.Connecting)
    with feed(server.url) as delivered:
        assert delivered.next(events.Disconnected).reason == disconnects.KEY_REQUIRED
    with feed(server.url, secret="right") as delivered:
        delivered.next(events.Connected)


def test_retry_now_skips_the_backoff() -> None:
    with feed(f"http://127.0.0.1:{free_port()}", reconnect_max_s=3600) as delivered:
        for _ in range(12):  # the backoff is half an hour by then
            delivered.next(events.Disconnected)
            delivered.feed.retry_now()
        assert delivered.next(events.Connecting).attempt == 13


def http_only(handler: BaseHTTPRequestHandler) -> None:
    """A proxy that forwards HTTP but not WebSocket."""
    payloads = {
        "/health": {"status": "ok"},
        "/api/pm2/stats": {"processes": [{"pmId": 1, "name": "api"}], "timestamp": "T"},
        "/api/benchmark/runs": {"runs": [{"id": "r", "state": "running"}], "lastResult": None},
        "/api/activity?limit=20": {"entries": [{"action": "pm2.stop"}]},
        "/api/pm2/logs?framework=api&lines=200": {
            "lines": [{"at": None, "text": "old"}, {"at": "2026-01-02T03:04:05Z", "text": "now", "name": "api"}]
        },
    }
    payload = payloads.get(handler.path)
    reply(handler, json.dumps(payload or {"message": "nothing here"}).encode(), 200 if payload else 404)


def test_streams_are_polled_if_the_websocket_is_rejected() -> None:
    with http_server(http_only) as url, feed(url) as delivered:
        delivered.feed.subscribe("pm2:stats", 0.25)
        delivered.feed.subscribe("redis:stats")
        connected = delivered.next(events.Connected)
        first = delivered.next(events.StreamData)
        delivered.next(events.StreamData)

        assert (connected.is_polling, connected.reason) == (True, "/ws was rejected with 404")
        assert isinstance(first.value, Pm2Stats)
        assert first.value.processes[0].name == "api"


def test_runs_activity_and_logs_are_polled_too() -> None:
    with http_server(http_only) as url, feed(url) as delivered:
        delivered.feed.subscribe("benchmark:progress", 0.25)
        delivered.feed.subscribe("activity")
        delivered.feed.subscribe("pm2:logs", 0.5, {"framework": "api"})
        delivered.next(events.Connected)
        values = {received.stream: received.value for received in (delivered.next(events.StreamData) for _ in range(3))}

    assert values == {
        "benchmark:progress": BenchmarkProgress((RunProgress("r", "running"),)),
        "activity": Activity((ActivityEntry("pm2.stop"),)),
        "pm2:logs": LogLines((LogLine("now", "api", at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),)),
    }


def test_invalid_messages_are_reported_and_the_connection_stays_open() -> None:
    nonsense = [
        "no json", "[]", "{}", '{"type":"metric"}', '{"type":"metric","stream":"pm2:stats","data":[]}',
        '{"type":"metric","stream":"pm2:stats","data":{"processes":7}}', '{"type":"gap","stream":5}', "[" * 50_000,
    ]  # fmt: skip

    def handle(socket: ServerConnection) -> None:
        socket.send('{"type":"connected","streams":["pm2:stats"]}')
        socket.recv()
        for text in nonsense:
            socket.send(text)
        socket.send(b"\xff\xfe")
        socket.send('{"type":"metric","stream":"pm2:stats","data":{"processes":[]}}')
        socket.recv()

    with ws_server(handle) as url, feed(url) as delivered:
        delivered.feed.subscribe("pm2:stats")
        delivered.next(events.Connected)
        errors = [delivered.next(events.ErrorReported) for _ in range(7)]
        assert delivered.next(events.StreamData).value == Pm2Stats(())

    assert {error.stream for error in errors} == {None, "pm2:stats"}


def test_an_oversized_message_ends_the_connection_only() -> None:
    def handle(socket: ServerConnection) -> None:
        socket.send('{"type":"connected"}')
        socket.send("x" * (11 * 2**20))
        socket.recv()

    with ws_server(handle) as url, feed(url) as delivered:
        disconnected = delivered.next(events.Disconnected)

    assert (disconnected.reason, disconnected.code) == ("the server sent a message that is too large", 1009)
    assert disconnected.retry_in_s is not None
    assert disconnected.retry_in_s >= disconnects.RATE_LIMIT_DELAY_S


def test_a_key_stripped_from_the_headers_by_a_proxy_is_sent_as_a_message() -> None:
    messages: list[str | bytes] = []

    def handle(socket: ServerConnection) -> None:
        socket.send('{"type":"auth_required"}')
        messages.append(socket.recv())
        socket.send('{"type":"connected"}')
        socket.recv()

    with ws_server(handle) as url, feed(url, secret="key") as delivered:
        delivered.next(events.Connected)

    assert [json.loads(text) for text in messages] == [{"type": "auth", "apiKey": "key"}]


@pytest.mark.parametrize(
    ("code", "is_final", "words"),
    [
        (1000, False, "the server closed the connection"),
        (4401, True, "Take another key."),
        (4403, True, "Take another key."),
        (4008, False, "this client read too slowly"),
        (4429, False, "Take another key."),
        (4503, False, "the server is shutting down"),
        (4999, False, "the connection was lost"),
    ],
)
def test_each_close_code_has_its_reason(code: int, is_final: bool, words: str) -> None:
    def handle(socket: ServerConnection) -> None:
        socket.send('{"type":"error","code":"revoked","message":"Take another key."}')
        socket.close(code)

    with ws_server(handle) as url, feed(url) as delivered:
        disconnected = delivered.next(events.Disconnected)

    assert (disconnected.code, disconnected.retry_in_s is None, disconnected.reason) == (code, is_final, words)


def test_the_backoff_grows_to_the_limit_with_jitter() -> None:
    waits = [disconnects.backoff_s(failures, 10.0, 1.0) for failures in range(7)]

    assert waits == [0.5, 1, 2, 4, 8, 10, 10]
    assert disconnects.backoff_s(10**6, 10.0, 0.0) == 5.0
