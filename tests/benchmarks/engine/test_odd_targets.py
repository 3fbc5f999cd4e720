"""Targets that end their responses otherwise than usual: the figures are right, or the reason is given."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

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
from benchmarks.engine.generator_execution import ExecutionResult
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
CANNOT = "The target closes the connection after each response: h2load does not open another, or hangs. Use wrk."


@dataclass
class Target:
    """`response`: of the target, which counts those that it gave to the load generator, and closes after each."""

    response: bytes
    closes: bool = False
    heads: list[bytes] = field(default_factory=list)
    count_before_trial: int = 0

    def respond(self, head: bytes) -> bytes:
        if f"user-agent: {AGENT}".encode() not in head.lower():  # the preflight and the probe
            self.heads.append(head)
        return self.response


class Counting(RecordingCallbacks):
    """Counts the responses of the trial alone."""

    def __init__(self, target: Target) -> None:
        super().__init__("a", [])
        self.target = target

    async def on_trial_finished(self, trial: ExecutionResult, result: RunResult) -> None:
        if trial.index == 0:
            self.target.count_before_trial = len(self.target.heads)


async def measure(target: Target, generator: str, method: str = "GET", **changes: object) -> RunResult:
    with raw_target(target.respond, closes=target.closes, delay_s=0.005) as port:
        spec_changes = {"generator": generator, "method": method, "connections": CONNECTIONS, "trials_planned": 1}
        return await run_protocol.measure(plan(port, **spec_changes, **changes), Counting(target))


def response(version: str, *headers: str, body: bytes = BODY, status: str = "200 OK") -> bytes:
    lines = b"".join(f"{line}\r\n".encode() for line in headers)
    return f"HTTP/{version} {status}\r\n".encode() + USUAL + lines + b"\r\n" + body


LENGTH, CLOSE = "Content-Length: 16", "Connection: close"
CHUNKED = b"10\r\n" + BODY + b"\r\n0\r\n\r\n"
COUNTED = {
    "1.1": (Target(response("1.1", LENGTH)), "GET"),
    "1.0, kept alive": (Target(response("1.0", LENGTH, "Connection: keep-alive")), "GET"),
    "204": (Target(response("1.1", body=b"", status="204 No Content")), "GET"),
    "HEAD without a body": (Target(response("1.1", "Content-Length: 0", body=b"")), "HEAD"),
}
CLOSING = {
    "1.1": Target(response("1.1", LENGTH, CLOSE), closes=True),
    "1.0": Target(response("1.0", LENGTH), closes=True),
    "chunked": Target(response("1.1", "Transfer-Encoding: chunked", CLOSE, body=CHUNKED), closes=True),
    "204": Target(response("1.1", CLOSE, body=b"", status="204 No Content"), closes=True),
}
PROMISING = {
    "length": Target(response("1.1", LENGTH, body=b"")),
    "none": Target(response("1.1", body=b"")),
    "closes": Target(response("1.1", LENGTH, CLOSE, body=b""), closes=True),
}


@pytest.mark.parametrize("generator", INSTALLED)
@pytest.mark.parametrize("name", COUNTED)
async def test_every_response_is_counted(name: str, generator: str) -> None:
    target, method = COUNTED[name]
    target.heads.clear()
    result = await measure(target, generator, method)

    measurement = result.trials[0].measurement
    assert (measurement.errors, measurement.non_2xx) == (0, 0)
    assert measurement.successes == measurement.responses > 0
    assert [gate for gate in result.evaluate_gates() if gate.code == "headers"] == []


@pytest.mark.parametrize("generator", INSTALLED)
@pytest.mark.parametrize("name", CLOSING)
async def test_a_target_that_closes_is_counted_by_wrk_and_marked(name: str, generator: str) -> None:
    target = replace(CLOSING[name], heads=[])
    if generator == "h2load":
        with pytest.raises(GeneratorFailed) as caught:
            await measure(target, generator)
        assert (str(caught.value), len(target.heads)) == (CANNOT, 0)
        return
    result = await measure(target, generator)

    gates = [(gate.state, gate.message) for gate in result.evaluate_gates() if gate.code == "headers"]
    assert gates == [("fail", MISCOUNTS_CLOSING) if generator == "autocannon" else ("warn", CLOSES_EACH)]
    assert generator == "wrk" or result.assessment().validity == "invalid"
    if generator == "wrk":
        measurement = result.trials[0].measurement
        given = len(target.heads) - target.count_before_trial
        assert measurement.errors == 0
        assert given - 2 * CONNECTIONS - 1 <= measurement.responses <= given


@pytest.mark.parametrize("generator", INSTALLED)
async def test_a_target_that_closes_without_a_word_is_invalid(generator: str) -> None:
    target = Target(response("1.1", LENGTH), closes=True)
    if generator == "h2load":
        with pytest.raises(GeneratorFailed) as caught:
            await measure(target, generator)
        assert str(caught.value) == CANNOT
        return
    assessment = (await measure(target, generator)).assessment()
    assert assessment.validity == "invalid"
    assert CLOSES_SILENTLY in assessment.reasons


@pytest.mark.parametrize("generator", INSTALLED)
async def test_a_response_that_ends_by_closing_is_invalid_or_no_result(generator: str) -> None:
    target = Target(response("1.0"), closes=True)
    if generator == "wrk":
        assessment = (await measure(target, generator)).assessment()
        assert (assessment.validity, ENDS_BY_CLOSING in assessment.reasons) == ("invalid", True)
        return
    with pytest.raises(GeneratorFailed) as caught:
        await measure(target, generator)
    assert str(caught.value) == f"{NO_RESULT} {ENDS_BY_CLOSING}"


@pytest.mark.parametrize("generator", INSTALLED)
@pytest.mark.parametrize("name", PROMISING)
async def test_head_is_not_measured_when_the_generator_would_wait_for_a_body(name: str, generator: str) -> None:
    with pytest.raises(GeneratorFailed) as caught:
        await measure(replace(PROMISING[name], heads=[]), generator, "HEAD")

    assert str(caught.value) == ANNOUNCES_A_BODY


@pytest.mark.parametrize("generator", INSTALLED)
@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "POST"])
async def test_a_body_is_sent_with_its_method_and_length(method: str, generator: str) -> None:
    target = Target(response("1.1", LENGTH))
    result = await measure(target, generator, method, body='{"a":1}')

    assert result.trials[0].measurement.errors == 0
    assert {head.partition(b" ")[0].decode() for head in target.heads} == {method}
    assert all(b"\r\ncontent-length: 7\r\n" in head.lower() for head in target.heads)


@pytest.mark.skipif("wrk" not in INSTALLED or "h2load" not in INSTALLED, reason="the cross-check needs both")
async def test_a_cross_check_that_cannot_be_is_left_out() -> None:
    result = await measure(replace(CLOSING["1.1"], heads=[]), "wrk", profile="rigorous")

    assert result.cross_rate is None
    assert f"There was no cross-check. {CANNOT}" in result.assessment().reasons
