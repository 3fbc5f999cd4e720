"""`python -m perf [PART …]`: measures, beside each goal; exit code 1 when one is missed.

`core`: the server against PM2's own command line, idle, and under many clients; `pm2`: many processes and a flood of
log lines; `trust`: the benchmarks against a bare wrk and themselves. All together take about a quarter of an hour.
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

from perf import dashboard, history, pm2_load, redis_cluster, trust
from perf.finding import Finding, cpu_seconds, show, timed_ms
from perf.served import ROOT, Served, pm2, served

ROUNDS = 20
WINDOW_S = 20.0
SETTLE_S = 8.0


def against_the_command_line(server: Served) -> list[Finding]:
    """`GET /api/pm2/stats` and `pm2 jlist`, in turn, so that a noisy machine is noisy for both."""
    where = urlsplit(server.url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port)

    def ask() -> None:
        connection.request("GET", "/api/pm2/stats")
        connection.getresponse().read()

    def list_by_cli() -> None:
        subprocess.run([*pm2(), "jlist"], env=server.environment, capture_output=True, check=True)

    ask()
    list_by_cli()
    fresh: list[float] = []
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(ROUNDS):
        fresh.append(timed_ms(ask))  # nothing that an earlier request sampled is young enough
        ours.extend(timed_ms(ask) for _ in range(4))
        theirs.append(timed_ms(list_by_cli))
    every, first, cli = (statistics.median(times) for times in (fresh + ours, fresh, theirs))
    figure = f"{cli / every:.0f} times ({every:.2f} ms, {cli:.0f} ms, medians)"
    alone = f"{cli / first:.0f} times ({first:.2f} ms)"
    return [
        Finding("GET /api/pm2/stats against pm2 jlist", figure, "at least 30 times faster", cli / every >= 30),
        Finding("  of these, with a call to PM2", alone, "shown", True),
    ]


def idle(server: Served) -> list[Finding]:
    process = psutil.Process(server.pid)
    time.sleep(SETTLE_S)
    before = cpu_seconds(process)
    time.sleep(WINDOW_S)
    percent = 100 * (cpu_seconds(process) - before) / WINDOW_S
    memory = process.memory_info().rss / 2**20
    return [
        Finding("idle server, CPU", f"{percent:.2f} % of a core", "< 0.5 %", percent < 0.5),
        Finding("idle server, memory", f"{memory:.0f} MB", "< 130 MB", memory < 130),
    ]


def under_clients(server: Served, clients: int, cpu_goal: float) -> list[Finding]:
    """Both streams to `clients` sockets; CPU of the server alone, ages as the clients saw them."""
    process = psutil.Process(server.pid)
    argv = [sys.executable, "-m", "perf.feed_load", server.url.replace("http", "ws") + "/ws"]
    load = subprocess.Popen(
        [*argv, str(clients), str(WINDOW_S)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert load.stdin
    assert load.stdout
    if load.stdout.readline() != "ready\n":
        raise SystemExit("[ERROR] The clients could not connect.")
    time.sleep(2)
    before, begun = cpu_seconds(process), time.perf_counter()
    load.stdin.write("\n")
    load.stdin.flush()
    time.sleep(WINDOW_S)
    percent = 100 * (cpu_seconds(process) - before) / (time.perf_counter() - begun)
    seen: dict[str, Any] = json.loads(load.stdout.readline())
    load.wait(60)
    name = f"{clients} client{'s' * (clients > 1)}"
    findings = [Finding(f"{name}, CPU", f"{percent:.1f} % of a core", f"< {cpu_goal:g} %", percent < cpu_goal)]
    if clients > 1:
        memory = process.memory_info().rss / 2**20
        share, late = seen["share_of_expected"], seen["age_p99_ms"]
        ticks = WINDOW_S * 1.0
        findings += [
            Finding(f"{name}, messages", f"{100 * share:.1f} % of expected", ">= 99 %", share >= 0.99),
            Finding(f"{name}, age p99", f"{late:.0f} ms (p50 {seen['age_p50_ms']:.0f} ms)", "< 300 ms", late < 300),
            Finding(
                f"{name}, samples of system:metrics",
                f"{seen['samples'].get('system:metrics', 0)} in {ticks:.0f} ticks",
                "one a tick",
                abs(seen["samples"].get("system:metrics", 0) - ticks) <= 2,
            ),
            Finding(f"{name}, memory", f"{memory:.0f} MB", "shown", True),
            Finding(f"{name}, failures", str(seen["failed"] or "none"), "none", not seen["failed"]),
        ]
    return findings


def core() -> list[Finding]:
    with served() as server:
        server.call("/api/pm2/start", {"framework": "fastify", "instances": 2})
        return [
            *idle(server),
            *against_the_command_line(server),
            *under_clients(server, 1, 2.0),
            *under_clients(server, 1000, 40.0),
        ]


PARTS: dict[str, Callable[[], list[Finding]]] = {
    "core": core,
    "pm2": pm2_load.findings,
    "redis": redis_cluster.findings,
    "history": history.findings,
    "dashboard": dashboard.findings,
    "trust": trust.findings,
}


def main(arguments: list[str]) -> int:
    if not set(arguments) <= set(PARTS):
        print(f"[ERROR] The parts are: {', '.join(PARTS)}. Without any, all are measured.", file=sys.stderr)
        return 2
    findings: list[Finding] = []
    for name in arguments or PARTS:
        findings += PARTS[name]()
    return show(findings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
