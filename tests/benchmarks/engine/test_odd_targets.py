"""Targets that end their responses otherwise than usual: the figures are right, or the reason is given."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from benchmarks.analysis.oddities import (
    ANNOUNCES_A_BODY,
    CLOSES_EACH,
    CLOSES_SILENTLY,
    ENDS_BY_CLOSING,
    MISCOUNTS_CLOSING,
)
from benchmarks.connections.target_request import AGENT
from benchmarks.engine import generator_execution, run_protocol
from benchmarks.engine.run_protocol import NO_RESULT
from benchmarks.engine.run_result import RunResult
from benchmarks.errors import GeneratorFailed
from tests.benchmarks.engine.test_run_protocol import RecordingCallbacks, plan
from tests.benchmarks.raw_target import raw_target

pytestmark = pytest.mark.real
INSTALLED = generator_execution.installed_generators()
USUAL = b"Content-Type: application/json\r\nDate: Mon, 01 Jan 2026 00:00:00 GMT\r\n"
BODY = b'{"message":"hi"}'
CONNECTIONS = 4
AT_ONCE = 6  # a measurement mostly waits
CANNOT = "The target closes the connection after each response: h2load does not open another, or hangs. Use wrk."


@dataclass
class Target:
    """`response`: of the target, which counts those that it gave to the load generator, and closes after each."""

    response: bytes
    closes: bool = False
    heads: list[bytes] = field(default_factory=list)

    def respond(self, head: bytes) -> bytes:
        if f"user-agent: {AGENT}".encode() not in head.lower():  # the preflight and the probe
            self.heads.append(head)
        return self.response


@dataclass(frozen=True, slots=True)
class Case:
    """One measurement of one target; `changes`: of the run's specification."""

    target: Target
    generator: str
    method: str = "GET"
    changes: Mapping[str, object] = field(default_factory=dict)

    async def measure(self) -> RunResult:
        target = self.target
        spec_changes = {"generator": self.generator, "method": self.method, "trials_planned": 1, **self.changes}
        with raw_target(target.respond, closes=target.closes, delay_s=0.02) as port:
            planned = plan(port, connections=CONNECTIONS, **spec_changes)
            return await run_protocol.measure(planned, RecordingCallbacks("a", []))


def response(version: str, *headers: str, body: bytes = BODY, status: str = "200 OK") -> bytes:
    lines = b"".join(f"{line}\r\n".encode() for line in headers)
    return f"HTTP/{version} {status}\r\n".encode() + USUAL + lines + b"\r\n" + body


LENGTH, CLOSE = "Content-Length: 16", "Connection: close"
CHUNKED = b"10\r\n" + BODY + b"\r\n0\r\n\r\n"
COUNTED = {
    "1.1": (response("1.1", LENGTH), "GET"),
    "1.0, kept alive": (response("1.0", LENGTH, "Connection: keep-alive"), "GET"),
    "204": (response("1.1", body=b"", status="204 No Content"), "GET"),
    "HEAD without a body": (response("1.1", "Content-Length: 0", body=b""), "HEAD"),
}
CLOSING = {
    "1.1": response("1.1", LENGTH, CLOSE),
    "1.0": response("1.0", LENGTH),
    "chunked": response("1.1", "Transfer-Encoding: chunked", CLOSE, body=CHUNKED),
    "204": response("1.1", CLOSE, body=b"", status="204 No Content"),
}
PROMISING = {
    "length": Target(response("1.1", LENGTH, body=b"")),
    "none": Target(response("1.1", body=b"")),
    "closes": Target(response("1.1", LENGTH, CLOSE, body=b""), closes=True),
}
METHODS = ["GET", "DELETE", "PUT", "POST"]
CROSS_CHECKED = ("cross-checked", "1.1", "wrk")


def cases() -> dict[tuple[str, str, str], Case]:
    """By the kind of target, its name and the generator."""
    usual = response("1.1", LENGTH)
    all_cases: dict[tuple[str, str, str], Case] = {}
    for generator in INSTALLED:
        for name, (answer, method) in COUNTED.items():
            all_cases["counted", name, generator] = Case(Target(answer), generator, method)
        for name, answer in CLOSING.items():
            all_cases["closing", name, generator] = Case(Target(answer, closes=True), generator)
        for name, target in PROMISING.items():
            all_cases["promising", name, generator] = Case(Target(target.response, target.closes), generator, "HEAD")
        for method in METHODS:
            all_cases["body", method, generator] = Case(Target(usual), generator, method, {"body": '{"a":1}'})
        all_cases["silent", "", generator] = Case(Target(usual, closes=True), generator)
        all_cases["endless", "", generator] = Case(Target(response("1.0"), closes=True), generator)
    all_cases[CROSS_CHECKED] = Case(Target(CLOSING["1.1"], closes=True), "wrk", changes={"profile": "rigorous"})
    return all_cases


