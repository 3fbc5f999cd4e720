"""What tests of the page start and store on a server, through its API: processes and results of benchmarks."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import requests

from benchmarks.analysis import histogram
from tests.fixtures.pm2 import kill_all_of
from tests.fixtures.server import Server, new_server

ANSWER_S = 120
SLEEP = {"script": "/bin/sleep", "args": ["100000"], "interpreter": "none"}
TRIALS, TRIAL_S = 5, 10.0


@contextmanager
def running_server(**env: str) -> Iterator[Server]:
    """A server that starts ecosystem files of its folder `apps`; at the end nothing of it is left."""
    server = new_server(**env)
    apps = server.folder / "apps"
    apps.mkdir()
    server.env |= {"ECOSYSTEM_DIRS": str(apps)}
    try:
        yield server.start()
        with suppress(requests.RequestException):
            call(server, "POST /api/redis/clean", confirm=True)
    finally:
        server.clean()
        kill_all_of(Path(server.env["PM2_HOME"]))


def poll(value: Callable[[], Any]) -> Any:
    """The first value that is true. Raises AssertionError."""
    deadline_s = time.monotonic() + ANSWER_S
    while not (newest := value()):
        assert time.monotonic() < deadline_s, newest
        time.sleep(0.1)
    return newest


def call(server: Server, operation: str, **body: Any) -> Any:
    """The answer's JSON. Raises requests.HTTPError."""
    method, path = operation.split()
    answer = requests.request(method, server.url + path, json=body or None, timeout=ANSWER_S)
    answer.raise_for_status()
    return answer.json()


def write_apps(server: Server, name: str, apps: Iterable[Mapping[str, Any]]) -> Path:
    """An ecosystem file, whose scripts may be text: `source`."""
    folder, entries = server.folder / "apps", []
    for app in apps:
        entry = dict(app)
        if source := entry.pop("source", ""):
            (folder / f"{entry['name']}.js").write_text(source, encoding="utf-8")
            entry["script"] = str(folder / f"{entry['name']}.js")
        entries.append(entry)
    path = folder / name
    path.write_text(json.dumps({"apps": entries}), encoding="utf-8")
    return path


def start_apps(server: Server, *apps: Mapping[str, Any]) -> None:
    call(server, "POST /api/pm2/start", ecosystem=str(write_apps(server, "started.json", apps)))


def processes(server: Server) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = call(server, "GET /api/pm2/stats")["processes"]
    return listed


def statuses(server: Server, name: str) -> list[str]:
    return [process["status"] for process in processes(server) if process["name"] == name]


def result(framework: str, rate: float, **more: Any) -> dict[str, Any]:
    """A valid one for `POST /api/benchmark/add`, long enough for a baseline: trials with curves and samples."""
    raw = histogram.encode(((900, 700), (1500, 250), (4000, 49), (9000, 1)))
    trials = [
        {
            "index": index, "startedAt": f"2026-11-20T10:0{index}:00Z", "duration": TRIAL_S, "totalReqs": 10 * int(rate),
            "reqPerSec": rate * (1 + index / 500), "percentiles": {"50": 0.9, "90": 1.5, "99": 4.0}, "facts": {},
            "histograms": {"raw": raw, "corrected": raw, "probe": raw}, "output": "Requests/sec: 1",
        }
        for index in range(1, TRIALS + 1)
    ]  # fmt: skip
    samples = [
        {"trial": trial["index"], "seconds": second, "reqPerSec": rate + second, "generatorCpuPercent": 40.0}
        for trial in trials
        for second in range(1, 11)
    ]
    return {
        "framework": framework, "endpoint": "/simple", "method": "GET", "reqPerSec": rate, "totalReqs": int(50 * rate),
        "timestamp": "2026-11-20T10:06:00Z", "duration": TRIALS * TRIAL_S,
        "trials": TRIALS, "connections": 10, "generator": "wrk", "validity": "valid", "profile": "standard",
        "avgLatency": 1.2, "p50Latency": 0.9, "p90Latency": 1.5, "p99Latency": 4.0, "trialResults": trials,
        "samples": samples, "command": ["wrk", "-c10"], "environment": {"cpu": "a CPU"},
        "gates": [{"code": "errors", "state": "pass", "message": "No errors.", "value": 0.0, "trial": None}],
    } | more  # fmt: skip


def add_result(server: Server, framework: str, rate: float, **more: Any) -> str:
    """Returns its id. A result of another program has no planned duration, which a baseline needs: it gets one."""
    run_id = str(call(server, "POST /api/benchmark/add", **result(framework, rate, **more))["result"]["id"])
    with closing(sqlite3.connect(server.folder / "var" / "pm2site.sqlite3", timeout=ANSWER_S)) as database, database:
        database.execute(
            "UPDATE benchmarks_run SET planned_duration_s = ? WHERE id = ?", [TRIAL_S, run_id.replace("-", "")]
        )
    return run_id
