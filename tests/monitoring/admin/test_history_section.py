"""The pages of instances and exits in the admin, with the history of their metrics."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from benchmarks.models import Run, RunState
from monitoring.recording import current
from monitoring.series.catalogue import SeriesKey
from monitoring.store import metrics_file
from monitoring.store.writer import Event, Step, Writer
from pm2.models import Exit, Instance
from pm2site.models import Activity, Outcome

pytestmark = pytest.mark.django_db
HOSTILE = "</svg><script>alert(1)</script>"
NOW = datetime.now(UTC).replace(microsecond=0)
END_S = int(NOW.timestamp()) // 10 * 10


@pytest.fixture
def client() -> Client:
    client = Client(headers={"Host": "localhost", "Accept": "text/html"})
    client.force_login(get_user_model().objects.create_superuser("eva"))
    return client


@pytest.fixture
def path(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path / metrics_file.NAME


Record = Callable[..., None]


@pytest.fixture
def record(path: Path) -> Iterator[Record]:
    """Records `subject` in each 10 s between two times, in seconds before `END_S`."""
    store = Writer(path)

    def append(subject: str, begin: int, end: int, *metrics: str, events: tuple[Event, ...] = ()) -> None:
        values = {SeriesKey(metric, subject): (100, 200, 400) for metric in metrics or ("instance.cpu",)}
        store.append([Step(END_S - before, values) for before in range(begin, end, -10)], events)

    yield append
    store.close()


def instance(name: str = "api", pm_id: int = 0, **columns: Any) -> Instance:
    columns = {"first_seen": NOW - timedelta(days=30), "token": f"{name}{pm_id}"[:32], **columns}
    return Instance.objects.create(name=name, pm_id=pm_id, home="/h", **columns)


def exit_of(owner: Instance, seconds_ago: float, text: str = "killed", cause: str = "crash") -> Exit:
    return Exit.objects.create(at=NOW - timedelta(seconds=seconds_ago), instance=owner, cause=cause, text=text)


def section(client: Client, row: Instance | Exit, **query: str) -> str:
    """The section of the history on the page of a row."""
    response = client.get(f"/admin/pm2/{type(row).__name__.lower()}/{row.pk}/change/", query)
    page = response.content.decode()
    assert response.status_code == 200
    assert "<script>alert" not in page
    (content,) = re.findall(r'<section class="history".*?</section>', page, re.DOTALL)
    return str(content)


def titles(content: str) -> list[str]:
    return re.findall(r"<svg [^>]*>\s*<title>([^<]*)</title>", content)


def events(content: str) -> list[tuple[str, str]]:
    """Kind and text of the list, with its link."""
    return re.findall(r"<tr><td>[^<]*</td><td>([^<]*)</td><td>(.*?)</td></tr>", content)


def test_the_page_of_an_instance_has_charts_and_what_happened(client: Client, record: Record) -> None:
    owner = instance()
    ended, sibling = exit_of(owner, 1800), instance(pm_id=1)
    exit_of(sibling, 1700, "of a sibling")
    run = Run.objects.create(framework="api", endpoint="/", at=NOW - timedelta(seconds=900), state=RunState.DONE)
    at = NOW - timedelta(seconds=600)
    Activity.objects.create(at=at, actor="eva", action="pm2.scale", target="api", outcome=Outcome.OK, status=200)
    record("api:0", 3000, 2000, "instance.cpu", "instance.memory", "instance.eventLoopMs")
    record("api:0", 1500, 0, "instance.cpu", "instance.memory", events=(Event(END_S - 1500, "clock", HOSTILE),))

    content = section(client, owner, range="1h")
    assert titles(content) == ["CPU of api 0", "Memory of api 0", "Event loop latency of api 0"]
    assert content.count("; 1 gap</desc>") == 2
    assert events(content) == [
        ("deploy", "scale api by eva"),
        ("run", f'<a href="/admin/benchmarks/run/{run.pk}/change/">Benchmark of api: GET /</a>'),
        ("clock", HOSTILE.replace("<", "&lt;").replace(">", "&gt;")),
        ("exit", f'<a href="/admin/pm2/exit/{ended.pk}/change/">api 0: killed</a>'),
    ]
    assert f'<a href="/admin/pm2/exit/{ended.pk}/change/" tabindex="-1"><title>' in content
    assert '<a href="?range=1h" aria-current="true">1 h</a><a href="?range=1d">1 d</a>' in content


@pytest.mark.parametrize(
    ("query", "chosen", "interval"),
    [
        ({}, "1 d", "4 min"), ({"range": "1h"}, "1 h", "10 s"), ({"range": "14d"}, "14 d", "1 h"),
        ({"range": "1y"}, "1 y", "1 d"), ({"range": "2d"}, "1 d", "4 min"),
    ],
)  # fmt: skip
def test_a_link_chooses_the_range(
    client: Client, record: Record, query: dict[str, str], chosen: str, interval: str
) -> None:
    record("api:0", 1200, 0)
    content = section(client, instance(), **query)

    assert re.findall(r'aria-current="true">([^<]*)', content) == [chosen]
    assert f"line: mean of {interval};" in content
    assert ("range must be one of 1h, 1d, 14d, 1y; this is 1 d." in content) is (query.get("range") == "2d")


def test_other_parameters_of_a_page_are_kept(client: Client, path: Path) -> None:
    content = section(client, instance(), _changelist_filters="q=<a>")

    assert 'href="?_changelist_filters=q%3D%3Ca%3E&amp;range=1y"' in content


def test_the_charts_of_an_instance_that_is_gone_end_with_it(client: Client, record: Record) -> None:
    gone_at = NOW - timedelta(hours=5)
    record("api:0", 6 * 3600, 5 * 3600)
    record("api:0", 600, 0)  # of the next one with its name and id
    content = section(client, instance(gone_at=gone_at), range="1h")

    assert f"{gone_at - timedelta(hours=1):%Y-%m-%d %H:%M} to " in content
    assert content.count("; 1 gap") == content.count("2 gaps") == 0
    assert "no exits" in content.lower()


def test_what_an_earlier_instance_left_has_a_sentence(client: Client, record: Record) -> None:
    record("api:0", 1800, 0)
    owner = instance(first_seen=datetime.fromtimestamp(END_S - 900, UTC))
    content = section(client, owner, range="1h")

    assert f"first seen at {owner.first_seen:%Y-%m-%d %H:%M}; before, another one had its name and id." in content
    assert "another one" not in section(client, exit_of(instance(token="t"), 60))


def test_the_page_of_an_exit_has_the_hour_around_it(client: Client, record: Record) -> None:
    owner = instance(HOSTILE)
    record(f"{HOSTILE}:0", 7200, 0)
    exit_of(owner, 3000, "restarted", "manual")
    ended = exit_of(owner, 3600)
    Exit.objects.filter(pk=ended.pk).update(samples=[[2.0, 5.5, 3 * 2**20]])
    content = section(client, ended)

    begin = ended.at - timedelta(minutes=30)
    assert f"{begin:%Y-%m-%d %H:%M} to " in content
    assert content.count(">this exit</text>") == 1  # of the one chart that has values
    assert [kind for kind, _ in events(content)] == ["restart", "exit"]
    assert "killed</b> (this exit)" in content
    assert "<nav" not in content
    page = client.get(f"/admin/pm2/exit/{ended.pk}/change/").content.decode()
    assert "2 s before: 5.5 %, 3 MB" in page
    assert f'<a href="/admin/pm2/instance/{owner.pk}/change/">' in page


def test_an_exit_among_many_is_still_marked(client: Client, record: Record) -> None:
    owner = instance()
    record("api:0", 3600, 0)
    ended = exit_of(owner, 1700, "the first")
    Exit.objects.bulk_create(
        Exit(at=NOW - timedelta(seconds=1600), instance=owner, cause="crash", text="x") for _ in range(250)
    )
    content = section(client, ended)

    assert "What happened (201, the newest)" in content
    assert "the first</b> (this exit)" in content


def test_without_a_history_there_is_a_sentence(client: Client, record: Record) -> None:
    owner, other = instance(), instance("<b>")
    ended = exit_of(owner, 86_400)
    record("api:0", 600, 0)
    never = section(client, other)
    not_then = section(client, ended)
    Exit.objects.filter(pk=ended.pk).update(at=datetime(1, 1, 1, tzinfo=UTC))
    without_time = section(client, ended)
    current.recorder().problem = "disk is full"
    not_written = section(client, other)

    assert "No history of &lt;b&gt; 0 has been recorded.</p>" in never
    assert "has been recorded: it cannot be written: disk is full.</p>" in not_written
    assert re.search("Nothing of api 0 is recorded from [-: 0-9]+ to [-: 0-9]+ UTC.", not_then)
    assert "The time of this exit cannot be read" in without_time
    assert all("<svg" not in content for content in (never, not_then, without_time, not_written))


def test_a_history_that_is_damaged_or_off_is_a_sentence(client: Client, path: Path, settings: Settings) -> None:
    owner = instance()
    pages = (owner, exit_of(owner, 60))
    before = [section(client, page) for page in pages]
    path.write_text("no database" * 1000)
    damaged = [section(client, page) for page in pages]
    settings.HISTORY = False
    off = [section(client, page) for page in pages]

    assert all("No history of api 0 has been recorded.</p>" in content for content in before)
    assert all("The history of metrics cannot be read: metrics.sqlite3: " in content for content in damaged)
    assert all("The history of metrics is off. Start the server with HISTORY=1 to record it." in one for one in off)


def test_a_metric_without_values_is_a_sentence_beside_the_other_charts(client: Client, record: Record) -> None:
    record("api:0", 600, 0)
    content = section(client, instance())

    assert titles(content) == ["CPU of api 0"]
    assert "<b>Event loop latency of api 0:</b> only programs with PM2&#x27;s agent report it.</p>" in content


def test_times_of_odd_rows_fail_no_page(client: Client, record: Record) -> None:
    record("api:0", 600, 0)
    for year in (1, 9999):
        odd = datetime(year, 12, 31, 23, 59, tzinfo=UTC)
        owner = instance(token=f"{year}", first_seen=odd, gone_at=odd)
        assert "CPU of api 0" in section(client, owner)


def test_a_page_has_as_many_queries_with_many_events(
    client: Client, record: Record, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    owner = instance()
    record("api:0", 3600, 0)
    Exit.objects.bulk_create(Exit(at=NOW, instance=owner, cause="crash", text="x") for _ in range(250))
    Activity.objects.bulk_create(
        Activity(at=NOW, actor="eva", action="pm2.scale", target="api", status=200) for _ in range(99)
    )

    with django_assert_max_num_queries(8):  # four of them for the session and the user
        section(client, owner)


def test_instances_are_listed_with_links_to_their_exits(client: Client, path: Path) -> None:
    owner, other = instance(), instance("web", 3)
    exit_of(owner, 60, "of api")
    exit_of(other, 60, "of web")
    listed = client.get("/admin/pm2/instance/").content.decode()
    page = client.get(f"/admin/pm2/instance/{owner.pk}/change/").content.decode()
    exits = client.get("/admin/pm2/exit/", {"instance__id__exact": owner.pk}).content.decode()

    assert [f">{name}</a>" in listed for name in ("api", "web")] == [True, True]
    assert f'<a href="/admin/pm2/exit/?instance__id__exact={owner.pk}">all exits of api 0</a>' in page
    assert f"{owner.first_seen:%Y-%m-%d %H:%M:%S} UTC" in page
    assert ("of api" in exits, "of web" in exits) == (True, False)
    assert client.post(f"/admin/pm2/instance/{owner.pk}/delete/").status_code == 403
