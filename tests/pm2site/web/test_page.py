"""The page: an address for each view, the first state embedded, and a summary for browsers without scripts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import requests

from pm2site.web import summary
from pm2site.web.views import COMMON_READS, VIEWS, View
from tests.fixtures.server import Server, new_server
from tests.pm2site.web.node_module import PAGE

VALUES = {
    "<int:pm_id>": "0", "<int:exit_id>": "1", "<int:port>": "7000", "<uuid:run_id>": str(UUID(int=1)),
}  # fmt: skip


def address(view: View) -> str:
    path = view.path
    for pattern, value in VALUES.items():
        path = path.replace(pattern, value)
    assert "<" not in path
    return "/" + path


def test_server_and_script_know_the_same_addresses() -> None:
    source = (PAGE / "routes.js").read_text(encoding="utf-8")
    patterns = [pattern.replace("\\/", "/") for pattern in re.findall(r"pattern: /(\^.*\$)/, load", source)]

    assert len(patterns) == len(VIEWS)
    assert [[bool(re.search(pattern, address(view))) for pattern in patterns].count(True) for view in VIEWS] == [
        1
    ] * len(VIEWS)


@pytest.fixture(scope="module")
def served() -> Iterator[Server]:
    server = new_server().start()
    yield server
    server.clean()


def load(server: Server, path: str) -> requests.Response:
    return requests.get(server.url + path, headers={"Accept": "text/html"}, timeout=60)


def embedded(page: str) -> dict[str, Any]:
    match = re.search(r'<script id="first-state" type="application/json">(.*?)</script>', page)
    assert match
    state: dict[str, Any] = json.loads(match[1])
    return state


@pytest.mark.real
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_every_view_has_an_address_that_can_be_loaded(served: Server, view: View) -> None:
    response = load(served, address(view))

    assert response.status_code == 200
    assert f"<title>{view.title} · pm2site</title>" in response.text
    assert response.headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    )
    assert set(COMMON_READS) <= set(embedded(response.text)["responses"])


@pytest.mark.real
def test_the_first_state_is_what_the_api_answers(served: Server) -> None:
    state = embedded(load(served, "/processes").text)["responses"]
    frameworks = requests.get(served.url + "/api/pm2/frameworks", timeout=30).json()

    assert state["/api/pm2/frameworks"]["frameworks"] == frameworks["frameworks"]
    assert "/api/pm2/frameworks" not in embedded(load(served, "/").text)["responses"]


@pytest.mark.real
def test_the_page_has_no_inline_script_nor_style(served: Server) -> None:
    page = load(served, "/").text

    assert re.findall(r"<style|style=|onclick|onload", page) == []
    assert re.findall(r"<script(?![^>]*(?:src=|type=\"application/json\"))", page) == []
    assert re.findall(r'(?:src|href)="(?!/)', page) == []
    for url in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        assert requests.get(served.url + url, timeout=30).status_code == 200


@pytest.mark.real
def test_a_page_is_only_read(served: Server) -> None:
    assert requests.options(served.url + "/processes", timeout=60).status_code == 405
    assert requests.head(served.url + "/processes", headers={"Accept": "text/html"}, timeout=60).status_code == 200


@pytest.mark.real
def test_the_page_says_its_state_without_scripts(served: Server) -> None:
    page = load(served, "/").text
    match = re.search(r"<noscript>(.*?)</noscript>", page, re.S)

    assert match
    assert [text in match[1] for text in ("Host ", "Redis Cluster: absent", 'href="/login', 'href="/admin/"')] == [
        True
    ] * 4


def test_a_summary_has_a_sentence_for_each_part() -> None:
    pm2 = {
        "daemon": {"message": None}, "counts": {"online": 1, "total": 2},
        "processes": [{"name": "api", "pmId": 0, "status": "online"}, {"name": "job\x1b", "pmId": 3, "status": "errored"}],
    }  # fmt: skip
    responses = {
        "/api/system/stats": {
            "hostname": "bench-1", "cpu": 41.2, "memoryPercent": None, "diskPercent": 71.0, "loadAvg": "1 2 3", "uptime": None,
        },
        "/api/pm2/stats": pm2,
        "/api/redis/stats": {"cluster": {"state": "ok"}, "stats": [{"state": "up"}, {"state": "down"}]},
        "/api/benchmark/runs": {
            "runs": [{"framework": "api", "method": "GET", "endpoint": "/orders", "state": "running"}]
        },
        "/api/benchmark/latest?count=12": {
            "results": [
                {
                    "timestamp": "2026-01-02T03:04:05.678Z", "framework": "api", "method": "GET", "endpoint": "/orders",
                    "reqPerSec": 71_234.4, "validity": "valid",
                }
            ]
        },
    }  # fmt: skip

    assert summary.lines(responses) == [
        "Host bench-1: CPU 41 %, memory unknown, disk 71 %, load 1 2 3, up unknown.",
        "Processes under PM2: 1 of 2 online; job\\x1b (3) is errored.",
        "Redis Cluster: ok, 1 of 2 nodes up.",
        "Benchmark of api, GET /orders: running.",
        "Measured 2026-01-02 03:04 UTC: api, GET /orders, 71,234 requests/s, valid.",
    ]
    assert summary.lines({"/api/pm2/stats": pm2 | {"daemon": {"message": "PM2's daemon is not running."}}}) == [
        "PM2's daemon is not running."
    ]
    assert summary.lines({}) == []
