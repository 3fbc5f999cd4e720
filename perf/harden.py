"""`make harden`: attacks on a started server, and what another client notices of them.

Each attack runs for some seconds against a server with 1,024 file descriptors, while a client with a key reads
`/health` and `/api/system/stats` on new connections. It must be answered within a second all the while, and the
server's memory and disk must stay bounded.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import requests

ROOT = Path(__file__).resolve().parent.parent
KEY, READ_KEY = "k" * 20, "r" * 20
ATTACK_S = 8.0
LIMIT_S = 1.0  # for an answer to the other client
LIMIT_MIB = 150.0  # of memory that an attack may cost
HOST = b"Host: localhost\r\n"


@dataclass
class Server:
    """A started server. `folder`: its data."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def rss_mib(self) -> float:
        return float(psutil.Process(self.process.pid).memory_info().rss) / 2**20

    def disk_mib(self) -> float:
        sizes = [file.stat().st_size for file in self.folder.rglob("*") if file.is_file()]
        deleted = [link.stat().st_size for link in Path(f"/proc/{self.process.pid}/fd").iterdir() if _is_deleted(link)]
        return (sum(sizes) + sum(deleted)) / 2**20


def _is_deleted(link: Path) -> bool:
    with suppress(OSError):
        return "(deleted)" in str(link.readlink()) and link.stat().st_size > 0
    return False


