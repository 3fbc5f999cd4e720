"""One result as people send it or as a file holds it: checked, and turned into columns. [pure]"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

NAMESPACE = uuid5(NAMESPACE_URL, "pm2site:bench-history")
LARGEST = 2**53  # beyond it a JSON number is not exact
ERROR_RATE_LIMIT = 0.01  # k6's customary limit
RATE_MISMATCH_LIMIT = 0.15

TEXTS = {"framework": 100, "endpoint": 500, "method": 16, "generator": 50, "label": 200, "saturation": 30}
# Wire name → column, for numbers.
WHOLE = {
    "connections": "connections",
    "workers": "workers",
    "pipelining": "pipelining",
    "errors": "errors",
    "timeouts": "timeouts",
    "non2xx": "non_2xx",
    "totalReqs": "total_requests",
    "instances": "instances",
    "trials": "trials_planned",
}
NUMBERS = {
    "reqPerSec": "req_per_sec",
    "avgLatency": "avg_latency_ms",
    "p50Latency": "p50_latency_ms",
    "p90Latency": "p90_latency_ms",
    "p95Latency": "p95_latency_ms",
    "p99Latency": "p99_latency_ms",
    "p999Latency": "p999_latency_ms",
    "duration": "duration_s",
    "reqPerSecLow": "req_per_sec_low",
    "reqPerSecHigh": "req_per_sec_high",
    "cpuMicrosPerRequest": "cpu_micros_per_request",
}
LATENCIES = ("avgLatency", "p50Latency", "p90Latency", "p99Latency")
VALIDITIES = ("valid", "caution", "invalid", "unknown")
STATES = ("done", "failed", "cancelled", "interrupted")


class BadEntry(ValueError):
    """An entry that cannot be kept; the message says which key and why."""


def checked(entry: object) -> dict[str, Any]:
    """The entry with defaults filled in. Raises BadEntry."""
    if not isinstance(entry, dict):
        raise BadEntry("it is no object")
    texts = {name: _text(entry, name, length) for name, length in TEXTS.items()}
    if not texts["framework"]:
        raise BadEntry("framework is missing")
    numbers = {name: _number(entry, name) for name in (*WHOLE, *NUMBERS) if entry.get(name) is not None}
    for name in WHOLE.keys() & numbers.keys():
        if numbers[name] != int(numbers[name]):
            raise BadEntry(f"{name} is {numbers[name]!r}, not a whole number")
    found = {**texts, **numbers, "endpoint": texts["endpoint"] or "/", "method": texts["method"].upper() or "GET"}
    found["timestamp"] = _time(entry.get("timestamp"))
    for name, allowed in (("validity", VALIDITIES), ("state", STATES)):
        if entry.get(name) is not None:
            if entry[name] not in allowed:
                raise BadEntry(f"{name} is {entry[name]!r}, not one of {', '.join(allowed)}")
            found[name] = entry[name]
    reasons = entry.get("reasons") or []
    if not isinstance(reasons, list) or not all(isinstance(each, str) and len(each) <= 500 for each in reasons[:50]):
        raise BadEntry("reasons is no list of sentences")
    found["reasons"] = reasons[:50]
    if entry.get("id") is not None:
        found["id"] = _id(entry["id"])
    return found


def _text(entry: Mapping[str, Any], name: str, length: int) -> str:
    value = entry.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadEntry(f"{name} is {value!r:.50}, not a text")
    if len(value) > length:
        raise BadEntry(f"{name} is longer than {length} characters")
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise BadEntry(f"{name} holds a character that cannot be kept")
    return value.strip()


def _number(entry: Mapping[str, Any], name: str) -> float:
    value = entry[name]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadEntry(f"{name} is {value!r:.50}, not a number")
    if not -LARGEST <= value <= LARGEST or (isinstance(value, float) and not math.isfinite(value)):
        raise BadEntry(f"{name} is {value!r:.50}, out of range")
    if value < 0:
        raise BadEntry(f"{name} is negative: {value!r}")
    return value


def _time(value: object) -> datetime:
    if not isinstance(value, str):
        raise BadEntry("timestamp is missing" if value is None else f"timestamp is {value!r:.50}, not a text")
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadEntry(f"timestamp is {value!r:.50}, not an ISO 8601 time") from None
    if not 1990 < moment.year < 2200:
        raise BadEntry(f"timestamp is {value!r:.50}, out of range")
    return moment


def _id(value: object) -> UUID:
    try:
        return UUID(str(value))
    except ValueError:
        raise BadEntry(f"id is {value!r:.50}, not a UUID") from None


def legacy_id(entry: Mapping[str, Any]) -> UUID:
    """The same entry gets the same id, however often it is imported."""
    keys = ("timestamp", "framework", "endpoint", "method", "reqPerSec", "totalReqs")
    return uuid5(NAMESPACE, "|".join(str(entry.get(key)) for key in keys))


def doubts(entry: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Validity of an entry that does not say its own, with reasons: what its own figures contradict."""
    total, duration = entry.get("totalReqs", 0), entry.get("duration", 0)
    failed = entry.get("errors", 0) + entry.get("non2xx", 0)
    reasons = []
    if not total or not duration:
        reasons.append("It counts no requests, or no time.")
    elif failed / max(1, total + entry.get("errors", 0)) > ERROR_RATE_LIMIT:
        reasons.append(f"{failed:.0f} of {total:.0f} requests failed.")
    if reasons:
        return "invalid", reasons
    rate = entry.get("reqPerSec", 0)
    if rate and abs(total / duration - rate) / rate > RATE_MISMATCH_LIMIT:
        reasons.append(f"{total:.0f} requests in {duration:g} s do not make {rate:g} requests/s.")
    return "unknown", reasons


def fields_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of a Run from an entry that was checked."""
    validity, reasons = doubts(entry)
    columns: dict[str, Any] = {column: entry[name] for name, column in NUMBERS.items() if name in entry}
    columns |= {column: int(entry[name]) for name, column in WHOLE.items() if name in entry}
    columns |= {name: entry[name] for name in TEXTS}
    # Zeros of a run that got no answers are not measurements.
    if not entry.get("totalReqs") and not any(entry.get(name) for name in LATENCIES):
        columns |= {NUMBERS[name]: None for name in LATENCIES}
    moment = entry["timestamp"]
    return columns | {
        "state": entry.get("state", "done"),
        "at": moment,
        "started_at": moment - timedelta(seconds=min(entry.get("duration", 0), 10**7)),
        "req_per_sec": entry.get("reqPerSec", 0 if entry.get("state", "done") == "done" else None),
        "trials_planned": int(entry.get("trials", 1)),
        "validity": entry.get("validity", validity),
        "reasons": entry["reasons"] or reasons,
        **({"id": entry["id"]} if "id" in entry else {}),
    }
