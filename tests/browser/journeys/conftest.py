"""The server of a journey; those that need a key or a restart have their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.journeys.steps import run_server
from tests.fixtures.server import Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with run_server() as started:
        yield started
