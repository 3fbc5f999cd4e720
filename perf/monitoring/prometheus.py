"""`make bench PART=prometheus`: a real Prometheus scrapes a real server while everything below it restarts.

For two minutes apps crash, are killed, reset, deleted and started again; PM2's daemon is updated; the server is
restarted, and killed. Then the increase of each counter, as Prometheus computes it from its samples, must be what has
happened, and no counter may have been reset that survives restarts. The truth is PM2's own list, the rows of the
database, Redis's INFO and the kernel. Needs Debian's package `prometheus`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import requests

from perf.finding import Finding, print_findings
from perf.monitoring import page_cost
from perf.redis_cluster import free_base_port
from perf.served import ROOT, free_port, pm2_command
from perf.shutdown import Server, post

SCRAPE_S = 2
WAIT_S = 60.0
DURATION_S = 120.0
HITS = 200
APP = """
require('http').createServer((request, response) => response.end('ok')).listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGHUP', () => process.exit(3));
setInterval(() => { const end = Date.now() + 20; while (Date.now() < end); }, 100);
"""
LASTING = ("pm2site_process_restarts_total", "pm2site_app_exits_total", "pm2site_benchmark_runs_total",
           "pm2site_host_cpu_seconds_total", "pm2site_host_network_receive_bytes_total",
           "pm2site_host_network_transmit_bytes_total", "redis_keyspace_hits_total",
           "redis_commands_processed_total", "redis_cpu_user_seconds_total")  # fmt: skip
ENDED = {"api": 9, "web": 6}  # processes in `Scenario.play`, by the update and the deletion, too
Labels = tuple[str, ...]


def wait_until(condition: Callable[[], object], what: str) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while time.monotonic() < deadline_s:
        with suppress(requests.RequestException, KeyError, IndexError):
            if condition():
                return
        time.sleep(0.1)
    raise SystemExit(f"[ERROR] Not within {WAIT_S:g} s: {what}.")


class Prometheus:
    """A Prometheus with the configuration of deploy/, changed in its addresses and its interval."""

    def __init__(self, folder: Path, server: Server, token: str) -> None:
        self.port, self.folder = free_port(), folder
        folder.mkdir()
        (folder / "token").write_text(token)
        source = ROOT / "deploy" / "prometheus"
        config = (source / "prometheus.yml").read_text().replace("127.0.0.1:3100", f"127.0.0.1:{server.port}")
        config = config.replace("15s", f"{SCRAPE_S}s").replace("30s", "5s")
        (folder / "prometheus.yml").write_text(config.replace("/etc/prometheus/pm2site.token", str(folder / "token")))
        shutil.copy(source / "pm2site.rules.yml", folder)
        argv = [
            "prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]  # fmt: skip
        with (folder / "output.txt").open("wb") as output:
            self.process = subprocess.Popen(argv, stdout=output, stderr=output)

    def query(self, expression: str, at_s: float | None = None) -> list[dict[str, Any]]:
        """The result vector, or the matrix of a range."""
        parameters = {"query": expression} | ({} if at_s is None else {"time": str(at_s)})
        address = f"http://127.0.0.1:{self.port}/api/v1/query"
        result: list[dict[str, Any]] = requests.get(address, params=parameters, timeout=30).json()["data"]["result"]
        return result

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(30)


class Scenario:
    """What happens to the apps, and the truth about it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.restarts: Counter[Labels] = Counter()
        self._counted: dict[Labels, int] = {}
        self.script = server.folder / "app.cjs"
        self.script.write_text(APP)

    def pm2(self, *arguments: str, **env: str) -> str:
        argv = [*pm2_command(), *arguments]
        finished = subprocess.run(
            argv, env=self.server.env | env, capture_output=True, text=True, timeout=60, check=True
        )
        return finished.stdout

    def start_apps(self) -> None:
        for name in ("api", "web"):
            self.pm2("start", str(self.script), "--name", name, PORT=str(free_port()))

    def listed(self) -> dict[Labels, dict[str, Any]]:
        text = self.pm2("jlist")
        return {(one["name"], str(one["pm_id"])): one for one in json.loads(text[text.index("[") :])}

    def counts(self) -> dict[Labels, int]:
        return {key: int(one["pm2_env"]["restart_time"]) for key, one in self.listed().items()}

    def count(self) -> None:
        """Adds PM2's restarts since the last call."""
        counts = self.counts()
        self.restarts.update({key: count - self._counted.get(key, 0) for key, count in counts.items()})
        self._counted = counts

    def resetting(self, *arguments: str) -> None:
        """A command of PM2 that sets its counters to 0, or forgets them."""
        self.count()
        self.pm2(*arguments)
        self._counted = {}

    def end_process(self, name: str, number: signal.Signals) -> None:
        """Ends a process, and waits until PM2 has started the next one and the exit is settled."""
        before = next(one for key, one in self.listed().items() if key[0] == name)
        os.kill(before["pid"], number)

        def is_replaced() -> bool:
            now = next(one for key, one in self.listed().items() if key[0] == name)
            return bool(now["pid"] not in (0, before["pid"]) and now["pm2_env"]["status"] == "online")

        wait_until(is_replaced, f"{name} is started again")
        time.sleep(2)

    def exits(self) -> dict[Labels, int]:
        """The rows of the database, by app and cause."""
        sql = (
            "SELECT i.name, e.cause, count(*) FROM pm2_exit e JOIN pm2_instance i ON i.id = e.instance_id GROUP BY 1, 2"
        )
        with closing(sqlite3.connect(self.server.folder / "var" / "pm2site.sqlite3", timeout=30)) as database:
            return {(name, cause): count for name, cause, count in database.execute(sql)}

    def call(self, path: str, **body: Any) -> Any:
        status, answer = self.server.call(post(path, **body))
        if status >= 300:
            raise SystemExit(f"[ERROR] {path}: {status} {answer}")
        return answer

    def run_and_delete_benchmark(self) -> None:
        run_id = self.call("/api/benchmark/run", target="api", duration=1, trials=1)["benchmark"]["id"]
        path = f"/api/benchmark/runs/{run_id}"
        ended = ("done", "failed", "cancelled", "interrupted")
        wait_until(lambda: self.server.call(("GET", path, {}))[1]["state"] in ended, "the run has ended")
        time.sleep(2 * SCRAPE_S)
        self.server.call(("DELETE", path, {}))

    def play(self) -> None:
        for _ in range(3):
            self.end_process("api", signal.SIGHUP)
        self.end_process("web", signal.SIGKILL)
        self.call("/api/pm2/restart", name="api")
        self.resetting("reset", "all")
        self.end_process("api", signal.SIGHUP)
        self.server.end()
        self.end_process("web", signal.SIGKILL)  # nobody records this exit; PM2 counts the restart
        self.server.start()
        self.run_and_delete_benchmark()
        self.server.end(signal.SIGKILL)
        self.server.start()
        self.resetting("update")
        wait_until(lambda: len(self.listed()) == 2, "PM2 has resurrected its list")
        time.sleep(5)
        self.end_process("web", signal.SIGHUP)
        self.resetting("delete", "all")
        self.start_apps()
        for name in ("api", "api", "web"):
            self.end_process(name, signal.SIGHUP)
        self.count()


