"""A read-only key sees everything and has no verb; a wrong key sees nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.journeys.steps import add_result, get, post, run_server
from tests.browser.page import Page
from tests.fixtures.ports import SERVERS_REDIS
from tests.fixtures.server import Server

KEY, READ_ONLY_KEY = "correct-horse-battery-staple-0123456789", "incorrect-horse-battery-staple-01234567"
# Actions of the page itself, and exports.
PERMITTED = {
    "page.palette", "page.help", "page.theme", "page.logout", "page.login",
    "benchmark.export.json", "benchmark.export.csv", "benchmark.export.md", "benchmark.export.benchstat",
}  # fmt: skip
VERBS = """[...document.querySelectorAll("main [data-action], header [data-action], dialog [data-action]")]
  .map((element) => element.dataset.action).concat(
    [...document.querySelectorAll("form [type=submit]:enabled, form button:not([type]):enabled")].map(({ textContent }) => textContent))"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with run_server(API_KEY=KEY, API_KEY_READONLY=READ_ONLY_KEY) as started:
        yield started


@pytest.mark.performs("page.palette")
def test_no_view_has_a_verb_for_those_who_may_only_read(open_page: OpenPage, server: Server) -> None:
    post(server, "/api/pm2/start", {"framework": "fastify", "instances": 1}, KEY)
    post(server, "/api/pm2/restart", {"pmId": 0}, KEY)
    post(server, "/api/redis/setup", {"nodeCount": 3}, KEY)
    run = add_result(server, "imported", key=KEY)
    page = open_page(server.url)
    page.permit_console("favicon")
    page.open("/processes")
    page.fill("textbox", "or API key", READ_ONLY_KEY)
    page.click("button", "Log in")
    page.wait_for_path("/processes")
    page.wait_until(lambda: get(server, "/api/pm2/exits", KEY)["exits"], "an exit")
    leaving = get(server, "/api/pm2/exits", KEY)["exits"][0]["id"]
    views = {
        "/processes": "fastify", "/": "Benchmark now", "/processes/0": "Over time", "/logs": "Log files",
        f"/processes/exits/{leaving}": "fastify", "/redis": "Shards", f"/redis/{SERVERS_REDIS}": "Slow log", "/benchmarks": "imported", "/benchmarks/targets": "fastify",
        f"/benchmarks/runs/{run}": "imported", f"/benchmarks/compare?base={run}&new={run}": "Both are the same run",
        "/benchmarks/rankings": "Rankings", "/activity": "pm2.start", "/access": "read-only",
    }  # fmt: skip
    verbs = {path: verbs_of(page, path, text) for path, text in views.items()}
    assert verbs == {path: set() for path in views}

    page.press("Control+k")
    page.element("combobox", "Command")
    groups = {option.name.split()[0] for option in page.elements("option")}
    assert groups == {"Go", "Find", "Keys", "Filter", "Pause", "Switch", "Connect", "Log", "Export"}
    post(server, "/api/redis/clean", {"confirm": True}, KEY)


def verbs_of(page: Page, path: str, text: str) -> set[str]:
    """What the view offers beyond looking, once it has the text."""
    page.open(path)
    page.wait_for_text(text)
    page.wait_for_text("● live", "group", "State")
    return set(page.evaluate(VERBS)) - PERMITTED


def test_a_wrong_key_shows_nothing(open_page: OpenPage, server: Server) -> None:
    page = open_page(server.url)
    page.permit_console("401")
    page.open("/processes/0")
    page.fill("textbox", "or API key", KEY[:-1])
    page.press("Enter")
    page.wait_for_text("Invalid username, password or API key.", "alert")
    assert page.path == "/login?next=%2Fprocesses%2F0"
    assert "fastify" not in page.text("main")
    assert page.evaluate("fetch('/api/pm2/stats').then(({ status }) => status)") == 401
