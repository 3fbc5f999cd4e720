"""A row of the history that cannot be read: the others are listed, exported and shown."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID

import pytest
import structlog
from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.db import OperationalError, connection
from django.test import AsyncClient, Client, override_settings

from benchmarks.errors import RunsUnreadable, RunUnreadable
from benchmarks.history import baselines, exporter, queries, readable_rows, totals
from benchmarks.history.completed import completed_runs
from benchmarks.history.results import to_result
from benchmarks.models import Baseline, Run, RunState

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 1, tzinfo=UTC)
DAMAGE = [
    "at = 'soon'", "at = 5", "at = '2026-13-45 00:00:00'", "req_per_sec = 'many'", "total_requests = 'x'",
    "id = 'zz'",
]  # fmt: skip
# Their lists still contain it, since every column can be read.
DEEP = f"reasons = '{990 * '['}{990 * ']'}'"  # SQLite accepts 1000 levels, Python no 1000 calls
HARMLESS = [
    DEEP,
    "label = CAST(x'ff' AS text)",
    "label = x'0062'",
    "saturation = ''",
    f"gates = '[{5000 * '1'}]'",
    r"""reasons = '["cut \ud83d"]'""",
    "reasons = 'null'",
    "gates = '5'",
    "progress = '[]'",
    "command = '{}'",
]
PATHS = [
    "latest", "all", "all?limit=2", "by-framework/koa", "latest-by-framework", "stats", "rankings?endpoint=/simple",
    "change-points?framework=koa&endpoint=/simple", "export", "export?format=csv", "export?format=md", "export?format=benchstat",
    "baselines", "runs",
]  # fmt: skip


def create_runs(count: int = 3) -> list[Run]:
    figures = {"req_per_sec": 100.0, "total_requests": 10, "duration_s": 1.0, "validity": "valid"}
    return [
        Run.objects.create(
            framework="koa", endpoint="/simple", state=RunState.DONE, at=START + timedelta(minutes=minute), **figures
        )
        for minute in range(count)
    ]


def damage(run: Run, assignment: str) -> None:
    """Directly in the table, past every door of the program."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE benchmarks_run SET {assignment} WHERE id = %s", [run.pk.hex])  # noqa: S608 - constants


async def status_and_text(path: str) -> tuple[int, str]:
    with override_settings(API_OPEN=True):
        answer = await AsyncClient().get(path)
    if not answer.streaming:
        return answer.status_code, answer.content.decode()
    pieces: Any = answer.streaming_content  # type: ignore[attr-defined]
    return answer.status_code, "".join([piece.decode() async for piece in pieces])


def ids(shape: Any) -> list[str]:
    return [row["id"] for row in shape["results"]]


@pytest.mark.django_db(transaction=True)  # streams read in another thread
@pytest.mark.parametrize("assignment", [*DAMAGE, *HARMLESS])
async def test_one_damaged_row_takes_no_list_down(assignment: str) -> None:
    runs = await sync_to_async(create_runs)()
    await sync_to_async(damage)(runs[1], assignment)
    kept = [str(run.pk) for run in reversed(runs) if assignment in HARMLESS or run is not runs[1]]

    answers = {path: await status_and_text("/api/benchmark/" + path) for path in PATHS}
    front_page = await status_and_text("/")

    assert {path: status for path, (status, _) in answers.items()} == dict.fromkeys(PATHS, 200)
    assert front_page[0] == 200
    for path in ("latest", "all", "by-framework/koa", "export"):
        assert ids(json.loads(answers[path][1])) == kept, path


@pytest.mark.parametrize("assignment", [*DAMAGE, *HARMLESS])
def test_one_damaged_row_takes_no_page_of_the_admin_down(assignment: str) -> None:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("ada"))
    runs = create_runs()
    damage(runs[1], assignment)

    for page in ("?", "history/?framework=koa&endpoint=/simple"):
        answer = client.get(f"/admin/benchmarks/run/{page}", headers={"Host": "localhost"})
        assert answer.status_code == 200
        assert str(runs[0].pk) in answer.content.decode()


