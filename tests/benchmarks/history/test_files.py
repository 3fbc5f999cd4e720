"""Files of the history: percentile text of a run, and re-import of an export."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from benchmarks.analysis import histogram
from benchmarks.history import exporter, importer, queries
from benchmarks.history.completed import completed_runs
from benchmarks.history.results import Result
from benchmarks.models import Run
from tests.benchmarks.history.test_run_side import create_run

pytestmark = pytest.mark.django_db


def fetch_hgrm(run_id: object, query: str = "") -> Any:
    return APIClient(headers={"host": "127.0.0.1"}).get(f"/api/benchmark/runs/{run_id}/histogram.hgrm{query}")


def test_the_trials_of_a_run_as_percentile_text() -> None:
    run = create_run("fastify", [100.0, 100.0])
    for trial, latencies in zip(run.trials.all(), [((9, 5),), ((100, 90),), ((100, 9), (500, 1))], strict=True):
        trial.histogram = histogram.encode(latencies)
        trial.save()
    answer = fetch_hgrm(run.pk)
    lines = answer.content.decode().splitlines()
    rows = [line.split() for line in lines[2:] if not line.startswith("#")]

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/plain")
    assert lines[0].split() == ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"]
    assert {tuple(row[:1] + row[2:3]) for row in rows} == {("100.000", "99"), ("500.000", "100")}
    assert (rows[0][1], rows[-1][1]) == ("0.000000000000", "1.000000000000")
    assert lines[-2].replace(" ", "") == "#[Max=500.000,TotalCount=100.000]"


def test_a_run_without_latencies_is_404() -> None:
    run = create_run("fastify", [100.0])

    answers = [fetch_hgrm(run.pk), fetch_hgrm(uuid.uuid4()), fetch_hgrm(run.pk, "?kind=all")]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers[:2]] == [
        (404, "no_histogram"),
        (404, "run_not_found"),
    ]
    assert (answers[2].status_code, list(answers[2].json()["fields"])) == (400, ["kind"])


def test_an_export_imported_twice_is_one_row_each(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    for framework, rate in (("fastify", 100.0), ("koa", 90.0)):
        create_run(framework, [rate], req_per_sec=rate, at=datetime(2026, 1, 2, tzinfo=UTC))
    before: list[list[Result]] = list(queries.iter_chunks(completed_runs()))
    path.write_text("".join(exporter.render_json(iter(before))))

    unchanged = importer.import_file(path)
    assert (unchanged.imported, unchanged.skipped, unchanged.bad) == (0, 2, ())
    assert list(queries.iter_chunks(completed_runs())) == before

    Run.objects.all().delete()
    reports = [importer.import_file(path), importer.import_file(path)]
    assert [(report.imported, report.skipped, report.bad) for report in reports] == [(2, 0, ()), (0, 2, ())]
    assert set(Run.objects.values_list("id", "req_per_sec")) == {
        (result.id, result.req_per_sec) for result in before[0]
    }


def test_large_figures_have_all_their_digits() -> None:
    run = create_run("fastify", [1.0], req_per_sec=1_234_567.5, p50_latency_ms=2_500_000.0, p99_latency_ms=0.00001)
    Run.objects.filter(pk=run.pk).update(total_requests=12_345_678, connections=4, validity="valid")
    results: list[Result] = next(queries.iter_chunks(completed_runs()))

    (line,) = exporter.render_benchstat(iter([results]))
    assert line.split()[1:] == ["12345678", "1234567.5", "req/s", "2500000", "p50-ms", "0.00001", "p99-ms"]
    row = list(exporter.render_markdown(iter([results])))[-1]
    assert [cell.strip() for cell in row.split("|")][4:7] == ["1,234,568", "2,500,000", "0.00001"]