@contextmanager
def started_server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="harden", dir="/tmp"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    env = os.environ | {
        "DATA_DIR": str(folder / "var"), "PM2_HOME": str(folder / "pm2"), "API_PORT": str(port), "API_KEY": KEY,
        "API_KEY_READONLY": READ_KEY, "API_HOST": "127.0.0.1", "LOG_LEVEL": "WARNING",
    }  # fmt: skip
    argv = ["bash", "-c", 'ulimit -n 1024 && exec "$0" manage.py serve', sys.executable]
    process = subprocess.Popen(argv, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = Server(port, folder, process)
    try:
        for _ in range(300):
            with suppress(requests.ConnectionError):
                requests.get(server.url + "/health", timeout=5)
                break
            time.sleep(0.2)
        yield server
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class OtherClient(threading.Thread):
    """Reads all the while. `seconds`: of each answer; `failures`: reads without one."""

    server: Server
    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    rss_mib: float = 0.0
    disk_mib: float = 0.0
    is_over: bool = False

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        paths = ["/health", "/api/system/stats"]
        while not self.is_over:
            paths.reverse()
            started_s = time.perf_counter()
            try:
                response = requests.get(self.server.url + paths[0], headers={"X-API-Key": KEY}, timeout=20)
                response.raise_for_status()
            except requests.RequestException as error:
                self.failures.append(f"{paths[0]}: {error}")
            self.seconds.append(time.perf_counter() - started_s)
            self.rss_mib = max(self.rss_mib, self.server.rss_mib())
            self.disk_mib = max(self.disk_mib, self.server.disk_mib())
            time.sleep(0.05)


def until_closed(connection: socket.socket, data: bytes, deadline_s: float) -> int:
    """Sends until the server closes or the deadline. Returns the bytes sent."""
    sent = 0
    connection.settimeout(1)
    with suppress(OSError):
        while time.monotonic() < deadline_s:
            sent += connection.send(data)
    return sent


def half_open_connections(server: Server, deadline_s: float) -> str:
    connections: list[socket.socket] = []
    for number in range(1100):
        with suppress(OSError):
            connections.append(server.connect())
            if number % 2:
                connections[-1].sendall(b"GET /health HTTP/1.1\r\n")
    time.sleep(max(0.0, deadline_s - time.monotonic()))
    for connection in connections:
        connection.close()
    return f"{len(connections)} connections"


def huge_body(server: Server, deadline_s: float) -> str:
    sent = 0
    while time.monotonic() < deadline_s:
        with server.connect() as connection, suppress(OSError):
            connection.sendall(b"POST /api/pm2/stop HTTP/1.1\r\n" + HOST + b"Content-Length: 1073741824\r\n\r\n")
            sent += until_closed(connection, b"x" * 65536, deadline_s)
    return f"{sent / 2**20:.0f} MiB sent"


def upgraded(server: Server, key: str) -> socket.socket:
    connection = server.connect()
    nonce = base64.b64encode(os.urandom(16))
    connection.sendall(
        b"GET /ws HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: " + nonce + (f"\r\nX-API-Key: {key}" if key else "").encode() + b"\r\n\r\n"
    )
    return connection


def sockets_of_one_key(server: Server, deadline_s: float) -> str:
    connections: list[socket.socket] = []
    with suppress(OSError):
        while len(connections) < 2000 and time.monotonic() < deadline_s:
            connections.append(upgraded(server, READ_KEY))
    time.sleep(max(0.0, deadline_s - time.monotonic()))
    for connection in connections:
        connection.close()
    return f"{len(connections)} handshakes"


def flood(data: bytes) -> Callable[[Server, float], str]:
    def attack(server: Server, deadline_s: float) -> str:
        sent = [0]

        def one() -> None:
            while time.monotonic() < deadline_s:
                with suppress(OSError), upgraded(server, "") as connection:
                    sent[0] += until_closed(connection, data, deadline_s)

        threads = [threading.Thread(target=one) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return f"{sent[0] / 2**20:.0f} MiB sent"

    return attack


def logins(server: Server, deadline_s: float) -> str:
    browser = requests.Session()
    page = browser.get(server.url + "/login", timeout=20)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token
    form = {"username": "admin", "password": "x", "csrfmiddlewaretoken": token[1]}
    statuses: list[int] = []

    def one() -> None:
        with suppress(requests.RequestException):
            statuses.append(requests.post(server.url + "/login", form, cookies=browser.cookies, timeout=20).status_code)

    threads = [threading.Thread(target=one) for _ in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(max(0.0, deadline_s - time.monotonic()))
    return ", ".join(f"{statuses.count(status)} × {status}" for status in sorted(set(statuses)))


def clients_that_do_not_read(server: Server, deadline_s: float) -> str:
    request = b"GET /api/schema HTTP/1.1\r\n" + HOST + b"X-API-Key: " + KEY.encode() + b"\r\n\r\n"
    connections = [server.connect() for _ in range(4)]
    for connection in connections:
        connection.sendall(request * 100)
    time.sleep(max(0.0, deadline_s - time.monotonic()))
    for connection in connections:
        connection.close()
    return "400 requests of 100 KiB"


PING = b"\x89\x80\0\0\0\0"
FRAGMENT = b"\x00\x80\0\0\0\0"
ATTACKS: dict[str, Callable[[Server, float], str]] = {
    "1,100 half-open connections": half_open_connections,
    "bodies of 1 GiB, no key": huge_body,
    "2,000 sockets of one key": sockets_of_one_key,
    "floods of pings": flood(PING * 1000),
    "floods of empty fragments": flood(b"\x01\x80\0\0\0\0" + FRAGMENT * 1000),
    "60 logins at once": logins,
    "4 clients that do not read": clients_that_do_not_read,
}


def measure(server: Server, name: str, attack: Callable[[Server, float], str]) -> bool:
    """Prints a row of the report. Returns whether the limits held."""
    rss, disk = server.rss_mib(), server.disk_mib()
    other = OtherClient(server)
    other.start()
    summary = attack(server, time.monotonic() + ATTACK_S)
    time.sleep(0.5)
    other.is_over = True
    other.join()
    worst, median = max(other.seconds), statistics.median(other.seconds)
    print(
        f"{name:28} {summary:26} {1000 * median:6.0f} {1000 * worst:7.0f} {len(other.failures):9}"
        f" {other.rss_mib - rss:+8.0f} {other.disk_mib - disk:+8.1f}",
        flush=True,
    )
    for failure in other.failures[:2]:
        print(f"    {failure}")
    return not other.failures and worst <= LIMIT_S and other.rss_mib - rss <= LIMIT_MIB


def main() -> int:
    print(f"{'attack':28} {'':26} {'p50 ms':>6} {'max ms':>7} {'failures':>9} {'RSS MiB':>8} {'disk MiB':>8}")
    with started_server() as server:
        held = [measure(server, name, attack) for name, attack in ATTACKS.items()]
    print("All limits held." if all(held) else f"[ERROR] {held.count(False)} of {len(held)} attacks broke a limit.")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
