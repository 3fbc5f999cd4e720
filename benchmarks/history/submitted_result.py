"""Validates a submitted or imported result and converts it to columns of a Run. [pure]"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, get_type_hints
from uuid import NAMESPACE_URL, UUID, uuid5

from benchmarks.analysis.gates import VALIDITIES
from benchmarks.engine.run_figures import RunFigures
from benchmarks.engine.run_spec import RunParameters
from benchmarks.runs.run_rows import COLUMNS
from system.lib.wire import wire_keys

NAMESPACE = uuid5(NAMESPACE_URL, "pm2site:bench-history")
MAX_NUMBER = 2**53  # larger integers are not exact in JSON
ERROR_RATE_LIMIT = 0.01  # the usual k6 threshold
RATE_MISMATCH_LIMIT = 0.15


def columns_of_type(kind: type, number: type) -> dict[str, str]:
    """Wire name → column of the fields of `kind` that are of this type, or null."""
    hints, columns = get_type_hints(kind), COLUMNS if kind is RunParameters else {}
    return {
        key: columns.get(name, name) for name, key in wire_keys(kind).items() if hints[name] in (number, number | None)
    }


TEXT_FIELDS = {"framework": 100, "endpoint": 500, "method": 16, "generator": 50, "label": 200, "saturation": 30}
INTEGER_FIELDS = columns_of_type(RunParameters, int) | columns_of_type(RunFigures, int)
NUMBER_FIELDS = columns_of_type(RunParameters, float) | columns_of_type(RunFigures, float)
LATENCY_FIELDS = ("avgLatency", "p50Latency", "p90Latency", "p99Latency")
STATES = ("done", "failed", "cancelled", "interrupted")


class InvalidEntry(ValueError):
    """An entry that cannot be stored; the message begins with the key."""


def validate(entry: object) -> dict[str, Any]:
    """The entry with defaults filled in. Raises InvalidEntry."""
    if not isinstance(entry, dict):
        raise InvalidEntry("it is not an object")
    texts = {name: _read_text(entry, name, length) for name, length in TEXT_FIELDS.items()}
    if not texts["framework"]:
        raise InvalidEntry("framework is missing")
    numbers = {
        name: _read_number(entry, name) for name in (*INTEGER_FIELDS, *NUMBER_FIELDS) if entry.get(name) is not None
    }
    for name in INTEGER_FIELDS.keys() & numbers.keys():
        if numbers[name] != int(numbers[name]):
            raise InvalidEntry(f"{name} is {numbers[name]!r}, not an integer")
    validated = {**texts, **numbers, "endpoint": texts["endpoint"] or "/", "method": texts["method"].upper() or "GET"}
    validated["timestamp"] = _parse_time(entry.get("timestamp"))
    for name, choices in (("validity", VALIDITIES), ("state", STATES)):
        if entry.get(name) is not None:
            if entry[name] not in choices:
                raise InvalidEntry(f"{name} is {entry[name]!r}, not one of {', '.join(choices)}")
            validated[name] = entry[name]
    reasons = entry.get("reasons") or []
    if not isinstance(reasons, list) or not all(
        isinstance(reason, str) and len(reason) <= 500 for reason in reasons[:50]
    ):
        raise InvalidEntry("reasons is not a list of strings")
    validated["reasons"] = reasons[:50]
    if entry.get("id") is not None:
        validated["id"] = _parse_id(entry["id"])
    return validated


def _read_text(entry: Mapping[str, Any], name: str, length: int) -> str:
    value = entry.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidEntry(f"{name} is {value!r:.50}, not a string")
    if len(value) > length:
        raise InvalidEntry(f"{name} is longer than {length} characters")
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidEntry(f"{name} contains a character that cannot be stored")
    return value.strip()


def _read_number(entry: Mapping[str, Any], name: str) -> float:
    value = entry[name]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InvalidEntry(f"{name} is {value!r:.50}, not a number")
    if not -MAX_NUMBER <= value <= MAX_NUMBER or (isinstance(value, float) and not math.isfinite(value)):
        raise InvalidEntry(f"{name} is {value!r:.50}, out of range")
    if value < 0:
        raise InvalidEntry(f"{name} is negative: {value!r}")
    return value


def _parse_time(value: object) -> datetime:
    if not isinstance(value, str):
        raise InvalidEntry("timestamp is missing" if value is None else f"timestamp is {value!r:.50}, not a string")
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidEntry(f"timestamp is {value!r:.50}, not an ISO 8601 time") from None
    if not 1990 < moment.year < 2200:
        raise InvalidEntry(f"timestamp is {value!r:.50}, out of range")
    return moment


def _parse_id(value: object) -> UUID:
    try:
        return UUID(str(value))
    except ValueError:
        raise InvalidEntry(f"id is {value!r:.50}, not a UUID") from None


def legacy_id(entry: Mapping[str, Any]) -> UUID:
    """A deterministic id, so that importing an entry again does not duplicate it."""
    keys = ("timestamp", "framework", "endpoint", "method", "reqPerSec", "totalReqs")
    return uuid5(NAMESPACE, "|".join(str(entry.get(key)) for key in keys))


def infer_validity(entry: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Validity and reasons for an entry without its own, from contradictions between its figures."""
    total, duration = entry.get("totalReqs", 0), entry.get("duration", 0)
    failed = entry.get("errors", 0) + entry.get("non2xx", 0)
    reasons = []
    if not total or not duration:
        reasons.append("It has no requests or no duration.")
    elif failed / max(1, total + entry.get("errors", 0)) > ERROR_RATE_LIMIT:
        reasons.append(f"{failed:.0f} of {total:.0f} requests failed.")
    if reasons:
        return "invalid", reasons
    rate = entry.get("reqPerSec", 0)
    if rate and abs(total / duration - rate) / rate > RATE_MISMATCH_LIMIT:
        reasons.append(f"{total:.0f} requests in {duration:g} s contradict {rate:g} requests/s.")
    return "unknown", reasons


def to_columns(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of a Run from a validated entry."""
    validity, reasons = infer_validity(entry)
    columns: dict[str, Any] = {column: entry[name] for name, column in NUMBER_FIELDS.items() if name in entry}
    columns |= {column: int(entry[name]) for name, column in INTEGER_FIELDS.items() if name in entry}
    columns |= {name: entry[name] for name in TEXT_FIELDS}
    # Zero latencies of a run without responses are not measurements.
    if not entry.get("totalReqs") and not any(entry.get(name) for name in LATENCY_FIELDS):
        columns |= {NUMBER_FIELDS[name]: None for name in LATENCY_FIELDS}
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
