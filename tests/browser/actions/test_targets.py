"""Own targets, created, changed and deleted by the form."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.actions.steps import confirm
from tests.browser.conftest import OpenPage
from tests.browser.content import call, running_server
from tests.fixtures.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.real]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as started:
        yield started


def own_targets(server: Server) -> list[tuple[str, str, list[str]]]:
    targets = call(server, "GET /api/benchmark/targets")["targets"]
    return [
        (target["name"], target["url"], [endpoint["path"] for endpoint in target["endpoints"]])
        for target in targets
        if target["source"] == "url"
    ]


@pytest.mark.performs("benchmark.target.save", "benchmark.target.delete")
def test_a_target_is_created_changed_and_deleted(open_page: OpenPage, server: Server) -> None:
    page = open_page(server.url)
    page.open("/benchmarks/targets")
    page.click("link", "New target")
    page.fill("textbox", "Name", "orders")
    page.fill("textbox", "URL", "http://127.0.0.1:9")
    page.click("button", "Add an endpoint")
    page.fill("textbox", "Path", "/orders")
    page.click("button", "Save target")
    page.wait_for_path("/benchmarks/targets")
    assert own_targets(server) == [("orders", "http://127.0.0.1:9", ["/orders"])]

    page.click("link", "Edit")
    page.fill("textbox", "Path", "/orders?page=2")
    page.click("button", "Save target")
    page.wait_for_path("/benchmarks/targets")
    assert own_targets(server) == [("orders", "http://127.0.0.1:9", ["/orders?page=2"])]

    page.click("button", "Delete")
    confirm(page, "Delete", title="GET /orders?page=2")
    page.wait_until_absent("link", "Edit")
    assert own_targets(server) == []