def redis_figure(port: int, field: str) -> float:
    argv = ["redis-cli", "-p", str(port), "INFO"]
    text = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True).stdout
    return float(text.split(f"{field}:")[1].split("\r")[0].split("\n")[0])


def read_key(port: int, count: int) -> None:
    subprocess.run(["redis-cli", "-p", str(port), "-c", "SET", "k", "1"], capture_output=True, timeout=30, check=True)
    commands = "GET k\n" * count
    subprocess.run(["redis-cli", "-p", str(port), "-c"], input=commands, capture_output=True, text=True, check=True)


def increase_of(values: list[tuple[float, str]]) -> float:
    """As `increase`, without its extrapolation to the ends of the range."""
    figures = [float(text) for _, text in values]
    return sum(after - before if after >= before else after for before, after in pairwise(figures))


def increases(prometheus: Prometheus, name: str, seconds: int, at_s: float, *labels: str) -> dict[Labels, float]:
    matrix = prometheus.query(f"{name}[{seconds}s]", at_s)
    return {tuple(one["metric"][label] for label in labels): increase_of(one["values"]) for one in matrix}


def compare(
    name: str, measured: dict[Labels, float], truth: dict[Labels, int], rounded: dict[Labels, float]
) -> Finding:
    keys = sorted(key for key in measured.keys() | truth.keys() if measured.get(key) or truth.get(key))
    text = ", ".join(f"{' '.join(key)} {measured.get(key, 0):g}/{truth.get(key, 0)}" for key in keys)
    extrapolated = max((abs(rounded.get(key, 0) - truth.get(key, 0)) for key in keys), default=0.0)
    met = all(measured.get(key, 0) == truth.get(key, 0) for key in keys) and extrapolated < 0.5
    return Finding(f"increase of {name}", f"{text}; increase() differs by {extrapolated:.2f}", "measured = truth", met)


