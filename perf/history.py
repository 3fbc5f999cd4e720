"""Measures the response times of the history with a hundred thousand and with a million runs.

The rows are inserted, and nothing else is prepared: statistics and caches are the server's own.
"""

from __future__ import annotations

import re
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import requests

from perf.finding import Finding, time_ms
from perf.served import ROOT, ServerProcess, run_server

SIZES = (100_000, 1_000_000)
ROUNDS = 20
LIMIT_MS = 100.0
TEMPLATE = """
from benchmarks.models import Run
Run.objects.create(framework="x", endpoint="/simple", generator="wrk", state="done", validity="valid", source="server",
    duration_s=10, req_per_sec=1, avg_latency_ms=1, p50_latency_ms=1, p99_latency_ms=2, total_requests=10, instances=2)
"""
# Column → SQL expression for row i; the other columns are copied from the template.
COLUMN_SQL = {
    "id": "lower(hex(randomblob(16)))",
    "framework": "substr('fastifyexpressuvicorn', 7 * (i % 3) + 1, 7)",
    "endpoint": "CASE WHEN i % 3 = 0 THEN '/code-fast' ELSE '/simple' END",
    "validity": "CASE i % 10 WHEN 0 THEN 'invalid' WHEN 1 THEN 'caution' ELSE 'valid' END",
    # As for runs that were recorded when they ended: an equal time for all would be a case of its own.
    "recorded_at": "strftime('%Y-%m-%d %H:%M:%f', '2020-01-01', (i * 180) || ' seconds')",
    "at": "datetime('2020-01-01', (i * 180) || ' seconds')",
    "req_per_sec": "10000.0 + abs(random()) % 50000",
}


def run_manage(environment: Mapping[str, str], *arguments: str) -> str:
    argv = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(argv, env=dict(environment), capture_output=True, text=True, check=True).stdout


def insert_runs(count: int, environment: dict[str, str]) -> None:
    """Inserts runs by SQL; a million through the models would take an hour."""
    run_manage(environment, "migrate", "--verbosity", "0")
    run_manage(environment, "shell", "-c", TEMPLATE)
    with sqlite3.connect(Path(environment["DATA_DIR"]) / "pm2site.sqlite3") as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(benchmarks_run)")]
        values = ", ".join(COLUMN_SQL.get(name, f't."{name}"') for name in columns)
        names = ", ".join(f'"{name}"' for name in columns)
        database.execute(
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "  # noqa: S608 - no user input
            f"INSERT INTO benchmarks_run ({names}) SELECT {values} FROM n, (SELECT * FROM benchmarks_run LIMIT 1) t"
        )


def admin_session(server: ServerProcess) -> requests.Session:
    password = re.search(r"password (\S+)", run_manage(server.environment, "admin", "ada"))
    assert password
    session = requests.Session()
    page = session.get(server.url + "/login", timeout=60).text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    form = {"username": "ada", "password": password[1], "csrfmiddlewaretoken": token[1] if token else ""}
    response = session.post(server.url + "/login", data=form, headers={"Origin": server.url}, timeout=60)
    assert response.status_code == 200, response.status_code
    return session


def findings() -> list[Finding]:
    return [finding for count in SIZES for finding in _measure(count)]


def _measure(count: int) -> list[Finding]:
    with run_server(prepare=partial(insert_runs, count)) as server:
        session = admin_session(server)

        def get(path: str) -> Callable[[], None]:
            def send_request() -> None:
                response = session.get(server.url + path, timeout=120)
                assert response.status_code == 200, (path, response.status_code, response.text[:300])

            return send_request

        paths = {
            "front page": "/",
            "latest?count=100": "/api/benchmark/latest?count=100",
            "all, one page": "/api/benchmark/all?limit=100",
            "all, one page of fastify": "/api/benchmark/all?limit=100&framework=fastify&endpoint=/simple&method=GET",
            "all, invalid since": "/api/benchmark/all?limit=100&validity=invalid&since=2024-01-01T00:00:00Z",
            "latest-by-framework": "/api/benchmark/latest-by-framework",
            "stats": "/api/benchmark/stats",
            "rankings": "/api/benchmark/rankings?endpoint=/simple&method=GET",
            "change points": "/api/benchmark/change-points?framework=express&endpoint=/simple&method=GET",
            "change points without matches": "/api/benchmark/change-points?framework=fastify&endpoint=/simple",
            "baselines": "/api/benchmark/baselines",
            "admin list": "/admin/benchmarks/run/",
            "admin list of fastify": "/admin/benchmarks/run/?framework=fastify&validity=valid",
            "admin history chart": "/admin/benchmarks/run/history/?framework=express&endpoint=/simple&method=GET",
        }

        def read_first() -> None:
            """The endpoint has no pages: a third of the history is streamed, and a client reads as it arrives."""
            with session.get(server.url + "/api/benchmark/by-framework/fastify", stream=True, timeout=120) as response:
                next(response.iter_content(1024))

        return [
            _measure_request(f"{count:,} runs, by-framework, first bytes", read_first, pause_s=1.0),
            *(_measure_request(f"{count:,} runs, {name}", get(path)) for name, path in paths.items()),
        ]


def _measure_request(name: str, send_request: Callable[[], None], pause_s: float = 0.0) -> Finding:
    """`pause_s`: between two requests, for the server to notice that a client has left a stream."""
    first_ms = time_ms(send_request)
    times_ms = []
    for _ in range(ROUNDS):
        time.sleep(pause_s)
        times_ms.append(time_ms(send_request))
    times_ms.sort()
    p95_ms = times_ms[int(0.95 * ROUNDS) - 1]
    figure = f"p95 {p95_ms:.0f} ms, median {statistics.median(times_ms):.0f} ms, first {first_ms:.0f} ms"
    return Finding(name, figure, f"p95 < {LIMIT_MS:.0f} ms", p95_ms < LIMIT_MS)