class Measured:
    """The outcomes of all cases."""

    def __init__(self) -> None:
        self.cases = cases()
        self.outcomes: dict[tuple[str, str, str], RunResult | BaseException] = {}

    async def measure_all(self) -> None:
        places = asyncio.Semaphore(AT_ONCE)

        async def measure(case: Case) -> RunResult:
            async with places:
                return await case.measure()

        outcomes = await asyncio.gather(*map(measure, self.cases.values()), return_exceptions=True)
        self.outcomes = dict(zip(self.cases, outcomes, strict=True))

    def result(self, kind: str, name: str, generator: str) -> RunResult:
        """Raises GeneratorFailed, and what else ended the measurement."""
        outcome = self.outcomes[kind, name, generator]
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def heads(self, kind: str, name: str, generator: str) -> list[bytes]:
        """What the load generator sent."""
        return self.cases[kind, name, generator].target.heads


@pytest.fixture(scope="module")
def measured() -> Measured:
    """Without a warm-up, whose requests could not be distinguished from those of the trial."""
    measured = Measured()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_protocol, "max_warmup_s", lambda duration_s: 0.0)
        asyncio.run(measured.measure_all())
    return measured


@pytest.mark.parametrize("generator", INSTALLED)
@pytest.mark.parametrize("name", COUNTED)
def test_every_response_is_counted(measured: Measured, name: str, generator: str) -> None:
    result = measured.result("counted", name, generator)

    measurement = result.trials[0].measurement
    assert (measurement.errors, measurement.non_2xx) == (0, 0)
    assert measurement.successes == measurement.responses > 0
    assert [gate for gate in result.evaluate_gates() if gate.code == "headers"] == []


@pytest.mark.parametrize("generator", INSTALLED)
@pytest.mark.parametrize("name", CLOSING)
def test_a_target_that_closes_is_counted_by_wrk_and_marked(measured: Measured, name: str, generator: str) -> None:
    given = len(measured.heads("closing", name, generator))
    if generator == "h2load":
        with pytest.raises(GeneratorFailed) as caught:
            measured.result("closing", name, generator)
        assert (str(caught.value), given) == (CANNOT, 0)
        return
    result = measured.result("closing", name, generator)

    gates = [(gate.state, gate.message) for gate in result.evaluate_gates() if gate.code == "headers"]
    assert gates == [("fail", MISCOUNTS_CLOSING) if generator == "autocannon" else ("warn", CLOSES_EACH)]
    assert generator == "wrk" or result.assessment().validity == "invalid"
    if generator == "wrk":
        measurement = result.trials[0].measurement
        assert measurement.errors == 0
        assert given - 2 * CONNECTIONS - 1 <= measurement.responses <= given


@pytest.mark.parametrize("generator", INSTALLED)
def test_a_target_that_closes_without_a_word_is_invalid(measured: Measured, generator: str) -> None:
    if generator == "h2load":
        with pytest.raises(GeneratorFailed) as caught:
            measured.result("silent", "", generator)
        assert str(caught.value) == CANNOT
        return
    assessment = measured.result("silent", "", generator).assessment()
    assert assessment.validity == "invalid"
    assert CLOSES_SILENTLY in assessment.reasons


@pytest.mark.parametrize("generator", INSTALLED)
def test_a_response_that_ends_by_closing_is_invalid_or_no_result(measured: Measured, generator: str) -> None:
    if generator == "wrk":
        assessment = measured.result("endless", "", generator).assessment()
        assert (assessment.validity, ENDS_BY_CLOSING in assessment.reasons) == ("invalid", True)
        return
    with pytest.raises(GeneratorFailed) as caught:
        measured.result("endless", "", generator)
    assert str(caught.value) == f"{NO_RESULT} {ENDS_BY_CLOSING}"


@pytest.mark.parametrize("generator", INSTALLED)
@pytest.mark.parametrize("name", PROMISING)
def test_head_is_not_measured_when_the_generator_would_wait_for_a_body(
    measured: Measured, name: str, generator: str
) -> None:
    with pytest.raises(GeneratorFailed) as caught:
        measured.result("promising", name, generator)

    assert str(caught.value) == ANNOUNCES_A_BODY


@pytest.mark.parametrize("generator", INSTALLED)
@pytest.mark.parametrize("method", METHODS)
def test_a_body_is_sent_with_its_method_and_length(measured: Measured, method: str, generator: str) -> None:
    result, heads = measured.result("body", method, generator), measured.heads("body", method, generator)

    assert result.trials[0].measurement.errors == 0
    assert {head.partition(b" ")[0].decode() for head in heads} == {method}
    assert all(b"\r\ncontent-length: 7\r\n" in head.lower() for head in heads)


@pytest.mark.skipif("wrk" not in INSTALLED or "h2load" not in INSTALLED, reason="the cross-check needs both")
def test_a_cross_check_that_cannot_be_is_left_out(measured: Measured) -> None:
    result = measured.result(*CROSS_CHECKED)

    assert result.cross_rate is None
    assert f"There was no cross-check. {CANNOT}" in result.assessment().reasons
