from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from benchmarks.engine import preflight, run_protocol, trial_execution
from benchmarks.engine.monitor import Sample, Subjects
from benchmarks.engine.preflight import Asked
from benchmarks.engine.run_protocol import Measured, Plan, Processes, Side
from benchmarks.engine.trial_execution import TrialDone
from benchmarks.errors import GeneratorFailed
from system.host.child_processes import Identity, is_alive
from tests.fixtures.target_server import target

pytestmark = pytest.mark.real


class Listening:
    """A witness that writes down what it hears."""

    def __init__(self, name: str, heard: list[str], *, ends_at: int = 10**6, restarts: Sequence[int] = (0, 0)) -> None:
        self.name, self.heard, self.ends_at = name, heard, ends_at
        self.restarts = list(restarts)
        self.children: list[Identity] = []

    async def phase(self, name: str) -> None:
        self.heard.append(f"{self.name} {name}")

    async def began(self, found: Measured) -> None:
        assert found.before

    async def started(self, children: Sequence[Identity]) -> None:
        self.children += children

    async def tick(self, sample: Sample, phase: str, remaining_s: float) -> None:
        if phase == "trial" and sample.trial >= self.ends_at:
            raise GeneratorFailed("Enough.")

    async def trial(self, done: TrialDone, found: Measured) -> None:
        self.heard.append(f"{self.name} trial {done.index} of {len(found.trials)}")

    async def processes(self) -> Processes:
        return Processes((), self.restarts.pop(0))


def plan(port: int, **changes: object) -> Plan:
    made = Plan(
        framework="node", asked=Asked(f"http://127.0.0.1:{port}/simple", "GET", {"Host": "x"}, ""),
        program=trial_execution.program(trial_execution.installed()[0]), trials=2, duration_s=1, connections=4, workers=1,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


async def test_trials_of_two_targets_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    monkeypatch.setattr(run_protocol, "warmup_s", lambda duration_s: 0.0)
    with target() as one, target() as other:
        sides = [Side(plan(one), Listening("a", heard)), Side(plan(other), Listening("b", heard))]
        found = await run_protocol.interleaved(sides, shuffle=lambda order: order.reverse())

    assert [each for each in heard if " trial " in each] == [
        "b trial 1 of 1", "a trial 1 of 1", "b trial 2 of 2", "a trial 2 of 2",
    ]  # fmt: skip
    assert [len(each.trials) for each in found] == [2, 2]


async def test_a_second_generator_and_restarts_are_heard() -> None:
    installed = trial_execution.installed()
    with target() as port:
        made = plan(port, trials=1, second=trial_execution.program(installed[-1]))
        found = await run_protocol.measure(made, Listening("a", [], restarts=(3, 5)))

    assert found.cross_rate
    assert found.restarts == 2
    assert {gate.code: gate.state for gate in found.gates()}["restarts"] == "fail"
    assert "cross-check" in {gate.code for gate in found.gates()}
    assert len(found.trials) == 1


async def test_a_witness_that_ends_a_run_leaves_no_process() -> None:
    listening = Listening("a", [], ends_at=1)
    with target() as port:
        side = Side(plan(port, duration_s=30, trials=1), listening)
        await side.prepare()
        with pytest.raises(GeneratorFailed, match="Enough"):
            await side.trial()

    assert len(listening.children) == 2  # generator and probe
    assert not any(is_alive(child) for child in listening.children)


@pytest.mark.parametrize("name", trial_execution.installed())
async def test_every_generator_sends_its_body(name: str) -> None:
    with target() as port:
        body = "123"  # a text, although it looks like a number
        asked = Asked(f"http://127.0.0.1:{port}/code", "POST", {"Content-Type": "application/json"}, body)
        scenario = plan(port, asked=asked).scenario(1)
        work = trial_execution.Execution(trial_execution.program(name), scenario, Subjects(), 100, 1)
        done = await work.carry_out(Listening("a", []), None, 0)
        heard = preflight.ask(replace(asked, url=f"http://127.0.0.1:{port}/heard", method="GET"))

    assert (done.measured.errors, done.measured.non_2xx) == (0, 0)
    assert done.measured.successes > 0
    assert json.loads(heard.body_start) == {"POST": [body]}
