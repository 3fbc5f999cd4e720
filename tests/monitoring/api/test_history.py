from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from benchmarks.models import Run, RunState
from monitoring.recording import current
from monitoring.recording.recent_values import RecentValues
from monitoring.series.catalogue import CATALOGUE, SeriesKey
from monitoring.store import metrics_file
from monitoring.store.writer import Event, Step, Writer
from pm2.models import Exit, Instance
from pm2site.models import Activity, Outcome
from system.lib.wire import iso_time

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC).replace(microsecond=0)
BEGIN = NOW - timedelta(seconds=NOW.timestamp() % 60, minutes=10)
BEGIN_S = int(BEGIN.timestamp())


@pytest.fixture
def client() -> APIClient:
    return APIClient(headers={"Host": "localhost"})


@pytest.fixture
def path(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path / metrics_file.NAME


@pytest.fixture
def store(path: Path) -> Iterator[Writer]:
    store = Writer(path)
    values = {SeriesKey("app.cpu", "api"): (10, 15, 40), SeriesKey("host.cpu"): (1, 2, 3)}
    store.append([Step(BEGIN_S + offset, values) for offset in (0, 10, 20, 60)], [Event(BEGIN_S + 5, "clock", "Set.")])
    yield store
    store.close()


def get(client: APIClient, **query: Any) -> Any:
    return client.get("/api/history", query)


def test_a_range_has_its_points_with_unit_and_resolution(client: APIClient, store: Writer) -> None:
    end = BEGIN + timedelta(minutes=5)
    query = {"metric": "app.cpu", "subject": "api", "from": iso_time(BEGIN), "to": iso_time(end)}
    response = get(client, **query)
    body = response.json()

    assert response.status_code == 200
    assert body | {"timestamp": ""} == {
        "metric": "app.cpu", "subject": "api", "unit": "percent", "resolutionSeconds": 10,
        "from": iso_time(BEGIN), "to": iso_time(end),
        "points": [[BEGIN_S + offset, 1.0, 1.5, 4.0] for offset in (0, 10, 20, 60)],
        "annotations": [{"at": iso_time(BEGIN + timedelta(seconds=5)), "kind": "clock", "text": "Set.", "subject": None, "id": None}],
        "annotationsLeftOut": 0, "timestamp": "",
    }  # fmt: skip
    assert get(client, **query, points=5).json()["points"] == [[BEGIN_S, 1.0, 1.5, 4.0], [BEGIN_S + 60, 1.0, 1.5, 4.0]]


def test_without_times_it_is_the_last_hour(client: APIClient, store: Writer) -> None:
    body = get(client, metric="host.cpu").json()
    begin, end = (datetime.fromisoformat(body[name]) for name in ("from", "to"))

    assert (end - begin, len(body["points"]), body["subject"]) == (timedelta(hours=1), 3, None)
    assert get(client, metric="host.cpu", **{"from": "-1d"}).json()["resolutionSeconds"] == 300


def test_a_subject_without_a_history_has_no_points(client: APIClient, store: Writer) -> None:
    assert get(client, metric="app.cpu", subject="other").json()["points"] == []


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ({}, "metric", "This field is required."),
        ({"metric": "cpu"}, "metric", f"Must be one of {', '.join(CATALOGUE)}."),
        ({"metric": "app.cpu"}, "subject", "app.cpu needs a subject: a name under PM2."),
        ({"metric": "host.cpu", "subject": "a"}, "subject", "host.cpu has no subjects."),
        ({"metric": "host.cpu", "from": "soon"}, "from", "Must be an ISO 8601 time"),
        ({"metric": "host.cpu", "from": "-9999999w"}, "from", "Must not be longer ago than 3660 days."),
        ({"metric": "host.cpu", "from": "-1h", "to": "-2h"}, "from", "Must be before `to`."),
        ({"metric": "host.cpu", "from": "1995-01-01"}, "from", "Must not be more than 3660 days before `to`."),
        ({"metric": "host.cpu", "points": "0"}, "points", "Ensure this value is greater than or equal to 1."),
        ({"metric": "host.cpu", "points": "2001"}, "points", "Ensure this value is less than or equal to 2000."),
        ({"metric": "app.cpu", "subject": "a\0"}, "subject", "Null characters are not allowed."),
    ],
)
def test_a_query_that_is_not_valid_is_refused(client: APIClient, query: Any, field: str, message: str) -> None:
    response = get(client, **query)

    assert (response.status_code, list(response.json()["fields"])) == (400, [field])
    assert message in response.json()["fields"][field][0]


