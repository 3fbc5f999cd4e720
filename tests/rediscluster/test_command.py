"""`manage.py rediscluster` on the command line."""

from __future__ import annotations

import getpass
import io
import json
import re
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from pm2site.audit.trail import read_entries
from tests.fixtures.cluster import FIRST, SECOND, THIRD
from tests.rediscluster.operations.test_interruption import manage

pytestmark = pytest.mark.django_db

MAP = f"""\
running: The cluster is working: 3 of 3 nodes, 0 keys.

shard  slots        master  ops/s  memory  hit  keys  replicas
1      0-5460       {FIRST:<6}    _ MB    –     0  none
2      5461-10922   {SECOND:<6}    _ MB    –     0  none
3      10923-16383  {THIRD:<6}    _ MB    –     0  none

Next: Nothing to do. Without replicas, the keys of a lost master are lost.
"""


def run(*arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout, stderr; in this process, which saves a start."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("rediscluster", *arguments, stdout=out, stderr=err)
    except SystemExit as system_exit:
        return int(system_exit.code or 0), out.getvalue(), err.getvalue()
    except CommandError as error:
        return error.returncode, out.getvalue(), f"{err.getvalue()}[ERROR] {error}\n"
    return 0, out.getvalue(), err.getvalue()


def trail() -> list[tuple[str, str, str]]:
    """Newest first: action, target, outcome."""
    latest = read_entries(limit=10).entries
    assert {entry.actor for entry in latest} == {f"{getpass.getuser()} (command line)"}
    return [(entry.action, entry.target, entry.outcome) for entry in latest]


PREVIEW = f"""\
A setup would start 3 nodes on {FIRST} to {THIRD}: 3 masters without replicas.

shard  slots        master  replicas
1      0-5460       {FIRST:<6}  none
2      5461-10922   {SECOND:<6}  none
3      10923-16383  {THIRD:<6}  none
"""


def test_a_preview_prints_the_plan_and_is_no_entry_of_the_trail(cluster_folder: Path) -> None:
    assert run("setup", "-n", "3", "--preview")[:2] == (0, PREVIEW)
    assert run("setup", "-n", "4", "-r", "1", "--preview")[0] == 1
    assert (read_entries(limit=10).entries, cluster_folder.exists()) == ([], False)


def test_from_setup_to_clean(cluster_folder: Path) -> None:
    code, out, err = run("setup", "-n", "3")
    assert (code, re.sub(r"[\d.]+ s", "_ s", out)) == (0, "Set up 3 nodes in _ s: 3 masters without replicas.\n")
    progress = "".join(line for line in err.splitlines(keepends=True) if not line.startswith("Warning: redis-server"))
    assert re.sub(r" +[\d,.]+ ms", " _ ms", progress) == "check _ ms\nstart _ ms\nform _ ms\nready _ ms\nverify _ ms\n"

    with manage(cluster_folder, "status") as command:
        out, err = command.communicate(timeout=60)
        code = command.returncode
    assert (code, re.sub(r"[\d.]+ +[\d.]+ MB", "_ MB", out), err) == (0, MAP, "")

    code, out, err = run("stop", "--json")
    assert (code, json.loads(out)["nodes"]) == (0, [FIRST, SECOND, THIRD])

    code, out, err = run("status")
    assert (code, out.splitlines()[:3]) == (
        1,
        ["stopped: The cluster is stopped; it holds 0 keys.", "", f"{FIRST} to {THIRD}: stopped"],
    )

    code, out, err = run("clean", "--yes")
    assert (code, out) == (0, "Deleted the cluster: 3 nodes, 12 files.\n")
    assert trail() == [("redis.clean", "", "ok"), ("redis.stop", "", "ok"), ("redis.setup", "3", "ok")]


def test_errors_name_the_next_step(cluster_folder: Path) -> None:
    assert run("stop") == (1, "", "[ERROR] This server has no cluster. Set one up first.\n")
    code, out, err = run("setup", "-n", "7", "-r", "1")
    assert (code, out) == (1, "")
    assert err == (
        "[ERROR] 7 nodes cannot be divided into masters with 1 replica each. "
        "Possible with 1 per master: 6 or 8 nodes.\n"
    )
    assert run("setup", "-n", "six")[2] == "[ERROR] Error: argument -n/--nodes: invalid int value: 'six'\n"
    assert trail() == [("redis.setup", "7", "refused"), ("redis.stop", "", "refused")]
