"""Views without any data: accessible in light and dark, with the next step in words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.content import running_server
from tests.fixtures.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.real]
NEXT_STEPS = {
    "/": "First steps", "/processes": "Start a server below: that starts the daemon, too.", "/redis": "Set one up.",
    "/benchmarks": "Nothing has been measured yet.", "/benchmarks/targets": "New target", "/access": "No token yet.",
    "/benchmarks/rankings": "", "/benchmarks/compare": "", "/logs": "", "/activity": "",
}  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as started:
        yield started


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_empty_view_violates_wcag(open_page: OpenPage, server: Server, scheme: str) -> None:
    page = open_page(server.url)
    page.emulate(prefers_color_scheme=scheme)
    wrong = {}

    for path, next_step in NEXT_STEPS.items():
        page.open(path)
        page.wait_for_text(next_step)
        page.wait_until(lambda: "Loading " not in page.text(), "a complete view")
        wrong[path] = page.axe()
    page.open("/redis")
    page.fill("spinbutton", "Nodes", "2")
    page.wait_for_text("Possible:", "paragraph")
    wrong["setup form with an error"] = page.axe()

    assert {path: violations for path, violations in wrong.items() if violations} == {}
