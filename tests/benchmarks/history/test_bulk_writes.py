"""Deletions and imports of many runs: in short transactions, and what they say when they end early is what they did."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth import get_user_model
from django.db import OperationalError, connection
from django.http.response import HttpResponseBase
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from benchmarks.admin import bulk_actions
from benchmarks.history import deletion, importer, totals
from benchmarks.models import Baseline, Run, RunState, Trial
from system.database import long_work
from tests.benchmarks.history.test_importer import ENTRY, history
from tests.benchmarks.history.test_run_side import create_run

pytestmark = pytest.mark.django_db
REST = Client(headers={"Host": "localhost"})


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(long_work, "FIRST_BATCH", 2)
    monkeypatch.setattr(long_work, "MAX_BATCH", 2)
    monkeypatch.setattr(long_work, "TRANSACTION_S", 60.0)
    monkeypatch.setattr(long_work, "PAUSE_S", 0.0)
    settings.BACKUP_DIR = tmp_path
    yield
    long_work.allow_long_work()


def create_runs(count: int) -> list[Run]:
    return [create_run("fastify", [100.0 + number, 100.0]) for number in range(count)]


def fail_in_batch(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, number: int, error: Exception) -> None:
    """The write of batch `number` fails at its end."""
    calls: list[int] = []
    write = getattr(module, name)

    def fail(batch: Sequence[Any]) -> Any:
        calls.append(1)
        written = write(batch)
        if len(calls) == number:
            raise error
        return written

    monkeypatch.setattr(module, name, fail)


def test_a_clear_takes_what_refers_to_a_run_along_by_few_statements() -> None:
    runs = create_runs(5)
    Baseline.objects.create(run=runs[0], framework="fastify", endpoint="/simple", method="GET")
    queued = Run.objects.create(framework="fastify", endpoint="/simple", state=RunState.QUEUED)

    with CaptureQueriesContext(connection) as executed:
        answer = REST.delete("/api/benchmark/clear").json()

    assert (answer["deleted"], answer["message"]) == (5, f"Deleted 5 runs, kept in {answer['backup']}.")
    assert (list(Run.objects.all()), Trial.objects.count(), Baseline.objects.count()) == ([queued], 0, 0)
    statements = [query["sql"] for query in executed]
    assert [sql for sql in statements if sql.startswith("SELECT") and "benchmarks_trial" in sql] == []
    assert len([sql for sql in statements if sql.startswith("DELETE")]) == 9  # three tables, three batches
    assert totals.fetch_totals().count == 0


def test_a_run_that_is_not_in_the_export_is_not_deleted() -> None:
    kept, exported = create_runs(2)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE benchmarks_run SET req_per_sec = 'many' WHERE id = %s", [kept.pk.hex])

    answer = REST.delete("/api/benchmark/clear").json()

    results = json.loads(Path(answer["backup"]).read_text())["results"]
    assert (answer["deleted"], [result["id"] for result in results]) == (1, [str(exported.pk)])
    assert list(Run.objects.values_list("pk", flat=True)) == [kept.pk]


def test_a_clear_that_ends_early_says_what_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    create_runs(5)
    fail_in_batch(monkeypatch, deletion, "_delete_batch", 3, OperationalError("disk I/O error"))

    answer = REST.delete("/api/benchmark/clear")

    body = answer.json()
    assert (answer.status_code, body["code"], body["fields"]["deleted"], body["fields"]["total"]) == (
        503, "clear_incomplete", 4, 5,
    )  # fmt: skip
    assert body["message"] == (
        f"Deleted 4 of 5 runs, then it ended: disk I/O error. All are kept in {body['fields']['backup']}. "
        "Repeat it to delete the rest."
    )
    assert (Run.objects.count(), Trial.objects.count(), totals.fetch_totals().count) == (1, 3, 1)
    assert len(json.loads(Path(body["fields"]["backup"]).read_text())["results"]) == 5


def test_a_server_that_stops_ends_a_clear_between_two_batches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    create_runs(5)
    delete_batch = deletion._delete_batch

    def stop_meanwhile(ids: Sequence[Any]) -> int:
        long_work.end_long_work()
        return delete_batch(ids)

    monkeypatch.setattr(deletion, "_delete_batch", stop_meanwhile)

    during = REST.delete("/api/benchmark/clear")
    before = REST.delete("/api/benchmark/clear")

    assert (during.status_code, during.json()["message"][:61]) == (
        503, "Deleted 2 of 5 runs, then it ended: The server is stopping. A",
    )  # fmt: skip
    assert (before.status_code, before.json()["code"], Run.objects.count()) == (503, "server_stopping", 3)
    assert len(list(tmp_path.iterdir())) == 1  # no part of the second export is left


def test_an_import_that_ends_early_says_what_it_did(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    path = history(tmp_path, *({**ENTRY, "reqPerSec": rate} for rate in (1, 2, 3, 4, 4, 5)))
    settings.BENCH_HISTORY_FILES = (path,)
    fail_in_batch(monkeypatch, importer, "_insert_new", 2, OperationalError("database or disk is full"))

    answer = REST.post("/api/benchmark/reload")
    rest = REST.post("/api/benchmark/reload").json()

    assert (answer.status_code, answer.json()["code"], answer.json()["message"]) == (
        503,
        "import_incomplete",
        f"Imported 2 runs from {path}, then it ended: database or disk is full. Repeat it to import the rest.",
    )
    assert (rest["imported"], rest["skipped"], Run.objects.count()) == (3, 3, 5)


def test_the_first_of_two_entries_with_one_id_is_imported(tmp_path: Path) -> None:
    run_id = "00000000-0000-4000-8000-000000000001"
    path = history(tmp_path, *({**ENTRY, "id": run_id, "label": label} for label in ("first", "second")))

    assert (importer.import_file(path).skipped, Run.objects.get().label) == (1, "first")


@pytest.fixture
def browser() -> Client:
    client = Client(headers={"Host": "localhost"})
    client.force_login(get_user_model().objects.create_superuser("ada"))
    return client


def delete_in_admin(browser: Client, runs: Sequence[Run], **more: str) -> HttpResponseBase:
    form = {"action": "delete_selected", ACTION_CHECKBOX_NAME: [str(run.pk) for run in runs], **more}
    answer: HttpResponseBase = browser.post("/admin/benchmarks/run/", form)
    return answer


def test_the_admin_deletes_runs_without_reading_their_trials(browser: Client) -> None:
    runs = create_runs(4)

    with CaptureQueriesContext(connection) as executed:
        page = delete_in_admin(browser, runs[:3])
        confirmed = delete_in_admin(browser, runs[:3], post="yes")

    text = page.content.decode()  # type: ignore[attr-defined]
    assert (page.status_code, "<li>Runs: 3</li>" in text, "<li>Trials: 9</li>" in text) == (200, True, True)
    assert (confirmed.status_code, Run.objects.get().pk, Trial.objects.count()) == (302, runs[3].pk, 3)
    assert [query["sql"] for query in executed if '"benchmarks_trial"."output"' in query["sql"]] == []


def test_the_admin_refuses_to_delete_too_many_and_unfinished_runs(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = create_runs(3)
    monkeypatch.setattr(bulk_actions, "MAX_DELETED", 2)
    queued = Run.objects.create(framework="fastify", endpoint="/simple", state=RunState.QUEUED)

    for chosen in (runs, [runs[0], queued]):
        assert delete_in_admin(browser, chosen, post="yes").status_code == 302

    page = browser.get("/admin/benchmarks/run/").content.decode()
    assert ("Select at most 2 runs." in page, "A run that is not finished cannot be deleted" in page) == (True, True)
    assert Run.objects.count() == 4
