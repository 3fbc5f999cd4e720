"""`--once` and `--json`: one report of the server, then the end."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from dashboard_client.commands import report
from dashboard_client.errors import ClientError, NotAuthenticated, Unreachable, Unsupported
from dashboard_client.network.api import Api
from dashboard_client.wire.benchmarks import BenchmarkResults
from dashboard_client.wire.decode import read
from dashboard_client.wire.host_and_pm2 import Activity, HostStats, Pm2Stats
from dashboard_client.wire.redis import RedisStats

RESULTS = 10
ENTRIES = 10

Part = dict[str, Any] | ClientError


def parts(api: Api) -> dict[str, Part]:
    """What the server says, or why it does not. Raises Unreachable, NotAuthenticated: then there is nothing at all."""
    asked: Mapping[str, Callable[[], dict[str, Any]]] = {
        "health": api.health,
        "system": api.system_stats,
        "pm2": api.pm2_stats,
        "redis": api.redis_stats,
        "benchmarks": lambda: api.benchmark_latest(RESULTS),
        "activity": lambda: api.activity(ENTRIES),
    }
    found: dict[str, Part] = {}
    for name, ask in asked.items():
        try:
            found[name] = ask()
        except (Unreachable, NotAuthenticated):
            raise
        except ClientError as error:
            found[name] = error
    return found


def run(api: Api, *, as_json: bool) -> int:
    """The exit code: 1 when a part failed; parts that an older server lacks are no failure."""
    found = parts(api)
    failed = {name: part for name, part in found.items() if isinstance(part, ClientError)}
    if as_json:
        shape = {name: {"error": str(part)} if isinstance(part, ClientError) else part for name, part in found.items()}
        print(json.dumps({"server": api.config.server, **shape}))
    else:
        print("\n".join(lines(api.config.server, found)))
    for name, error in failed.items():
        print(f"[ERROR] {name}: {error}", file=sys.stderr)
    return int(any(not isinstance(error, Unsupported) for error in failed.values()))


def lines(server: str, found: Mapping[str, Part]) -> list[str]:
    """The report."""
    made = [server]
    for name, draw in _DRAWN.items():
        part = found[name]
        try:
            drawn = ["not in this version of the server"] if isinstance(part, Unsupported) else draw(_given(part))
        except ClientError as error:
            drawn = [str(error)]
        made += ["", *drawn]
    return made


def _given(part: Part) -> dict[str, Any]:
    if isinstance(part, ClientError):
        raise part
    return part


def _pm2(shape: object) -> list[str]:
    stats = read(Pm2Stats, shape)
    return [report.pm2_summary(stats), *report.processes(stats)]


def _redis(shape: object) -> list[str]:
    stats = read(RedisStats, shape)
    return [report.redis_summary(stats), *report.nodes(stats)]


def _benchmarks(shape: object) -> list[str]:
    return ["Latest benchmarks", *(report.results(read(BenchmarkResults, shape)) or ["none yet"])]


def _activity(shape: object) -> list[str]:
    return ["Activity", *(report.activity(read(Activity, shape)) or ["none yet"])]


_DRAWN: Mapping[str, Callable[[object], list[str]]] = {
    "system": lambda shape: report.host(read(HostStats, shape)),
    "pm2": _pm2,
    "redis": _redis,
    "benchmarks": _benchmarks,
    "activity": _activity,
}
