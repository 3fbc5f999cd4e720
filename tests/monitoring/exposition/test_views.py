"""`/metrics` and its neighbours, through all middleware."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from pytest_django import Settings

from monitoring.exposition import views
from monitoring.exposition.collector import Collector
from monitoring.sampling import demand
from pm2site.access import tokens
from tests.monitoring.exposition.samples import host, process, redis, stats

pytestmark = pytest.mark.django_db
Sample = Callable[..., None]
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)  # version 2.42


@pytest.fixture(autouse=True)
def _sampled(collector: Collector, sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "collector", collector)
    monkeypatch.setattr(demand, "_renewed_s", None)
    sample(host=host(), pm2=stats(process()), redis=redis(2))


def get(path: str = "/metrics", address: str = "127.0.0.1", **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Client(headers={"Host": "localhost", **named}, REMOTE_ADDR=address).get(path)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/html,application/xhtml+xml;q=0.9", "text/plain; version=0.0.4; charset=utf-8"),
        (PROMETHEUS, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        ("text/plain;version=0.0.4", "text/plain; version=0.0.4; charset=utf-8"),
    ],
)
def test_the_format_follows_accept(accept: str, content_type: str) -> None:
    response = get(Accept=accept)
    parse: Any = parse_openmetrics if "openmetrics" in content_type else parse_text
    names = {family.name for family in parse(response.content.decode())}

    assert (response.status_code, response.headers["Content-Type"]) == (200, content_type)
    assert response.headers["Cache-Control"] == "no-store"
    assert {"pm2site_app_status", "pm2site_event_loop_lag_seconds", "python_info"} <= names


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (PROMETHEUS, True),
        ("application/openmetrics-text", True),
        ("application/openmetrics-text,text/plain", True),
        ("text/plain,application/openmetrics-text", False),
        ("text/plain;q=0.5, Application/OpenMetrics-Text ; q=0.6", True),
        ("application/openmetrics-text;version=0.0.1", False),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=x,text/plain;q=0.1", False),
        ("application/openmetrics-text;version=2.0.0;q=0.9,application/openmetrics-text;version=1.0.0;q=0.8", True),
        (",;,q", False),
    ],
)
def test_openmetrics_is_sent_where_it_weighs_more(accept: str, expected: bool) -> None:
    assert views.prefers_openmetrics(accept) is expected


def test_a_page_is_compressed_where_that_is_accepted() -> None:
    plain, compressed = get(), get(Accept_Encoding="gzip")

    assert (compressed.headers["Content-Encoding"], "Content-Encoding" in plain.headers) == ("gzip", False)
    assert b"pm2site_app_status" in gzip.decompress(compressed.content)
    assert len(compressed.content) < len(plain.content) / 4
    assert "Accept-Encoding" in plain.headers["Vary"]


@pytest.mark.parametrize("path", ["/metrics", "/metrics/redis?target=7000", "/metrics/targets"])
def test_each_read_renews_the_demand_for_samples(path: str) -> None:
    before = demand.is_current()

    assert (before, get(path).status_code, demand.is_current()) == (False, 200, True)


def test_a_redis_node_as_target() -> None:
    page = get("/metrics/redis?target=127.0.0.1:7001").content.decode()
    families = {family.name: family for family in parse_text(page)}

    assert [sample.value for sample in families["redis_up"].samples] == [1]
    assert [sample.labels for sample in families["redis_slave_info"].samples] == [
        {"master_host": "127.0.0.1", "master_port": "7000", "read_only": "1"}
    ]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?target=127.0.0.1:7002", 404, "target_unknown"),
        ("?target=10.0.0.1:7000", 404, "target_unknown"),
        ("?target=%00%F0", 404, "target_unknown"),
        ("?target=", 404, "target_unknown"),
        ("", 400, "target_missing"),
    ],
)
def test_other_targets_are_refused_in_json_whatever_is_accepted(query: str, status: int, code: str) -> None:
    response = get("/metrics/redis" + query, Accept=PROMETHEUS)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.json().get("fields") == ({"target": ["This parameter is required."]} if status == 400 else None)


def test_targets_for_service_discovery() -> None:
    response = get("/metrics/targets", Accept="application/json")

    assert response.headers["Content-Type"] == "application/json"
    assert [group["targets"] for group in response.json()] == [["127.0.0.1:7000"], ["127.0.0.1:7001"]]
    assert response.json()[1]["labels"]["__meta_pm2site_redis_role"] == "replica"


@pytest.mark.parametrize("path", ["/metrics/redis?target=7000", "/metrics/targets"])
def test_before_the_first_sample_prometheus_keeps_what_it_has(
    path: str, monkeypatch: pytest.MonkeyPatch, collector: Collector
) -> None:
    """An empty list would make it drop all targets."""
    monkeypatch.setattr("monitoring.sampling.taps.redis.newest", None)
    response = get(path)

    assert (response.status_code, response.json()["code"], response.headers["Retry-After"]) == (
        503, "nothing_sampled", "5",
    )  # fmt: skip


@pytest.mark.parametrize("path", ["/metrics", "/metrics/redis?target=7000", "/metrics/targets"])
def test_a_credential_that_may_read_is_needed_in_any_of_prometheuss_forms(path: str, settings: Settings) -> None:
    settings.API_KEY, settings.API_KEY_READONLY = "k" * 20, "r" * 20
    reader = tokens.create("prometheus", may_act=False, expires_at=None)
    sent = [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {settings.API_KEY}"},
        {"Authorization": f"Bearer {settings.API_KEY_READONLY}"},
        {"Authorization": f"Token {settings.API_KEY}"},
        {"Authorization": f"Bearer {reader}"},
        {"Authorization": f"token {reader}"},
        {"X-API-Key": settings.API_KEY_READONLY},
    ]

    statuses = [get(path, "192.0.2.7", Accept=PROMETHEUS, **headers).status_code for headers in sent]
    assert statuses == [401, 401, 401, 200, 200, 200, 200, 200]


def test_only_reading_is_possible() -> None:
    client = Client(headers={"Host": "localhost"})

    assert client.head("/metrics").status_code == 200
    assert client.post("/metrics").status_code == 405
