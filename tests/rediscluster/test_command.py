"""`manage.py rediscluster`, as somebody types it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.rediscluster.test_interruption import manage

MAP = """\
running: The cluster works: 3 of 3 nodes, 0 keys.

shard  slots        master  ops/s  memory  hit  keys  replicas
1      0-5460       7000      _ MB    –     0  none
2      5461-10922   7001      _ MB    –     0  none
3      10923-16383  7002      _ MB    –     0  none

Next: Nothing to do. Without replicas, a lost master takes its keys along.
"""


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    with manage(folder, *arguments) as process:
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err


def test_from_setup_to_clean(cluster_folder: Path) -> None:
    code, out, err = run(cluster_folder, "setup", "-n", "3")
    assert (code, re.sub(r"[\d.]+ s", "_ s", out)) == (0, "Set up 3 nodes in _ s: 3 masters without replicas.\n")
    narrated = "".join(line for line in err.splitlines(keepends=True) if not line.startswith("Warning: redis-server"))
    assert re.sub(r" +[\d,.]+ ms", " _ ms", narrated) == "check _ ms\nstart _ ms\nform _ ms\nready _ ms\nverify _ ms\n"

    code, out, err = run(cluster_folder, "status")
    assert (code, re.sub(r"[\d.]+ +[\d.]+ MB", "_ MB", out), err) == (0, MAP, "")

    code, out, err = run(cluster_folder, "stop", "--json")
    assert (code, json.loads(out)["nodes"]) == (0, [7000, 7001, 7002])

    code, out, err = run(cluster_folder, "status")
    assert (code, out.splitlines()[:3]) == (
        1,
        ["stopped: The cluster is stopped; it holds 0 keys.", "", "7000 to 7002: stopped"],
    )

    code, out, err = run(cluster_folder, "clean", "--yes")
    assert (code, out) == (0, "Deleted the cluster: 3 nodes, 12 files.\n")


def test_what_cannot_be_is_said_with_the_way_out(cluster_folder: Path) -> None:
    assert run(cluster_folder, "stop") == (1, "", "[ERROR] There is no cluster of ours. Set one up first.\n")
    code, out, err = run(cluster_folder, "setup", "-n", "7", "-r", "1")
    assert (code, out) == (1, "")
    assert err == (
        "[ERROR] 7 nodes cannot be shared out with 1 replica for each master. "
        "Possible with 1 per master: 6 or 8 nodes.\n"
    )
    assert run(cluster_folder, "setup", "-n", "six")[0] == 2
