"""The front page: rendered by the server, kept up to date by its script, which must produce the same rows."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import requests
from django.template.loader import render_to_string

from benchmarks.budgets.judgement import Budget
from benchmarks.history.results import Result
from pm2.daemon.process import Process, Status
from pm2.monitor.listing import Counts, DaemonStatus
from pm2.monitor.listing import Stats as Pm2Stats
from pm2site.audit.trail import Entry
from pm2site.web import tables
from rediscluster.status.cluster_stats import ClusterStats, ShardReplica, ShardStats
from system.host import binaries
from system.host.metrics import HostStats
from system.lib.wire import to_wire
from tests.fixtures.server import ROOT, Server

SCRIPTS = ROOT / "pm2site/static/pm2site"
AT = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
HOSTILE_NAME = '<script>alert("x")</script>\x1b[2J\n\u202egpj\U000e0001'
PROCESSES = Pm2Stats(
    (
        Process(3, HOSTILE_NAME, "default", 12, Status.ONLINE, "fork_mode", 1, 12.3, 66.0, 69_013_504, 133.7, 2, 0, None, None,
                3002, (3002, 9229), "node", "root", "", False),
        Process(4, "api", "default", 0, Status.ERRORED, "fork_mode", 1, 0.0, 0.0, 0, 0.0, 16, 15, 1, None, None, (), "", "",
                "", False),
    ),
    Counts(1, 2), DaemonStatus("up", "7.0.4", 1, "/root/.pm2"), AT, False, 0.0,
)  # fmt: skip
CLUSTER = ClusterStats(
    "fail", "ours", True, 10923, 3, 6, 9, 12.0, 1_234_567, 99, None, ("0-5460",), 1,
    (
        ShardStats(("0-5460",), 5461, 7000, "down", None, None, None, None, ()),
        ShardStats(
            ("5461-9000", "9002"), 3541, 7001, "up", 1_234_567, 2_038_272, 3.47, 81.7,
            (
                ShardReplica(7004, "up", True, 12_345, 0.5), ShardReplica(7005, "down", None, None, None),
                ShardReplica(7006, "up", False, None, None), ShardReplica(7007, "up", True, None, None),
            ),
        ),
        ShardStats(
            ("9001",), 1, 7001, "up", None, None, None, None,
            (ShardReplica(7001, "up", None, None, None, "d" * 40, "10.0.0.3:7001"),), "b" * 40, "10.0.0.2:7001",
        ),
        ShardStats(("9003",), 1, 0, "down", None, None, None, None, (), "c" * 40, None),
    ),
)  # fmt: skip


def result(**changes: object) -> Result:
    fields: dict[str, Any] = dict.fromkeys(Result.__dataclass_fields__)
    fields |= {"framework": "fastify", "endpoint": "/simple", "method": "GET", "reasons": (), "label": ""}
    return Result(**fields | {"id": UUID(int=1), "timestamp": AT} | changes)


RESULTS = [
    result(req_per_sec=71_234.4, p99_latency_ms=4.383, validity="valid", saturation="contended"),
    result(id=UUID(int=2), validity="invalid", saturation="unknown", framework=HOSTILE_NAME),
    result(
        id=UUID(int=3), req_per_sec=900.2, validity="caution", saturation="server-bound", budget=Budget("not_shown", ())
    ),
]
ENTRIES = [
    Entry(AT, "eve", "", "pm2.stop", "api", "ok", ""),
    Entry(AT, HOSTILE_NAME, "", "pm2.start", "", "refused", HOSTILE_NAME),
]


def call_rows_js(function: str, value: object) -> Any:
    """Calls a function of rows.js with the value as JSON, in the time zone UTC."""
    node = binaries.find("node")
    assert node
    code = f"import {{ {function} }} from {json.dumps((SCRIPTS / 'rows.js').as_uri())};"
    code += f"console.log(JSON.stringify({function}({json.dumps(to_wire(value))})));"
    argv = [str(node.path), "--input-type=module", "-e", code]
    completed = subprocess.run(
        argv, env=os.environ | {"TZ": "UTC"}, capture_output=True, text=True, timeout=60, check=True
    )
    return json.loads(completed.stdout)


@pytest.mark.real
@pytest.mark.parametrize(
    ("function", "value", "table"),
    [
        ("processes", PROCESSES, tables.processes(PROCESSES)), ("shards", CLUSTER, tables.shards(CLUSTER)),
        ("results", RESULTS, tables.results(RESULTS)), ("activity", ENTRIES, tables.activity(ENTRIES)),
    ],
    ids=["processes", "shards", "results", "activity"],
)  # fmt: skip
def test_script_and_server_produce_the_same_rows(function: str, value: object, table: tables.Table) -> None:
    rows = [{**asdict(row), "cells": list(row.cells)} for row in table.rows]

    assert call_rows_js(function, value) == rows


HOST = HostStats(
    12.4, 5000.0, 15872.0, "2d 3h 45m", "1.23 1.45 1.12", AT, (12.4,), 1, 31.5, 0, 0, 71.4, 9, 0.0, 0.0, 186_300.0,
    (1.23, 1.45, 1.12), "h", "Linux", None, "3.11", {},
)  # fmt: skip
HIDDEN_HOST = replace(
    HOST, cpu=None, total_memory=None, memory_percent=None, disk_percent=None, load_avg=None, uptime=None
)


@pytest.mark.real
@pytest.mark.parametrize("stats", [HOST, HIDDEN_HOST])
def test_script_and_server_describe_the_host_alike(stats: HostStats) -> None:
    assert call_rows_js("host", stats) == tables.host(stats)


def test_a_figure_that_is_unreadable_is_a_dash() -> None:
    assert tables.host(HOST) == (
        "CPU 12 % of 1 cores · memory 32 % of 15.5 GB · disk 71 % · load 1.23 1.45 1.12 · up 2d 3h 45m"
    )
    assert tables.host(HIDDEN_HOST) == "CPU – % of 1 cores · memory – % of – GB · disk – % · load – · up –"


@pytest.mark.real
@pytest.mark.parametrize("seconds", [0.0, 59.9, 119.0, 120.0, 7199.0, 7200.0, 172_799.0, 172_800.0, 1e7])
def test_script_and_server_format_durations_alike(seconds: float) -> None:
    assert call_rows_js("formatDuration", seconds) == tables.format_duration(seconds)


def test_rows_show_problems() -> None:
    first, second = tables.processes(PROCESSES).rows
    lost, reached, elsewhere, without_address = tables.shards(CLUSTER).rows

    assert second == tables.Row("4", "bad", ("4", "api", "errored", "0.0 %", "0.0 MB", "0 s", "16", "–"))
    assert (first.tone, first.cells[5:]) == ("ok", ("2 m", "2", "3002, 9229"))
    assert lost == tables.Row("7000", "bad", ("1", "0-5460", "7000 down", "–", "–", "–", "–", "none"))
    assert reached.cells[-1] == "7004 (lag 12,345 B), 7005 down, 7006 not linked, 7007"
    assert (elsewhere.key, elsewhere.cells[2], elsewhere.cells[-1]) == ("b" * 40, "10.0.0.2:7001", "10.0.0.3:7001")
    assert (without_address.key, without_address.cells[2]) == ("c" * 40, "cccccccc down")
    assert [row.cells[3] for row in tables.results(RESULTS).rows] == ["≥ 71,234", "–", "900"]


def test_a_hostile_name_is_escaped() -> None:
    html = render_to_string("table.html", {"table": tables.processes(PROCESSES)})

    assert "&lt;script&gt;" in html
    assert [part for part in ("<script", "\x1b", "\u202e", "\U000e0001") if part in html] == []


@pytest.mark.real
@pytest.mark.parametrize("script", ["rows.js", "live.js"])
def test_the_scripts_are_valid_modules(script: str, tmp_path: Path) -> None:
    node = binaries.find("node")
    assert node
    module = tmp_path / f"{Path(script).stem}.mjs"  # node recognizes a module by its extension
    module.write_text((SCRIPTS / script).read_text())

    assert subprocess.run([str(node.path), "--check", str(module)], timeout=60).returncode == 0


def test_the_page_works_without_scripts(server: Server) -> None:
    server.manage("token", "ci")
    response = requests.get(server.url + "/", headers={"Accept": "text/html"}, timeout=30)
    page = response.text

    assert response.status_code == 200
    assert response.headers["Content-Security-Policy"].startswith(
        "default-src 'none'; script-src 'self'; style-src 'self'"
    )
    assert [
        text in page for text in ("data-may-act", "PM2&#x27;s daemon for", "Cluster: absent.", "token.create ci")
    ] == [True] * 4
    assert "<style" not in page
    for asset in ("page.css", "live.js", "rows.js"):
        assert requests.get(f"{server.url}/static/pm2site/{asset}", timeout=30).status_code == 200
