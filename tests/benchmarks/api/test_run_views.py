from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from rest_framework.test import APIClient

from benchmarks.api.run_serializers import RunRequestSerializer
from benchmarks.engine import generator_execution
from benchmarks.models import Run
from system.host.child_processes import identify
from tests.fixtures.ports import EXPRESS
from tests.fixtures.target_server import run_target

pytestmark = pytest.mark.django_db
URL = "/api/benchmark/run"


@pytest.fixture
def client() -> APIClient:
    return APIClient(headers={"host": "127.0.0.1"})


@pytest.fixture
def active_run() -> Run:
    """An active run, so that queued runs wait and no process is started."""
    identity = identify(os.getpid())
    assert identity
    return Run.objects.create(
        framework="node", endpoint="/simple", generator="wrk", state="running", planned_duration_s=30,
        pid=identity.pid, pid_started_at=identity.started_at, boot_id=identity.boot_id,
    )  # fmt: skip


@pytest.fixture
def allow_listed_host(settings: Any) -> Iterator[str]:
    with run_target() as port:
        settings.BENCH_TARGETS = (f"127.0.0.1:{port}",)
        yield f"127.0.0.1:{port}"


@pytest.mark.parametrize(
    "field",
    [
        {"duration": 0}, {"duration": 3601}, {"duration": "6; x"}, {"duration": True}, {"duration": 1.5},
        {"connections": 10_001}, {"pipelining": 101}, {"workers": 65}, {"trials": 51}, {"instances": 0},
        {"rate": 0}, {"rate": 1.5}, {"profile": "wild"}, {"generator": "ab"}, {"method": "BREW"}, {"headers": {"Host": "evil"}},
        {"headers": {"X": "a\r\nb"}}, {"headers": []}, {"endpoint": "-x"}, {"host": 7}, {"label": "x" * 201},
        {"body": "\ud800"},
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_400_with_its_field(client: APIClient, field: dict[str, Any]) -> None:
    body = RunRequestSerializer(data={"framework": "fastify", **field})

    assert not body.is_valid()
    assert list(body.errors) == list(field)


def test_queued_and_active_runs_are_listed(client: APIClient, active_run: Run) -> None:
    answer = client.get("/api/benchmark/runs").json()

    assert answer["lastResult"] is None
    assert answer["runs"] == [
        {
            "id": str(active_run.pk), "state": "running", "position": 0, "framework": "node", "endpoint": "/simple",
            "method": "GET", "label": "", "generator": "wrk", "connections": active_run.connections, "phase": "running",
            "trial": 0, "trials": active_run.trials_planned, "elapsedSeconds": 0.0,
            "remainingSeconds": answer["runs"][0]["remainingSeconds"], "reqPerSec": None,
        }
    ]  # fmt: skip


def test_an_unknown_framework_is_404(client: APIClient) -> None:
    answer = client.post(URL, {"framework": "koa"}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_framework")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"endpoint": "/nothing"}, 400, "bad_request"),
        ({"endpoint": "/simple", "method": "POST"}, 400, "bad_request"),
        ({"host": "localhost:6379"}, 400, "target_not_allowed"),
        ({"host": "169.254.169.254"}, 400, "target_not_allowed"),
        ({"host": f"localhost:{EXPRESS}"}, 400, "bad_request"),
        ({}, 409, "target_not_running"),
    ],
)
def test_a_run_that_cannot_be_measured_is_refused(
    client: APIClient, changes: dict[str, Any], status: int, code: str
) -> None:
    answer = client.post(URL, {"framework": "fastify", **changes}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert Run.objects.count() == 0


@pytest.mark.real
def test_a_run_is_accepted_with_the_defaults(client: APIClient, active_run: Run, allow_listed_host: str) -> None:
    answer = client.post(URL, {"framework": "fastify", "host": allow_listed_host, "instances": 3}, format="json")

    run = Run.objects.get(state="queued")
    assert answer.status_code == 202
    assert answer["Location"] == f"/api/benchmark/runs/{run.pk}"
    assert answer.json() == {
        "status": "accepted",
        "message": f"Queued GET /simple of fastify with {run.generator}, 1 ahead of it.",
        "benchmark": {
            "id": str(run.pk), "state": "queued", "position": 1, "framework": "fastify", "host": allow_listed_host,
            "endpoint": "/simple", "method": "GET", "duration": 20.0, "instances": 3, "connections": 150,
            "workers": 4, "pipelining": 1, "generator": run.generator, "trials": 1, "profile": "", "rate": None,
            "label": "", "protocol": "http1", "insecure": False, "expect": [],
        },
    }  # fmt: skip


@pytest.mark.real
@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"protocol": "h2", "generator": "autocannon"}, "protocol", "bad_request"),
        ({"protocol": "h2", "headers": {"Cookie": "a=b"}}, "headers", "secret_header_needs_argv"),
        ({"rate": 100, "headers": {"Cookie": "a=b"}}, "headers", "secret_header_needs_argv"),
        ({"profile": "sweep", "headers": {"Cookie": "a=b"}}, "headers", "secret_header_needs_argv"),
    ],
)
@pytest.mark.skipif("h2load" not in generator_execution.installed_generators(), reason="without it, that is the reason")
def test_what_no_generator_can_send_is_refused(
    client: APIClient, allow_listed_host: str, changes: dict[str, Any], field: str, code: str
) -> None:
    answer = client.post(URL, {"framework": "fastify", "host": allow_listed_host, **changes}, format="json")

    assert (answer.status_code, answer.json()["code"], list(answer.json()["fields"])) == (400, code, [field])
    assert Run.objects.count() == 0


