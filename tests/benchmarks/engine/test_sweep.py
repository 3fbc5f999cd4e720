"""Sweeps of real servers by the protocol: one that is limited by construction, and one that the generator is not up to."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.engine import run_protocol
from benchmarks.engine.execution_monitor import Sample
from benchmarks.engine.generator_execution import ExecutionResult
from benchmarks.engine.run_result import RunResult
from benchmarks.generators.scenario import SWEEP
from system.host.ports import is_listening
from tests.benchmarks.engine.test_run_protocol import RecordingCallbacks, plan
from tests.benchmarks.limited_server import run_limited_server, take_few_steps
from tests.fixtures.ports import free_port
from tests.fixtures.target_server import run_until_left

pytestmark = pytest.mark.real

RATE = 500


async def measure_limited_server() -> RunResult:
    """Of two sweeps the first one whose bracket contains the limit: the tests share the machine with other programs,
    which may take so much of it that the server is slower."""
    with run_limited_server(RATE) as port:
        for _ in range(2):
            sweep_plan = plan(port, profile=SWEEP, generator="h2load", trials_planned=24, connections=100)
            result = await run_protocol.measure(sweep_plan, RecordingCallbacks("limited", []))
            assert result.sweep
            sweep = result.sweep.conclude()
            if sweep.low and sweep.high and sweep.low <= RATE <= sweep.high:
                break
    return result


async def test_the_bracket_of_a_limited_server_contains_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    take_few_steps(monkeypatch)
    result = await measure_limited_server()

    assert result.sweep
    sweep, figures = result.sweep.conclude(), result.compute_figures()
    assert sweep.low is not None
    assert sweep.high is not None, sweep.text
    assert sweep.low <= RATE <= sweep.high, sweep.text
    assert sweep.high / sweep.low <= 1.05
    assert len(sweep.steps) == len(result.trials) <= 24
    assert result.is_complete
    assert (figures.req_per_sec, figures.req_per_sec_low, figures.req_per_sec_high) == (
        sweep.sustained_rate, sweep.low, sweep.high
    )  # fmt: skip
    assert [gate.message for gate in result.evaluate_gates() if gate.code == "sweep"] == [sweep.text]


@contextmanager
def run_nginx(folder: Path) -> Iterator[int]:
    port, program = free_port(), shutil.which("nginx") or "/usr/sbin/nginx"
    temporary = "".join(f" {name}_temp_path {folder}/{name};" for name in TEMPORARY)
    (folder / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\n"
        "events { worker_connections 1024; }\n"
        f"http {{ access_log off; keepalive_requests 100000000;{temporary} server {{ listen 127.0.0.1:{port};"
        ' location / { default_type application/json; return 200 \'{"message":"hi"}\'; } } }\n',
        encoding="utf-8",
    )
    argv = [program, "-p", str(folder), "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"]
    with run_until_left(argv, lambda: is_listening(port)):
        yield port


TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@pytest.mark.skipif(not (shutil.which("nginx") or Path("/usr/sbin/nginx").exists()), reason="nginx is not installed")
async def test_of_a_server_that_is_faster_the_generator_is_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_few_steps(monkeypatch, precision=1.5)
    with run_nginx(tmp_path) as port:
        sweep_plan = plan(port, profile=SWEEP, generator="h2load", trials_planned=24, connections=100)
        result = await run_protocol.measure(sweep_plan, RecordingCallbacks("nginx", []))

    assert result.sweep
    sweep = result.sweep.conclude()
    assert (sweep.limit, sweep.text.split(":")[0]) == ("generator", "The generator was the limit"), sweep
    assert result.assessment().validity != "valid"


class Cancelled(RecordingCallbacks):
    """Cancels within the third step."""

    async def on_sample(self, sample: Sample, phase: str, remaining_s: float) -> None:
        if sample.trial == 3:
            raise asyncio.CancelledError

    async def on_trial_finished(self, trial: ExecutionResult, result: RunResult) -> None:
        self.result = result


async def test_a_cancelled_sweep_keeps_its_steps() -> None:
    callbacks = Cancelled("limited", [])
    with run_limited_server(RATE) as port:
        sweep_plan = plan(port, profile=SWEEP, generator="h2load", trials_planned=24, connections=20)
        with pytest.raises(asyncio.CancelledError):
            await run_protocol.measure(sweep_plan, callbacks)

    assert callbacks.result.sweep
    sweep = callbacks.result.sweep.conclude()
    assert (len(sweep.steps), sweep.limit, callbacks.result.is_complete) == (2, "max_steps", False)
