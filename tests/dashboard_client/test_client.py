"""The library: the README's example runs, callbacks hear what happens, and it installs alone."""

from __future__ import annotations

import ast
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import dashboard_client
from dashboard_client import Client
from dashboard_client.errors import NotAuthenticated, Unreachable
from tests.fixtures.ports import free_port
from tests.fixtures.server import Server, StartServer

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE_S = 20


@pytest.fixture
def client(shared_server: Server) -> Iterator[Client]:
    with Client(shared_server.url, "") as made:
        yield made


def test_the_readmes_example_prints_metrics(shared_server: Server) -> None:
    [example] = re.findall(
        r"```python\n(from dashboard_client import Client\n.*?)```", (ROOT / "README.md").read_text(), re.S
    )
    lines: queue.SimpleQueue[tuple[object, ...]] = queue.SimpleQueue()
    names: dict[str, object] = {"print": lambda *said: lines.put(said)}
    source = example.replace("http://localhost:3100", shared_server.url)
    head, _, later = source.partition("# Later")

    exec(compile(head, "README.md", "exec"), names)  # noqa: S102
    try:
        heard = {lines.get(timeout=PATIENCE_S)[0] for _ in range(4)}
        exec(compile("#" + later, "README.md", "exec"), names)  # noqa: S102
    finally:
        names["client"].close()  # type: ignore[attr-defined]

    assert heard == {"Received system:metrics:", "Received pm2:stats:"}


def test_a_metric_comes_as_the_server_sent_it(client: Client) -> None:
    heard: queue.SimpleQueue[tuple[str, dict[str, object], str]] = queue.SimpleQueue()
    client.on_metric(lambda *told: heard.put(told))

    client.subscribe("pm2:stats", interval=0.25)  # before the connection: it is kept
    client.connect()
    stream, data, timestamp = heard.get(timeout=PATIENCE_S)

    assert (stream, data["counts"]) == ("pm2:stats", {"online": 0, "total": 0})
    assert timestamp.endswith("Z")


def test_a_callback_that_fails_disturbs_nobody(client: Client) -> None:
    heard: queue.SimpleQueue[object] = queue.SimpleQueue()

    @client.on_metric
    def fail(stream: str, data: object, timestamp: str) -> None:
        raise ValueError(stream)

    client.on_metric(lambda stream, data, timestamp: heard.put(stream))
    client.on_error(lambda error: heard.put(error))
    client.connect()
    client.subscribe("pm2:stats")

    first, second = heard.get(timeout=PATIENCE_S), heard.get(timeout=PATIENCE_S)
    assert (repr(first), second) == ("ValueError('pm2:stats')", "pm2:stats")


def test_an_unknown_stream_is_an_error_and_no_silence(client: Client) -> None:
    heard: queue.SimpleQueue[Exception] = queue.SimpleQueue()
    client.on_error(heard.put)
    client.connect()

    client.subscribe("pm2:news")

    assert "There is no such stream" in str(heard.get(timeout=PATIENCE_S))


def test_a_loss_is_told_once_and_mended(start_server: StartServer) -> None:
    server, heard = start_server(), queue.SimpleQueue[str]()
    with Client(server.url, "") as client:
        client.on_connect(lambda: heard.put("connected"))
        client.on_disconnect(heard.put)
        client.connect()
        server.stop()
        first = [heard.get(timeout=PATIENCE_S) for _ in range(2)]
        server.start()
        last = heard.get(timeout=PATIENCE_S)

    assert (first, last) == (["connected", "the server is shutting down"], "connected")


def test_connecting_to_nobody_fails_at_once(start_server: StartServer) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unreachable, match=f"Cannot connect to API server {nobody}: connection refused"):
        Client(nobody, "").connect()

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
    """The modules that take time are loaded after the first frame."""
    slow = {"requests", "urllib3", "websockets", "ssl", "asyncio"}
    program = f"import sys, dashboard_client.__main__; print({slow} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout == "set()\n"


def test_the_client_imports_only_what_it_installs() -> None:
    wanted = re.findall(r"^([\w-]+)", (ROOT / "requirements-client.txt").read_text(), re.M)
    imported = {
        name.split(".")[0]
        for file in Path(dashboard_client.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in ([each.name for each in node.names] if isinstance(node, ast.Import) else [node.module or ""])
    }

    assert imported - set(sys.stdlib_module_names) - {"dashboard_client"} <= set(wanted)
