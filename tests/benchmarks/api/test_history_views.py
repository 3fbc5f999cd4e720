"""The history over REST."""

from __future__ import annotations

import csv
import io
import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.test import AsyncClient, Client, override_settings
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from benchmarks.history import completed
from benchmarks.models import Run, RunState
from tests.fixtures.ports import FASTIFY

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 1, tzinfo=UTC)
RESULT_KEYS = {
    "id", "timestamp", "framework", "endpoint", "method", "reqPerSec", "avgLatency", "p50Latency", "p90Latency", "p99Latency",
    "totalReqs", "duration", "connections", "workers", "pipelining", "errors", "timeouts", "non2xx", "instances", "generator",
    "trials", "validity", "reasons", "reqPerSecLow", "reqPerSecHigh", "p95Latency", "p999Latency", "cpuMicrosPerRequest", "memoryBytes",
    "saturation", "source", "label", "target", "url", "protocol", "tls", "budget", "sweep",
}  # fmt: skip


def client() -> Client:
    return Client(headers={"Host": "localhost", "Accept": "application/json"})


def run(minute: int, framework: str = "fastify", **columns: Any) -> Run:
    figures = {"req_per_sec": 1000.0 + minute, "avg_latency_ms": 2.0, "total_requests": 10, "duration_s": 1.0}
    values = {"endpoint": "/simple", "method": "GET", "state": RunState.DONE, "validity": "valid", **figures, **columns}
    return Run.objects.create(framework=framework, at=START + timedelta(minutes=minute), **values)


def get(path: str) -> Any:
    answer = client().get("/api/benchmark/" + path)
    assert answer.status_code == 200, answer.content
    return answer.json()


def rates(shape: Any) -> list[float]:
    return [row["reqPerSec"] for row in shape["results"]]


async def text(path: str) -> tuple[str, Any]:
    """The complete text of a streamed response, and its headers."""
    with override_settings(API_OPEN=True):
        answer = await AsyncClient().get("/api/benchmark/" + path)
    assert answer.status_code == 200
    return "".join([piece.decode() async for piece in answer.streaming_content]), answer.headers  # type: ignore[attr-defined]


@pytest.fixture
def some_runs() -> None:
    for minute in range(5):
        run(minute)
    run(5, "express", validity="invalid", req_per_sec=9.0)
    run(6, "express", endpoint="/code", method="POST")
    Run.objects.create(framework="fastify", endpoint="/simple", state=RunState.QUEUED)
    Run.objects.create(framework="fastify", endpoint="/simple", state=RunState.FAILED)


@pytest.mark.usefixtures("some_runs")
def test_latest() -> None:
    shape = get("latest?count=3")

    assert (rates(shape), shape["count"]) == ([1006.0, 9.0, 1004.0], 3)
    assert shape["results"][0].keys() == RESULT_KEYS
    assert len(get("latest")["results"]) == 7


@pytest.mark.usefixtures("some_runs")
@pytest.mark.django_db(transaction=True)  # the stream reads in another thread
async def test_everything_is_streamed() -> None:
    content, headers = await text("all")

    assert headers["Content-Type"] == "application/json"
    shape = json.loads(content)
    assert (rates(shape), shape["count"]) == ([1006.0, 9.0, 1004.0, 1003.0, 1002.0, 1001.0, 1000.0], 7)
    assert rates(json.loads((await text("all?framework=express&validity=valid"))[0])) == [1006.0]
    since = "2026-01-01T00:02:00Z"
    assert rates(json.loads((await text(f"all?since={since}&until=2026-01-01T00:04:00Z"))[0])) == [1003.0, 1002.0]


