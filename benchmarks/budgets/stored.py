"""Reads budgets and trials that were stored or sent, from any JSON, and finds contradictions. [pure]"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.analysis import histogram
from benchmarks.analysis.measurement import Latencies, Measurement
from benchmarks.budgets.evidence import BudgetTrial
from benchmarks.budgets.expectation import Expectation
from benchmarks.budgets.judgement import (
    JUDGEMENTS,
    Budget,
    BudgetInput,
    BudgetItem,
    Judgement,
    decide,
    judge,
    overall,
)


def parse_budget(value: object) -> Budget | None:
    """None for anything but a budget; items that are none are left out, and the judgement is that of the others."""
    if not isinstance(value, Mapping) or not isinstance(value.get("items"), list):
        return None
    items = tuple(item for item in map(_parse_item, value["items"]) if item)
    return Budget(overall([item.met for item in items]), items) if items else None


def _parse_item(value: object) -> BudgetItem | None:
    if not isinstance(value, Mapping) or value.get("met") not in JUDGEMENTS or not isinstance(value.get("text"), str):
        return None
    message = value.get("message")
    return BudgetItem(
        text=value["text"],
        met=value["met"],
        value=_number(value.get("value")),
        low=_number(value.get("low")),
        high=_number(value.get("high")),
        message=message if isinstance(message, str) else "",
    )


def _number(value: object) -> float | None:
    """A finite number from 0 on, as all figures are."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 <= value <= sys.float_info.max else None


def find_contradiction(expectations: Sequence[Expectation], sent: Budget, objection: str) -> str:
    """Which item of a budget that somebody sent claims what its own interval does not show, in a sentence; empty if
    none does. `objection`: why nothing of the run is shown; empty if it may be."""
    limits = {expectation.text: expectation for expectation in expectations}
    for item in sent.items:
        if item.met == Judgement.NOT_SHOWN or item.text not in limits:
            continue
        if objection:
            return f"{item.text} cannot be {item.met}. {objection}"
        if decide(limits[item.text], item.low, item.high) != item.met:
            return f"{item.text} cannot be {item.met} with an interval from {item.low} to {item.high}."
    return ""


def complete(expectations: Sequence[Expectation], sent: Budget | None, run: BudgetInput) -> Budget | None:
    """The budget that was sent, with what it lacks judged by the trials."""
    judged, items = judge(expectations, run), {item.text: item for item in (sent.items if sent else ())}
    if judged is None:
        return None
    completed = tuple(items.get(item.text, item) for item in judged.items)
    return Budget(overall([item.met for item in completed]), completed)


def trial_of(columns: Mapping[str, Any], resolution_us: int) -> BudgetTrial:
    """A trial from the columns of its row. Those that a submitted one may lack count as 0 or unknown.

    `resolution_us`: of its load generator.
    """
    responses, duration_s = int(columns["requests"]), float(columns["duration_s"])
    successes = min(responses, round(float(columns["req_per_sec"]) * duration_s))
    facts, percentiles = columns.get("facts") or {}, columns.get("percentiles_ms") or {}
    latencies: Latencies = histogram.decode(columns.get("histogram") or "")
    cpu_s, memory = _number(facts.get("targetCpuSeconds")), _number(facts.get("targetMemoryBytes"))
    measurement = Measurement(
        duration_s=duration_s, responses=responses, successes=successes, errors=columns.get("errors") or 0,
        timeouts=columns.get("timeouts") or 0, non_2xx=columns.get("non_2xx") or 0, bytes_read=0,
        mean_ms=_number(columns.get("avg_latency_ms")), max_ms=_number(columns.get("max_latency_ms")),
        percentiles_ms={name: number for name, value in percentiles.items() if (number := _number(value)) is not None},
        latencies_us=latencies, connections_used=0, resolution_us=resolution_us,
    )  # fmt: skip
    return BudgetTrial(measurement, 1e6 * cpu_s / responses if cpu_s and responses else None, memory)
