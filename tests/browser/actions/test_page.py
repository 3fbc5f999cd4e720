"""Actions of the page itself, by their keys."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.browser.actions.steps import choose_in_palette
from tests.browser.conftest import OpenPage
from tests.browser.content import SLEEP, add_result, running_server, start_apps
from tests.fixtures.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.real]
PLACES = {
    "p": "/processes", "l": "/logs", "r": "/redis", "b": "/benchmarks", "k": "/benchmarks/rankings", "a": "/activity",
    "t": "/access", "o": "/",
}  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as started:
        add_result(started, "fastify", 900)
        start_apps(started, {"name": "worker", **SLEEP})
        yield started


@pytest.mark.performs(
    "go.overview", "go.processes", "go.logs", "go.redis", "go.benchmarks", "go.rankings", "go.activity", "go.access"
)
def test_two_keys_open_a_view(open_page: OpenPage, server: Server) -> None:
    page = open_page(server.url)
    page.open("/")

    for key, path in PLACES.items():
        page.press("g", key)
        page.wait_for_path(path)
        page.wait_for_text(re.compile(".+"), "heading")


@pytest.mark.performs("page.palette", "page.help", "page.filter", "page.pause", "page.times", "page.theme")
def test_keys_of_the_page(open_page: OpenPage, server: Server) -> None:
    page = open_page(server.url)
    page.open("/processes")
    page.wait_for_text("worker", "region", "Processes under PM2")

    page.press("/")
    page.type("nothing")
    page.wait_for_text("No process has “nothing”", "region", "Processes under PM2")
    page.press("Control+a", "Delete", "Escape")
    page.wait_for_text("worker", "region", "Processes under PM2")

    page.press("?")
    assert "Connect again now" in page.text("dialog")
    page.press("Escape")
    page.wait_until_absent("dialog")

    choose_in_palette(page, "Go to benchmarks")
    page.wait_for_path("/benchmarks")
    page.wait_for_text("ago", "table", "History of benchmarks")
    page.press("t")
    page.wait_for_text("2026-11-20 10:06:00", "table", "History of benchmarks")

    page.press("p")
    assert page.element("button", "Continue").states["pressed"] == "true"
    page.press("p")
    page.element("button", "Pause")

    background = "getComputedStyle(document.body).backgroundColor"
    page.press("T")
    light = page.evaluate(background)
    page.press("T")
    page.wait_until(lambda: page.evaluate(background) != light, "dark colours")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    page.wait_until(lambda: page.evaluate("document.documentElement.dataset.theme") == "dark", "dark colours")


@pytest.mark.performs("page.reconnect")
def test_a_lost_connection_is_tried_again_at_once(open_page: OpenPage, server: Server) -> None:
    page = open_page(server.url)
    page.permit_console("ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_REFUSED|WebSocket")
    page.open("/processes")
    page.wait_for_text("live", "group", "State")
    server.stop()
    page.wait_for_text("Offline", "alert")

    server.start()
    page.click("button", "Connect now")

    page.wait_for_text("live", "group", "State")
    page.wait_until_absent("alert")
