"""A page that stays open: over hundreds of restarts, a flood of log lines, and with a hundred processes."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.browser.chromium import Chromium
from tests.browser.conftest import OpenPage
from tests.browser.content import SLEEP, call, poll, processes, running_server, start_apps
from tests.browser.elements import Element
from tests.browser.page import Page
from tests.fixtures.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.real]
RESTARTS, FEW, MIB = 200, 20, 2**20
# Six restarts a second in all; none of them ends while they are started.
RESTLESS = {**SLEEP, "args": ["2"], "max_restarts": 100_000, "min_uptime": 100}
RESTLESS_COUNT = 12
FLOOD_S, CLICK_S = 20, 1.0
MAX_LINES, MAX_ROWS = 5000, 400  # kept by the page; in the document
# 5,000 lines a second, and the number of each.
FLOOD = r"""let line = 0, due = Date.now();
setInterval(() => {
  for (; due <= Date.now(); due += 20) {
    process.stdout.write(Array.from({ length: 100 }, () => `line ${++line} GET /items ${"x".repeat(line % 80)}\n`).join(""));
  }
}, 20);"""
# Without roles and names while the heap is measured: the tree of accessibility, once it is built, grows with each change.
TEXT, PAUSE = "document.body.innerText", "document.querySelector('header button[aria-pressed]')"
ROWS, PROCESSES = "Processes under PM2", 100


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """Without records of requests: for them the browser keeps the bodies of all responses in the tab's memory."""
    browser = Chromium(is_logging=False)
    yield browser
    browser.quit()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as started:
        yield started


@pytest.fixture(autouse=True)
def _empty_list(server: Server) -> Iterator[None]:
    yield
    call(server, "POST /api/pm2/deleteAll")


def click_pause(page: Page) -> None:
    x, y = page.evaluate(f"(({{ x, y }}) => [x + 5, y + 5])({PAUSE}.getBoundingClientRect())")
    for kind in ("mousePressed", "mouseReleased"):
        page.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


def restarts(server: Server) -> int:
    return sum(process["restarts"] for process in processes(server))


def cells(row: Element) -> list[str]:
    return [
        " ".join(text.split())
        for text in row.call("function () { return [...this.cells].map((cell) => cell.innerText) }")
    ]


@pytest.mark.parametrize("path", ["/", "/processes"])
def test_restarts_leave_nothing_in_the_heap(open_page: OpenPage, server: Server, path: str) -> None:
    start_apps(
        server,
        *({"name": f"restless-{number}", **RESTLESS} for number in range(RESTLESS_COUNT)),
        {"name": "calm", **SLEEP},
    )
    page = open_page(server.url)
    page.open(path)
    page.wait_until(lambda: "restless-1" in page.evaluate(TEXT), "a process")
    first = poll(lambda: restarts(server) if restarts(server) >= FEW else 0)
    before = page.heap_bytes()

    poll(lambda: restarts(server) >= first + RESTARTS)
    grown = page.heap_bytes() - before

    assert grown < MIB, f"{grown / MIB:.2f} MiB for {RESTARTS} restarts"
    call(server, "POST /api/pm2/stop", name="restless-1")
    page.wait_for_text("stopped")
    if path == "/processes":
        listed = sorted(process["name"] for process in processes(server))
        assert sorted(row[1] for row in table_rows(page)) == listed
        assert ["restless-1", "○ stopped"] in [row[1:3] for row in table_rows(page)]


def table_rows(page: Page) -> list[list[str]]:
    table = page.element("table", ROWS)
    return [cells(row) for row in page.elements("row", None, table)[1:]]


def test_a_flood_of_log_lines_neither_freezes_nor_grows_the_page(open_page: OpenPage, server: Server) -> None:
    start_apps(server, {"name": "flood", "source": FLOOD})
    page = open_page(server.url)
    page.open("/logs?name=flood")
    kept = "(document.querySelector('.log-canvas')?.offsetHeight ?? 0) / 18"
    page.wait_until(lambda: page.evaluate(kept) >= MAX_LINES, lambda: f"{MAX_LINES} lines, but {page.evaluate(kept)}")
    counts, delays_s, heaps = [], [], [page.heap_bytes()]
    began_s = time.monotonic()

    while time.monotonic() < began_s + FLOOD_S:
        for is_paused in ("true", "false"):
            clicked_s = time.monotonic()
            click_pause(page)
            page.wait_until(lambda: page.evaluate(f"{PAUSE}.ariaPressed") == is_paused, is_paused)  # noqa: B023
            delays_s.append(time.monotonic() - clicked_s)
        counts.append(page.evaluate("document.querySelectorAll('.log-row').length"))
        heaps.append(page.heap_bytes())

    assert 0 < max(counts) <= MAX_ROWS
    assert sorted(delays_s)[len(delays_s) // 2] < CLICK_S
    half = len(heaps) // 2
    assert max(heaps[half:]) < max(heaps[:half]) + MIB


def test_a_hundred_processes_are_filtered_and_sorted_while_they_change(open_page: OpenPage, server: Server) -> None:
    apps = [{"name": f"app-{number:02}", **SLEEP} for number in range(PROCESSES - 1)]
    start_apps(server, *apps, {"name": "zest", **RESTLESS})
    page = open_page(server.url)
    page.open("/")
    page.wait_for_text("100/100", "group", "State")
    page.open("/processes")
    page.wait_until(lambda: len(table_rows(page)) == PROCESSES, "100 rows")

    page.click("button", "name")
    page.wait_until(lambda: table_rows(page)[0][1] == "app-00", "the first name first")
    page.click("button", "name")
    page.wait_until(lambda: [row[1] for row in table_rows(page)][:2] == ["zest", "app-98"], "the last name first")
    page.press("/")
    page.type("app-5")
    page.wait_until(
        lambda: [row[1] for row in table_rows(page)] == [f"app-5{n}" for n in reversed(range(10))], "10 rows"
    )

    link = page.tab_to("link", "app-57")
    page.evaluate("(() => { const row = document.activeElement.closest('tr'); window.row = row; "
        "getSelection().selectAllChildren(row.cells[1]); })()")  # fmt: skip
    before = restarts(server)
    poll(lambda: restarts(server) > before + 2)
    call(server, "POST /api/pm2/stop", name="app-58")
    page.wait_for_text("stopped", "region", ROWS)

    assert page.focused() is not None
    assert page.focused().name == link.name == "app-57"  # type: ignore[union-attr]
    assert page.evaluate("getSelection().toString()") == "app-57"
    assert page.evaluate("document.activeElement.closest('tr') === window.row && window.row.isConnected") is True
