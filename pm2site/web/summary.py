"""The state of the server in sentences, for browsers that run no scripts. [pure]"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from system.lib.text import printable


def lines(responses: Mapping[str, Any]) -> list[str]:
    """One sentence for each part that the API answered for. `responses`: by URL, as embedded in the page."""
    return [printable(line) for line in _lines(responses)]


def _lines(responses: Mapping[str, Any]) -> Iterator[str]:
    if host := responses.get("/api/system/stats"):
        yield (
            f"Host {host['hostname']}: CPU {_percent(host['cpu'])}, memory {_percent(host['memoryPercent'])}, disk "
            f"{_percent(host['diskPercent'])}, load {host['loadAvg'] or 'unknown'}, up {host['uptime'] or 'unknown'}."
        )
    if pm2 := responses.get("/api/pm2/stats"):
        yield _processes(pm2)
    if redis := responses.get("/api/redis/stats"):
        cluster = redis["cluster"]
        up = sum(node["state"] == "up" for node in redis["stats"])
        yield f"Redis Cluster: {cluster['state']}, {up} of {len(redis['stats'])} nodes up."
    for run in (responses.get("/api/benchmark/runs") or {}).get("runs", ()):
        yield f"Benchmark of {run['framework']}, {run['method']} {run['endpoint']}: {run['state']}."
    for result in (responses.get("/api/benchmark/latest?count=12") or {}).get("results", ())[:3]:
        rate = "no rate" if result["reqPerSec"] is None else f"{result['reqPerSec']:,.0f} requests/s"
        yield (
            f"Measured {result['timestamp'][:16].replace('T', ' ')} UTC: {result['framework']}, {result['method']} "
            f"{result['endpoint']}, {rate}, {result['validity']}."
        )


def _percent(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.0f} %"


def _processes(pm2: Mapping[str, Any]) -> str:
    if pm2["daemon"]["message"]:
        return str(pm2["daemon"]["message"])
    counts = pm2["counts"]
    others = [process for process in pm2["processes"] if process["status"] != "online"]
    text = f"Processes under PM2: {counts['online']} of {counts['total']} online"
    return text + "".join(f"; {process['name']} ({process['pmId']}) is {process['status']}" for process in others) + "."