@pytest.mark.usefixtures("some_runs")
def test_pages_cover_everything_once() -> None:
    paged_rates: list[float] = []
    cursor: str | None = ""
    while cursor is not None:
        shape = get(f"all?limit=3&cursor={cursor}")
        assert shape["total"] == 7
        paged_rates += rates(shape)
        cursor = shape["next"]

    assert paged_rates == [1006.0, 9.0, 1004.0, 1003.0, 1002.0, 1001.0, 1000.0]


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("EXPR", [1006.0, 9.0]),
        ("/code", [1006.0]),
        ("nightly", [1004.0, 1001.0]),
        ("nightly 5", [1004.0]),
        ("get expr", [9.0]),
        ("%25", [1004.0]),
        ("_", []),
        ("fastify&validity=invalid", []),
        ("express&validity=invalid", [9.0]),
    ],
)
@pytest.mark.usefixtures("some_runs")
def test_a_search_finds_words_in_framework_method_endpoint_and_label(search: str, expected: list[float]) -> None:
    Run.objects.filter(req_per_sec=1004.0).update(label="Nightly 5 %")
    Run.objects.filter(req_per_sec=1001.0).update(label="the nightly build")

    shape = get(f"all?limit=10&search={search}")

    assert (rates(shape), shape["total"]) == (expected, len(expected))


@pytest.mark.usefixtures("some_runs")
def test_a_search_reads_a_bounded_number_of_the_newest_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completed, "SEARCHED_RUNS", 4)
    shape = get("all?limit=10&search=fastify")

    assert (rates(shape), shape["total"]) == ([1004.0, 1003.0], 2)
    assert rates(get("all?limit=10&search=fastify&until=2026-01-01T00:04:00Z")) == [1003.0]


@pytest.mark.usefixtures("some_runs")
@pytest.mark.django_db(transaction=True)  # the stream reads in another thread
async def test_by_framework() -> None:
    shape = json.loads((await text("by-framework/express"))[0])
    assert (shape["framework"], rates(shape), shape["count"]) == ("express", [1006.0, 9.0], 2)
    assert shape.keys() == {"results", "count", "framework", "timestamp"}
    for name in ("koa", "%E5%90%8D", "a%2Fb", "%00", "..", "%3Cscript%3E"):
        unknown = json.loads((await text(f"by-framework/{name}"))[0])
        assert (unknown["results"], unknown["count"]) == ([], 0)
    assert json.loads((await text("by-framework/%22%7D"))[0])["framework"] == '"}'


@pytest.mark.usefixtures("some_runs")
def test_latest_by_framework() -> None:
    results = get("latest-by-framework")["results"]

    assert {key: row["reqPerSec"] for key, row in results.items()} == {
        "fastify:/simple:GET": 1004.0, "express:/simple:GET": 9.0, "express:/code:POST": 1006.0,
    }  # fmt: skip


@pytest.mark.usefixtures("some_runs")
def test_stats_count_invalid_results_only_in_the_total() -> None:
    assert get("stats")["stats"] == {
        "total": 7,
        "byFramework": {
            "express": {
                "count": 1,
                "avgReqPerSec": 1006.0,
                "maxReqPerSec": 1006.0,
                "minReqPerSec": 1006.0,
                "avgLatency": 2.0,
            },
            "fastify": {
                "count": 5,
                "avgReqPerSec": 1002.0,
                "maxReqPerSec": 1004.0,
                "minReqPerSec": 1000.0,
                "avgLatency": 2.0,
            },
        },
    }


QUERIES = [
    "latest?count=0", "latest?count=1001", "latest?count=x", "latest?count=1e3", "latest?count=-1", "latest?count=1;DROP",
    "all?limit=0", "all?limit=NaN", "all?cursor=!!", "all?cursor=MjAyNg", "all?limit=5&cursor=" + "A" * 150, "all?since=soon",
    "all?validity=perfect", "all?framework=%00", "export?format=exe", "all?until=2026-13-01",
]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_an_invalid_query_is_400(query: str) -> None:
    answer = client().get("/api/benchmark/" + query)

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["latest", "stats", "latest-by-framework", "all"]),
    st.dictionaries(
        st.sampled_from(["count", "limit", "cursor", "framework", "since", "method"]), st.text(max_size=20), min_size=1
    ),
)
def test_no_query_causes_a_server_error(path: str, query: dict[str, str]) -> None:
    encodable = {key: value.encode("utf-8", "replace").decode() for key, value in query.items()}

    assert client().get(f"/api/benchmark/{path}", {"limit": "5", **encodable}).status_code in (200, 400)