def measure(server: Server, prometheus: Prometheus, scenario: Scenario, redis_port: int) -> list[Finding]:
    for name, count in (("pm2site_process_restarts_total", 2), ("pm2site_host_cpus", 1), ("redis_up == 1", 6)):
        wait_until(lambda name=name, count=count: len(prometheus.query(name)) == count, name)  # type: ignore[misc]
    time.sleep(3 * SCRAPE_S)
    began_s, exits = time.time(), scenario.exits()
    hits, cpu = redis_figure(redis_port, "keyspace_hits"), psutil.cpu_times().user
    scenario._counted = scenario.counts()
    read_key(redis_port, HITS)
    scenario.play()
    time.sleep(max(5.0 * SCRAPE_S, began_s + DURATION_S - time.time()))
    at_s, cpu = time.time(), psutil.cpu_times().user - cpu
    seconds = int(at_s - began_s) + SCRAPE_S
    ended = {key: count - exits.get(key, 0) for key, count in scenario.exits().items()}

    def of(name: str, *labels: str) -> tuple[dict[Labels, float], dict[Labels, float]]:
        vector = prometheus.query(f"increase({name}[{seconds}s])", at_s)
        rounded = {tuple(one["metric"][label] for label in labels): float(one["value"][1]) for one in vector}
        return increases(prometheus, name, seconds, at_s, *labels), rounded

    restarts = of("pm2site_process_restarts_total", "app", "pm_id")
    causes = of("pm2site_app_exits_total", "app", "cause")
    compared = compare("restarts", restarts[0], dict(scenario.restarts), restarts[1])
    if not compared.met:
        print_paths(prometheus, "pm2site_process_restarts_total", seconds, at_s)
    return [
        compared,
        compare("exits", causes[0], ended, causes[1]),
        *check_runs(prometheus, seconds, at_s),
        *check_others(prometheus, seconds, at_s, redis_port, redis_figure(redis_port, "keyspace_hits") - hits, cpu),
        *check_resets(prometheus, seconds, at_s),
    ]


def print_paths(prometheus: Prometheus, name: str, seconds: int, at_s: float) -> None:
    """Each value that a series had, with the second when it was seen first."""
    for one in prometheus.query(f"{name}[{seconds}s]", at_s):
        values = [(round(seen_s - at_s + seconds), text) for seen_s, text in one["values"]]
        path = [values[0], *(after for before, after in pairwise(values) if before[1] != after[1])]
        print(one["metric"]["app"], " ".join(f"{text}@{second}s" for second, text in path), flush=True)


def check_runs(prometheus: Prometheus, seconds: int, at_s: float) -> list[Finding]:
    runs = increases(prometheus, "pm2site_benchmark_runs_total", seconds, at_s, "state", "validity")
    total = sum(runs.values())
    return [Finding("increase of runs, the run was deleted", f"{total:g}/1", "measured = truth", total == 1)]


