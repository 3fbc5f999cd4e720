from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from benchmarks.engine import generator_execution, preflight, run_protocol
from benchmarks.engine.execution_monitor import MonitoredProcesses, Sample
from benchmarks.engine.generator_execution import ExecutionResult
from benchmarks.engine.run_plan import RunPlan, make_plan
from benchmarks.engine.run_protocol import ProtocolRun, TargetProcesses
from benchmarks.engine.run_result import RunResult
from benchmarks.engine.run_spec import RunSpec
from benchmarks.errors import GeneratorFailed
from system.host.child_processes import Identity, is_alive
from tests.fixtures.target_server import run_target

pytestmark = pytest.mark.real


class RecordingCallbacks:
    """Records the phases and trials of a run."""

    def __init__(self, name: str, events: list[str], *, ends_at: int = 10**6, restarts: Sequence[int] = (0, 0)) -> None:
        self.name, self.events, self.ends_at = name, events, ends_at
        self.restarts = list(restarts)
        self.children: list[Identity] = []

    async def on_state(self, name: str) -> None:
        self.events.append(f"{self.name} {name}")

    async def on_preflight_passed(self, result: RunResult) -> None:
        assert result.response_before

    async def on_generator_started(self, children: Sequence[Identity]) -> None:
        self.children += children

    async def on_sample(self, sample: Sample, phase: str, remaining_s: float) -> None:
        if phase == "trial" and sample.trial >= self.ends_at:
            raise GeneratorFailed("Enough.")

    async def on_trial_finished(self, trial: ExecutionResult, result: RunResult) -> None:
        self.events.append(f"{self.name} trial {trial.index} of {len(result.trials)}")

    async def target_processes(self) -> TargetProcesses:
        return TargetProcesses((), self.restarts.pop(0))


def plan(port: int, **changes: object) -> RunPlan:
    spec = RunSpec(
        framework="node", host=f"x:{port}", address="127.0.0.1", endpoint="/simple", method="GET", planned_duration_s=1,
        instances=None, connections=4, workers=1, pipelining=1, generator=generator_execution.installed_generators()[0],
        generator_version="", trials_planned=2, profile="", rate_per_second=None, label="",
        protocol="http1", insecure=False, expect=(),
    )  # fmt: skip
    return make_plan(replace(spec, **changes))  # type: ignore[arg-type]


async def test_trials_of_two_targets_alternate(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    monkeypatch.setattr(run_protocol, "max_warmup_s", lambda duration_s: 0.0)
    with run_target() as first_port, run_target() as second_port:
        runs = [
            ProtocolRun(plan(port), RecordingCallbacks(name, events))
            for name, port in (("a", first_port), ("b", second_port))
        ]
        results = await run_protocol.measure_interleaved(runs, shuffle=lambda order: order.reverse())

    assert [event for event in events if " trial " in event] == [
        "b trial 1 of 1", "a trial 1 of 1", "b trial 2 of 2", "a trial 2 of 2",
    ]  # fmt: skip
    assert [len(result.trials) for result in results] == [2, 2]


async def test_a_cross_check_and_restarts_are_recorded() -> None:
    installed = generator_execution.installed_generators()
    with run_target() as port:
        second = generator_execution.find_program(installed[-1])
        checked = replace(plan(port, trials_planned=1), cross_check_program=second)
        result = await run_protocol.measure(checked, RecordingCallbacks("a", [], restarts=(3, 5)))

    assert result.cross_rate
    assert result.restarts == 2
    assert {gate.code: gate.state for gate in result.evaluate_gates()}["restarts"] == "fail"
    assert "cross-check" in {gate.code for gate in result.evaluate_gates()}
    assert len(result.trials) == 1


async def test_callbacks_that_end_a_run_leave_no_process() -> None:
    callbacks = RecordingCallbacks("a", [], ends_at=1)
    with run_target() as port:
        run = ProtocolRun(plan(port, planned_duration_s=30, trials_planned=1), callbacks)
        await run.run_preflight()
        with pytest.raises(GeneratorFailed, match="Enough"):
            await run.run_trial()

    assert len(set(callbacks.children)) == 2  # generator and probe
    assert not any(is_alive(child) for child in callbacks.children)


@pytest.mark.parametrize("name", generator_execution.installed_generators())
async def test_every_generator_sends_its_body(name: str) -> None:
    with run_target() as port:
        body = "123"  # a text, although it looks like a number
        planned = plan(port, endpoint="/code", method="POST", body=body)
        scenario = planned.scenario(1)
        program = generator_execution.find_program(name)
        execution = generator_execution.Execution(program, scenario, MonitoredProcesses(), 100, 1)
        trial = await execution.run(RecordingCallbacks("a", []), None, 0)
        received = preflight.send_request(
            replace(planned.request, url=f"http://127.0.0.1:{port}/received", method="GET")
        )

    assert (trial.measurement.errors, trial.measurement.non_2xx) == (0, 0)
    assert trial.measurement.successes > 0
    assert json.loads(received.body_start) == {"POST": [body]}
