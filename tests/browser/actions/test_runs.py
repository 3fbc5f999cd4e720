"""Actions on runs of benchmarks and their history, by the mouse."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.actions.steps import choose_in_menu, confirm, wait_for_outcome
from tests.browser.conftest import OpenPage
from tests.browser.content import add_result, call, result, running_server, start_apps
from tests.browser.page import Page
from tests.fixtures.ports import free_port
from tests.fixtures.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.real]
HELLO = """require("http").createServer((request, response) => {
  response.setHeader("Content-Type", "application/json");
  response.end('{"message":"hello"}');
}).listen(PORT, "127.0.0.1");"""
MENU = re.compile("^Actions on the run of ")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as started:
        start_apps(started, {"name": "hello", "source": HELLO.replace("PORT", str(free_port()))})
        yield started


@pytest.fixture
def stored(server: Server) -> Iterator[str]:
    """A valid result in a history without others."""
    run_id = add_result(server, "stored", 900, label="release 7")
    yield run_id
    call(server, "DELETE /api/benchmark/clear")


def runs(server: Server) -> list[dict[str, Any]]:
    active: list[dict[str, Any]] = call(server, "GET /api/benchmark/runs")["runs"]
    return active


def wait_for_rows(page: Page, count: int) -> None:
    page.wait_until(lambda: len(page.elements("row", None, page.element("table", "History of benchmarks"))) == count + 1,
        f"{count} rows")  # fmt: skip


@pytest.mark.performs("benchmark.form", "benchmark.run", "benchmark.cancel", "benchmark.again")
def test_a_run_is_started_cancelled_and_repeated(open_page: OpenPage, server: Server) -> None:
    page = open_page(server.url)
    page.wait_until(lambda: any(
        target["name"] == "hello" and target["endpoints"] for target in call(server, "GET /api/benchmark/targets")["targets"]
    ), "a target")  # fmt: skip
    page.open("/benchmarks")
    page.press("Control+k")
    page.type("Benchmark hello GET /")
    page.element("option", re.compile("Benchmark hello GET /"))
    page.press("Enter")
    page.wait_until(lambda: page.path.startswith("/benchmarks?target=hello"), "the form of the target")
    page.fill("textbox", "Seconds of a trial", "60")
    page.click("button", "Start the benchmark")
    wait_for_outcome(page, server, "benchmark.run", "")
    page.wait_for_text("hello GET /", "region", "Running")
    page.click("button", "Cancel run")
    confirm(page, "Cancel run", title="what it has measured so far is kept")
    page.wait_until(lambda: runs(server) == [], "no run")

    page.fill("textbox", "Seconds of a trial", "1")
    page.fill("textbox", "Label", "short")
    page.click("button", "Start the benchmark")
    page.wait_for_text("short", "table", "History of benchmarks")
    choose_in_menu(page, MENU, "Run again")
    wait_for_outcome(page, server, "benchmark.run", "", times=3)
    wait_for_rows(page, 2)
    call(server, "DELETE /api/benchmark/clear")


@pytest.mark.performs("benchmark.baseline.set", "benchmark.baseline.remove", "benchmark.delete")
def test_a_result_becomes_the_baseline_and_is_deleted(open_page: OpenPage, server: Server, stored: str) -> None:
    page = open_page(server.url)
    page.open(f"/benchmarks/runs/{stored}")
    page.click("button", "Set as baseline")
    confirm(page, "Set as baseline", title="“release 7”")
    page.wait_for_text("This run is the baseline", "region", "Against other runs")
    assert [one["result"]["id"] for one in call(server, "GET /api/benchmark/baselines")["baselines"]] == [stored]

    page.open("/benchmarks")
    page.wait_for_text("★ baseline", "table", "History of benchmarks")
    choose_in_menu(page, MENU, "Remove baseline")
    confirm(page, "Remove baseline")
    page.wait_until(lambda: call(server, "GET /api/benchmark/baselines")["baselines"] == [], "no baseline")
    choose_in_menu(page, MENU, "Delete")
    confirm(page, "Delete", title="with its trials, samples and histograms")
    page.wait_for_text("Nothing has been measured yet.", "main")
    assert call(server, "GET /api/benchmark/all")["results"] == []


@pytest.mark.performs("benchmark.import", "benchmark.clear")
def test_the_history_is_imported_and_cleared(open_page: OpenPage, server: Server) -> None:
    entries = [{**result("old", 500 + number), "timestamp": f"2026-01-0{number}T00:00:00Z"} for number in (1, 2, 3)]
    (server.folder / "history.json").write_text(json.dumps({"results": entries}), encoding="utf-8")
    page = open_page(server.url)
    page.open("/benchmarks")
    page.click("button", "Import")
    wait_for_rows(page, 3)

    page.click("button", "Clear")
    confirm(page, "Clear", word="clear", title="the server writes an export of the results first")

    page.wait_for_text("Nothing has been measured yet.", "main")
    assert call(server, "GET /api/benchmark/all")["results"] == []


@pytest.mark.performs(
    "benchmark.export.json", "benchmark.export.csv", "benchmark.export.md", "benchmark.export.benchstat"
)
@pytest.mark.usefixtures("stored")
def test_the_history_is_exported(open_page: OpenPage, server: Server) -> None:
    page = open_page(server.url)
    page.open("/benchmarks")
    wait_for_rows(page, 1)

    texts = {}
    for name, pattern in (("json", "*.json"), ("csv", "*.csv"), ("md", "*.md"), ("benchstat", "*.txt")):
        page.click("button", name)
        texts[name] = page.wait_for_download(pattern).read_text(encoding="utf-8")

    assert [entry["label"] for entry in json.loads(texts["json"])["results"]] == ["release 7"]
    assert [row["framework"] for row in csv.DictReader(texts["csv"].splitlines())] == ["stored"]
    assert "| stored" in texts["md"]
    assert "req/s" in texts["benchstat"]