def check_others(
    prometheus: Prometheus, seconds: int, at_s: float, redis_port: int, hits: float, cpu_s: float
) -> list[Finding]:
    name = f'redis_keyspace_hits_total{{instance="127.0.0.1:{redis_port}"}}'
    [measured_hits] = increases(prometheus, name, seconds, at_s).values()
    [measured_cpu_s] = increases(prometheus, 'pm2site_host_cpu_seconds_total{mode="user"}', seconds, at_s).values()
    slack_s = 2 * (psutil.cpu_count() or 1) * (SCRAPE_S + 5)  # of the first and the last sample
    figure = f"{measured_cpu_s:.1f} s, by the kernel {cpu_s:.1f} s"
    is_near = abs(measured_cpu_s - cpu_s) < slack_s
    return [
        Finding("increase of Redis's hits", f"{measured_hits:g}/{hits:g}", "measured = truth", measured_hits == hits),
        Finding("increase of the host's CPU, user", figure, f"within {slack_s} s", is_near),
    ]


def check_resets(prometheus: Prometheus, seconds: int, at_s: float) -> list[Finding]:
    findings = []
    for name in LASTING:
        counts = [float(one["value"][1]) for one in prometheus.query(f"resets({name}[{seconds}s])", at_s)]
        figure = f"{sum(counts):g} in {len(counts)} series"
        findings.append(Finding(f"resets of {name}", figure, "0", bool(counts) and not any(counts)))
    expression = f"resets(pm2site_process_cpu_seconds_total[{seconds}s])"
    of_apps = {one["metric"]["app"]: float(one["value"][1]) for one in prometheus.query(expression, at_s)}
    figure = ", ".join(f"{app} {count:g}/{ENDED[app]}" for app, count in sorted(of_apps.items()))
    is_right = of_apps.keys() == ENDED.keys() and all(count <= ENDED[app] for app, count in of_apps.items())
    findings.append(Finding("resets of the apps' CPU seconds", figure, "at most their ended processes", is_right))
    expression = f'resets(process_cpu_seconds_total{{job="pm2site"}}[{seconds}s])'
    [own] = (float(one["value"][1]) for one in prometheus.query(expression, at_s))
    findings.append(Finding("resets of process_cpu_seconds_total", f"{own:g}", "2, the server's restarts", own == 2))
    scrapes = prometheus.query(f'avg_over_time(up{{job="pm2site"}}[{seconds}s])', at_s)
    took = prometheus.query(f'max_over_time(scrape_duration_seconds{{job="pm2site"}}[{seconds}s])', at_s)
    up, longest_s = (float(one[0]["value"][1]) for one in (scrapes, took))
    figure = f"{100 * up:.0f} % of {seconds} s, the longest {1000 * longest_s:.0f} ms"
    return [*findings, Finding("scrapes that succeeded", figure, "shown", True)]


def findings() -> list[Finding]:
    if shutil.which("prometheus") is None:
        return [Finding("Prometheus", "not on PATH; on Debian: apt-get install prometheus", "installed", None)]
    return [*page_cost.findings(), *scrape()]


def scrape() -> list[Finding]:
    server = Server()
    base_port = free_base_port()
    server.env |= {"REDIS_BASE_PORT": str(base_port), "LOG_LEVEL": "WARNING"}
    server.start()
    scenario, prometheus = Scenario(server), None
    try:
        scenario.start_apps()
        scenario.call("/api/redis/setup", nodeCount=6)
        argv = [sys.executable, str(ROOT / "manage.py"), "token", "prometheus", "--readonly"]
        token = subprocess.run(argv, env=server.env, capture_output=True, text=True, check=True).stdout.strip()
        prometheus = Prometheus(server.folder / "prometheus", server, token)
        port = next(port for port in range(base_port, base_port + 6) if is_master_of_key(port))
        return measure(server, prometheus, scenario, port)
    finally:
        if prometheus:
            prometheus.end()
        server.call(post("/api/redis/clean", confirm=True))
        server.clean()


def is_master_of_key(port: int) -> bool:
    """Whether the node itself answers for the key of `read_key`."""
    argv = ["redis-cli", "-p", str(port), "SET", "k", "1"]
    return "OK" in subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True).stdout


if __name__ == "__main__":
    sys.exit(print_findings(findings()))
