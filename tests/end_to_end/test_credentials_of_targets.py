"""The credential of an own target reaches the target, and nothing else: from its first request to the backup."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psutil
import pytest
import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.benchmarks.raw_target import raw_target
from tests.fixtures.server import Server, StartServer

pytestmark = pytest.mark.real
DEADLINE_S = 60
SECRET = "hush7Qd2-never-to-be-seen"
CREDENTIALS = {"Authorization": f"Bearer {SECRET}", "X-Api-Key": f"k-{SECRET}", "Cookie": f"sid=c-{SECRET}; theme=dark"}
STREAMS = ("activity", "benchmark:progress", "pm2:events", "pm2:logs", "pm2:stats", "system:metrics")


class Echo:
    """A target that repeats its credentials in its body and in a header."""

    def __init__(self) -> None:
        self.heads: set[bytes] = set()

    def __call__(self, head: bytes) -> bytes:
        self.heads.add(head)
        sent = b" ".join(re.findall(rb"(?im)^(?:authorization|x-api-key|cookie): *(.*?)\r?$", head))
        return b"HTTP/1.1 200 OK\r\nServer: %s\r\nDate: x\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (
            sent, len(sent), sent,
        )  # fmt: skip


@contextmanager
def watched_processes() -> Iterator[list[str]]:
    """The names of what had the credential in its arguments or environment, of all processes meanwhile."""
    holders: list[str] = []
    is_over = Event()

    def watch() -> None:
        while not is_over.wait(0.02):
            for process in psutil.process_iter():
                with suppress(psutil.Error, OSError):
                    folder = Path(f"/proc/{process.pid}")
                    if any(SECRET.encode() in (folder / name).read_bytes() for name in ("cmdline", "environ")):
                        holders.append(process.name())

    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield holders
    finally:
        is_over.set()
        watcher.join()


@contextmanager
def watched_streams(server: Server) -> Iterator[list[str]]:
    messages: list[str] = []
    with connect(server.ws_url, open_timeout=DEADLINE_S) as socket:
        for stream in STREAMS:
            socket.send(json.dumps({"type": "subscribe", "stream": stream, "interval": 250}))

        def read() -> None:
            with suppress(ConnectionClosed):
                messages.extend(str(message) for message in socket)

        reader = Thread(target=read)
        reader.start()
        yield messages
    reader.join()


def run_to_its_end(server: Server, body: dict[str, Any]) -> dict[str, Any]:
    queued = requests.post(f"{server.url}/api/benchmark/run", json=body, timeout=DEADLINE_S)
    assert queued.status_code == 202, queued.text
    deadline_s = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline_s:
        run: dict[str, Any] = requests.get(server.url + queued.headers["Location"], timeout=DEADLINE_S).json()
        if run["state"] not in ("queued", "preflight", "warming", "running"):
            return run
        time.sleep(0.1)
    raise AssertionError("the run did not end")


def answers(server: Server, run_id: str) -> dict[str, str]:
    """What can be read over the API and in the admin, by address."""
    api = [
        "targets", "targets/api", "runs", f"runs/{run_id}", f"runs/{run_id}/histogram.hgrm", "latest", "all", "stats",
        "by-framework/api", "latest-by-framework", "rankings", *(f"export?format={form}" for form in ("json", "csv", "md")),
    ]  # fmt: skip
    pages = [f"/api/benchmark/{path}" for path in api]
    pages += ["/", "/api/activity", "/api/system/config", "/api/pm2/stats", "/api/schema"]
    admin = ["", "benchmarks/run/", f"benchmarks/run/{run_id}/change/", "benchmarks/storedtarget/",
        "benchmarks/storedtarget/1/change/", "benchmarks/storedtarget/1/history/", "pm2site/activity/"]  # fmt: skip
    browser = requests.Session()
    browser.get(f"{server.url}/login", timeout=DEADLINE_S)
    form = {
        "username": server.admin_name,
        "password": server.admin_password,
        "csrfmiddlewaretoken": browser.cookies["pm2site_csrf"],
    }
    entered = browser.post(
        f"{server.url}/login?next=/admin/", form, headers={"Referer": server.url}, timeout=DEADLINE_S
    )
    assert "/admin/" in entered.url
    read = {
        path: browser.get(server.url + path, timeout=DEADLINE_S)
        for path in [*pages, *(f"/admin/{one}" for one in admin)]
    }
    assert {path: answer.status_code for path, answer in read.items() if answer.status_code != 200} == {}
    return {path: answer.text + str(answer.headers) for path, answer in read.items()}


def files_with_the_credential(folder: Path) -> list[str]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return [str(file.relative_to(folder)) for file in files if SECRET.encode() in file.read_bytes()]


def refuse(head: bytes) -> bytes:
    """No HTTP, but the credential."""
    (sent,) = re.findall(rb"(?im)^authorization: *(.*?)\r?$", head)
    return b"SSH %s\r\n\r\n" % sent


def endpoint(port: int, path: str = "/me") -> dict[str, Any]:
    return {"url": f"http://127.0.0.1:{port}", "endpoints": [{"path": path, "headers": CREDENTIALS}]}


def requests_that_are_refused(server: Server, port: int) -> list[str]:
    """The answers to requests that hold the credential, or would send it where all can read it."""
    target, run = f"{server.url}/api/benchmark/targets/api", f"{server.url}/api/benchmark/run"
    cut = json.dumps(endpoint(port))[:-1]
    refused = [
        requests.put(target, json=endpoint(port, "no"), timeout=DEADLINE_S),
        requests.put(target, data=cut, headers={"Content-Type": "application/json"}, timeout=DEADLINE_S),
        requests.post(run, json={"target": "api", "generator": "h2load"}, timeout=DEADLINE_S),
        requests.post(run, json={"target": "api", "headers": CREDENTIALS, "rate": 10}, timeout=DEADLINE_S),
        requests.post(run, json={"target": "api", "profile": "sweep"}, timeout=DEADLINE_S),
    ]
    assert [answer.status_code for answer in refused] == [400] * 5
    return [answer.text for answer in refused]


def test_the_credential_of_a_target_is_seen_by_the_target_only(start_server: StartServer, tmp_path: Path) -> None:
    echo = Echo()
    run = {"target": "api", "generator": "wrk", "duration": 2, "connections": 4, "workers": 1}
    with raw_target(echo, delay_s=0.002) as port, raw_target(refuse, closes=True) as other:
        server = start_server(BENCH_TARGETS=f"127.0.0.1:{port},127.0.0.1:{other}", LOG_LEVEL="DEBUG").add_admin()
        address = f"{server.url}/api/benchmark/targets/api"
        with watched_processes() as processes, watched_streams(server) as messages:
            saved = requests.put(address, json=endpoint(port), timeout=DEADLINE_S)
            refused = requests_that_are_refused(server, port)
            done = run_to_its_end(server, run)
            heads = frozenset(echo.heads)
            own = run_to_its_end(server, {**run, "headers": {"X-Api-Key": f"another-{SECRET}"}})
            moved = requests.put(address, json=endpoint(other), timeout=DEADLINE_S)
            failed = run_to_its_end(server, run)
            read = answers(server, done["id"])
            for command in (
                ["targets", "list"],
                ["targets", "export", f"{tmp_path}/t.toml"],
                ["backup", str(tmp_path)],
            ):
                read[" ".join(command[:2])] = server.manage(*command)
        server.stop()

    for name, value in CREDENTIALS.items():
        assert [head for head in heads if f"{name}: {value}\r\n".lower().encode() not in head.lower()] == []
    assert [one["state"] for one in (done, own, failed)] == ["done", "done", "failed"]
    assert failed["message"].endswith("got no response: SSH ***.")
    assert len(messages) > len(STREAMS)
    texts = {**read, "put": saved.text, "moved": moved.text, **dict(zip("abcde", refused, strict=True))}
    texts |= {"done": str(done), "own": str(own), "failed": str(failed), "messages": "".join(messages)}
    assert [place for place, text in texts.items() if SECRET in text] == []
    assert processes == []
    assert files_with_the_credential(server.folder) + files_with_the_credential(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == 2  # the export and the backup