ADDED = {
    "framework": "go",
    "reqPerSec": 12.5,
    "endpoint": "/simple",
    "totalReqs": 250,
    "duration": 20,
    "label": "laptop",
}


def test_a_submitted_result_is_stored_once() -> None:
    entry = {**ADDED, "id": "7b3b0d5e-8c9f-4a47-9d5e-2f1f6a1f0001", "timestamp": "2026-02-03T04:05:06Z"}

    first = client().post("/api/benchmark/add", entry, content_type="application/json")
    second = client().post("/api/benchmark/add", {**entry, "reqPerSec": 99}, content_type="application/json")

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["result"] == second.json()["result"] == get("latest")["results"][0]
    stored = first.json()["result"]
    assert {key: stored[key] for key in (*entry, "source", "method")} == {
        **entry, "timestamp": "2026-02-03T04:05:06.000Z", "source": "client", "method": "GET",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({"framework": "go"}, "reqPerSec"), ({"reqPerSec": 5}, "framework"), ({**ADDED, "reqPerSec": "5"}, "reqPerSec"),
        ({**ADDED, "reqPerSec": -5}, "reqPerSec"), ({**ADDED, "id": 5}, "id"), ({**ADDED, "endpoint": "x" * 501}, "endpoint"),
        ({**ADDED, "reasons": [1]}, "reasons"), ({**ADDED, "totalReqs": 2**70}, "totalReqs"),
    ],
)  # fmt: skip
def test_a_bad_result_is_refused_by_field(entry: dict[str, Any], field: str) -> None:
    answer = client().post("/api/benchmark/add", entry, content_type="application/json")

    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [field]
    assert not Run.objects.exists()


