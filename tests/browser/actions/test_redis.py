"""Actions on the cluster, by the mouse: one cluster from its setup to its end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.actions.steps import choose_in_menu, confirm, wait_for_outcome
from tests.browser.conftest import OpenPage
from tests.browser.content import call, running_server
from tests.fixtures.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.real]
MENU = "More actions on the cluster"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as started:
        yield started


def masters(server: Server) -> list[int]:
    cluster = call(server, "GET /api/redis/stats")["cluster"]
    return sorted(shard["masterPort"] for shard in cluster["shards"])


@pytest.mark.performs(
    "redis.setup", "redis.failover", "redis.stop", "redis.resume", "redis.stop.discard", "redis.clean"
)
def test_the_life_of_a_cluster(open_page: OpenPage, server: Server) -> None:
    page = open_page(server.url)
    page.open("/redis")
    page.fill("spinbutton", "Nodes", "5")
    page.wait_for_text("5 masters without replicas.", "region", "Preview")
    page.fill("spinbutton", "Nodes", "6")
    page.wait_for_text("A replica takes over when a master is lost.", "region", "Preview")
    page.click("button", "Set up")
    wait_for_outcome(page, server, "redis.setup", "")
    page.wait_for_text("3 shards", "region", "Shards")
    page.wait_for_text("agreed", "main")
    first, *_ = before = masters(server)

    page.open(f"/redis/{first}")
    page.click("button", "Failover")
    confirm(page, "Failover", title=f"Failover of {first}?")
    wait_for_outcome(page, server, "redis.failover", "")
    page.wait_until(lambda: len(masters(server)) == 3 and first not in masters(server), lambda: str(masters(server)))
    assert set(masters(server)) & set(before) == set(before[1:])

    page.open("/redis")
    page.click("button", "Stop")
    confirm(page, "Stop", title="saved to disk, and there again after Resume")
    wait_for_outcome(page, server, "redis.stop", "")
    page.click("button", "Resume")
    wait_for_outcome(page, server, "redis.resume", "")
    page.wait_for_text("The cluster is working: 6 of 6 nodes", "main")
    choose_in_menu(page, MENU, "Stop, and discard the keys")
    confirm(page, "Stop, and discard the keys", word="discard")
    wait_for_outcome(page, server, "redis.stop", "", times=2)
    choose_in_menu(page, MENU, "Clean")
    confirm(page, "Clean", word="clean", title="permanently")
    page.element("button", "Set up")
    wait_for_outcome(page, server, "redis.clean", "")
    assert call(server, "GET /api/redis/status")["state"] == "absent"
