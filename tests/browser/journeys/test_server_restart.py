"""The server is restarted while a page is open."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.journeys.steps import confirm, run_server
from tests.fixtures.server import Server

KEY = "correct-horse-battery-staple-0123456789"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with run_server(API_KEY=KEY) as started:
        yield started


@pytest.mark.performs("pm2.start.framework", "pm2.stop", "pm2.start", "page.reconnect")
def test_an_open_page_outlives_a_restart_of_the_server(open_page: OpenPage, server: Server) -> None:
    page = open_page(server.url)
    page.permit_console("503|ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE")
    page.log_in(key=KEY)
    page.open("/processes")
    page.fill("spinbutton", "Instances of fastify", "1")
    page.click("button", "Start", description="Start fastify with 1 instances")
    page.wait_for_text("● online", "region", "Processes under PM2")
    page.evaluate("window.isTheSameDocument = true")

    assert server.stop() == 0
    page.wait_for_text(re.compile(r"^Offline: .*Data of [\d:]+, \d+ s old\. Next attempt in \d+ s\."), "alert")
    page.wait_for_text("✖ offline", "group", "State")
    assert "fastify" in page.text("region", "Processes under PM2")
    assert page.title.startswith("offline · Processes · ")
    page.click("button", "Stop", description="Stop fastify (0)")
    confirm(page, "Stop fastify (0)", "Stop")
    page.wait_for_text(re.compile(r"^Stop fastify \(0\): The server cannot be reached", re.MULTILINE), "status")

    page.click("button", "Connect now")
    page.wait_for_text(re.compile("^Offline: The server cannot be reached"), "alert")

    server.start()
    page.wait_for_text("● live", "group", "State")
    page.wait_until_absent("alert")
    page.click("button", "Stop", description="Stop fastify (0)")
    confirm(page, "Stop fastify (0)", "Stop")
    page.wait_for_text("○ stopped", "region", "Processes under PM2")
    page.click("button", "Start", description="Start fastify (0)")
    page.wait_for_text("● online", "region", "Processes under PM2")
    assert page.evaluate("window.isTheSameDocument")
