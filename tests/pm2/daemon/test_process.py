from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest

from pm2.daemon import process
from pm2.daemon.process import Process, Status
from system.lib.wire import to_wire

ENTRY: dict[str, Any] = {
    "pid": 11,
    "pm_id": 3,
    "name": "api",
    "monit": {"cpu": 7, "memory": 3 * 2**20},
    "SECRET": "outer",
    "pm2_env": {
        "status": "online",
        "namespace": "default",
        "exec_mode": "cluster_mode",
        "instances": 2,
        "pm_uptime": 5_000,
        "restart_time": 4,
        "unstable_restarts": 1,
        "exit_code": 0,
        "exec_interpreter": "node",
        "username": "ada",
        "NODE_APP_INSTANCE": 1,
        "node_version": "20.1.0",
        "prev_restart_delay": 150,
        "version": "1.2.3",
        "SECRET": "top level",
        "env": {"SECRET": "inner"},
        "axm_monitor": {"Loop delay": {"value": 0.4, "unit": "ms"}, "odd": 3},
    },
}


def test_an_entry_becomes_a_process() -> None:
    assert process.from_monitor_data(ENTRY, now_ms=8_000) == Process(
        pm_id=3, name="api", namespace="default", pid=11, status=Status.ONLINE, exec_mode="cluster_mode", instances=2,
        cpu=7.0, memory=3.0, memory_bytes=3 * 2**20, uptime_seconds=3.0, restarts=4, unstable_restarts=1, exit_code=0,
        framework=None, port=None, ports=(), interpreter="node", user="ada", version="1.2.3", is_module=False,
        custom_metrics={"Loop delay": 0.4, "odd": 3.0}, started_at_ms=5_000.0, number=1, runtime_version="20.1.0",
        restart_delay_ms=150,
    )  # fmt: skip


def test_a_process_and_its_details_share_no_field_because_one_answer_has_both() -> None:
    assert {one.name for one in fields(Process)} & {one.name for one in fields(process.ProcessDetails)} == set()


def test_no_environment_variable_is_exposed() -> None:
    wire = to_wire([process.from_monitor_data(ENTRY, 0), process.parse_details(ENTRY)])

    assert "SECRET" not in json.dumps(wire)
    assert "inner" not in json.dumps(wire)


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"pm2_env": None, "monit": []},
        {"pm_id": "x", "pid": None, "name": 5, "pm2_env": {"status": ["online"], "pm_uptime": "soon", "instances": {}}},
        {"name": "\ud800", "monit": {"cpu": "high", "memory": None}, "pm2_env": {"args": "no list", "exit_code": "1"}},
    ],
)
def test_malformed_entries_become_valid_json(entry: dict[str, Any]) -> None:
    wire = to_wire([process.from_monitor_data(entry, 0), process.parse_details(entry)])

    assert json.dumps(wire).encode()


def test_custom_metrics_keep_their_units() -> None:
    assert process.parse_details(ENTRY).metrics == {"Loop delay": "0.4 ms", "odd": "3"}
