"""Names, labels and log lines that would be markup, scripts, or orders to a terminal: they are text in every view."""

from __future__ import annotations

import json

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.journeys.steps import add_result, post
from tests.browser.page import Page
from tests.fixtures.server import Server

MARKUP = "<img src=x onerror=alert(1)>"
# A right-to-left override would turn the rest of the line around.
NAME, NAME_ON_PAGE = f"{MARKUP}\u202egpj.exe", rf"{MARKUP}\u202egpj.exe"
LABEL, LABEL_ON_PAGE = "<script>alert(2)</script>\u202ex", r"<script>alert(2)</script>\u202ex"
LINE = f"\x1b]0;title\x07\x1b[2J\x1b[31mred\x1b[0m {MARKUP}\u202e"
LINE_ON_PAGE = rf"\x1b]0;title\x07\x1b[2Jred {MARKUP}\u202e"
# An option's value is sent back to the server, and nobody sees it.
NOT_TEXT = r"""[...document.querySelectorAll('img, [onerror], body script:not(#first-state)')].map((one) => one.outerHTML)
  .concat([...document.querySelectorAll('main *, header *, dialog *')].flatMap((one) =>
    ['title', 'aria-label', 'label', 'alt', 'placeholder'].map((name) => `${name} of ${one.tagName}: ${one.getAttribute(name) ?? ''}`)
    .filter((text) => /[\x1b\u202e]/.test(text))))
  .concat([document.title, document.body.innerText].filter((text) => /[\x1b\u202e]/.test(text)))"""


@pytest.fixture(scope="module")
def run(server: Server) -> str:
    """The id of the result; a process with the name runs, and writes its lines."""
    folder = server.folder / "var" / "apps"
    folder.mkdir()
    (folder / "app.js").write_text(
        f"console.log({json.dumps(LINE)}); setInterval(() => console.error({json.dumps(LINE)}), 500)"
    )
    app = {"name": NAME, "script": str(folder / "app.js")}
    (folder / "ecosystem.config.js").write_text(f"module.exports = {{ apps: [{json.dumps(app)}] }}")
    server.manage("pm2", "start", str(folder / "ecosystem.config.js"))
    post(server, "/api/pm2/restart", {"pmId": 0})
    return add_result(server, LABEL, framework=NAME)


def test_every_view_shows_it_as_text(open_page: OpenPage, server: Server, run: str) -> None:
    page = open_page(server.url)
    views = {
        "/": NAME_ON_PAGE, "/processes": NAME_ON_PAGE, "/processes/0": NAME_ON_PAGE, "/logs": LINE_ON_PAGE,
        "/logs?pmId=0": LINE_ON_PAGE, "/benchmarks": LABEL_ON_PAGE, f"/benchmarks/runs/{run}": LABEL_ON_PAGE,
        f"/benchmarks/compare?base={run}&new={run}": LABEL_ON_PAGE, "/benchmarks/rankings": NAME_ON_PAGE, "/activity": NAME_ON_PAGE,
    }  # fmt: skip
    for path, text in views.items():
        page.open(path)
        page.wait_for_text(text)
        assert not_text(page) == [], path
    page.open("/processes")
    page.click("checkbox", "Group by name")
    page.element("DisclosureTriangle", f"More actions on {NAME_ON_PAGE}")
    assert not_text(page) == []
    page.click("checkbox", "Group by name")
    page.element("DisclosureTriangle", f"More actions on {NAME_ON_PAGE} (0)")
    page.click("button", "Restart", description=f"Restart {NAME_ON_PAGE} (0)")
    assert NAME_ON_PAGE in page.text("dialog")
    assert not_text(page) == []


def not_text(page: Page) -> list[str]:
    """Elements that the text made, and attributes that people see or hear with raw control characters; a dialog of
    alert() would end the test by itself."""
    problems: list[str] = page.evaluate(NOT_TEXT)
    return problems


@pytest.mark.performs("page.theme")
def test_the_overview_is_accessible_light_and_dark_and_fits_a_narrow_window(
    open_page: OpenPage, server: Server, run: str
) -> None:
    page = open_page(server.url)
    page.open("/")
    page.wait_for_text(NAME_ON_PAGE)
    page.wait_for_text("● live", "group", "State")
    for theme in ("light", "dark"):
        page.press("T")
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        assert page.axe() == []
    page.set_size(320, 640)
    page.wait_until(lambda: page.evaluate("innerWidth") == 320, "a narrow window")
    widths = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert widths[0] == widths[1]
    assert page.axe() == []
