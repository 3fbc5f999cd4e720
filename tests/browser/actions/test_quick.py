"""What brings an empty server up, and empties it, in one step."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.actions.steps import choose_in_palette, confirm
from tests.browser.conftest import OpenPage
from tests.browser.content import call, processes, running_server
from tests.fixtures.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.real]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as started:
        yield started


def state(server: Server) -> tuple[str, set[str]]:
    return call(server, "GET /api/redis/stats")["cluster"]["state"], {process["name"] for process in processes(server)}


@pytest.mark.performs("quick.start", "quick.cleanup", "quick.redis", "quick.benchmark")
def test_quick_start_first_benchmark_and_cleanup(open_page: OpenPage, server: Server) -> None:
    page = open_page(server.url)
    page.open("/")
    page.click("button", "Set up", page.element("region", "First steps"))
    page.wait_until(lambda: state(server) == ("ok", set()), lambda: str(state(server)))
    page.wait_for_text("The cluster has all of its slots.", "region", "First steps")
    page.click("button", "Steps 1 and 2 at once")
    page.wait_until(lambda: state(server) == ("ok", {"fastify"}), lambda: str(state(server)))
    page.wait_for_text("2 online under PM2", "region", "First steps")
    page.click("button", "Run", page.element("region", "First steps"))
    page.wait_for_text("fastify GET /simple", "region", "Benchmark now")
    (run,) = call(server, "GET /api/benchmark/runs")["runs"]
    call(server, f"POST /api/benchmark/runs/{run['id']}/cancel")
    page.wait_for_text("Nothing is running.", "region", "Benchmark now")

    choose_in_palette(page, "Full cleanup")
    text = confirm(
        page, "Delete everything", word="delete", title="Full cleanup: delete all processes and the cluster?"
    )

    assert "fastify, online" in text
    assert "the Redis Cluster with" in text
    page.wait_until(lambda: state(server) == ("absent", set()), lambda: str(state(server)))
