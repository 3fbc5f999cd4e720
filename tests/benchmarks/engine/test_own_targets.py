"""What people's own servers do that the shipped ones do not: a right figure, or a sentence that says what to do."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.analysis.oddities import COMPRESSES_UNASKED
from benchmarks.connections import exchange
from benchmarks.engine import generator_execution, run_protocol
from benchmarks.engine.run_result import RunResult
from benchmarks.errors import PreflightFailed
from tests.benchmarks.engine.test_run_protocol import RecordingCallbacks, plan
from tests.benchmarks.raw_target import raw_target

pytestmark = pytest.mark.real
INSTALLED = generator_execution.installed_generators()
TYPE = "Content-Type: application/json"
Respond = Callable[[bytes], bytes]


def response(status: str, *headers: str, body: bytes = b'{"message":"hi"}') -> bytes:
    lines = [f"HTTP/1.1 {status}", "Date: x", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


async def measure(respond: Respond, *, delay_s: float = 0.005, **changes: Any) -> RunResult:
    with raw_target(respond, delay_s=delay_s) as port:
        return await run_protocol.measure(plan(port, trials_planned=1, **changes), RecordingCallbacks("a", []))


async def refusal(respond: Respond, *, delay_s: float = 0.0, **changes: Any) -> str:
    """The reason why the target is not measured, without the port."""
    with raw_target(respond, delay_s=delay_s) as port, pytest.raises(PreflightFailed) as caught:
        await run_protocol.measure(plan(port, **changes), RecordingCallbacks("a", []))
    return str(caught.value).replace(str(port), "PORT")


def gates(result: RunResult, *codes: str) -> dict[str, tuple[str, str]]:
    return {gate.code: (gate.state, gate.message) for gate in result.evaluate_gates() if gate.code in codes}


SUBJECT = "GET http://127.0.0.1:PORT/simple responds with "


@pytest.mark.parametrize(
    ("answer", "changes", "reason"),
    [
        (
            response("301 Moved", "Location: https://www.example.test/new?a=1"), {},
            "301 and leads to https://www.example.test/new?a=1. Measure that instead, with url"
            " https://www.example.test/new?a=1 (on the command line: --target NAME=https://www.example.test/new?a=1); or"
            " put 301 into its expectStatus, to measure the redirect itself.",
        ),
        (
            response("308 Moved", "Location: /new?a=1"), {},
            "308 and leads to http://x:PORT/new?a=1. Measure that instead, with the endpoint /new?a=1; or put 308 into"
            " its expectStatus, to measure the redirect itself.",
        ),
        (
            response("302 Found", "Location: http://[x"), {},
            "302 and leads to 'http://[x', which is not a URL.",
        ),
        (response("302 Found", body=b"no"), {}, "302, not 2xx: 'no'."),
        (
            response("101 Switching", "Connection: upgrade", "Upgrade: websocket"), {},
            "101: it is for websocket, not for HTTP requests. Measure an endpoint that responds without an upgrade.",
        ),
        (
            response("426 Upgrade Required", "Upgrade: websocket"), {},
            "426: it is for websocket, not for HTTP requests. Measure an endpoint that responds without an upgrade.",
        ),
        (
            response("401 Unauthorized", body=b"no"), {},
            "401, not 2xx: 'no'. It needs a credential: give it in headers, e.g. Authorization.",
        ),
        (
            response("403 Forbidden", body=b"no"), {"headers": {"Authorization": "Bearer s3cret"}},
            "403, not 2xx: 'no'. It refuses the credential that was sent: check headers.",
        ),
        (
            response("406 Not Acceptable", body=b"no"), {},
            "406, not 2xx: 'no'. It may need a header such as Accept-Encoding: gzip, or Accept: give it in headers.",
        ),
        (response("200 OK", body=b"hi"), {"expect_status": (401, 403)}, "200, not 401 or 403: 'hi'."),
        (response("404 Not Found", body=b"no"), {"expect_status": (401,)}, "404, not 401: 'no'."),
    ],
)  # fmt: skip
async def test_an_unexpected_status_says_what_to_do(answer: bytes, changes: dict[str, Any], reason: str) -> None:
    assert await refusal(lambda _: answer, **changes) == SUBJECT + reason


@pytest.mark.parametrize("generator", INSTALLED)
@pytest.mark.parametrize(("status", "expected"), [("404 No", (404, 410)), ("301 Moved", (301,)), ("503 No", (503,))])
async def test_an_expected_status_is_a_success(status: str, expected: tuple[int, ...], generator: str) -> None:
    answer = response(status, TYPE, "Location: /")
    result = await measure(lambda _: answer, generator=generator, expect_status=expected)

    measurement = result.trials[0].measurement
    assert (measurement.errors, measurement.non_2xx) == (0, 0)
    assert measurement.successes == measurement.responses > 0
    assert gates(result, "errors")["errors"] == (
        "pass",
        f"All responses were {' or '.join(map(str, expected))}.",
    )
    probe = result.trials[0].probe
    assert probe
    assert (probe.failed, probe.mismatched) == (0, 0)


@pytest.mark.parametrize("generator", INSTALLED)
@pytest.mark.parametrize("other", ["200 OK", "503 No"])
async def test_every_fourth_response_is_none_of_the_expected(other: str, generator: str) -> None:
    """The first two are those of the preflight."""
    numbers = itertools.count()

    def respond(head: bytes) -> bytes:
        number = next(numbers)
        return response(other if number > 9 and number % 4 == 0 else "404 No", TYPE)

    result = await measure(respond, generator=generator, expect_status=(404,))

    measurement = result.trials[0].measurement
    assert measurement.errors == 0
    assert abs(measurement.successes - 3 * measurement.non_2xx) <= 40
    assert measurement.successes + measurement.non_2xx == measurement.responses
    assert result.assessment().validity == "invalid"
    assert "errors or responses outside 404); more than 1 % is too many" in result.assessment().reasons[0]


PACKED = gzip.compress(b'{"message":"hi"}', mtime=0)


@pytest.mark.parametrize("generator", INSTALLED)
async def test_a_target_that_compresses_unasked_is_marked(generator: str) -> None:
    result = await measure(
        lambda _: response("200 OK", TYPE, "Content-Encoding: gzip", body=PACKED), generator=generator
    )

    before, trial = result.response_before, result.trials[0]
    assert before
    assert trial.probe
    assert (before.encoding, before.keys, before.body_start) == ("gzip", ("message",), '{"message":"hi"}')
    assert before.body_bytes == len(PACKED)
    assert (trial.measurement.errors, trial.probe.failed, trial.probe.mismatched) == (0, 0, 0)
    assert gates(result, "headers") == {"headers": ("warn", COMPRESSES_UNASKED)}


@pytest.mark.parametrize("generator", INSTALLED)
async def test_a_target_that_only_responds_compressed_gets_the_header_for_it(generator: str) -> None:
    def respond(head: bytes) -> bytes:
        if b"accept-encoding: gzip" in head.lower():
            return response("200 OK", TYPE, "Content-Encoding: gzip", body=PACKED)
        return response("406 Not Acceptable")

    result = await measure(respond, generator=generator, headers={"Accept-Encoding": "gzip"})

    trial = result.trials[0]
    assert trial.probe
    assert (trial.measurement.errors, trial.measurement.non_2xx, trial.probe.failed) == (0, 0, 0)
    assert trial.measurement.successes > 0
    assert gates(result, "headers", "answer") == {}


async def test_a_body_that_changes_is_checked_by_status_and_length() -> None:
    numbers = itertools.count()
    result = await measure(lambda _: response("200 OK", TYPE, body=b'{"%d":1,"n":"xxxxxxxxxxx"}' % next(numbers)))

    probe = result.trials[0].probe
    assert probe
    assert (probe.failed, probe.mismatched) == (0, 0)
    assert gates(result, "body", "answer", "probe") == {
        "body": ("pass", "The body changes with each request: it was checked by status and length."),
        "probe": ("pass", f"All {probe.sent} probes under load got the expected response."),
    }


async def test_an_error_page_with_status_200_is_found_in_a_changing_body() -> None:
    numbers = itertools.count()

    def respond(head: bytes) -> bytes:
        number = next(numbers)
        return response(
            "200 OK", "Content-Type: text/html", body=b"%05d%s" % (number, b"x" * (100 if number < 9 else 900))
        )

    result = await measure(respond)

    probe = result.trials[0].probe
    assert probe
    assert probe.mismatched == probe.sent > 0
    assert result.assessment().validity == "invalid"


async def test_a_response_that_takes_a_large_part_of_a_trial_is_marked() -> None:
    """Four connections and 0.3 s: 13 requests/s, of which those at the end of the trial are not counted."""
    answer = response("200 OK", TYPE)
    result = await measure(lambda _: answer, delay_s=0.3, planned_duration_s=2)

    note = next(message for _, message in gates(result, "generator").values())
    assert note.startswith("A response takes 0.3 s, a trial 2 s: requests in flight at its end are not counted, so the")
    assert result.assessment().validity == "caution"
    assert 0 < result.trials[0].measurement.responses <= 28  # 24 in time; fewer on a busy machine


async def test_a_response_longer_than_a_trial_is_not_measured() -> None:
    reason = await refusal(lambda _: response("200 OK"), delay_s=1.02)

    assert reason == ("A response takes 1.0 s, a trial 1 s: nothing would be counted. Use a duration of at least 21 s.")


async def test_a_response_later_than_generators_wait_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "TIMEOUT_S", 0.5)
    reason = await refusal(lambda _: response("200 OK"), delay_s=1.5)

    assert reason == (
        "GET http://127.0.0.1:PORT/simple got no response: nothing came within 0.5 s, after which load generators count"
        " a request as failed. Measure something that responds sooner."
    )