@pytest.mark.real
def test_a_budget_is_kept_with_the_run(client: APIClient, active_run: Run, allow_listed_host: str) -> None:
    body = {"framework": "fastify", "host": allow_listed_host, "expect": [" p99 < 50 ms", "errors<=0", "errors<=0"]}
    answer = client.post(URL, body, format="json")

    run = Run.objects.get(state="queued")
    assert (answer.status_code, run.expect, run.budget) == (202, ["p99 < 50 ms", "errors<=0"], None)
    assert answer.json()["benchmark"]["expect"] == ["p99 < 50 ms", "errors<=0"]
    details = client.get(f"/api/benchmark/runs/{run.pk}").json()
    assert (details["expect"], details["result"]) == (["p99 < 50 ms", "errors<=0"], None)


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        (["p99<50ms", "p99<50"], "expect.1: 'p99<50' cannot be judged: the units of p99 are us, µs, ms, s."
         " Write it like 'p99 < 50ms'."),
        ("p99<50ms", 'expect: Expected a list of items but got type "str".'),
        ([5], "expect.0: Must be a string."),
        ([f"p99<{limit}ms" for limit in range(1, 22)], "expect: Ensure this field has no more than 20 elements."),
    ],
)  # fmt: skip
def test_a_budget_that_cannot_be_judged_is_refused(client: APIClient, expect: object, message: str) -> None:
    answer = client.post(URL, {"framework": "fastify", "expect": expect}, format="json")

    assert (answer.status_code, answer.json()["code"], list(answer.json()["fields"])) == (
        400,
        "bad_request",
        ["expect"],
    )
    assert message in answer.json()["message"]
    assert Run.objects.count() == 0


@pytest.mark.real
def test_a_rate_needs_a_generator_that_can_hold_it(client: APIClient, active_run: Run, allow_listed_host: str) -> None:
    body = {"framework": "fastify", "host": allow_listed_host, "rate": 500}
    refused = client.post(URL, {**body, "generator": "wrk"}, format="json")
    accepted = client.post(URL, body, format="json")

    assert (refused.status_code, list(refused.json()["fields"])) == (400, ["rate"])
    if "h2load" in generator_execution.installed_generators():
        accepted_run = accepted.json()["benchmark"]
        assert (accepted_run["generator"], accepted_run["rate"]) == ("h2load", 500.0)
    else:
        assert (accepted.status_code, accepted.json()["code"]) == (503, "generator_missing")


