"""The main job by mouse alone; the keyboard only fills fields in."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.journeys.steps import REQUEST, close_messages, confirm
from tests.browser.page import Page
from tests.fixtures.ports import SERVERS_REDIS
from tests.fixtures.server import Server


@pytest.mark.performs(
    "pm2.start.framework", "redis.setup", "benchmark.run", "benchmark.delete", "redis.stop", "redis.resume",
    "redis.clean", "pm2.delete",
)  # fmt: skip
def test_a_server_is_started_measured_compared_and_deleted(open_page: OpenPage, server: Server) -> None:
    page = open_page(server.url)
    page.open("/")
    start_fastify(page)
    set_redis_up(page)
    page.click("link", "Benchmarks")
    page.fill("textbox", "Seconds of a trial", "2")
    page.fill("textbox", "Trials", "1")
    page.fill("textbox", "Connections", "8")
    measure(page, "first")
    measure(page, "second")
    compare(page)
    delete_a_run(page)
    clean_redis(page)
    delete_fastify(page)


def start_fastify(page: Page) -> None:
    page.click("link", "Processes")
    page.wait_for_text("Start a server below: that starts the daemon, too.")
    page.fill("spinbutton", "Instances of fastify", "1")
    page.click("button", "Start", description="Start fastify with 1 instances")
    page.wait_for_text("● online", "region", "Processes under PM2")


def set_redis_up(page: Page) -> None:
    page.click("link", "Redis")
    page.fill("spinbutton", "Nodes", "3")
    page.wait_for_text("3 masters", "region", "Preview")
    page.click("button", "Set up")
    page.wait_for_text("Set up")
    page.wait_for_text(f"{SERVERS_REDIS + 2}", "region", "Shards")


def measure(page: Page, label: str) -> None:
    """Follows the run from its form to its page, and returns to the form."""
    page.fill("textbox", "Label", label)
    page.click("button", "Start the benchmark")
    page.wait_for_text(re.compile(r"trial 1 of 1.*/s", re.DOTALL), "region", "Running")
    page.click("link", REQUEST, page.element("region", "Running"))
    page.element("heading", re.compile(f"{REQUEST}.*done"))
    page.wait_for_text(label)
    page.click("link", "Benchmarks")


def compare(page: Page) -> None:
    history = page.element("region", "History of benchmarks")
    page.wait_until(lambda: len(page.elements("checkbox", within=history)) == 2, "two results")
    for box in page.elements("checkbox", within=history):
        page.click("checkbox", box.name)
    page.click("link", "Compare the two marked runs")
    page.wait_for_text("No verdict", "region", "Verdict")
    assert "first" in page.text("region", "Base")
    assert "second" in page.text("region", "New")
    page.click("link", "Benchmarks")


def delete_a_run(page: Page) -> None:
    history = page.element("region", "History of benchmarks")
    close_messages(page)
    newest = page.elements("DisclosureTriangle", re.compile("^Actions on the run"), history)[0]
    page.click("DisclosureTriangle", newest.name)
    page.click("button", "Delete", history)
    assert "“second”" in confirm(page, f"Delete the run of {REQUEST}", "Delete")
    page.wait_until(lambda: len(page.elements("checkbox", within=history)) == 1, "one result")


def clean_redis(page: Page) -> None:
    page.click("link", "Redis")
    page.click("button", "Stop")
    assert "3 nodes" in confirm(page, "Stop the cluster", "Stop")
    page.wait_for_text("Stopped 3 nodes", "status")
    page.click("button", "Resume")
    page.wait_for_text("Resumed", "status")
    close_messages(page)
    page.click("DisclosureTriangle", "More actions on the cluster")
    page.click("button", "Clean")
    question = page.element("dialog", re.compile("^Clean Redis"))
    assert page.element("button", "Clean", question).is_disabled
    page.click("textbox", re.compile("to confirm$"), question)
    page.type("clean")
    page.click("button", "Clean", question)
    page.element("region", "Set up a cluster")


def delete_fastify(page: Page) -> None:
    page.click("link", "Processes")
    close_messages(page)
    page.click("DisclosureTriangle", "More actions on fastify (0)")
    page.click("button", "Delete", description="Delete fastify (0)")
    assert re.fullmatch(r"0 fastify, pid \d+, online", confirm(page, "Delete fastify (0)", "Delete"))
    page.wait_for_text("PM2's list is empty.")