def test_what_happened_comes_with_the_points_of_the_app_that_it_concerns(client: APIClient, store: Writer) -> None:
    def at(seconds: int) -> datetime:
        return BEGIN + timedelta(seconds=seconds)

    for name, cause in (("api", "crash"), ("api", "manual"), ("web", "crash")):
        instance = Instance.objects.create(token=f"{name}{cause}", home="/h", name=name, pm_id=3)
        Exit.objects.create(at=at(10), instance=instance, cause=cause, text=f"text of {cause}")
    run = Run.objects.create(framework="api", endpoint="/", at=at(20), state=RunState.DONE, req_per_sec=1234.6)
    Run.objects.create(framework="api", endpoint="/", at=at(21), state=RunState.FAILED)
    common = {"address": "", "status": 200}
    Activity.objects.create(at=at(30), actor="eva", action="pm2.scale", target="api", outcome=Outcome.OK, **common)
    Activity.objects.create(at=at(31), actor="eva", action="pm2.reload", target="web", outcome=Outcome.OK, **common)
    Activity.objects.create(at=at(32), actor="eva", action="pm2.logs", target="api", outcome=Outcome.OK, **common)
    Activity.objects.create(at=at(33), actor="eva", action="pm2.scale", target="api", outcome=Outcome.FAILED, **common)

    def annotations(**query: str) -> list[tuple[str, str, str | None]]:
        body = get(client, **query, **{"from": "-1h"}).json()
        return [(one["kind"], one["text"], one["subject"]) for one in body["annotations"]]

    of_api = [
        ("clock", "Set.", None),
        ("exit", "api 3: text of crash", "api"),
        ("restart", "api 3: text of manual", "api"),
        ("run", "Benchmark of api: GET /, 1,235 requests/s", "api"),
        ("deploy", "scale api by eva", "api"),
    ]
    assert annotations(metric="app.cpu", subject="api") == of_api
    assert annotations(metric="instance.cpu", subject="api:3") == of_api
    assert set(annotations(metric="host.cpu")) == {
        *of_api, ("exit", "web 3: text of crash", "web"), ("deploy", "reload web by eva", "web"),
    }  # fmt: skip
    assert str(run.pk) in {one["id"] for one in get(client, metric="host.cpu").json()["annotations"]}


def test_exits_of_an_instance_are_not_those_of_its_siblings(client: APIClient, store: Writer) -> None:
    for pm_id in (3, 4):
        instance = Instance.objects.create(token=f"{pm_id}", home="/h", name="api", pm_id=pm_id)
        Exit.objects.create(at=BEGIN, instance=instance, cause="crash", text="crashed")

    def texts(metric: str, subject: str) -> list[str]:
        annotations = get(client, metric=metric, subject=subject).json()["annotations"]
        return [one["text"] for one in annotations if one["kind"] == "exit"]

    assert texts("instance.cpu", "api:3") == ["api 3: crashed"]
    assert texts("app.cpu", "api") == ["api 3: crashed", "api 4: crashed"]
    for no_id in ("api:x", "api:²", f"api:{'9' * 30}"):
        assert texts("instance.cpu", no_id) == texts("app.cpu", "api")


def test_the_newest_annotations_are_sent_and_the_rest_is_counted(client: APIClient, store: Writer) -> None:
    instance = Instance.objects.create(token="t", home="/h", name="api", pm_id=0)
    rows = [Exit(at=BEGIN + timedelta(seconds=n), instance=instance, cause="crash", text=f"{n}") for n in range(150)]
    Exit.objects.bulk_create(rows)
    for number in range(100):
        Run.objects.create(framework="api", endpoint="/", at=BEGIN + timedelta(seconds=number), state=RunState.DONE)

    body = get(client, metric="host.cpu").json()
    assert (len(body["annotations"]), body["annotationsLeftOut"]) == (200, 51)
    assert body["annotations"][-1]["text"] == "api 0: 149"


def test_metrics_list_their_subjects(client: APIClient, store: Writer) -> None:
    body = client.get("/api/history/metrics").json()

    assert {one["metric"]: one["subjects"] for one in body["metrics"]} == {name: [] for name in CATALOGUE} | {
        "app.cpu": ["api"]
    }
    assert (body["oldest"], body["recording"]) == (iso_time(BEGIN), False)


def test_without_a_file_there_are_no_points(client: APIClient, path: Path) -> None:
    assert get(client, metric="host.cpu").json()["points"] == []
    assert client.get("/api/history/metrics").json()["oldest"] is None


@pytest.mark.parametrize("address", ["/api/history?metric=host.cpu", "/api/history/metrics"])
def test_a_history_that_is_off_or_damaged_is_unavailable(
    client: APIClient, settings: Settings, path: Path, address: str
) -> None:
    path.write_text("no database" * 1000)
    damaged = client.get(address)
    settings.HISTORY = False
    off = client.get(address)

    assert (damaged.status_code, damaged.json()["code"]) == (503, "history_unreadable")
    assert (off.status_code, off.json()["code"], "HISTORY=1" in off.json()["message"]) == (503, "history_off", True)
    assert current.recorder().is_suspect


def test_the_condition_is_a_sentence_with_the_size(settings: Settings, path: Path) -> None:
    Writer(path).close()
    ours = current.recorder()
    ours.is_recording, ours.series = True, 12
    assert current.condition() == (True, "0.0 MiB, 12 series")
    ours.problem, ours.lost_steps = "database or disk is full", 3

    assert current.condition() == (
        False, "0.0 MiB, 12 series, cannot be written: database or disk is full, 3 steps of 10 s are lost",
    )  # fmt: skip


def test_single_values_answer_a_short_range_that_was_watched(client: APIClient, path: Path) -> None:
    now_s = timezone.now().timestamp()
    recent = current.recorder().recent.setdefault("self", RecentValues())
    for offset in range(-120, 0):
        recent.add(now_s + offset, {SeriesKey("self.cpu"): float(offset % 3)})

    body = get(client, metric="self.cpu", **{"from": "-1m"}).json()
    assert (body["resolutionSeconds"], 58 <= len(body["points"]) <= 61) == (1, True)
    assert {point[1] for point in body["points"]} == {0.0, 1.0, 2.0}
    assert get(client, metric="self.cpu", **{"from": "-10m"}).json()["resolutionSeconds"] == 10
