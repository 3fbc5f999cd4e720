"""The live connection: it comes back, goes on where it was, and says why it is away."""

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
from dashboard_client.network.feed import Feed
from dashboard_client.wire.benchmarks import BenchmarkProgress, RunProgress
from dashboard_client.wire.host_and_pm2 import Activity, ActivityEntry, HostStats, LogLine, LogLines, Pm2Stats
from tests.dashboard_client.fakes import Line, http_server, reply, ws_server
from tests.fixtures.ports import free_port
from tests.fixtures.server import Server, StartServer

PATIENCE_S = 20.0
E = TypeVar("E")


class Told:
    """What a feed delivers, in order."""

    def __init__(self, feed: Feed, news: queue.SimpleQueue[events.NetworkEvent]) -> None:
        self.feed, self.news = feed, news

    def next(self, kind: type[E], fits: Callable[[E], bool] = lambda _: True) -> E:
        """Wait for the next event of this kind that fits; the others are passed over."""
        ends_s = time.monotonic() + PATIENCE_S
        passed = []
        while (left_s := ends_s - time.monotonic()) > 0:
            try:
                event = self.news.get(timeout=left_s)
            except queue.Empty:
                break
            if isinstance(event, kind) and fits(event):
                return event
            passed.append(event)
        raise AssertionError(f"No {kind.__name__} came, but {passed}")


@contextmanager
def feed(url: str, secret: str = "", reconnect_max_s: float = 0.5) -> Iterator[Told]:
    news: queue.SimpleQueue[events.NetworkEvent] = queue.SimpleQueue()
    made = Feed(Config(server=url, secret=secret, reconnect_max_s=reconnect_max_s), news.put)
    made.start()
    try:
        yield Told(made, news)
    finally:
        made.stop()


def of(stream: str) -> Callable[[events.Metric], bool]:
    return lambda metric: metric.stream == stream


def test_streams_arrive_as_values_until_they_are_ended(shared_server: Server) -> None:
    with feed(shared_server.url) as told:
        told.feed.subscribe("system:metrics", 0.25)
        told.feed.subscribe("pm2:stats")
        host = told.next(events.Metric, of("system:metrics"))
        pm2 = told.next(events.Metric, of("pm2:stats"))
        told.feed.unsubscribe("system:metrics")
        told.feed.unsubscribe("pm2:stats")
        time.sleep(0.5)
        while not told.news.empty():
            told.news.get()
        time.sleep(1.0)

        assert isinstance(host.value, HostStats)
        assert isinstance(pm2.value, Pm2Stats)
        assert 0 < time.monotonic() - host.received_at_s < PATIENCE_S
        assert told.news.empty()


def test_subscriptions_live_longer_than_the_server(start_server: StartServer) -> None:
    server = start_server()
    with feed(server.url) as told:
        told.feed.subscribe("system:metrics", 0.25)
        told.next(events.Metric)
        server.stop()
        lost = told.next(events.Disconnected)
        refused = told.next(events.Disconnected)
        server.start()
        told.next(events.Connected)
        told.next(events.Metric)

    assert (lost.code, lost.reason) == (4503, "the server is shutting down")
    assert refused.reason == f"Cannot connect to API server {server.url}: connection refused"
    assert refused.retry_in_s is not None
    assert refused.retry_in_s <= 0.5


def test_what_was_subscribed_before_the_welcome_is_asked_for_once_and_after_it() -> None:
    heard: queue.SimpleQueue[str] = queue.SimpleQueue()

    def talk(socket: ServerConnection) -> None:
        with pytest.raises(TimeoutError):
            heard.put(f"before: {socket.recv(timeout=0.5)!r}")
        socket.send(json.dumps({"type": "connected", "clientId": "1", "streams": ["activity"], "timestamp": ""}))
        for text in socket:
            heard.put(json.loads(text)["stream"])

    with ws_server(talk) as url, feed(url) as told:
        told.feed.subscribe("activity")
        told.next(events.Connected)
        told.feed.subscribe("pm2:events")

        assert [heard.get(timeout=PATIENCE_S) for _ in range(2)] == ["activity", "pm2:events"]


def test_what_happened_while_the_line_was_cut_comes_later_and_once(shared_server: Server) -> None:
    line, api = Line(shared_server.port), Api(Config(shared_server.url))
    ids = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(3)]

    def act(run_id: str) -> None:
        with pytest.raises(Exception, match=run_id):
            api.benchmark_cancel(run_id)

    targets: list[str] = []
    try:
        with feed(line.url) as told:
            told.feed.subscribe("activity", 0.25)
            told.next(events.Connected)
            for step, run_id in enumerate(ids):
                if step == 1:
                    line.cut()
                    told.next(events.Disconnected)
                act(run_id)
                if step == 1:
                    line.mend()
                    told.next(events.Connected)
                while run_id not in targets:
                    value = told.next(events.Metric, of("activity")).value
                    assert isinstance(value, Activity)
                    targets += [entry.target for entry in value.entries]
    finally:
        line.close()

    assert [target for target in targets if target in ids] == ids


def test_a_wrong_key_ends_the_tries_until_somebody_says_again(start_server: StartServer) -> None:
    server = start_server(API_KEY="right")
    with feed(server.url, secret="wrong") as told:
        ended = told.next(events.Disconnected)
        assert (ended.code, ended.retry_in_s) == (4401, None)
        time.sleep(1.0)
        assert told.news.empty()

        told.feed.retry_now()
        told.next(events.Connecting)
    with feed(server.url) as told:
        assert told.next(events.Disconnected).reason == disconnects.NO_KEY
    with feed(server.url, secret="right") as told:
        told.next(events.Connected)


