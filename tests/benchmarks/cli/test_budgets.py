"""Budgets of `python -m benchmarks`, judged on real runs and read by a real parser."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import requests

from system.lib.installation import ROOT
from tests.fixtures.server import StartServer
from tests.fixtures.target_server import run_target

pytestmark = pytest.mark.real


def run(folder: Path, *arguments: str, server: str = "http://127.0.0.1:9") -> subprocess.CompletedProcess[str]:
    """Runs `python -m benchmarks` in a folder. `server`: gets the result; by default, there is none."""
    environment = {**os.environ, "API_SERVER": server, "XDG_STATE_HOME": str(folder / "state")}
    argv = [sys.executable, "-m", "benchmarks", "-e", "/simple", *arguments]
    environment["PYTHONPATH"] = str(ROOT)
    return subprocess.run(argv, env=environment, cwd=folder, capture_output=True, text=True, timeout=90)


def read_cases(file: Path) -> dict[str | None, list[str]]:
    """Name of each test → its elements."""
    root = ET.parse(file).getroot()  # noqa: S314 - of our own
    return {case.get("name"): [child.tag for child in case] for case in root.iter("testcase")}


def test_a_budget_of_real_runs_is_met_missed_and_not_shown(tmp_path: Path) -> None:
    """The target answers after 20 ms, on ten connections: at most 500 requests/s, and never below 20 ms."""
    with run_target(delay_ms=20) as port:
        load = ("-f", "mine", "-H", f"127.0.0.1:{port}", "-d", "1", "-c", "10", "--json")
        met = run(
            tmp_path, *load, "-n", "5", "--expect", "p50<2s", "--expect", "p90<7s", "--expect", "rate>1/s",
            "--expect", "errors<50%", "--expect", "non2xx<=0", "--junit", "met.xml", "--summary", "met.md",
        )  # fmt: skip
        missed = run(
            tmp_path, *load, "-n", "1", "--expect", "p50<10ms", "--expect", "errors<=0", "--expect", "rate>1/s",
            "--junit", "missed.xml", "--summary", "missed.md",
        )  # fmt: skip
        not_shown = run(tmp_path, *load, "-n", "1", "--expect", "rate>1/s", "--junit", "not_shown.xml")

    assert [met.returncode, missed.returncode, not_shown.returncode] == [0, 6, 5], met.stderr + missed.stderr
    assert read_cases(tmp_path / "met.xml") == {
        "measurement": [], "p50<2s": [], "p90<7s": [], "rate>1/s": [], "errors<50%": [], "non2xx<=0": [],
    }  # fmt: skip
    assert read_cases(tmp_path / "missed.xml") == {
        "measurement": [], "p50<10ms": ["failure"], "errors<=0": [], "rate>1/s": ["skipped"],
    }  # fmt: skip
    assert read_cases(tmp_path / "not_shown.xml") == {"measurement": [], "rate>1/s": ["skipped"]}
    entry = json.loads(met.stdout)
    assert entry["expect"] == ["p50<2s", "p90<7s", "rate>1/s", "errors<50%", "non2xx<=0"]
    assert entry["budget"]["met"] == "met"
    median, p90, rate, *_ = entry["budget"]["items"]
    assert [median["value"], p90["value"], rate["value"]] == [
        entry["p50Latency"], entry["p90Latency"], entry["reqPerSec"],
    ]  # fmt: skip
    assert rate["low"] == entry["reqPerSecLow"]
    assert "budget missed\n  missed: p50<10ms: p50 " in missed.stderr
    assert "1 trial gives no interval for rate. 5 trials would settle it." in not_shown.stderr
    assert "| **missed** |\n" in (tmp_path / "missed.md").read_text()
    assert "| met |\n" in (tmp_path / "met.md").read_text()


def test_an_invalid_run_shows_no_budget(tmp_path: Path) -> None:
    with run_target() as port:
        done = run(
            tmp_path, "-f", "mine", "-H", f"127.0.0.1:{port}", "-d", "1", "-c", "4", "-e", "/fifty",
            "--expect", "p50<2s", "--junit", "x.xml",
        )  # fmt: skip

    assert done.returncode == 4, done.stderr
    assert read_cases(tmp_path / "x.xml") == {"measurement": ["error"], "p50<2s": ["skipped"]}
    assert "  not shown: p50<2s: The run is invalid. 2 % of the requests failed" in done.stderr


def test_a_target_that_is_down_is_an_error_of_the_report(tmp_path: Path) -> None:
    with run_target() as port:
        pass
    (tmp_path / "x.xml").write_text("of an earlier build")

    done = run(tmp_path, "-f", "mine", "-H", f"127.0.0.1:{port}", "--expect", "p50<2s", "--junit", "x.xml")

    assert done.returncode == 1, done.stderr
    assert read_cases(tmp_path / "x.xml") == {"measurement": ["error"], "p50<2s": ["skipped"]}
    assert "got no response: Connection refused." in (tmp_path / "x.xml").read_text()


def test_usage_errors_come_before_any_measurement(tmp_path: Path) -> None:
    with run_target() as port:
        target = ("-f", "mine", "-H", f"127.0.0.1:{port}")
        refusals = [
            run(tmp_path, *target, *arguments)
            for arguments in (("--expect", "p99=5ms"), ("--junit", str(tmp_path)), ("--summary", "none/x.md"))
        ]

    assert [(done.returncode, done.stdout, done.stderr.count("\n")) for done in refusals] == [(2, "", 1)] * 3


def test_a_budget_goes_to_the_server_with_the_result(tmp_path: Path, start_server: StartServer) -> None:
    server = start_server()
    with run_target(delay_ms=20) as port:
        target = ("-f", "mine", "-H", f"127.0.0.1:{port}", "-d", "1", "-c", "10", "--json")
        done = run(tmp_path, *target, "--expect", "p50<10ms", "--expect", "rate>1/s", server=server.url)

    assert done.returncode == 6, done.stderr
    entry = json.loads(done.stdout)
    details = requests.get(f"{server.url}/api/benchmark/runs/{entry['id']}", timeout=10).json()
    assert (details["expect"], details["result"]["budget"]) == (entry["expect"], entry["budget"])
    without = {name: value for name, value in entry.items() if name not in ("id", "budget")}
    judged = requests.post(f"{server.url}/api/benchmark/add", json=without, timeout=10).json()["result"]["budget"]
    assert [item["met"] for item in judged["items"]] == [item["met"] for item in entry["budget"]["items"]]
    rows = csv.DictReader(io.StringIO(requests.get(f"{server.url}/api/benchmark/export?format=csv", timeout=10).text))
    assert [row["budget"] for row in rows] == ["missed", "missed"]
