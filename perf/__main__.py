"""`python -m perf [PART …]`: runs the measurements and compares each with its goal; exits with 1 if a goal is missed.

`core`: the server against PM2's own command line, idle, and with many clients; `edge`: requests a second beside
Express and the least that daphne can do; `pm2`: many processes and a flood of log lines; `metrics`: a year of the
history of metrics, and kills while it is written; `recording`: what recording costs beside a server with HISTORY=0;
`prometheus`: counters that a real Prometheus scrapes over restarts; `browser`: the page in a headless Chromium;
`trust`: the benchmarks against plain wrk and against themselves. All parts take about 45 minutes.
"""

from __future__ import annotations

import http.client
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import psutil

from perf import dashboard, edge, history, pm2_load, redis_cluster, trust
from perf.browser import cost
from perf.finding import Finding, cpu_seconds, print_findings, time_ms
from perf.monitoring import prometheus, recording, year_findings
from perf.served import ROOT, ServerProcess, pm2_command, run_server

ROUNDS = 20
MEASUREMENT_S = 20.0
SETTLING_S = 8.0


def stats_against_cli(server: ServerProcess) -> list[Finding]:
    """`GET /api/pm2/stats` and `pm2 jlist` alternately, so that noise of the machine affects both."""
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port)

    def get_stats() -> None:
        connection.request("GET", "/api/pm2/stats")
        connection.getresponse().read()

    def list_by_cli() -> None:
        subprocess.run([*pm2_command(), "jlist"], env=server.environment, capture_output=True, check=True)

    get_stats()
    list_by_cli()
    uncached_ms: list[float] = []
    cached_ms: list[float] = []
    cli_ms: list[float] = []
    for _ in range(ROUNDS):
        uncached_ms.append(time_ms(get_stats))  # every earlier sample is too old by now
        cached_ms.extend(time_ms(get_stats) for _ in range(4))
        cli_ms.append(time_ms(list_by_cli))
    overall, uncached, cli = (statistics.median(times) for times in (uncached_ms + cached_ms, uncached_ms, cli_ms))
    figure = f"{cli / overall:.0f} times ({overall:.2f} ms, {cli:.0f} ms, medians)"
    uncached_figure = f"{cli / uncached:.0f} times ({uncached:.2f} ms)"
    return [
        Finding("GET /api/pm2/stats against pm2 jlist", figure, "at least 30 times faster", cli / overall >= 30),
        Finding("  requests that call PM2", uncached_figure, "shown", True),
    ]


def idle_server(server: ServerProcess) -> list[Finding]:
    process = psutil.Process(server.pid)
    time.sleep(SETTLING_S)
    cpu_before_s = cpu_seconds(process)
    time.sleep(MEASUREMENT_S)
    percent = 100 * (cpu_seconds(process) - cpu_before_s) / MEASUREMENT_S
    memory = process.memory_info().rss / 2**20
    return [
        Finding("idle server, CPU", f"{percent:.2f} % of a core", "< 0.5 %", percent < 0.5),
        Finding("idle server, memory", f"{memory:.0f} MB", "< 130 MB", memory < 130),
    ]


def streaming_to_clients(server: ServerProcess, clients: int, cpu_goal: float) -> list[Finding]:
    """Two streams to each of `clients` sockets. CPU is the server's alone; ages are measured by the clients."""
    process = psutil.Process(server.pid)
    argv = [sys.executable, "-m", "perf.feed_load", server.url.replace("http", "ws") + "/ws"]
    load = subprocess.Popen(
        [*argv, str(clients), str(MEASUREMENT_S)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert load.stdin
    assert load.stdout
    if load.stdout.readline() != "ready\n":
        raise SystemExit("[ERROR] The clients failed to connect.")
    time.sleep(2)
    cpu_before_s, started_s = cpu_seconds(process), time.perf_counter()
    load.stdin.write("\n")
    load.stdin.flush()
    time.sleep(MEASUREMENT_S)
    percent = 100 * (cpu_seconds(process) - cpu_before_s) / (time.perf_counter() - started_s)
    report: dict[str, Any] = json.loads(load.stdout.readline())
    load.wait(60)
    name = f"{clients} client{'s' * (clients > 1)}"
    findings = [Finding(f"{name}, CPU", f"{percent:.1f} % of a core", f"< {cpu_goal:g} %", percent < cpu_goal)]
    if clients > 1:
        memory = process.memory_info().rss / 2**20
        share, age_p99_ms = report["share_of_expected"], report["age_p99_ms"]
        ticks = MEASUREMENT_S * 1.0
        findings += [
            Finding(f"{name}, messages", f"{100 * share:.1f} % of expected", ">= 99 %", share >= 0.99),
            Finding(
                f"{name}, age p99",
                f"{age_p99_ms:.0f} ms (p50 {report['age_p50_ms']:.0f} ms)",
                "< 300 ms",
                age_p99_ms < 300,
            ),
            Finding(
                f"{name}, samples of system:metrics",
                f"{report['samples'].get('system:metrics', 0)} in {ticks:.0f} ticks",
                "one per tick",
                abs(report["samples"].get("system:metrics", 0) - ticks) <= 2,
            ),
            Finding(f"{name}, memory", f"{memory:.0f} MB", "shown", True),
            Finding(f"{name}, failures", str(report["failed"] or "none"), "none", not report["failed"]),
        ]
    return findings


def core() -> list[Finding]:
    with run_server() as server:
        server.call("/api/pm2/start", {"framework": "fastify", "instances": 2})
        return [
            *idle_server(server),
            *stats_against_cli(server),
            *streaming_to_clients(server, 1, 2.0),
            *streaming_to_clients(server, 1000, 40.0),
        ]


PARTS: dict[str, Callable[[], list[Finding]]] = {
    "core": core,
    "edge": edge.findings,
    "pm2": pm2_load.findings,
    "redis": redis_cluster.findings,
    "history": history.findings,
    "metrics": year_findings.findings,
    "recording": recording.findings,
    "dashboard": dashboard.findings,
    "browser": cost.findings,
    "prometheus": prometheus.findings,
    "trust": trust.findings,
}


def main(arguments: list[str]) -> int:
    if not set(arguments) <= set(PARTS):
        print(f"[ERROR] Unknown part. The parts are: {', '.join(PARTS)}; the default is all.", file=sys.stderr)
        return 2
    findings: list[Finding] = []
    for name in arguments or PARTS:
        findings += PARTS[name]()
    return print_findings(findings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
