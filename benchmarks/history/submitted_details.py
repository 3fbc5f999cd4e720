"""What travels with a result beside its figures: trials, gates, samples, environment; checked, made columns. [pure]"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from benchmarks.history.submitted_result import BadEntry

MAX_TRIALS, MAX_GATES, MAX_SAMPLES = 60, 100, 1000
MAX_TEXT = 500
MAX_HISTOGRAM = 64 * 1024
MAX_OUTPUT = 64 * 1024
GATE_STATES = ("pass", "warn", "fail", "unknown")
LARGEST = 2**53
# Wire name → column; True: it must be there.
TRIAL_WHOLE = {
    "totalReqs": ("requests", True), "errors": ("errors", False), "timeouts": ("timeouts", False),
    "non2xx": ("non_2xx", False), "bytesRead": ("bytes_read", False),
}  # fmt: skip
TRIAL_NUMBERS = {
    "duration": ("duration_s", True), "reqPerSec": ("req_per_sec", True), "avgLatency": ("avg_latency_ms", False),
    "maxLatency": ("max_latency_ms", False),
}  # fmt: skip
HISTOGRAMS = {"raw": "histogram", "corrected": "corrected_histogram", "probe": "probe_histogram"}
RUN_TEXTS = {"host": ("host", 255), "generatorVersion": ("generator_version", 100), "profile": ("profile", 20)}
RUN_WHOLE = {"memoryBytes": "memory_bytes", "connectionsUsed": "connections_used"}
LISTS = ("trialResults", "gates", "samples", "environment", "command")


@dataclass(frozen=True, slots=True)
class Parts:
    """Columns of a run, and of each of its trials."""

    run: dict[str, Any]
    trials: tuple[dict[str, Any], ...]


def parts_of(entry: Mapping[str, Any]) -> Parts:
    """Raises BadEntry. What is not there stays at its default."""
    run: dict[str, Any] = {
        column: _text(entry[name], name, length) for name, (column, length) in RUN_TEXTS.items() if _has(entry, name)
    }
    run |= {column: int(_number(entry[name], name)) for name, column in RUN_WHOLE.items() if _has(entry, name)}
    if _has(entry, "rate"):
        run["rate_per_second"] = _number(entry["rate"], "rate")
    if _has(entry, "gates"):
        run["gates"] = [_gate(each) for each in _list(entry["gates"], "gates", MAX_GATES)]
    if _has(entry, "samples"):
        run["samples"] = [_sample(each) for each in _list(entry["samples"], "samples", MAX_SAMPLES)]
    if _has(entry, "command"):
        run["command"] = [_text(each, "command", 4096) for each in _list(entry["command"], "command", 200)]
    if _has(entry, "environment"):
        run["environment"] = _object(entry["environment"], "environment")
    trials = [_trial(each) for each in _list(entry.get("trialResults") or [], "trialResults", MAX_TRIALS)]
    if len({trial["index"] for trial in trials}) < len(trials):
        raise BadEntry("trialResults has an index twice")
    return Parts(run, tuple(trials))


def without_parts(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry as it is worth keeping untouched: its figures."""
    return {name: value for name, value in entry.items() if name not in LISTS}


def _has(entry: Mapping[str, Any], name: str) -> bool:
    return entry.get(name) is not None


def _text(value: object, name: str, length: int) -> str:
    if not isinstance(value, str) or len(value) > length or "\0" in value:
        raise BadEntry(f"{name} is no text of at most {length} characters")
    return value.encode(errors="replace").decode()


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= LARGEST:
        raise BadEntry(f"{name} is {value!r:.50}, not a number from 0")
    return value


def _list(value: object, name: str, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise BadEntry(f"{name} is no list of at most {most}")
    return value


def _object(value: object, name: str) -> dict[str, Any]:
    """Plain JSON, without what a database cannot take."""
    if not isinstance(value, dict):
        raise BadEntry(f"{name} is no object")
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise BadEntry(f"{name} holds a lone surrogate") from None
    except (ValueError, RecursionError):
        raise BadEntry(f"{name} holds what JSON has no word for") from None
    if b"\\u0000" in text:
        raise BadEntry(f"{name} holds a character that cannot be kept")
    return value


def _gate(value: object) -> dict[str, Any]:
    gate = _object(value, "gates")
    if gate.get("state") not in GATE_STATES:
        raise BadEntry(f"gates has a state that is none of {', '.join(GATE_STATES)}")
    numbers = {name: None if gate.get(name) is None else _signed(gate[name], "gates") for name in ("value", "trial")}
    texts = {name: _text(gate.get(name), f"gates.{name}", MAX_TEXT) for name in ("code", "message")}
    return {"code": texts["code"], "state": gate["state"], "message": texts["message"], **numbers}


def _signed(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise BadEntry(f"{name} has {value!r:.50} for a number")
    return value


def _sample(value: object) -> dict[str, Any]:
    sample = _object(value, "samples")
    if len(sample) > 20 or any(
        each is not None and (isinstance(each, bool) or not isinstance(each, (int, float))) for each in sample.values()
    ):
        raise BadEntry("samples holds something other than numbers")
    return sample


def _trial(value: object) -> dict[str, Any]:
    trial = _object(value, "trialResults")
    columns: dict[str, Any] = {"index": int(_number(trial.get("index"), "trialResults.index"))}
    columns["is_warmup"] = columns["index"] == 0
    for names, kind in ((TRIAL_WHOLE, int), (TRIAL_NUMBERS, float)):
        for name, (column, is_needed) in names.items():
            if is_needed or _has(trial, name):
                columns[column] = kind(_number(trial.get(name), f"trialResults.{name}"))
    columns["started_at"] = _time(trial.get("startedAt"))
    percentiles = _object(trial.get("percentiles") or {}, "percentiles")
    columns["percentiles_ms"] = {
        _text(name, "percentiles", 10): _number(percentiles[name], "percentiles") for name in list(percentiles)[:20]
    }
    columns["facts"] = _object(trial.get("facts") or {}, "facts")
    columns["output"] = _text(trial.get("output") or "", "output", MAX_OUTPUT)
    told = _object(trial.get("histograms") or {}, "histograms")
    columns |= {column: _text(told.get(name) or "", "histograms", MAX_HISTOGRAM) for name, column in HISTOGRAMS.items()}
    return columns


def _time(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise BadEntry("trialResults.startedAt is not an ISO 8601 time") from None
    if moment.tzinfo is None or not 1990 < moment.year < 2200:
        raise BadEntry("trialResults.startedAt is out of range, or has no time zone")
    return moment
