"""`POST /api/benchmark/compare` over rows of the history."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from benchmarks.models import Run, RunState, Trial, Validity

pytestmark = pytest.mark.django_db


def create_run(framework: str, rates: list[float], **changes: Any) -> Run:
    columns: dict[str, Any] = {
        "framework": framework, "endpoint": "/simple", "method": "GET", "generator": "wrk", "connections": 100,
        "instances": 2, "state": RunState.DONE, "validity": Validity.VALID, "environment": {"key": "k"},
        "trials_planned": len(rates),
    }  # fmt: skip
    run = Run.objects.create(**columns | changes)
    for index, rate in enumerate([1.0, *rates]):
        Trial.objects.create(
            run=run, index=index, is_warmup=index == 0, started_at=timezone.now(), duration_s=10, requests=int(rate * 10),
            req_per_sec=rate, percentiles_ms={"50": 1.0, "99": 2.0 + index / 100},
            facts={"targetCpuSeconds": 5.0, "targetMemoryBytes": 100 * 2**20},
        )  # fmt: skip
    return run


def compare(base: object, new: object) -> tuple[int, Any]:
    client = APIClient(headers={"host": "127.0.0.1"})
    answer = client.post("/api/benchmark/compare", {"base": str(base), "new": str(new)}, format="json")
    return answer.status_code, answer.json()


def test_two_runs_get_a_verdict_in_words() -> None:
    base = create_run("express", [100.0, 101.0, 99.5, 100.5, 100.2])
    new = create_run("fastify", [112.0, 113.0, 111.5, 112.5, 112.2])
    status, shape = compare(base.pk, new.pk)

    assert (status, shape["verdict"], shape["base"], shape["new"]) == (200, "better", str(base.pk), str(new.pk))
    assert shape["text"] == "fastify is 12.0 % faster than express (between 10.9 % and 13.0 %, 5 trials each)."
    assert [(metric["metric"], metric["verdict"]) for metric in shape["metrics"]] == [
        ("reqPerSec", "better"), ("p50Latency", "same"), ("p99Latency", "same"), ("cpuMicrosPerRequest", "better"),
        ("memoryBytes", "same"),
    ]  # fmt: skip
    assert (shape["reasons"], shape["warnings"]) == ([], [])


def test_a_comparison_can_be_read_without_a_post() -> None:
    base = create_run("express", [100.0, 101.0, 99.5, 100.5, 100.2])
    new = create_run("fastify", [112.0, 113.0, 111.5, 112.5, 112.2])
    client = APIClient(headers={"host": "127.0.0.1"})
    read = client.get("/api/benchmark/compare", {"base": str(base.pk), "new": str(new.pk)})
    posted = compare(base.pk, new.pk)[1]

    assert (read.status_code, read.json() | {"timestamp": ""}) == (200, posted | {"timestamp": ""})
    missing = client.get("/api/benchmark/compare", {"base": str(base.pk)})
    assert (missing.status_code, list(missing.json()["fields"])) == (400, ["new"])


def test_runs_under_different_conditions_get_reasons_instead() -> None:
    base = create_run("express", [100.0] * 4)
    new = create_run(
        "fastify", [100.0] * 4, connections=50, environment={"key": "elsewhere"}, validity=Validity.INVALID
    )
    status, shape = compare(base.pk, new.pk)

    assert (status, shape["verdict"]) == (200, "no verdict")
    assert shape["reasons"] == [
        "fastify is invalid.",
        "They differ in connections: 100 and 50.",
        "They were measured on different machines or with different programs.",
    ]
    assert {metric["verdict"] for metric in shape["metrics"]} == {"no verdict"}


def test_only_finished_runs_can_be_compared() -> None:
    run, queued = create_run("express", [1.0]), create_run("express", [1.0], state=RunState.QUEUED)
    for other, status, code in (
        (uuid.uuid4(), 404, "run_not_found"), ("x", 404, "run_not_found"), (queued.pk, 409, "run_unfinished"), ("", 400, "bad_request"),
    ):  # fmt: skip
        answer = compare(run.pk, other)
        assert (answer[0], answer[1]["code"]) == (status, code)
