"""Logging in, by the form."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.conftest import OpenPage
from tests.fixtures.server import Server, new_server

KEY = "correct-horse-battery-staple-0123456789"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    started = new_server(API_KEY=KEY)
    try:
        yield started.start()
    finally:
        started.clean()


def test_a_key_opens_the_page_that_was_requested(open_page: OpenPage, server: Server) -> None:
    page = open_page(server.url)
    page.permit_console("favicon.ico.*401")  # neither page names an icon yet
    page.open("/")
    assert page.path == "/login?next=%2F"

    page.fill("textbox", "or API key", KEY)
    page.click("button", "Log in")

    page.wait_for_path("/")
    assert page.title.endswith("pm2site")


def test_a_wrong_key_is_refused_in_words(open_page: OpenPage, server: Server) -> None:
    page = open_page(server.url)
    page.permit_console("401")
    page.open("/login")

    page.fill("textbox", "or API key", "wrong")
    page.press("Enter")

    page.wait_for_text("Invalid username, password or API key.", "alert")
    assert page.path == "/login"
