"""What several journeys through the page have in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from tests.browser.page import DEADLINE_S, Page
from tests.fixtures.cluster import kill_processes_in
from tests.fixtures.server import Server, new_server

REQUEST = "fastify GET /simple"  # what the journeys measure


@contextmanager
def run_server(**env: str) -> Iterator[Server]:
    """For the tests of one module; PM2's daemon, processes and Redis nodes end with it."""
    started = new_server(**env)
    try:
        yield started.start()
    finally:
        started.stop()
        kill_processes_in(started.folder)  # Redis nodes outlive their server
        started.clean()


def confirm(page: Page, title: str, verb: str) -> str:
    """Clicks the button of the question; returns what it said is affected."""
    question = page.element("dialog", f"{title}?")
    affected = page.element("list", within=question).text()
    page.click("button", verb, within=question)
    page.wait_until_absent("dialog")
    return affected


def close_messages(page: Page) -> None:
    """They cover a corner of the window for some seconds."""

    def are_closed() -> bool:
        buttons = page.elements("button", "Close this message")
        for button in buttons[-1:]:
            page.click_once(button)
        return not buttons

    page.wait_until(are_closed, "closed messages")


def post(server: Server, path: str, body: dict[str, Any], key: str = "") -> Any:
    """As another program does; returns the JSON of the answer."""
    headers = {"X-API-Key": key} if key else {}
    answer = requests.post(server.url + path, json=body, headers=headers, timeout=2 * DEADLINE_S)
    assert answer.ok, answer.text
    return answer.json()


def get(server: Server, path: str, key: str = "") -> Any:
    answer = requests.get(server.url + path, headers={"X-API-Key": key} if key else {}, timeout=DEADLINE_S)
    assert answer.ok, answer.text
    return answer.json()


def add_result(server: Server, label: str, framework: str = "fastify", key: str = "") -> str:
    """Returns the id of a result that was measured elsewhere."""
    result = {"framework": framework, "endpoint": "/simple", "method": "GET", "reqPerSec": 1234.5, "label": label}
    post(server, "/api/benchmark/add", result, key)
    return str(get(server, "/api/benchmark/latest?count=1", key)["results"][0]["id"])
