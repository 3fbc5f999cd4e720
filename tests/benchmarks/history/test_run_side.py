"""`POST /api/benchmark/compare` over rows of the history."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from benchmarks.models import Run, RunState, Trial, Validity

pytestmark = pytest.mark.django_db


def made(framework: str, rates: list[float], **changes: Any) -> Run:
    facts: dict[str, Any] = {
        "framework": framework, "endpoint": "/simple", "method": "GET", "generator": "wrk", "connections": 100,
        "instances": 2, "state": RunState.DONE, "validity": Validity.VALID, "environment": {"key": "k"},
        "trials_planned": len(rates),
    }  # fmt: skip
    run = Run.objects.create(**facts | changes)
    for index, rate in enumerate([1.0, *rates]):
        Trial.objects.create(
            run=run, index=index, is_warmup=index == 0, started_at=timezone.now(), duration_s=10, requests=int(rate * 10),
            req_per_sec=rate, percentiles_ms={"50": 1.0, "99": 2.0 + index / 100},
            facts={"targetCpuSeconds": 5.0, "targetMemoryBytes": 100 * 2**20},
        )  # fmt: skip
    return run


def compared(base: object, new: object) -> tuple[int, Any]:
    client = APIClient(headers={"host": "127.0.0.1"})
    answer = client.post("/api/benchmark/compare", {"base": str(base), "new": str(new)}, format="json")
    return answer.status_code, answer.json()


def test_two_runs_get_a_verdict_in_words() -> None:
    base = made("express", [100.0, 101.0, 99.5, 100.5, 100.2])
    new = made("fastify", [112.0, 113.0, 111.5, 112.5, 112.2])
    status, shape = compared(base.pk, new.pk)

    assert (status, shape["verdict"], shape["base"], shape["new"]) == (200, "better", str(base.pk), str(new.pk))
    assert shape["text"] == "fastify is 12.0 % faster than express (between 10.9 % and 13.0 %, 5 trials each)."
    assert [(each["metric"], each["verdict"]) for each in shape["metrics"]] == [
        ("reqPerSec", "better"), ("p50Latency", "same"), ("p99Latency", "same"), ("cpuMicrosPerRequest", "better"),
        ("memoryBytes", "same"),
    ]  # fmt: skip
    assert (shape["reasons"], shape["warnings"]) == ([], [])


def test_unlike_runs_get_none_and_the_reasons() -> None:
    base = made("express", [100.0] * 4)
    new = made("fastify", [100.0] * 4, connections=50, environment={"key": "elsewhere"}, validity=Validity.INVALID)
    status, shape = compared(base.pk, new.pk)

    assert (status, shape["verdict"]) == (200, "no verdict")
    assert shape["reasons"] == [
        "fastify is invalid.",
        "They differ in connections: 100 and 50.",
        "They were measured on different machines or with different programs.",
    ]
    assert {each["verdict"] for each in shape["metrics"]} == {"no verdict"}


def test_what_is_no_finished_run_is_told() -> None:
    run, going = made("express", [1.0]), made("express", [1.0], state=RunState.QUEUED)
    for other, status, code in (
        (uuid.uuid4(), 404, "run_not_found"), ("x", 404, "run_not_found"), (going.pk, 409, "run_unfinished"), ("", 400, "bad_request"),
    ):  # fmt: skip
        answer = compared(run.pk, other)
        assert (answer[0], answer[1]["code"]) == (status, code)
