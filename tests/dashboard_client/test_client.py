"""The client library: the documented example, callbacks, reconnecting and its own dependencies."""

from __future__ import annotations

import queue
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard_client import Client
from dashboard_client.errors import NotAuthenticated, Unreachable
from tests.fixtures.ports import free_port
from tests.fixtures.server import Server, StartServer

ROOT = Path(__file__).resolve().parent.parent.parent
TIMEOUT_S = 20


@pytest.fixture
def client(shared_server: Server) -> Iterator[Client]:
    with Client(shared_server.url, "") as client:
        yield client


def test_the_documented_example_prints_metrics(shared_server: Server) -> None:
    [example] = re.findall(
        r"```python\n(from dashboard_client import Client\n.*?)```", (ROOT / "docs" / "dashboard.md").read_text(), re.S
    )
    lines: queue.SimpleQueue[tuple[object, ...]] = queue.SimpleQueue()
    names: dict[str, object] = {"print": lambda *values: lines.put(values)}
    source = example.replace("http://localhost:3100", shared_server.url)
    head, _, later = source.partition("# Later")

    exec(compile(head, "dashboard.md", "exec"), names)  # noqa: S102
    try:
        received = {lines.get(timeout=TIMEOUT_S)[0] for _ in range(4)}
        exec(compile("#" + later, "dashboard.md", "exec"), names)  # noqa: S102
    finally:
        names["client"].close()  # type: ignore[attr-defined]

    assert received == {"Received system:metrics:", "Received pm2:stats:"}


def test_a_metric_is_delivered_as_raw_json(client: Client) -> None:
    received: queue.SimpleQueue[tuple[str, dict[str, object], str]] = queue.SimpleQueue()
    client.on_metric(lambda *arguments: received.put(arguments))

    client.subscribe("pm2:stats", interval=0.25)  # before connecting: the subscription is kept
    client.connect()
    stream, data, timestamp = received.get(timeout=TIMEOUT_S)

    assert (stream, data["counts"]) == ("pm2:stats", {"online": 0, "total": 0})
    assert timestamp.endswith("Z")


def test_an_exception_in_a_callback_goes_to_on_error(client: Client) -> None:
    received: queue.SimpleQueue[object] = queue.SimpleQueue()

    @client.on_metric
    def fail(stream: str, data: object, timestamp: str) -> None:
        raise ValueError(stream)

    client.on_metric(lambda stream, data, timestamp: received.put(stream))
    client.on_error(lambda error: received.put(error))
    client.connect()
    client.subscribe("pm2:stats")

    first, second = received.get(timeout=TIMEOUT_S), received.get(timeout=TIMEOUT_S)
    assert (repr(first), second) == ("ValueError('pm2:stats')", "pm2:stats")


def test_an_unknown_stream_is_reported_to_on_error(client: Client) -> None:
    received: queue.SimpleQueue[Exception] = queue.SimpleQueue()
    client.on_error(received.put)
    client.connect()

    client.subscribe("pm2:news")

    assert "There is no such stream" in str(received.get(timeout=TIMEOUT_S))


def test_a_lost_connection_is_reported_once_and_restored(start_server: StartServer) -> None:
    server, received = start_server(), queue.SimpleQueue[str]()
    with Client(server.url, "") as client:
        client.on_connect(lambda: received.put("connected"))
        client.on_disconnect(received.put)
        client.connect()
        server.stop()
        first = [received.get(timeout=TIMEOUT_S) for _ in range(2)]
        server.start()
        last = received.get(timeout=TIMEOUT_S)

    assert (first, last) == (["connected", "the server is shutting down"], "connected")


def test_connecting_fails_at_once_without_a_server_or_with_a_wrong_key(start_server: StartServer) -> None:
    unused_url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unreachable, match=f"Cannot connect to API server {unused_url}: connection refused"):
        Client(unused_url, "").connect()

    with pytest.raises(NotAuthenticated):
        Client(start_server(API_KEY="right").url, "wrong").connect()


def test_a_client_leaves_no_thread_behind(client: Client) -> None:
    client.connect()
    client.close()
    client.connect()
    client.close()

    assert client.wait(0)
    assert [thread.name for thread in threading.enumerate() if thread.name == "feed"] == []


@pytest.mark.real
def test_the_screen_comes_before_the_network() -> None:
    """Slow imports are deferred until after the first frame."""
    slow = {"requests", "urllib3", "websockets", "ssl", "asyncio"}
    program = f"import sys, dashboard_client.__main__; print({slow} & set(sys.modules))"

    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert result.stdout == "set()\n"