def test_somebody_in_a_hurry_need_not_wait_for_the_next_try() -> None:
    with feed(f"http://127.0.0.1:{free_port()}", reconnect_max_s=3600) as told:
        for _ in range(12):  # by then the next try is half an hour away
            told.next(events.Disconnected)
            told.feed.retry_now()
        assert told.next(events.Connecting).attempt == 13


def without_ws(handler: BaseHTTPRequestHandler) -> None:
    """A proxy that passes HTTP on and knows nothing of WebSocket."""
    shapes = {
        "/health": {"status": "ok"},
        "/api/pm2/stats": {"processes": [{"pmId": 1, "name": "api"}], "timestamp": "T"},
        "/api/benchmark/runs": {"runs": [{"id": "r", "state": "running"}], "lastResult": None},
        "/api/activity?limit=20": {"entries": [{"action": "pm2.stop"}]},
        "/api/pm2/logs?framework=api&lines=200": {
            "lines": [{"at": None, "text": "of old"}, {"at": "2026-01-02T03:04:05Z", "text": "now", "name": "api"}]
        },
    }
    shape = shapes.get(handler.path)
    reply(handler, json.dumps(shape or {"message": "nothing here"}).encode(), 200 if shape else 404)


def test_where_the_socket_is_refused_streams_are_polled() -> None:
    with http_server(without_ws) as url, feed(url) as told:
        told.feed.subscribe("pm2:stats", 0.25)
        told.feed.subscribe("redis:stats")
        connected = told.next(events.Connected)
        first = told.next(events.Metric)
        told.next(events.Metric)

        assert (connected.is_polling, connected.reason) == (True, "/ws was refused with 404")
        assert isinstance(first.value, Pm2Stats)
        assert first.value.processes[0].name == "api"


def test_runs_activity_and_logs_are_polled_too() -> None:
    with http_server(without_ws) as url, feed(url) as told:
        told.feed.subscribe("benchmark:progress", 0.25)
        told.feed.subscribe("activity")
        told.feed.subscribe("pm2:logs", 0.5, {"framework": "api"})
        told.next(events.Connected)
        found = {heard.stream: heard.value for heard in (told.next(events.Metric) for _ in range(3))}

    assert found == {
        "benchmark:progress": BenchmarkProgress((RunProgress("r", "running"),)),
        "activity": Activity((ActivityEntry("pm2.stop"),)),
        "pm2:logs": LogLines((LogLine("now", "api", at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),)),
    }


def test_nonsense_from_the_server_is_told_and_the_connection_stays() -> None:
    nonsense = [
        "no json", "[]", "{}", '{"type":"metric"}', '{"type":"metric","stream":"pm2:stats","data":[]}',
        '{"type":"metric","stream":"pm2:stats","data":{"processes":7}}', '{"type":"gap","stream":5}', "[" * 50_000,
    ]  # fmt: skip

    def talk(socket: ServerConnection) -> None:
        socket.send('{"type":"connected","streams":["pm2:stats"]}')
        socket.recv()
        for text in nonsense:
            socket.send(text)
        socket.send(b"\xff\xfe")
        socket.send('{"type":"metric","stream":"pm2:stats","data":{"processes":[]}}')
        socket.recv()

    with ws_server(talk) as url, feed(url) as told:
        told.feed.subscribe("pm2:stats")
        told.next(events.Connected)
        complaints = [told.next(events.Complained) for _ in range(7)]
        assert told.next(events.Metric).value == Pm2Stats(())

    assert {complaint.stream for complaint in complaints} == {None, "pm2:stats"}


def test_a_message_beyond_measure_ends_the_connection_and_nothing_else() -> None:
    def talk(socket: ServerConnection) -> None:
        socket.send('{"type":"connected"}')
        socket.send("x" * (11 * 2**20))
        socket.recv()

    with ws_server(talk) as url, feed(url) as told:
        ended = told.next(events.Disconnected)

    assert (ended.reason, ended.code) == ("the server sent a message that is too large", 1009)
    assert ended.retry_in_s is not None
    assert ended.retry_in_s >= disconnects.CALM_DOWN_S


def test_a_key_that_a_proxy_took_out_of_the_headers_is_sent_as_a_message() -> None:
    said: list[str | bytes] = []

    def talk(socket: ServerConnection) -> None:
        socket.send('{"type":"auth_required"}')
        said.append(socket.recv())
        socket.send('{"type":"connected"}')
        socket.recv()

    with ws_server(talk) as url, feed(url, secret="key") as told:
        told.next(events.Connected)

    assert [json.loads(text) for text in said] == [{"type": "auth", "apiKey": "key"}]


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
def test_each_close_says_what_it_means(code: int, is_final: bool, words: str) -> None:
    def talk(socket: ServerConnection) -> None:
        socket.send('{"type":"error","code":"revoked","message":"Take another key."}')
        socket.close(code)

    with ws_server(talk) as url, feed(url) as told:
        ended = told.next(events.Disconnected)

    assert (ended.code, ended.retry_in_s is None, ended.reason) == (code, is_final, words)


def test_waits_grow_to_the_limit_and_never_come_in_step() -> None:
    waits = [disconnects.delay_s(failures, 10.0, 1.0) for failures in range(7)]

    assert waits == [0.5, 1, 2, 4, 8, 10, 10]
    assert disconnects.delay_s(10**6, 10.0, 0.0) == 5.0
