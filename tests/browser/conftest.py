"""Chromium for the tests of the page: one browser per worker, and cookies and storage of its own for each person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import pytest

from tests.browser.chromium import Chromium, ChromiumMissing
from tests.browser.page import Page
from tests.browser.records import problems


class OpenPage(Protocol):
    def __call__(self, server_url: str) -> Page: ...


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    try:
        browser = Chromium()
    except ChromiumMissing as error:
        pytest.fail(str(error), pytrace=False)
    yield browser
    browser.quit()


@pytest.fixture
def open_page(chromium: Chromium) -> Iterator[OpenPage]:
    """Opens a tab for a new person on a server. At the end, the test fails for errors in the console, for violations of
    the page's policy and for requests to other hosts."""
    chromium.forget_logs()
    pages: list[Page] = []

    def open_tab(server_url: str) -> Page:
        pages.append(Page(chromium, server_url))
        return pages[-1]

    yield open_tab
    chromium.read_logs()
    for page in pages:
        chromium.close_context(page.context)
    permitted = [pattern for page in pages for pattern in page.permitted]
    assert problems(chromium.console, chromium.network, [page.origin for page in pages], permitted) == []
