"""The HTTP edge: requests a second by wrk, beside the least that daphne can do and beside Express, in one run.

Machines are noisy, so the servers are measured in turns, and the median of each is compared.
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from perf.finding import Finding, cpu_seconds, time_ms
from perf.served import NODE_PROJECT, ROOT, ServerProcess, free_port, run_server
from perf.targets import run_target

CONNECTIONS, WRK_S, TURNS = 8, 3, 3
PAIRS = 9
CALLS = 200
POLLING_CLIENTS, POLLING_S = 50, 15.0
STATS = ("/api/system/stats", "/api/pm2/stats")
OTHERS = ("/api/redis/stats", "/api/benchmark/latest", "/api/system/config")
FUNCTION = """
import json
async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    body = json.dumps({"status": "ok", "path": scope["path"]}).encode()
    headers = [(b"Content-Type", b"application/json"), (b"Content-Length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
"""
# What a Node server of the same kind does for the same two routes: figures from the kernel, read for each request.
EXPRESS = """
const express = require(process.argv[1] + '/node_modules/express'), fs = require('fs'), os = require('os')
const app = express()
const read = (name) => fs.readFileSync('/proc/' + name, 'utf8')
const kilobytes = (name) => Number((new RegExp(name + ':\\\\s+(\\\\d+)').exec(read('meminfo')) || [])[1])
app.get('/health', (request, response) => response.json({ status: 'ok', uptime: process.uptime() }))
app.get('/api/system/stats', (request, response) => {
  const cpus = os.cpus(), disk = fs.statfsSync('/')
  const times = cpus.map(({ times }) => times)
  response.json({
    cpu: { cores: cpus.length, model: cpus[0] && cpus[0].model, times, load: os.loadavg() },
    memory: { total: os.totalmem(), free: os.freemem(), available: kilobytes('MemAvailable') },
    swap: { total: kilobytes('SwapTotal'), free: kilobytes('SwapFree') },
    disk: { total: disk.blocks * disk.bsize, free: disk.bavail * disk.bsize },
    network: read('net/dev').split('\\n').slice(2).map((line) => line.trim().split(/\\s+/)),
    uptime: os.uptime(), hostname: os.hostname(), platform: os.platform(), timestamp: new Date().toISOString(),
  })
})
app.listen(Number(process.argv[2]), '127.0.0.1')
"""
# Any tag: a program that remembers ETags would cost wrk more than a 304 saves.
CONDITIONAL = "If-None-Match: *"


@contextmanager
def run_function() -> Iterator[int]:
    """An ASGI function of 12 lines under daphne as it is installed, without our limits."""
    port, folder = free_port(), Path(tempfile.mkdtemp(prefix="f", dir="/tmp"))
    (folder / "function.py").write_text(FUNCTION)
    argv = [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "-v", "0", "function:application"]
    try:
        with run_target(argv, port, {"PYTHONPATH": str(folder)}):
            yield port
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def run_express() -> Iterator[int]:
    port = free_port()
    argv = [shutil.which("node") or "node", "-e", EXPRESS, str(NODE_PROJECT), str(port)]
    with run_target(argv, port, {"NODE_ENV": "production"}):
        yield port


def requests_per_second(url: str, *options: str) -> float:
    argv = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{WRK_S}s", *options, url]
    output = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    if re.search(r"Non-2xx|Socket errors", output):
        raise SystemExit(f"[ERROR] {' '.join(argv)} had failures:\n{output}")
    match = re.search(r"Requests/sec:\s+([\d.]+)", output)
    assert match
    return float(match[1])


def in_turns(measurements: dict[str, Callable[[], float]]) -> dict[str, float]:
    """The median of each, of `TURNS` turns through all."""
    rates: dict[str, list[float]] = {name: [] for name in measurements}
    for _ in range(TURNS):
        for name, measure in measurements.items():
            rates[name].append(measure())
    return {name: statistics.median(values) for name, values in rates.items()}


def throughput(server: ServerProcess) -> list[Finding]:
    with ExitStack() as stack:
        function = f"http://127.0.0.1:{stack.enter_context(run_function())}/health"
        express = f"http://127.0.0.1:{stack.enter_context(run_express())}"
        urls = {path: server.url + path for path in ("/health", *STATS, *OTHERS)}
        urls |= {"function": function, "express/health": express + "/health", "express": express + STATS[0]}
        measurements = {name: _measurement(url) for name, url in urls.items()}
        rates = in_turns(measurements)
    base, reference = rates["function"], rates["express"]
    return [
        Finding("ASGI function under daphne", f"{base:.0f}/s", "shown", True),
        Finding("Express, /health", f"{rates['express/health']:.0f}/s", "shown", True),
        Finding(f"Express, {STATS[0]}", f"{reference:.0f}/s", "shown", True),
        _ratio("GET /health against the function", rates["/health"], base, 0.8),
        *(_ratio(f"GET {path} against Express", rates[path], reference, 1.0) for path in STATS),
        *(Finding(f"GET {path}", f"{rates[path]:.0f}/s", "shown", True) for path in OTHERS),
    ]


def unchanged_samples(server: ServerProcess) -> list[Finding]:
    """304s against the same path's 200s, in pairs, since they differ by less than two turns of a noisy machine do."""
    process, rows = psutil.Process(server.pid), []
    for path in STATS:
        pairs = [_pair(server.url + path, process) for _ in range(PAIRS)]
        rate, cpu = (statistics.median(values) for values in zip(*pairs, strict=True))
        rows += [
            Finding(f"304 of {path} against its 200", f"{rate:.3f}", "at least 1", rate >= 1),
            Finding("  CPU time of the server per request", f"{cpu:.3f}", "at most 1", cpu <= 1),
        ]
    return rows


def _pair(url: str, process: psutil.Process) -> tuple[float, float]:
    """Requests a second and CPU time per request of 304s, as shares of those of 200s."""
    rates, costs = [], []
    for options in ((), ("-H", CONDITIONAL)):
        before_s = cpu_seconds(process)
        rates.append(requests_per_second(url, *options))
        costs.append((cpu_seconds(process) - before_s) / rates[-1])
    return rates[1] / rates[0], costs[1] / costs[0]


def _measurement(url: str, *options: str) -> Callable[[], float]:
    return lambda: requests_per_second(url, *options)


def _ratio(name: str, rate: float, reference: float, goal: float) -> Finding:
    return Finding(name, f"{rate / reference:.2f} ({rate:.0f}/s)", f"at least {goal:g}", rate >= goal * reference)


def newest_pid() -> int:
    """The number of the process or thread that started last, of all on this machine (proc(5), loadavg)."""
    return int(Path("/proc/loadavg").read_text().split()[-1])


def unloaded_latency(server: ServerProcess) -> list[Finding]:
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port)

    def get_stats() -> None:
        connection.request("GET", "/api/pm2/stats")
        connection.getresponse().read()

    get_stats()
    times_ms, before = [], newest_pid()
    for _ in range(CALLS):
        times_ms.append(time_ms(get_stats))  # without pauses, in which a processor falls asleep: 1.2 ms to wake it
    started, median_ms = newest_pid() - before, statistics.median(times_ms)
    return [
        Finding("GET /api/pm2/stats, p50", f"{median_ms:.2f} ms", "< 2 ms", median_ms < 2),
        Finding(f"  threads that started on this machine in {CALLS} requests", str(started), "< 10", started < 10),
    ]


def polling_clients(server: ServerProcess) -> list[Finding]:
    """CPU of the server while each client reads three endpoints once a second."""
    paths, stop = (*STATS, "/api/redis/stats"), threading.Event()
    failures: list[str] = []

    def poll(number: int) -> None:
        address = urlsplit(server.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port)
        stop.wait(number / POLLING_CLIENTS)
        while not stop.wait(1):
            for path in paths:
                connection.request("GET", path)
                response = connection.getresponse()
                response.read()
                if response.status != 200:
                    failures.append(f"{path} {response.status}")

    clients = [threading.Thread(target=poll, args=(number,)) for number in range(POLLING_CLIENTS)]
    for client in clients:
        client.start()
    process = psutil.Process(server.pid)
    time.sleep(3)
    before_s, started_s = cpu_seconds(process), time.monotonic()
    time.sleep(POLLING_S)
    percent = 100 * (cpu_seconds(process) - before_s) / (time.monotonic() - started_s)
    stop.set()
    for client in clients:
        client.join()
    name = f"{POLLING_CLIENTS} clients that poll {len(paths)} endpoints at 1 s"
    return [
        Finding(f"{name}, CPU", f"{percent:.1f} % of a core", "shown", True),
        Finding(f"{name}, failures", str(len(failures)), "0", not failures),
    ]


def findings() -> list[Finding]:
    os.chdir(ROOT)
    with run_server() as server:
        server.call("/api/pm2/start", {"framework": "fastify", "instances": 2})
        result = {"framework": "fastify", "reqPerSec": 1000, "duration": 5}
        server.call("/api/benchmark/add", result)
        return [*throughput(server), *unchanged_samples(server), *unloaded_latency(server), *polling_clients(server)]
