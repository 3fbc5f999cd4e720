"""Validates a submitted result's trials, gates, samples and environment; converts them to columns. [pure]"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from benchmarks.engine.run_figures import TrialFigures
from benchmarks.history.submitted_result import InvalidEntry, columns_of_type

MAX_TRIALS, MAX_GATES, MAX_SAMPLES = 60, 100, 1000
MAX_TEXT = 500
MAX_HISTOGRAM = 64 * 1024
MAX_OUTPUT = 64 * 1024
GATE_STATES = ("pass", "warn", "fail", "unknown")
MAX_NUMBER = 2**53
TRIAL_INTEGERS = columns_of_type(TrialFigures, int)
TRIAL_NUMBERS = columns_of_type(TrialFigures, float)
REQUIRED_OF_TRIALS = ("index", "totalReqs", "duration", "reqPerSec")
HISTOGRAM_COLUMNS = {"raw": "histogram", "corrected": "corrected_histogram", "probe": "probe_histogram"}
RUN_TEXTS = {"host": ("host", 255), "generatorVersion": ("generator_version", 100), "profile": ("profile", 20)}
DETAIL_FIELDS = ("trialResults", "gates", "samples", "environment", "command")


@dataclass(frozen=True, slots=True)
class SubmittedDetails:
    """Columns of the run and of each of its trials."""

    run: dict[str, Any]
    trials: tuple[dict[str, Any], ...]


def details_to_columns(entry: Mapping[str, Any]) -> SubmittedDetails:
    """Raises InvalidEntry. Missing keys are omitted, so their columns keep their defaults."""
    run: dict[str, Any] = {
        column: _check_text(entry[name], name, length)
        for name, (column, length) in RUN_TEXTS.items()
        if _has(entry, name)
    }
    if _has(entry, "connectionsUsed"):
        run["connections_used"] = int(_check_number(entry["connectionsUsed"], "connectionsUsed"))
    if _has(entry, "gates"):
        run["gates"] = [_check_gate(gate) for gate in _check_list(entry["gates"], "gates", MAX_GATES)]
    if _has(entry, "samples"):
        run["samples"] = [_check_sample(sample) for sample in _check_list(entry["samples"], "samples", MAX_SAMPLES)]
    if _has(entry, "command"):
        run["command"] = [
            _check_text(argument, "command", 4096) for argument in _check_list(entry["command"], "command", 200)
        ]
    if _has(entry, "environment"):
        run["environment"] = _check_object(entry["environment"], "environment")
    trials = [
        _trial_columns(trial) for trial in _check_list(entry.get("trialResults") or [], "trialResults", MAX_TRIALS)
    ]
    if len({trial["index"] for trial in trials}) < len(trials):
        raise InvalidEntry("trialResults has a duplicate index")
    return SubmittedDetails(run, tuple(trials))


def without_details(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry without its details, to be stored unchanged."""
    return {name: value for name, value in entry.items() if name not in DETAIL_FIELDS}


def _has(entry: Mapping[str, Any], name: str) -> bool:
    return entry.get(name) is not None


def _check_text(value: object, name: str, length: int) -> str:
    if not isinstance(value, str) or len(value) > length or "\0" in value:
        raise InvalidEntry(f"{name} is not a string of at most {length} characters")
    return value.encode(errors="replace").decode()


def _check_number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= MAX_NUMBER:
        raise InvalidEntry(f"{name} is {value!r:.50}, not a number of at least 0")
    return value


def _check_list(value: object, name: str, max_length: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > max_length:
        raise InvalidEntry(f"{name} is not a list of at most {max_length}")
    return value


def _check_object(value: object, name: str) -> dict[str, Any]:
    """Require a JSON object without NaN, NUL or lone surrogates, which the database rejects."""
    if not isinstance(value, dict):
        raise InvalidEntry(f"{name} is not an object")
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InvalidEntry(f"{name} contains a lone surrogate") from None
    except (ValueError, RecursionError):
        raise InvalidEntry(f"{name} contains a value that JSON cannot represent") from None
    if b"\\u0000" in text:
        raise InvalidEntry(f"{name} contains a character that cannot be stored")
    return value


def _check_gate(value: object) -> dict[str, Any]:
    gate = _check_object(value, "gates")
    if gate.get("state") not in GATE_STATES:
        raise InvalidEntry(f"gates has a state other than {', '.join(GATE_STATES)}")
    numbers = {
        name: None if gate.get(name) is None else _check_signed_number(gate[name], "gates")
        for name in ("value", "trial")
    }
    texts = {name: _check_text(gate.get(name), f"gates.{name}", MAX_TEXT) for name in ("code", "message")}
    return {"code": texts["code"], "state": gate["state"], "message": texts["message"], **numbers}


def _check_signed_number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InvalidEntry(f"{name} has {value!r:.50}, not a number")
    return value


def _check_sample(value: object) -> dict[str, Any]:
    sample = _check_object(value, "samples")
    if len(sample) > 20 or any(
        number is not None and (isinstance(number, bool) or not isinstance(number, (int, float)))
        for number in sample.values()
    ):
        raise InvalidEntry("samples contains values other than numbers")
    return sample


def _trial_columns(value: object) -> dict[str, Any]:
    trial = _check_object(value, "trialResults")
    columns: dict[str, Any] = {}
    for names, kind in ((TRIAL_INTEGERS, int), (TRIAL_NUMBERS, float)):
        for name, column in names.items():
            if name in REQUIRED_OF_TRIALS or _has(trial, name):
                columns[column] = kind(_check_number(trial.get(name), f"trialResults.{name}"))
    columns["is_warmup"] = columns["index"] == 0
    columns["started_at"] = _parse_time(trial.get("startedAt"))
    percentiles = _check_object(trial.get("percentiles") or {}, "percentiles")
    columns["percentiles_ms"] = {
        _check_text(name, "percentiles", 10): _check_number(percentiles[name], "percentiles")
        for name in list(percentiles)[:20]
    }
    columns["facts"] = _check_object(trial.get("facts") or {}, "facts")
    columns["output"] = _check_text(trial.get("output") or "", "output", MAX_OUTPUT)
    histograms = _check_object(trial.get("histograms") or {}, "histograms")
    columns |= {
        column: _check_text(histograms.get(name) or "", "histograms", MAX_HISTOGRAM)
        for name, column in HISTOGRAM_COLUMNS.items()
    }
    return columns


def _parse_time(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise InvalidEntry("trialResults.startedAt is not an ISO 8601 time") from None
    if moment.tzinfo is None or not 1990 < moment.year < 2200:
        raise InvalidEntry("trialResults.startedAt is out of range, or has no time zone")
    return moment