def test_reload_reads_the_file_again(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / ".bench-history.json"
    settings.BENCH_HISTORY_FILES = (path,)
    assert (
        client().post("/api/benchmark/reload").json()["message"]
        == f"There is no history to import. Looked for: {path}."
    )

    path.write_text(json.dumps({"results": [{**ADDED, "timestamp": "2026-01-01T00:00:00Z"}, {}]}))
    answer = client().post("/api/benchmark/reload").json()
    assert (answer["imported"], answer["skipped"], answer["bad"]) == (
        1,
        0,
        [{"index": 1, "reason": "timestamp: This field is required. framework: This field is required."}],
    )

    path.write_text('{"results": [\n!')
    failed = client().post("/api/benchmark/reload")
    assert (failed.status_code, failed.json()["code"]) == (422, "history_unreadable")
    assert failed.json()["fields"] == {"path": str(path), "line": 2, "column": 1}
    assert Run.objects.count() == 1


@pytest.mark.usefixtures("some_runs")
def test_clear_writes_an_export_first(settings: Settings, tmp_path: Path) -> None:
    settings.BACKUP_DIR = tmp_path / "backups"

    answer = client().delete("/api/benchmark/clear").json()

    backup = Path(answer["backup"])
    assert (answer["success"], answer["deleted"]) == (True, 8)
    assert list(Run.objects.values_list("state", flat=True)) == ["queued"]
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert len(json.loads(backup.read_text(encoding="utf-8"))["results"]) == 8

    settings.BENCH_HISTORY_FILES = (backup,)
    assert client().post("/api/benchmark/reload").json()["imported"] == 8
    assert rates(get("latest?count=3")) == [1006.0, 9.0, 1004.0]


@pytest.mark.usefixtures("some_runs")
def test_without_a_backup_nothing_is_deleted(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "backups").write_text("a file where the folder should be")
    settings.BACKUP_DIR = tmp_path / "backups"

    answer = client().delete("/api/benchmark/clear")

    assert (answer.status_code, answer.json()["code"]) == (503, "backup_failed")
    assert Run.objects.count() == 9


@pytest.mark.usefixtures("some_runs")
def test_a_full_disk_deletes_nothing(settings: Settings) -> None:
    settings.BACKUP_DIR = Path("/dev/full")

    answer = client().delete("/api/benchmark/clear")

    assert answer.status_code in (503, 507)
    assert Run.objects.count() == 9


@pytest.mark.usefixtures("some_runs")
@pytest.mark.django_db(transaction=True)  # the stream reads in another thread
async def test_exports() -> None:
    await Run.objects.filter(req_per_sec=9.0).aupdate(
        label='=HYPERLINK("x")',
        expect=["max<1s"],
        budget={"met": "missed", "items": [{"text": "max<1s", "met": "missed"}]},
    )

    as_json, headers = await text("export")
    assert len(json.loads(as_json)["results"]) == 7
    assert headers["Content-Disposition"].startswith('attachment; filename="benchmarks-')
    rows = list(csv.DictReader(io.StringIO((await text("export?format=csv"))[0])))
    assert [row["reqPerSec"] for row in rows[:2]] == ["1006.0", "9.0"]
    assert (rows[1]["label"], rows[0]["budget"], rows[1]["budget"]) == ('\'=HYPERLINK("x")', "", "missed")
    markdown = (await text("export?format=md&framework=express"))[0].splitlines()
    assert markdown[2:] == [
        "| 2026-01-01 00:06:00 | express | POST /code | 1,006 |  |  | 0 | valid |  |",
        "| 2026-01-01 00:05:00 | express | GET /simple | ~~9~~ |  |  | 0 | invalid | missed |",
    ]
    assert (await text("export?format=benchstat&framework=express"))[
        0
    ] == "BenchmarkExpress/POST_code-0 10 1006 req/s\n"


async def content_of(answer: Any) -> str:
    return "".join([piece.decode() async for piece in answer.streaming_content])


@pytest.mark.usefixtures("some_runs")
def test_the_admin_shows_the_history(client: Client) -> None:
    client.force_login(get_user_model().objects.create_superuser("ada"))

    page = client.get("/admin/benchmarks/run/?framework=fastify", headers={"Host": "localhost"}).content.decode()

    assert "1,004" in page
    newest = Run.objects.filter(req_per_sec=1004.0).get()
    assert (
        "save"
        not in client.get(f"/admin/benchmarks/run/{newest.pk}/change/")
        .content.decode()
        .lower()
        .split("<form")[-1][:200]
    )
    assert client.get("/admin/benchmarks/run/add/").status_code == 403
    export = client.post("/admin/benchmarks/run/", {"action": "export_csv", "_selected_action": [str(newest.pk)]})
    assert async_to_sync(content_of)(export).splitlines()[1].split(",")[0] == str(newest.pk)


def test_config_is_enough_to_build_menus_and_forms(settings: Settings) -> None:
    settings.REDIS_MAX_NODES, settings.REDIS_BASE_PORT = 12, 7100
    shape = client().get("/api/system/config").json()

    assert shape["frameworkNames"] == ["express", "fastify", "bun", "node", "uvicorn"]
    assert shape["ports"]["fastify"] == FASTIFY
    assert [endpoint["path"] for endpoint in shape["benchmarkableEndpoints"]] == ["/simple", "/code", "/code-fast"]
    assert shape["defaults"] == {
        "duration": 20.0, "endpoint": "/simple", "method": "GET", "pipelining": 1, "basePort": 7100,
    }  # fmt: skip
    assert {name: (limit["minimum"], limit["maximum"]) for name, limit in shape["limits"].items()} == {
        "duration": (1, 3600), "instances": (1, 100), "connections": (1, 10_000), "pipelining": (1, 100),
        "workers": (1, 64), "trials": (1, 50), "rate": (1, 1_000_000), "nodes": (3, 12),
    }  # fmt: skip
    assert shape["choices"] == {
        "profile": ["quick", "standard", "rigorous", "sweep"], "generator": ["wrk", "h2load", "autocannon"],
    }  # fmt: skip
    assert timezone.now() - datetime.fromisoformat(shape["timestamp"]) < timedelta(minutes=5)
