"""The nodes of a real cluster, sampled and exported."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.exposition.catalogue import REDIS
from monitoring.exposition.collector import node_page
from rediscluster.status import cluster_sampler
from tests.fixtures.ports import SHARED_REDIS
from tests.monitoring.exposition.samples import observe, of, parsed

pytestmark = pytest.mark.real
# Of a cluster without keys and without an append-only file.
ABSENT = {"redis_db_keys", "redis_db_keys_expiring", "redis_db_avg_ttl_seconds", "redis_aof_current_size_bytes"}


async def test_every_name_is_exported_by_the_nodes_of_a_real_cluster(shared_cluster: Path) -> None:
    stats = await cluster_sampler.sample()
    pages = {node.port: parsed(node_page(node, observe(stats))) for node in stats.stats}
    exported = {name for page in pages.values() for name, _ in page}

    assert list(pages) == [SHARED_REDIS + number for number in range(6)]
    assert set(REDIS) - exported <= ABSENT
    assert [of(page, "redis_cluster_slots_ok") for page in pages.values()] == [{(): 16384}] * 6
    assert sorted(len(of(page, "redis_master_link_up")) for page in pages.values()) == [0, 0, 0, 1, 1, 1]
    assert sum(len(of(page, "redis_connected_slave_lag_seconds")) for page in pages.values()) == 3
