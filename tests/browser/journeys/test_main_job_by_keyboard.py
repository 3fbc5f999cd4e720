"""The main job by keyboard alone: palette, sequences of keys, Tab, Enter and Escape."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.journeys.steps import REQUEST
from tests.browser.page import Page
from tests.fixtures.ports import SERVERS_REDIS
from tests.fixtures.server import Server


@pytest.mark.performs(
    "page.palette", "page.help", "page.filter", "go.processes", "go.redis", "go.benchmarks", "pm2.start.framework",
    "redis.setup", "benchmark.run", "benchmark.delete", "redis.clean", "pm2.delete.app",
)  # fmt: skip
def test_a_server_is_started_measured_and_deleted(open_page: OpenPage, server: Server) -> None:
    page = open_page(server.url)
    page.open("/")
    read_help(page)
    start_fastify(page)
    set_redis_up(page)
    measure(page)
    delete_the_run(page)
    clean_redis(page)
    delete_fastify(page)


def command(page: Page, words: str, title: str) -> None:
    """Carries a command of the palette out: the first one that has the words."""
    page.press("Control+k")
    page.wait_until(lambda: focused_name(page) == "Command", "the palette")
    page.type(words)
    page.wait_until(lambda: page.elements("option")[0].name.startswith(title), f"{title} as the first command")
    page.press("Enter")


def focused_name(page: Page) -> str:
    element = page.focused()
    return element.name if element else ""


def wait_for_focus(page: Page, name: str) -> None:
    page.wait_until(lambda: focused_name(page) == name, lambda: f"focus on {name}, but on {focused_name(page)!r}")


def replace(page: Page, role: str, name: str, text: str) -> None:
    page.tab_to(role, name)
    page.press("Control+a")
    page.type(text)


def read_help(page: Page) -> None:
    page.press("?")
    page.wait_for_text("Find any command", "dialog", "Keys")
    page.press("Escape")
    page.wait_until_absent("dialog")


def start_fastify(page: Page) -> None:
    page.press("g", "p")
    page.wait_for_path("/processes")
    command(page, "start fastify", "Start fastify")
    page.wait_for_text("● online", "region", "Processes under PM2")


def set_redis_up(page: Page) -> None:
    page.press("g", "r")
    page.element("region", "Set up a cluster")
    replace(page, "spinbutton", "Nodes", "3")
    page.press("Enter")
    page.wait_for_text(str(SERVERS_REDIS + 2), "region", "Shards")
    page.wait_until_absent("region", "Set up a cluster")  # with the focus


def measure(page: Page) -> None:
    page.press("g", "b")
    page.wait_for_path("/benchmarks")
    for name, text in {"Seconds of a trial": "2", "Trials": "1", "Connections": "8", "Label": "by keys"}.items():
        replace(page, "textbox", name, text)
    page.press("Enter")
    page.wait_for_text("by keys", "region", "Running")
    page.tab_to("link", REQUEST)
    page.press("Enter")
    page.element("heading", re.compile(f"{REQUEST}.*done"))


def delete_the_run(page: Page) -> None:
    """Enter on the question means Cancel, and so does Escape."""
    for answer in ("Enter", "Escape", "Delete"):
        page.tab_to("DisclosureTriangle", "More about this run")
        page.press("Enter")
        page.element("button", "Delete")  # the menu has its items once it is open
        page.tab_to("button", "Delete")
        page.press("Enter")
        wait_for_focus(page, "Cancel")
        if answer == "Delete":
            page.tab_to("button", "Delete")
            page.press("Enter")
        else:
            page.press(answer)
            page.wait_until_absent("dialog")
            page.element("heading", re.compile(f"{REQUEST}.*done"))
    page.wait_for_path("/benchmarks")
    page.wait_for_text("Nothing has been measured yet.")


def clean_redis(page: Page) -> None:
    """Enter does nothing before the word is complete."""
    page.press("g", "r")
    page.wait_for_path("/redis")
    command(page, "clean redis", "Clean Redis")
    wait_for_focus(page, "Cancel")
    page.press("Shift+Tab")
    for part in ("cle", "an"):
        assert page.element("button", "Clean", page.element("dialog")).is_disabled
        page.type(part)
        page.press("Enter")
    page.element("region", "Set up a cluster")


def delete_fastify(page: Page) -> None:
    page.press("g", "p")
    page.wait_for_path("/processes")
    page.press("/")
    wait_for_focus(page, "Filter processes")
    page.type("fast")
    page.wait_for_path("/processes?filter=fast")
    command(page, "delete fastify all", "Delete fastify, all of its processes")
    wait_for_focus(page, "Cancel")
    page.tab_to("button", "Delete")
    page.press("Enter")
    page.wait_for_text("No process has “fast”")
