"""A night as `/api/history` sends it: a load curve, a gap without samples, a crash and a deployment."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl, urlsplit

from tests.dashboard_client.fakes import reply

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
GAP = (timedelta(hours=4), timedelta(hours=5))  # before now: a server that did not run
EVENTS = (
    (timedelta(hours=6, minutes=30), "exit", "api 3 exited: SIGKILL, out of memory", "17", "api"),
    (timedelta(hours=5), "server", "pm2site stopped", None, None),
    (timedelta(hours=2), "deploy", "api reloaded by token ci", None, "api"),
)
UNITS = {
    "host.cpu": "percent", "host.memory": "percent", "app.cpu": "percent", "app.memory": "bytes",
    "app.eventLoopMs": "milliseconds", "instance.cpu": "percent", "instance.memory": "bytes",
    "instance.eventLoopMs": "milliseconds", "redis.ops": "perSecond", "redis.memory": "bytes",
}  # fmt: skip
SCALES = {"percent": 1.0, "bytes": 2.0**20, "milliseconds": 0.1, "perSecond": 100.0}
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
METRICS = {
    "metrics": [
        {"metric": "host.cpu", "unit": "percent", "description": "CPU of all cores", "subjects": []},
        {"metric": "app.cpu", "unit": "percent", "description": "CPU of an app", "subjects": ["api", "worker"]},
        {"metric": "app.memory", "unit": "bytes", "description": "Memory of an app", "subjects": ["api"]},
    ],
    "recording": True, "oldest": "2026-11-09T08:00:00.000Z", "timestamp": "2026-11-23T08:00:00.000Z",
}  # fmt: skip


def moment(text: str, now: datetime) -> datetime:
    if text.startswith("-"):
        return now - timedelta(seconds=int(text[1:-1]) * SECONDS[text[-1]])
    return datetime.fromisoformat(text)


def night(query: Mapping[str, str], now: datetime = NOW) -> dict[str, object]:
    """The body of a response: every interval from `from` to `to`, except in the gap."""
    start, end = (moment(query.get(name, default), now) for name, default in (("from", "-1h"), ("to", "-0s")))
    wished_s = (end - start).total_seconds() / int(query.get("points", 300))
    resolution_s = next((step for step in (10, 60, 600, 3600) if step >= wished_s), 3600)
    unit = UNITS[query["metric"]]
    points = []
    at_s = math.ceil(start.timestamp() / resolution_s) * resolution_s
    while at_s < end.timestamp():
        before = now - datetime.fromtimestamp(at_s, UTC)
        if not GAP[0] <= before < GAP[1]:
            hours = before.total_seconds() / 3600
            mean = 45 + 30 * math.cos(hours / 24 * 2 * math.pi) + 5 * math.sin(hours * 2)
            points.append([float(at_s), *(round(SCALES[unit] * value, 3) for value in (mean - 8, mean, mean + 12))])
        at_s += resolution_s
    annotations = [
        {"at": iso(now - before), "kind": kind, "text": text, "id": id, "subject": subject}
        for before, kind, text, id, subject in EVENTS
        if start <= now - before < end
    ]
    return {
        "metric": query["metric"], "subject": query.get("subject"), "unit": unit, "resolutionSeconds": resolution_s,
        "from": iso(start), "to": iso(end), "points": points, "annotations": annotations, "timestamp": iso(now),
    }  # fmt: skip


def iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def answer_history(request: BaseHTTPRequestHandler, now: datetime = NOW) -> bool:
    """Whether the request was one for the history, and has been answered."""
    address = urlsplit(request.path)
    query = dict(parse_qsl(address.query))
    if address.path == "/api/history/metrics":
        send(request, METRICS)
    elif address.path == "/api/history" and query["metric"] not in UNITS:
        known = f"The metrics are {', '.join(UNITS)}."
        error = {
            "error": "bad_request",
            "code": "invalid",
            "message": "metric: Unknown.",
            "fields": {"metric": [known]},
        }
        send(request, error, 400)
    elif address.path == "/api/history":
        send(request, night(query, now))
    else:
        return False
    return True


def send(request: BaseHTTPRequestHandler, body: object, status: int = 200) -> None:
    reply(request, json.dumps(body).encode(), status, Content_Type="application/json")