def test_the_log_names_the_row() -> None:
    runs = create_runs()
    damage(runs[1], "req_per_sec = 'many'")

    with structlog.testing.capture_logs() as lines:
        assert [result.id for result in queries.fetch_latest(5)] == [runs[2].pk, runs[0].pk]

    error = f"Run {runs[1].pk} cannot be read from the database: req_per_sec is 'many'."
    assert [(line["event"], line["error"]) for line in lines] == [("a run of the history cannot be read", error)]
    assert UUID(lines[0]["run"]) == runs[1].pk


def test_pages_and_chunks_go_on_behind_a_damaged_row(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = create_runs(7)
    for number in (6, 3, 2, 0):
        damage(runs[number], "req_per_sec = 'many'")
    monkeypatch.setattr(queries, "CHUNK_SIZE", 3)

    paged: list[UUID] = []
    cursor: str | None = ""
    while cursor is not None:
        page, _, cursor = queries.fetch_page({}, 3, cursor)
        paged += [result.id for result in page]

    assert paged == [runs[5].pk, runs[4].pk, runs[1].pk]
    chunks = queries.iter_chunks(completed_runs(), to_result)
    assert [[result.id for result in chunk] for chunk in chunks] == [[runs[5].pk, runs[4].pk], [runs[1].pk]]


def test_only_damaged_rows_end_a_stream_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for run in create_runs(4):
        damage(run, "req_per_sec = 'many'")
    monkeypatch.setattr(queries, "CHUNK_SIZE", 3)

    with pytest.raises(RunsUnreadable, match="3 consecutive runs of the history cannot be read"):
        "".join(exporter.render_json(queries.iter_chunks(completed_runs())))
    with pytest.raises(RunsUnreadable):
        queries.fetch_page({}, 2, "")


def test_a_baseline_that_cannot_be_read_is_left_out() -> None:
    runs = create_runs(2)
    for run, method in zip(runs, ("GET", "POST"), strict=True):
        Baseline.objects.create(run=run, framework="koa", endpoint="/simple", method=method)
    damage(runs[0], "req_per_sec = 'many'")

    answer = Client().get("/api/benchmark/baselines", headers={"Host": "localhost"}).json()

    assert [row["result"]["id"] for row in answer["baselines"]] == [str(runs[1].pk)]


def test_a_failed_query_is_not_a_damaged_row() -> None:
    def fail(run: Run) -> Run:
        raise OperationalError("database is locked")

    create_runs()
    with pytest.raises(OperationalError, match="database is locked"):
        readable_rows.read_rows(Run.objects.all()[:2], fail)


def test_a_damaged_run_is_named() -> None:
    run = create_runs(1)[0]
    damage(run, "req_per_sec = 'many'")

    answer = Client().get(f"/api/benchmark/runs/{run.pk}", headers={"Host": "localhost"})

    assert (answer.status_code, answer.json()["code"], answer.json()["message"]) == (
        503, "run_unreadable", f"Run {run.pk} cannot be read from the database: req_per_sec is 'many'.",
    )  # fmt: skip


NAMES = ["x'0062'", "CAST(x'6eff' AS text)", "''"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_no_text_takes_no_summary_down(name: str) -> None:
    runs = create_runs()
    Run.objects.filter(pk=runs[2].pk).update(framework="zig")
    damage(runs[1], f"framework = {name}")
    client = Client(headers={"Host": "localhost"})
    client.force_login(get_user_model().objects.create_superuser("ada"))

    ranked = client.get("/api/benchmark/rankings?endpoint=/simple").json()
    latest = client.get("/api/benchmark/latest-by-framework").json()
    stats = client.get("/api/benchmark/stats").json()
    page = client.get("/admin/benchmarks/run/")

    assert {row["result"]["framework"] for row in (*ranked["ranked"], *ranked["unranked"])} == {"koa", "zig"}
    assert {"koa:/simple:GET", "zig:/simple:GET"} <= latest["results"].keys()
    assert (stats["stats"]["total"], page.status_code) == (3, 200)
    assert [name for name in queries.list_frameworks() if name in ("koa", "zig")] == ["koa", "zig"]


def test_two_names_that_are_read_alike_are_counted_together() -> None:
    for run, name in zip(create_runs(2), ("CAST(x'6eff' AS text)", "CAST(x'6efe' AS text)"), strict=True):
        damage(run, f"framework = {name}")

    totals.forget()
    assert [(kind[0], total.count) for kind, total in totals.fetch_totals().by_kind.items()] == [("n�", 2)]
    assert queries.list_frameworks() == ["n�"]


def test_times_without_seconds_end_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stored as a date, a time sorts before the position that is read of it."""
    for run in create_runs(4):
        damage(run, "at = '2026-01-01'")
    monkeypatch.setattr(queries, "CHUNK_SIZE", 2)

    with pytest.raises(RunsUnreadable):
        list(queries.iter_chunks(completed_runs()))
    _, _, cursor = queries.fetch_page({}, 2, "")
    assert cursor is not None
    with pytest.raises(RunsUnreadable):
        queries.fetch_page({}, 2, cursor)


def views_of_damaged_run(assignment: str) -> tuple[Run, Any, Any]:
    """A run, and the responses of the API and of the admin that are about it alone."""
    client = Client(headers={"Host": "localhost"})
    client.force_login(get_user_model().objects.create_superuser("ada"))
    run = create_runs(1)[0]
    damage(run, assignment)
    return run, client.get(f"/api/benchmark/runs/{run.pk}"), client.get(f"/admin/benchmarks/run/{run.pk}/change/")


# Each is read as far as it can be, in the page of the run itself.
DETAILS = [
    """gates = '[{"code":5}]', samples = '[{"at":"x"},null,"z"]', exits = '[null]', reasons = '[5]', command = '[{}]'""",
    """samples = '[{"trial":[1],"seconds":{}},{"trial":{},"seconds":"a"}]'""", "label = CAST(x'ff' AS text)",
    "progress = '[]', environment = '5', preflight = 'null', headers = '[1]'",
]  # fmt: skip


@pytest.mark.parametrize("assignment", DETAILS)
def test_a_run_with_odd_details_is_shown(assignment: str) -> None:
    _, details, page = views_of_damaged_run(assignment)

    assert (details.status_code, page.status_code) == (200, 200)
    shape = details.json()
    assert (shape["gates"], shape["exits"], shape["command"]) == ([], [], [])
    assert all(isinstance(sample, dict) for sample in shape["samples"])
    assert "CPU over the run" in page.content.decode()


@pytest.mark.parametrize(
    ("assignment", "reason"),
    [
        ("at = 'soon'", "at is 'no time'"),
        ("req_per_sec = 'many'", "req_per_sec is 'many'"),
        ("connections = 'x'", "connections is 'x'"),
    ],
)
def test_the_page_of_a_damaged_run_says_what_is_wrong(assignment: str, reason: str) -> None:
    run, details, page = views_of_damaged_run(assignment)

    message = f"Run {run.pk} cannot be read from the database: {reason}."
    assert (details.status_code, details.json()["code"], details.json()["message"]) == (503, "run_unreadable", message)
    assert (page.status_code, unescape(page.content.decode()).count(message)) == (200, 1)


@pytest.mark.parametrize("column", ["trials_planned", "planned_duration_s"])
def test_a_damaged_run_becomes_no_baseline(column: str) -> None:
    run = create_runs(1)[0]
    damage(run, f"{column} = 'many'")

    with pytest.raises(RunUnreadable, match=f"{column} is 'many'"):
        baselines.set_baseline(Run.objects.get(), "ada")


def test_the_history_of_runs_without_an_id_is_shown() -> None:
    client = Client(headers={"Host": "localhost"})
    client.force_login(get_user_model().objects.create_superuser("ada"))
    damage(create_runs()[2], "id = 'zz'")

    page = client.get("/admin/benchmarks/run/history/?framework=koa&endpoint=/simple")

    assert page.status_code == 200


@pytest.mark.parametrize(
    "assignment", ["connections = x'ff'", "trials_planned = 'many'", "planned_duration_s = 'long'"]
)
def test_a_damaged_run_in_the_queue_does_not_hide_the_others(assignment: str) -> None:
    server = {"server_id": "another", "framework": "koa", "endpoint": "/simple", "state": RunState.QUEUED}
    damaged, kept = (Run.objects.create(**server, created_at=START + timedelta(hours=hour)) for hour in range(2))
    damage(damaged, assignment)

    answer = Client(headers={"Host": "localhost"}).get("/api/benchmark/runs")

    assert (answer.status_code, [run["id"] for run in answer.json()["runs"]]) == (200, [str(kept.pk)])
