"""`/api/redis` and the stream, on the real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psutil
import requests
from websockets.sync.client import connect

from tests.fixtures.cluster import kill_processes_in
from tests.fixtures.ports import SERVERS_REDIS
from tests.fixtures.redis import connection
from tests.fixtures.server import Server, StartServer

NODES = [SERVERS_REDIS, SERVERS_REDIS + 1, SERVERS_REDIS + 2]


def call(server: Server, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    url = f"{server.url}/api/redis/{path}"
    response = requests.get(url, timeout=60) if body is None else requests.post(url, json=body, timeout=60)
    return response.status_code, response.json()


@contextmanager
def no_space_for(server: Server) -> Iterator[None]:
    """Make the server's writes fail as on a full disk, by a limit on the file size: needs neither a mount nor root."""
    process = psutil.Process(server.pid)
    before = process.rlimit(psutil.RLIMIT_FSIZE)
    process.rlimit(psutil.RLIMIT_FSIZE, (256, before[1]))
    yield
    process.rlimit(psutil.RLIMIT_FSIZE, before)


def test_a_cluster_over_the_wire(start_server: StartServer) -> None:
    server = start_server()
    try:
        assert call(server, "status")[1]["state"] == "absent"
        status, previewed = call(server, "setup", {"nodeCount": 3, "preview": True})
        assert (status, previewed["changed"], previewed["plan"]["ports"]) == (200, False, NODES)
        assert call(server, "status")[1]["state"] == "absent"
        with no_space_for(server):
            status, refused = call(server, "setup", {"nodeCount": 3})
        assert (status, refused["code"], refused["message"].partition(":")[0]) == (
            507, "disk_full", "No space left on disk",
        )  # fmt: skip
        status, formed = call(server, "setup", {"nodeCount": 3})
        assert (status, formed["success"], formed["nodes"], formed["cluster"]["slotsOk"]) == (200, True, NODES, 16384)
        assert previewed["plan"]["shards"] == formed["cluster"]["shards"]

        listed = call(server, "nodes")[1]
        assert (listed["nodes"], listed["count"]) == (NODES, 3)
        assert {(node["owner"], node["role"], node["state"]) for node in listed["details"]} == {
            ("ours", "master", "up")
        }

        with closing(connection(NODES[0])) as node:
            node.set("codes:seq", 7)  # slot 1017
            node.slowlog_reset()
            node.config_set("slowlog-log-slower-than", 0)
            node.get("codes:seq")
        with connect(server.ws_url) as ws:
            ws.send(json.dumps({"type": "subscribe", "stream": "redis:stats"}))
            frames = (message["data"] for message in map(json.loads, ws) if message["type"] == "metric")
            frame = next(data for data in frames if data["cluster"]["keys"])
        assert {name: frame["cluster"][name] for name in ("state", "codes", "keys")} == {
            "state": "ok",
            "codes": 7,
            "keys": 1,
        }
        assert frame.keys() == call(server, "stats")[1].keys()

        status, slow = call(server, f"nodes/{NODES[0]}/slowlog?limit=100")
        assert "GET codes:seq" in [entry["command"] for entry in slow["entries"]]
        assert call(server, f"nodes/{NODES[0]}/info")[1]["sections"]["server"]["redis_mode"] == "cluster"
        assert call(server, "nodes/22/info")[0] == 404

        status, refused = call(server, "clean", {})
        assert (status, refused["code"], refused["fields"]) == (409, "keys_exist", {"keys": 1})
        assert call(server, "stop", {})[1]["message"].endswith("; 1 key saved.")
        assert {node["state"] for node in call(server, "nodes")[1]["details"]} == {"stopped"}
        status, cleaned = call(server, "clean", {"confirm": True})
        assert (status, cleaned["left"], len(cleaned["deleted"])) == (200, [], 12)
        activity = requests.get(server.url + "/api/activity", timeout=20).json()["entries"]
        assert [(entry["action"], entry["outcome"]) for entry in activity] == [
            ("redis.clean", "ok"), ("redis.stop", "ok"), ("redis.clean", "refused"), ("redis.setup", "ok"),
            ("redis.setup", "failed"),  # waited until there was space
            ("redis.setup.preview", "ok"),
        ]  # fmt: skip
    finally:
        kill_processes_in(server.folder)


def test_an_invalid_body_is_refused_with_the_field_named(server: Server) -> None:
    for body, field in (
        ({"nodeCount": "6; reboot"}, "nodeCount"),
        ({"nodeCount": 6.0}, "nodeCount"),
        ({}, "nodeCount"),
        ({"nodeCount": 6, "persistence": "sometimes"}, "persistence"),
        ({"nodeCount": 6, "maxMemory": -1}, "maxMemory"),
        ({"nodeCount": 31}, "nodeCount"),
        ({"nodeCount": 6, "basePort": 55_533}, "basePort"),
    ):
        status, problem = call(server, "setup", body)
        assert (status, list(problem["fields"])) == (400, [field])
    status, problem = call(server, "setup", {"nodeCount": 4, "replicas": 1})
    assert (status, problem["code"], problem["fields"]["nearest"]) == (400, "too_few_masters", [6])
    assert call(server, "stop", {})[1]["code"] == "cluster_absent"
