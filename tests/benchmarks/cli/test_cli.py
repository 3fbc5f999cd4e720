from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from benchmarks.analysis.measurement import Measurement
from benchmarks.analysis.saturation import CpuLoad
from benchmarks.cli import report
from benchmarks.cli.arguments import parse_options
from benchmarks.cli.conclusion import MeasuredRun, compare_with_first, comparison_lines, exit_code
from benchmarks.cli.console import ProgressLine
from benchmarks.engine import generator_execution
from benchmarks.engine.generator_execution import ExecutionResult
from benchmarks.engine.run_result import RunResult
from benchmarks.errors import BadUsage, InvalidTargetAddress
from system.lib.installation import ROOT
from tests.fixtures.ports import FASTIFY, SERVERS_REDIS
from tests.fixtures.process_list import commands_with
from tests.fixtures.server import StartServer
from tests.fixtures.target_server import run_target

# Prints the modules on stderr that must not be imported.
SOURCE = """
import sys
from benchmarks.cli.main import main
code = main(sys.argv[1:])
print(sorted(name for name in sys.modules if name.partition('.')[0] in ('django', 'rest_framework')), file=sys.stderr)
sys.exit(code)
"""
ORIGINAL = "-f fastify -H 127.0.0.1:3001 -e code -d 20 -i 4 -w 3 -p 2"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs `python -m benchmarks` in a temporary folder."""

    def call(*arguments: str, server: str = "http://127.0.0.1:9", source: str = "") -> subprocess.CompletedProcess[str]:
        program = ["-c", source] if source else ["-m", "benchmarks"]
        environment = {
            **os.environ, "API_SERVER": server, "XDG_STATE_HOME": str(tmp_path / "state"), "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        argv = [sys.executable, *program, *arguments]
        return subprocess.run(argv, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60)

    return call


def test_a_result_is_measured_without_django_saved_and_sent_later(
    run: Run, start_server: StartServer, tmp_path: Path
) -> None:
    with run_target() as port:
        arguments = ("-f", "mine", "-H", f"localhost:{port}", "-e", "simple", "-d", "1", "-n", "2", "-c", "10")
        process = run(*arguments, "--label", "from afar", source=SOURCE)

    assert process.returncode == 0, process.stderr
    word, framework, rate, latency_ms, total = process.stdout.splitlines()[-1].split(":")
    assert (word, framework, "." in rate) == ("BENCHMARK_RESULT", "mine", False)
    assert process.stderr.endswith("\n[]\n")
    assert "[ERROR] http://127.0.0.1:9 did not accept the result: Connection refused." in process.stderr
    (file,) = (tmp_path / "state/pm2site/unsent-benchmarks").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    saved = json.loads(file.read_text())["entry"]

    server = start_server()
    resent = run("--resend", server=server.url)
    repeated = requests.post(f"{server.url}/api/benchmark/add", json=saved, timeout=10)

    assert (resent.returncode, file.exists(), repeated.status_code) == (0, False, 200), resent.stderr
    (result,) = requests.get(f"{server.url}/api/benchmark/latest", timeout=10).json()["results"]
    assert (result["id"], result["source"], result["label"]) == (saved["id"], "client", "from afar")
    assert (round(result["reqPerSec"]), result["totalReqs"]) == (int(rate), int(total))
    assert float(latency_ms) == pytest.approx(result["avgLatency"], abs=0.01)
    details = requests.get(f"{server.url}/api/benchmark/runs/{saved['id']}", timeout=10).json()
    indexes = [(trial["index"], trial["isWarmup"]) for trial in details["trialResults"]]
    assert indexes == [(0, True), (1, False), (2, False)]
    assert (details["gates"], details["environment"]) == (saved["gates"], saved["environment"])
    assert details["histogram"]["probe"]
    assert bool(details["histogram"]["raw"]) == bool(details["histogram"]["corrected"]) == (saved["generator"] == "wrk")
    assert details["result"] == result


@pytest.mark.real
def test_an_invalid_run_exits_with_4_and_prints_json(run: Run) -> None:
    with run_target() as port:
        process = run("-f", "mine", "-H", f"127.0.0.1:{port}", "-e", "/fifty", "-d", "1", "-c", "4", "--json")

    assert process.returncode == 4, process.stderr
    entry = json.loads(process.stdout)
    assert (entry["validity"], entry["endpoint"], entry["trials"], entry["state"]) == ("invalid", "/fifty", 1, "done")


@pytest.mark.real
def test_a_target_that_is_down_exits_with_1(run: Run) -> None:
    with run_target() as port:
        pass
    process = run("-f", "mine", "-H", f"127.0.0.1:{port}", "-d", "1")

    assert (process.returncode, process.stdout) == (1, "")
    assert f"[ERROR] GET http://127.0.0.1:{port}/simple got no response: Connection refused." in process.stderr


@pytest.mark.real
def test_ctrl_c_leaves_no_generator_and_keeps_finished_trials(tmp_path: Path) -> None:
    with run_target() as port:
        argv = [sys.executable, "-m", "benchmarks", "-f", "mine", "-H", f"127.0.0.1:{port}", "-d", "1", "-n", "50"]
        environment = {**os.environ, "API_SERVER": "http://127.0.0.1:9", "XDG_STATE_HOME": str(tmp_path)}
        # A shell starts background jobs with SIGINT ignored, and their children inherit that.
        process = subprocess.Popen(
            argv, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
        assert process.stderr
        while "trial 2 of 50" not in process.stderr.readline():
            assert process.poll() is None
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=30)[1]
        left = commands_with(f"127.0.0.1:{port}/simple")

    assert (process.returncode, left) == (1, []), output
    (file,) = (tmp_path / "pm2site/unsent-benchmarks").iterdir()
    saved = json.loads(file.read_text())["entry"]
    assert saved["state"] == "interrupted"
    assert 1 <= saved["trials"] < 50


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        ([], "-f NAME or --target NAME=URL is required."),
        (["-f", "koa"], "localhost cannot be benchmarked: koa is not in the registry"),
        (["-f", "fastify", "-H", "a b"], "a b cannot be benchmarked: it is not host or host:port."),
        (["-f", "fastify", "-H", "localhost:0"], "localhost:0 cannot be benchmarked: the port is not"),
        (["-f", "fastify", "-H", "8.8.8.8"], f"8.8.8.8:{FASTIFY} is a public address. Use --yes to load it."),
        (["-f", "fastify,express", "-H", f"localhost:{FASTIFY}"], "Several frameworks cannot share one port."),
        (["-f", "fastify", "--generator", "wrk", "--rate", "5"], "--rate: wrk cannot send at a fixed rate; h2load"),
        (["-f", "fastify", "--profile", "sweep", "--rate", "5"], "--rate: A sweep tries one rate after another"),
        (["-f", "fastify", "--profile", "sweep", "-p", "2"], "--pipelining: A sweep measures latency"),
        (["-f", "fastify", "--profile", "sweep", "--generator", "wrk"], "--profile: wrk cannot send at a fixed"),
    ],
    ids=[
        "nothing",
        "unknown",
        "no host",
        "no port",
        "public",
        "one port",
        "rate",
        "rate of a sweep",
        "pipelined sweep",
        "sweep by wrk",
    ],
)
def test_contradictory_arguments_are_a_usage_error(argv: list[str], reason: str) -> None:
    with pytest.raises((BadUsage, InvalidTargetAddress)) as refused:
        parse_options(argv, lambda question: False)

    assert str(refused.value).startswith(reason)


@pytest.mark.real
@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        (str(SERVERS_REDIS - 3002), f"GET http://localhost:{SERVERS_REDIS}/simple at 127.0.0.1:{SERVERS_REDIS} with"),
        ("1e3", "[ERROR] FRAMEWORK_PORT_OFFSET='1e3' is not an integer."),
        ("60001", "[ERROR] FRAMEWORK_PORT_OFFSET='60001' is not between 0 and 60000."),
    ],
    ids=["moved", "no number", "too far"],
)
def test_the_ports_of_the_frameworks_move_as_the_servers_do(
    offset: str, expected: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAMEWORK_PORT_OFFSET", offset)

    done = run("-f", "fastify", "-d", "1")

    assert (done.returncode != 0, done.stderr.splitlines()[0][: len(expected)]) == (True, expected)


@pytest.mark.parametrize(
    "argv", [["-f", "x", "-d", "0"], ["-f", "x", "-m", "BREW"], ["--what"], ["-f", "x", "-c", "1e3"]]
)
def test_invalid_flags_exit_with_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        parse_options(argv, lambda question: True)

    assert exited.value.code == 2
    assert "usage: python -m benchmarks" in capsys.readouterr().err


def test_the_flags_of_the_original_benchmark_keep_their_meaning() -> None:
    options = parse_options(shlex.split(ORIGINAL), lambda _: False)

    (plan,) = options.plans
    assert (plan.request.url, plan.request.method) == ("http://127.0.0.1:3001/code", "POST")
    assert plan.request.headers == {"Host": "127.0.0.1:3001", "Content-Type": "application/json"}
    assert plan.request.body == b'{"name":"benchmark"}'
    spec = plan.spec
    assert (spec.planned_duration_s, spec.trials_planned, spec.instances, spec.connections) == (20, 1, 4, 200)
    assert (spec.workers, spec.pipelining) == (3, 2)
    assert plan.program.name in generator_execution.installed_generators()


def make_result(framework: str, *rates: int) -> tuple[RunResult, dict[str, Any]]:
    """A result with a trial of 1 s for each rate, and its entry."""
    (plan,) = parse_options(["-f", framework, "-d", "1", "-n", str(len(rates))], lambda _: False).plans
    result = RunResult(plan, environment={"key": "here"})
    for index, rate in enumerate(rates, 1):
        measurement = Measurement(
            duration_s=1, responses=rate, successes=rate, errors=0, timeouts=0, non_2xx=0, bytes_read=0, mean_ms=None,
            max_ms=None, percentiles_ms={"50": 1.0, "99": 2.0}, latencies_us=(), connections_used=100,
        )  # fmt: skip
        load = CpuLoad(generator=0.1, target=0.99, host=0.5)
        moment = datetime(2026, 11, 23, tzinfo=UTC)
        result.trials.append(ExecutionResult(index, moment, measurement, load, (), 0.5, 2**20, None, ("wrk",), ""))
    at = datetime(2026, 11, 23, tzinfo=UTC)
    return result, report.build_entry(result, run_id=uuid4(), at=at)


FIRST = make_result("fastify", 50_000, 50_100, 49_900, 50_200, 49_800)


@pytest.mark.parametrize(
    ("others", "code", "output"),
    [
        ([], 0, ""),
        (
            [make_result("express", 50_050, 50_150, 49_950, 50_000, 49_850)],
            0,
            "requests/s: the same; express and fastify",
        ),
        ([make_result("express", 40_000, 40_100, 39_900, 40_200, 39_800)], 3, "express is 20.0 % slower than fastify"),
        ([make_result("express", 60_000, 60_100, 59_900, 60_200, 59_800)], 0, "express is 20.0 % faster than fastify"),
        ([make_result("express", 40_000, 40_100)], 5, "No verdict: express"),
    ],
)
def test_several_targets_are_compared_with_the_first(
    others: list[tuple[RunResult, dict[str, Any]]], code: int, output: str
) -> None:
    runs = [MeasuredRun(*run) for run in (FIRST, *others)]
    comparisons = compare_with_first(runs)

    assert exit_code([entry for _, entry in (FIRST, *others)], comparisons) == code
    assert "\n".join(comparison_lines(comparisons)).startswith(output)


def test_an_invalid_run_is_not_compared() -> None:
    result, entry = FIRST
    invalid = {**entry, "validity": "invalid"}
    comparisons = compare_with_first([MeasuredRun(result, invalid), MeasuredRun(*FIRST)])

    assert (comparisons, exit_code([invalid, entry], comparisons)) == ([], 4)


def test_a_progress_line_is_overwritten_on_terminals_only(capsys: pytest.CaptureFixture[str]) -> None:
    line = ProgressLine()
    for figures in ("1 s", "2 s"):
        line.show("warm-up", figures)
    line.clear()
    assert capsys.readouterr().err == "warm-up\n"

    line.is_terminal = True
    line.show("warm-up", "3 s")
    line.clear()
    assert capsys.readouterr().err == "\r\x1b[Kwarm-up  3 s\r\x1b[K"


def test_an_entry_too_large_for_a_server_loses_details_but_no_figures() -> None:
    trial = {"index": 1, "output": "x" * 2000, "histograms": {"raw": "r" * 9000, "corrected": "c", "probe": "p" * 9000}}
    entry = {"reqPerSec": 5.0, "samples": [{"trial": 1}], "trialResults": [trial] * 20, "gates": []}

    reduced = report.shrink_to_limit(entry)

    assert reduced["reqPerSec"] == 5.0
    assert reduced["trialResults"][0] == {"index": 1, "output": "", "histograms": {"raw": "r" * 9000, "corrected": "c"}}
    assert report.shrink_to_limit({**entry, "samples": [{"trial": 1}] * 50_000})["samples"] == []