@pytest.mark.real
@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ({"rate": 500}, "A sweep tries one rate after another: leave the rate out, or the profile."),
        (
            {"pipelining": 2},
            "A sweep measures latency, which pipelined requests do not have one by one: leave it out.",
        ),
    ],
)
def test_a_sweep_chooses_its_rates(
    client: APIClient, active_run: Run, allow_listed_host: str, field: dict[str, Any], reason: str
) -> None:
    body = {"framework": "fastify", "host": allow_listed_host, "profile": "sweep"}
    answers = [client.post(URL, {**body, **more}, format="json") for more in (field, {"generator": "wrk"}, {})]

    assert [(answer.status_code, answer.json().get("fields")) for answer in answers[:2]] == [
        (400, {next(iter(field)): [reason]}),
        (400, {"profile": ["wrk cannot send at a fixed rate; h2load can."]}),
    ]
    if "h2load" in generator_execution.installed_generators():
        run = answers[2].json()["benchmark"]
        assert {name: run[name] for name in ("generator", "trials", "duration", "rate", "profile")} == {
            "generator": "h2load", "trials": 24, "duration": 5.0, "rate": None, "profile": "sweep",
        }  # fmt: skip
    else:
        assert (answers[2].status_code, answers[2].json()["code"]) == (503, "generator_missing")


@pytest.mark.real
def test_a_post_uses_the_registered_body(client: APIClient, active_run: Run, allow_listed_host: str) -> None:
    client.post(URL, {"framework": "fastify", "host": allow_listed_host, "endpoint": "/code"}, format="json")

    run = Run.objects.get(state="queued")
    assert (run.method, run.body) == ("POST", '{"name":"benchmark"}')


@pytest.mark.real
def test_the_eleventh_run_is_refused(client: APIClient, active_run: Run, allow_listed_host: str) -> None:
    body = {"framework": "fastify", "host": allow_listed_host}
    answers = [client.post(URL, body, format="json") for _ in range(11)]

    assert [answer.status_code for answer in answers] == [202] * 10 + [429]
    assert answers[-1].json()["code"] == "queue_full"
    assert int(answers[-1]["Retry-After"]) > 0


@pytest.mark.real
def test_a_queued_run_is_shown_cancelled_and_deleted(
    client: APIClient, active_run: Run, allow_listed_host: str
) -> None:
    client.post(URL, {"framework": "fastify", "host": allow_listed_host}, format="json")
    address = f"/api/benchmark/runs/{Run.objects.get(state='queued').pk}"

    assert client.get(address).json()["state"] == "queued"
    assert client.delete(address).json()["code"] == "run_unfinished"
    assert client.post(address + "/cancel").status_code == 200
    assert client.get(address).json()["state"] == "cancelled"
    assert client.post(address + "/cancel").json()["code"] == "run_finished"
    assert client.delete(address).status_code == 200
    assert client.get(address).json()["code"] == "run_not_found"


def test_a_malformed_id_is_404(client: APIClient) -> None:
    assert client.get("/api/benchmark/runs/1%20or%201").status_code == 404


def test_a_run_has_the_end_of_what_its_generator_printed(client: APIClient) -> None:
    run = Run.objects.create(
        framework="node", endpoint="/simple", state="done", req_per_sec=1.0, command=["wrk", "-t1", "http://127.0.0.1/"]
    )
    for index, output in enumerate(["warm\x1b[31m", "x" * 10 + "y" * 8192, ""]):
        run.trials.create(
            index=index, is_warmup=index == 0, started_at=run.created_at, duration_s=1.0, requests=1, req_per_sec=1.0,
            output=output,
        )  # fmt: skip

    body = client.get(f"/api/benchmark/runs/{run.pk}").json()

    assert body["command"] == ["wrk", "-t1", "http://127.0.0.1/"]
    assert body["outputs"] == [
        {"index": 0, "text": "warm\x1b[31m", "isCut": False},
        {"index": 1, "text": "y" * 8192, "isCut": True},
    ]
