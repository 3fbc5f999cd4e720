"""Every view with data, by axe-core, in light and dark; at four widths; and printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from pm2site.web.views import VIEWS
from tests.browser.conftest import OpenPage
from tests.browser.content import SLEEP, add_result, call, poll, processes, running_server, start_apps
from tests.browser.page import Page
from tests.fixtures.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.real]
WIDTHS = (320, 400, 1280, 2560)
# Ends after three seconds, with colours and an error in its log.
CRASHES = r"""console.log("\x1b[32mready\x1b[0m to \x1b[1mserve\x1b[0m 3 customers");
setTimeout(() => { console.error("WARN low on disk"); throw new Error("connect ECONNREFUSED"); }, 3000);"""
HOSTILE = "<script>alert(1)</script> \u202etxt " + "long" * 20
OVERFLOW = """(() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  return [...document.querySelectorAll("body *")].filter((element) => element.getBoundingClientRect().right > root.clientWidth + 1
    && !element.parentElement.closest(".wide")).slice(0, 5).map((element) => element.outerHTML.slice(0, 200));
})()"""


@dataclass(frozen=True, slots=True)
class Subject:
    """A server with content, and what the paths of views name."""

    server: Server
    values: dict[str, object]

    def path(self, name: str) -> str:
        view = next(view for view in VIEWS if view.name == name)
        path = view.path.replace("int:", "").replace("uuid:", "")
        for key, value in self.values.items():
            path = path.replace(f"<{key}>", str(value))
        query = f"?base={self.values['base']}&new={self.values['run_id']}" if name == "compare" else ""
        return f"/{path}{query}"


@pytest.fixture(scope="module")
def subject() -> Iterator[Subject]:
    """Processes, one of them restless; a cluster; results, a baseline; a run in progress; tokens."""
    with running_server() as server:
        call(server, "POST /api/redis/setup", nodeCount=6)
        call(server, "POST /api/pm2/start", framework="fastify", instances=2)
        start_apps(
            server, {"name": HOSTILE, **SLEEP}, {"name": "mailer", "source": CRASHES, "max_restarts": 100_000},
            {"name": "stopped", **SLEEP},
        )  # fmt: skip
        call(server, "POST /api/pm2/stop", name="stopped")
        base = add_result(server, "fastify", 900, label=HOSTILE)
        run_id = add_result(
            server, "fastify", 990, timestamp="2026-11-21T10:06:00Z", validity="caution", reasons=["Noise."]
        )
        add_result(server, "express", 500)
        call(server, f"POST /api/benchmark/runs/{base}/baseline", reason="release 7")
        call(server, "POST /api/benchmark/run", framework="fastify", profile="rigorous", label="in progress")
        call(server, "POST /api/access/tokens", name="ci", role="read")
        call(server, "POST /api/benchmark/targets", name="orders", url="http://127.0.0.1:9", endpoints=[{"path": "/"}])
        number = next(process["pmId"] for process in processes(server) if process["name"] == "mailer")
        port = call(server, "GET /api/redis/stats")["cluster"]["shards"][0]["masterPort"]
        exits = poll(lambda: call(server, "GET /api/pm2/exits?limit=1")["exits"])
        yield Subject(
            server,
            {"pm_id": number, "exit_id": exits[0]["id"], "port": port, "run_id": run_id, "base": base},
        )
        for run in call(server, "GET /api/benchmark/runs")["runs"]:
            call(server, f"POST /api/benchmark/runs/{run['id']}/cancel")


def open_view(page: Page, subject: Subject, name: str) -> None:
    """Waits until everything of it is there."""
    page.open(subject.path(name))
    page.wait_until(
        lambda: page.evaluate(
            "document.querySelector('h1') && !/Loading |This view failed/.test(document.body.innerText)"
        ),
        lambda: page.text(),
    )


def open_help(page: Page, subject: Subject) -> None:
    open_view(page, subject, "overview")
    page.press("?")
    page.element("dialog")


def open_palette(page: Page, subject: Subject) -> None:
    open_view(page, subject, "overview")
    page.press("Control+k")
    page.element("dialog")


def open_confirmation(page: Page, subject: Subject) -> None:
    """With a word to type, and the equivalents."""
    open_view(page, subject, "redis")
    page.click("DisclosureTriangle", "More actions on the cluster")
    page.click("button", "Clean")
    page.click("DisclosureTriangle", "The same from a shell", page.element("dialog"))


def open_wrong_form(page: Page, subject: Subject) -> None:
    page.open("/benchmarks?target=orders")
    page.fill("textbox", "Seconds of a trial", "no")
    page.fill("textbox", "Budget, an expectation per line", "p99 of 5")
    page.click("button", "Start the benchmark")
    page.wait_until(lambda: page.element("textbox", "Seconds of a trial").states.get("invalid") == "true", "an error")


def open_new_token(page: Page, subject: Subject) -> None:
    open_view(page, subject, "access")
    page.click("button", "Create token")  # without a name
    page.element("textbox", "Name")


def open_grouped(page: Page, subject: Subject) -> None:
    open_view(page, subject, "processes")
    page.click("checkbox", "Group by name")
    page.click("DisclosureTriangle", "More actions on fastify")


def open_new_target(page: Page, subject: Subject) -> None:
    page.open("/benchmarks/targets?new=")
    page.click("button", "Add an endpoint")
    page.click("button", "Add a header")
    page.click("button", "Save target")


def open_login(page: Page, subject: Subject) -> None:
    page.open("/login")


STATES: dict[str, Callable[[Page, Subject], None]] = {
    "help": open_help, "palette": open_palette, "confirmation": open_confirmation, "run form with errors": open_wrong_form,
    "new token": open_new_token, "processes by name": open_grouped, "new target": open_new_target, "login": open_login,
}  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_view_violates_wcag(open_page: OpenPage, subject: Subject, scheme: str) -> None:
    page = open_page(subject.server.url)
    page.emulate(prefers_color_scheme=scheme)
    wrong = {}

    for view in VIEWS:
        open_view(page, subject, view.name)
        wrong[view.name] = page.axe()
    for name, open_state in STATES.items():
        open_state(page, subject)
        wrong[name] = page.axe()

    assert {name: violations for name, violations in wrong.items() if violations} == {}


def test_no_view_is_wider_than_the_window(open_page: OpenPage, subject: Subject) -> None:
    page = open_page(subject.server.url)

    for view in VIEWS:
        open_view(page, subject, view.name)
        for width in WIDTHS:
            page.set_size(width, 800)
            # Charts follow the window within a second.
            page.wait_until(lambda: page.evaluate(OVERFLOW) == [], lambda: f"{width}: {page.evaluate(OVERFLOW)}")  # noqa: B023


@pytest.mark.parametrize("name", ["overview", "run"])
def test_a_printed_view_is_dark_on_light_without_controls(open_page: OpenPage, subject: Subject, name: str) -> None:
    page = open_page(subject.server.url)
    page.emulate_dark()
    open_view(page, subject, name)
    page.emulate_print()

    assert page.elements("button", "Commands") == []
    assert page.elements("navigation") == []
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") in (
        "rgb(255, 255, 255)",
        "rgba(0, 0, 0, 0)",
    )
    assert page.axe() == []
