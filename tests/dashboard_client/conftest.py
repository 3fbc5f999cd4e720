"""One real server shared by the tests of this folder that do not stop it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fixtures.server import Server, new_server


@pytest.fixture(scope="package")
def shared_server() -> Iterator[Server]:
    server = new_server()
    try:
        yield server.start()
    finally:
        server.clean()
