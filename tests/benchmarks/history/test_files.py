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


def test_latencies_by_percentile() -> None:
    run = create_run("fastify", [100.0, 100.0])
    for trial, latencies in zip(run.trials.all(), [((9, 5),), ((100, 90),), ((100, 9), (500, 1))], strict=True):
        trial.histogram = histogram.encode(latencies)
        trial.save()
    answer = APIClient(headers={"host": "127.0.0.1"}).get(f"/api/benchmark/runs/{run.pk}/latency")
    body = answer.json()
    raw = body["curves"].pop("raw")

    assert {key: body[key] for key in ("unit", "curves")} == {"unit": "ms", "curves": {"corrected": [], "probe": []}}
    assert (raw[0], raw[-1], {value for _, value in raw}) == ([0.0, 0.1], [99.0, 0.1], {0.1})
    assert answer.headers["Cache-Control"] == "private, max-age=3600"


def test_latencies_of_a_run_that_goes_on_are_not_kept() -> None:
    run = create_run("fastify", [100.0], state="running")
    answer = APIClient(headers={"host": "127.0.0.1"}).get(f"/api/benchmark/runs/{run.pk}/latency")

    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")


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


STEP: dict[str, Any] = {
    "rate": 400.0, "achieved": 400.0, "p50": 1.5, "p90": 2.0, "p99": 3.25, "max": 9.0, "errors": 0,
    "generatorShare": 0.1, "targetShare": None, "outcome": "held", "reasons": [], "isUnanswered": False,
    "isClear": False,
}  # fmt: skip
FAILED_STEP = {
    **STEP, "rate": 420.0, "achieved": 380.0, "outcome": "failed", "isUnanswered": True,
    "reasons": ["=1+1 of them.", "Late."],
}  # fmt: skip
SWEEP = {
    "sustainedRate": 400.0, "low": 400.0, "high": 420.0, "limit": "target", "isMonotone": True,
    "text": "The target holds 400 requests/s, but not 420.", "steps": [STEP, FAILED_STEP],
}  # fmt: skip


def fetch_sweep(run_id: object) -> Any:
    return APIClient(headers={"host": "127.0.0.1"}).get(f"/api/benchmark/runs/{run_id}/sweep.csv")


def test_the_steps_of_a_sweep_as_csv() -> None:
    answer = fetch_sweep(create_run("fastify", [400.0, 380.0], sweep={**SWEEP, "steps": [STEP, 5, FAILED_STEP]}).pk)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert answer.content.decode().splitlines() == [
        "rate,achieved,p50,p90,p99,max,errors,generatorShare,targetShare,outcome,reasons,isUnanswered,isClear",
        "400.0,400.0,1.5,2.0,3.25,9.0,0,0.1,,held,,False,False",
        "420.0,380.0,1.5,2.0,3.25,9.0,0,0.1,,failed,'=1+1 of them.; Late.,True,False",
    ]
    answers = [fetch_sweep(create_run("fastify", [100.0]).pk), fetch_sweep(uuid.uuid4())]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (404, "no_sweep"),
        (404, "run_not_found"),
    ]


def test_an_exported_sweep_is_imported_as_one(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    create_run("fastify", [400.0], req_per_sec=400.0, profile="sweep", sweep=SWEEP)
    path.write_text("".join(exporter.render_json(queries.iter_chunks(completed_runs()))))
    Run.objects.all().delete()

    report = importer.import_file(path)

    assert (report.imported, report.bad) == (1, ())
    assert list(Run.objects.values_list("profile", "sweep")) == [("sweep", SWEEP)]
