"""A year of history: its size, the cost of writing, its queries, and whether its values are right."""

from __future__ import annotations

import logging
import math
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import requests
import structlog

from monitoring.series import resolution
from monitoring.series.catalogue import SeriesKey
from monitoring.series.resolution import DAY_S, HOUR_S, TIERS, Resolution
from monitoring.store import metrics_file, reader
from perf.finding import Finding, time_ms
from perf.monitoring import kills
from perf.monitoring import year as simulated
from perf.monitoring.simulation import KEYS
from perf.monitoring.year import Year
from perf.served import ServerProcess, run_server

MAX_MB, MAX_PERCENT, MAX_QUERY_MS, MAX_SECONDS = 150, 0.2, 50, 240
RANGES = {"1 h": HOUR_S, "1 d": DAY_S, "14 d": 14 * DAY_S, "1 y": 365 * DAY_S}
QUERIES = 60  # of each range, of as many series
POINTS = 300


def findings() -> list[Finding]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))  # it prints
    with tempfile.TemporaryDirectory(prefix="m", dir="/tmp") as folder:
        began_s = time.process_time()
        year = simulated.write(Path(folder) / metrics_file.NAME, time.time())
        seconds = time.process_time() - began_s
        limit = f"< {MAX_SECONDS} s"
        return [
            Finding(
                f"a year of {len(KEYS)} series, simulated", f"{seconds:.0f} s of CPU time", limit, seconds < MAX_SECONDS
            ),
            *_size(year),
            *_cost(year),
            _values(year),
            *_queries("", year, lambda key, span_s: time_ms(lambda: _read(year, key, span_s))),
            *_served(year),
            kills.finding(50),
        ]


def _size(year: Year) -> list[Finding]:
    megabytes = metrics_file.size_bytes(year.path) / 2**20
    shares = ", ".join(f"{tier.step_s} s {_tier_bytes(year, tier.step_s) / 2**20:.1f}" for tier in TIERS)
    figure = f"{megabytes:.1f} MB (blocks of {shares} MB)"
    return [Finding("  size of the file", figure, f"< {MAX_MB} MB", megabytes < MAX_MB)]


def _tier_bytes(year: Year, step_s: int) -> int:
    with metrics_file.open_for_reading(year.path) as connection:
        (total,) = connection.execute("SELECT sum(length(data)) FROM blocks WHERE step = ?", (step_s,)).fetchone()
    return int(total)


def _cost(year: Year) -> list[Finding]:
    cost, share = year.cost, DAY_S / (10 * year.cost.steps)
    percent = 100 * share * (cost.append_s + cost.pack_s) / DAY_S
    parts = f"{1000 * cost.append_s / cost.steps:.2f} ms a step, {cost.longest_pack_s:.2f} s an hour's packing"
    bytes_a_day = [share * total / 2**20 for total in (cost.append_bytes, cost.pack_bytes)]
    written = f"{sum(bytes_a_day):.0f} MB a day ({bytes_a_day[0]:.0f} for steps, {bytes_a_day[1]:.0f} for packing)"
    goal = f"< {MAX_PERCENT} %"
    return [
        Finding("  writing a step every 10 s", f"{percent:.3f} % of a core ({parts})", goal, percent < MAX_PERCENT),
        Finding("  written to files", written, "shown", True),
    ]


def _values(year: Year) -> Finding:
    """Every point of the kept series in the time of each tier. Intervals that are partly older are left out."""
    wrong = total = 0
    for key in year.steps:
        for tier in TIERS:
            from_s = max(year.begin_s, math.ceil((year.end_s - tier.kept_s) / tier.block_s) * tier.block_s)
            points = list(reader.read_points(year.path, key, Resolution(tier, 1), from_s, year.end_s))
            expected = year.reference(key, tier, from_s, year.end_s)
            total += len(expected)
            wrong += len(set(points) ^ set(expected)) + (points != sorted(points))
    return Finding("  points unlike the reference", f"{wrong} of {total:,}", "none", wrong == 0 and total > 0)


def _read(year: Year, key: SeriesKey, span_s: int) -> None:
    chosen = resolution.choose(year.end_s - span_s, year.end_s, POINTS, year.end_s)
    assert len(reader.read_points(year.path, key, chosen, year.end_s - span_s, year.end_s)) > POINTS // 2


def _queries(kind: str, year: Year, query_ms: Callable[[SeriesKey, int], float]) -> list[Finding]:
    keys, measured = random.Random(2).sample(KEYS, QUERIES), []
    for name, span_s in RANGES.items():
        times_ms = sorted(query_ms(key, span_s) for key in keys)
        p95_ms = times_ms[math.ceil(0.95 * QUERIES) - 1]
        figure = f"p95 {p95_ms:.1f} ms, median {statistics.median(times_ms):.1f} ms"
        measured.append(Finding(f"  {kind}query of {name}", figure, f"p95 < {MAX_QUERY_MS} ms", p95_ms < MAX_QUERY_MS))
    return measured


def _served(year: Year) -> list[Finding]:
    def prepare(environment: dict[str, str]) -> None:
        shutil.copy(year.path, Path(environment["DATA_DIR"]) / metrics_file.NAME)

    with run_server(prepare) as server:
        process = psutil.Process(server.pid)
        before_mb = process.memory_info().rss / 2**20
        measured = _queries("HTTP ", year, _over_http(server))
        after_mb = process.memory_info().rss / 2**20
        figure = f"{after_mb:.0f} MB, {before_mb:.0f} MB before the queries"
        return [*measured, Finding("  memory of the server", figure, "< 160 MB", after_mb < 160)]


def _over_http(server: ServerProcess) -> Callable[[SeriesKey, int], float]:
    session = requests.Session()

    def query_ms(key: SeriesKey, span_s: int) -> float:
        query = {"metric": key.metric, "from": f"-{span_s}s", **({"subject": key.subject} if key.subject else {})}

        def send_request() -> None:
            response = session.get(server.url + "/api/history", params=query, timeout=60)
            assert response.status_code == 200, response.text[:300]
            assert len(response.json()["points"]) > POINTS // 3

        return time_ms(send_request)

    return query_ms
