"""Targets over TLS and HTTP/2: connected to by address, named by SNI, verified by the preflight, loaded by the tools."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.analysis.oddities import ENDS_HTTP2_EACH
from benchmarks.connections.tls import TlsFacts
from benchmarks.engine import generator_execution, preflight, probe, run_protocol
from benchmarks.engine.probe import ProbePlan
from benchmarks.engine.run_plan import RunPlan
from benchmarks.engine.run_result import RunResult
from benchmarks.errors import GeneratorFailed, PreflightFailed
from system.host.child_processes import Identity
from tests.benchmarks.engine.test_run_protocol import RecordingCallbacks, plan
from tests.benchmarks.tls_target import NAME, TlsTarget, run_tls_target
from tests.fixtures.process_list import commands_with

pytestmark = pytest.mark.real
INSTALLED = generator_execution.installed_generators()
SECRET = "s3cret-of-the-target"
H2LOAD = pytest.mark.skipif("h2load" not in INSTALLED, reason="only h2load speaks HTTP/2")
HAS_IPV6 = Path("/proc/net/if_inet6").is_file() and "00000001 " in Path("/proc/net/if_inet6").read_text()


def encrypted(target: TlsTarget, **changes: Any) -> RunPlan:
    return plan(target.port, **{"host": f"{NAME}:{target.port}", "scheme": "https", "trials_planned": 1, **changes})


async def measure(measured: RunPlan, callbacks: RecordingCallbacks | None = None) -> RunResult:
    return await run_protocol.measure(measured, callbacks or RecordingCallbacks("a", []))


def states(result: RunResult, code: str) -> list[tuple[str, str]]:
    return [(gate.state, gate.message) for gate in result.evaluate_gates() if gate.code == code]


UNVERIFIED = (
    "The certificate is not verified: self-signed certificate. The target may be another one than was meant. Trust its"
    " issuer on this machine, or run with insecure."
)


@pytest.mark.parametrize("generator", INSTALLED)
async def test_a_name_that_does_not_resolve_is_measured_at_its_address(generator: str, tmp_path: Path) -> None:
    with run_tls_target(tmp_path, "https") as target:
        result = await measure(encrypted(target, generator=generator, method="POST", body='{"a":1}'))
        seen = target.seen()

    (trial,) = result.trials
    assert (trial.measurement.errors, trial.measurement.non_2xx) == (0, 0)
    assert trial.measurement.successes > 100
    assert trial.probe
    assert (trial.probe.failed, trial.probe.mismatched) == (0, 0)
    assert (set(seen["names"]), set(seen["hosts"]), set(seen["versions"])) == (
        {NAME}, {f"{NAME}:{target.port}"}, {"1.1"},
    )  # fmt: skip
    assert set(seen["bodies"]) == {base64.b64encode(b'{"a":1}').decode()}
    assert sum(seen["names"].values()) >= trial.measurement.responses
    assert states(result, "certificate") == [("warn", UNVERIFIED)]
    assert result.tls
    assert replace(result.tls, cipher="", not_after="") == TlsFacts(
        version="TLSv1.3", cipher="", alpn="http/1.1", subject=f"O=Test, CN={NAME}", issuer=f"O=Test, CN={NAME}",
        not_after="", verified=False, reason="self-signed certificate",
    )  # fmt: skip
    assert result.tls.cipher.startswith("TLS_")
    assert result.tls.not_after.endswith("Z")


@pytest.mark.skipif("not HAS_IPV6", reason="this machine has no IPv6")
@pytest.mark.parametrize("generator", INSTALLED)
async def test_an_ipv6_address_is_loaded_under_its_name(generator: str, tmp_path: Path) -> None:
    with run_tls_target(tmp_path, "https", host="::1") as target:
        result = await measure(encrypted(target, generator=generator, address="::1"))
        seen = target.seen()

    assert (result.trials[0].measurement.errors, set(seen["names"])) == (0, {NAME})


@pytest.mark.parametrize("generator", INSTALLED)
async def test_the_port_of_the_name_is_not_the_one_that_is_connected_to(generator: str, tmp_path: Path) -> None:
    with run_tls_target(tmp_path, "https") as target:
        measured = encrypted(target, generator=generator, host=f"{NAME}:443", connect_port=target.port)
        result = await measure(measured)
        seen = target.seen()

    assert (result.trials[0].measurement.errors, set(seen["names"]), set(seen["hosts"])) == (0, {NAME}, {NAME})
    assert measured.request.shown_url == f"https://{NAME}/simple"


@pytest.mark.parametrize("generator", INSTALLED)
async def test_a_target_without_a_name_is_measured_by_its_address(generator: str, tmp_path: Path) -> None:
    with run_tls_target(tmp_path, "https") as target:
        host = f"127.0.0.1:{target.port}"
        result = await measure(encrypted(target, generator=generator, host=host))
        seen = target.seen()

    assert (result.trials[0].measurement.errors, set(seen["hosts"])) == (0, {host})
    assert result.trials[0].measurement.successes > 100
    assert result.tls
    assert result.tls.reason == "self-signed certificate"


@pytest.mark.parametrize("generator", INSTALLED)
async def test_a_body_that_is_no_text_is_sent_as_it_is(generator: str, tmp_path: Path) -> None:
    content = base64.b64encode(bytes(range(256))).decode()
    with run_tls_target(tmp_path, "http") as target:
        changes = {"scheme": "http", "generator": generator, "method": "PUT", "body_base64": content, "workers": 2}
        result = await measure(encrypted(target, **changes))
        seen = target.seen()

    assert (result.trials[0].measurement.errors, set(seen["bodies"])) == (0, {content})


def facts_of(target: TlsTarget, **changes: Any) -> TlsFacts:
    facts = preflight.inspect_tls(encrypted(target, **changes).request, insecure=False)
    assert facts
    return facts


def test_a_certificate_is_verified_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with run_tls_target(tmp_path, "https") as target:
        monkeypatch.setenv("SSL_CERT_FILE", str(target.certificate))
        named, other = facts_of(target), facts_of(target, host=f"other.test:{target.port}")
        address = facts_of(target, host=f"127.0.0.1:{target.port}")

    assert [(facts.verified, facts.reason, facts.subject) for facts in (named, other, address)] == [
        (True, "", f"O=Test, CN={NAME}"),
        (False, "Hostname mismatch, certificate is not valid for 'other.test'", f"O=Test, CN={NAME}"),
        (False, "IP address mismatch, certificate is not valid for '127.0.0.1'", f"O=Test, CN={NAME}"),
    ]


def test_an_expired_certificate_is_described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with run_tls_target(tmp_path, "https", days=-1) as target:
        monkeypatch.setenv("SSL_CERT_FILE", str(target.certificate))
        facts = facts_of(target)

    assert (facts.verified, facts.reason, facts.subject) == (
        False,
        "certificate has expired",
        f"O=Test, CN={NAME}",
    )


@H2LOAD
@pytest.mark.parametrize("kind", ["h2", "h2c"])
@pytest.mark.parametrize("streams", [1, 5])
async def test_http2_is_measured(kind: str, streams: int, tmp_path: Path) -> None:
    scheme = "https" if kind == "h2" else "http"
    changes = {"scheme": scheme, "generator": "h2load", "protocol": "h2", "pipelining": streams, "insecure": True}
    with run_tls_target(tmp_path, kind) as target:
        result = await measure(encrypted(target, **changes))
        seen = target.seen()

    (trial,) = result.trials
    assert (trial.measurement.errors, trial.measurement.non_2xx) == (0, 0)
    assert trial.measurement.successes > 100
    assert trial.probe
    assert (trial.probe.sent, trial.probe.failed, trial.probe.mismatched) == (20, 0, 0)
    assert set(seen["versions"]) == {"2.0"}
    assert set(seen["hosts"]) == {f"{NAME}:{target.port}"}
    assert set(seen["names"]) == ({NAME} if kind == "h2" else {""})
    assert f"Application protocol: {kind}" in trial.output
    assert (result.tls.alpn if result.tls else None) == ("h2" if kind == "h2" else None)
    assert [state for state, _ in states(result, "certificate")] == (["pass"] if kind == "h2" else [])


@pytest.mark.parametrize("kind", ["http", "https", "h2", "h2c"])
def test_a_probe_keeps_its_connections(kind: str, tmp_path: Path) -> None:
    """20 requests, five at a time, on five connections, at most on all; the preflight used two."""
    protocol = "h2" if kind in ("h2", "h2c") else "http1"
    with run_tls_target(tmp_path, kind) as target:
        scheme = "https" if kind in ("https", "h2") else "http"
        request = encrypted(target, scheme=scheme, protocol=protocol).request
        expected = preflight.learn_expectation(request, preflight.send_request(request))
        report = probe.run_probe(ProbePlan(request, 1.0, 2.0, expected.body_sha256, expected.keys))
        seen = target.seen()

    assert (report.sent, report.failed, report.mismatched) == (20, 0, 0)
    assert seen["connections"]["used"] <= probe.CONNECTIONS + 2


@pytest.mark.parametrize("kind", ["h2", "h2c"])
def test_a_probe_follows_a_target_that_ends_its_connections(kind: str, tmp_path: Path) -> None:
    """By GOAWAY after each response: the next request goes to a new connection, and none is lost."""
    changes = {"scheme": "https" if kind == "h2" else "http", "protocol": "h2", "endpoint": "/leave"}
    with run_tls_target(tmp_path, kind) as target:
        request = encrypted(target, **changes).request
        expected = preflight.learn_expectation(request, preflight.send_request(request))
        report = probe.run_probe(
            ProbePlan(request, 0.5, 2.0, expected.body_sha256, expected.keys, rate_per_second=40, batch_size=1)
        )

    assert (report.sent, report.failed, report.mismatched) == (20, 0, 0)


@H2LOAD
async def test_a_target_that_ends_its_http2_connections_is_not_measured(tmp_path: Path) -> None:
    changes = {"scheme": "http", "protocol": "h2", "generator": "h2load", "endpoint": "/leave"}
    with run_tls_target(tmp_path, "h2c") as target, pytest.raises(GeneratorFailed) as caught:
        await measure(encrypted(target, **changes))

    assert str(caught.value) == ENDS_HTTP2_EACH


@H2LOAD
async def test_a_body_and_a_large_response_over_http2(tmp_path: Path) -> None:
    """Both are larger than the window of 64 KiB with which a connection begins."""
    body = "x" * 100_000
    changes = {"protocol": "h2", "generator": "h2load", "method": "POST", "body": body, "endpoint": "/big"}
    with run_tls_target(tmp_path, "h2") as target:
        result = await measure(encrypted(target, **changes))
        seen = target.seen()

    (trial,) = result.trials
    received = {base64.b64decode(text).decode(): count for text, count in seen["bodies"].items()}
    assert received.pop(body) >= trial.measurement.responses
    assert all(body.startswith(part) for part in received)  # h2load leaves at the end, in the middle of its requests
    assert trial.probe
    assert (trial.measurement.errors, trial.probe.failed, trial.probe.mismatched) == (0, 0, 0)
    assert result.response_before
    assert result.response_before.body_bytes == 200_002


class Watching(RecordingCallbacks):
    """Looks for a text in the command lines of all processes as soon as the processes of a trial have started."""

    def __init__(self, text: str) -> None:
        super().__init__("a", [])
        self.text, self.commands, self.looks = text, set[str](), 0

    async def on_generator_started(self, children: Sequence[Identity]) -> None:
        self.looks += 1
        self.commands |= set(commands_with(self.text))

    async def on_sample(self, sample: Any, phase: str, remaining_s: float) -> None:
        await self.on_generator_started(())


@pytest.mark.parametrize("generator", [name for name in INSTALLED if name != "h2load"])
async def test_a_credential_is_in_no_command_line_and_no_output(generator: str, tmp_path: Path) -> None:
    callbacks = Watching(SECRET)
    with run_tls_target(tmp_path, "https") as target:
        secret = {"headers": {"Authorization": f"Bearer {SECRET}"}, "insecure": True}
        changes = {"generator": generator, "workers": 2, **secret}
        result = await measure(encrypted(target, **changes), callbacks)
        seen = target.seen()

    assert set(seen["credentials"]) == {f"Bearer {SECRET}"}
    assert seen["credentials"][f"Bearer {SECRET}"] > 100
    assert (callbacks.commands, callbacks.looks > 2) == (set(), True)
    assert SECRET not in str([(trial.command, trial.output) for trial in (*result.trials, *result.warmup)])
    assert result.response_before
    assert SECRET not in str(asdict(result.response_before))


async def test_no_credential_is_sent_where_the_certificate_is_not_verified(tmp_path: Path) -> None:
    with run_tls_target(tmp_path, "https") as target:
        with pytest.raises(
            PreflightFailed, match=r"is not verified \(self-signed certificate\), so credentials are not"
        ):
            await measure(encrypted(target, headers={"Authorization": f"Bearer {SECRET}"}))
        seen = target.seen()

    assert seen["credentials"] == {}


@pytest.mark.parametrize(
    ("kind", "options", "changes", "reason"),
    [
        ("http", {}, {}, "the target does not speak TLS here. Use http://."),
        ("https", {}, {"scheme": "http"}, "the target speaks TLS here. Use https://."),
        ("h2", {}, {"scheme": "http"}, "the target speaks TLS here. Use https://."),
        ("h2c", {}, {"scheme": "http"}, "the target speaks HTTP/2 without TLS here. Use protocol h2."),
        (
            "http", {}, {"scheme": "http", "protocol": "h2"},
            "the target does not speak HTTP/2 without TLS here (it answered HTTP/1.1 400 Bad Request). Use protocol"
            " http1, or https://.",
        ),
        ("https", {}, {"protocol": "h2"}, "the target refuses h2 (ALPN). Use protocol http1."),
        (
            "https", {"ALPNProtocols": []}, {"protocol": "h2"},
            "the target negotiated no protocol instead of h2 (ALPN). Use protocol http1.",
        ),
        ("h2", {}, {}, "the target refuses http/1.1 (ALPN). Use protocol h2."),
        (
            "https", {"maxVersion": "TLSv1.1", "minVersion": "TLSv1", "ciphers": "DEFAULT@SECLEVEL=0"}, {},
            "the target and this machine have no version of TLS in common: here, TLS 1.2 and 1.3 are enabled. Enable one"
            " of them in the target.",
        ),
        (
            "https", {"requestCert": True, "rejectUnauthorized": True}, {},
            "the target requires a certificate from its clients, which load generators do not send. Measure it behind"
            " the proxy that checks them, or without that check.",
        ),
    ],
)  # fmt: skip
async def test_a_failed_connection_says_what_to_do(
    kind: str, options: dict[str, Any], changes: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    with run_tls_target(tmp_path, kind, **options) as target:
        measured = encrypted(target, **changes)
        with pytest.raises(PreflightFailed) as caught:
            await measure(measured)

    assert str(caught.value) == f"GET {measured.request.shown_url} got no response: {reason}"
