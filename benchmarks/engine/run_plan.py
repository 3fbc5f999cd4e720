"""Turns the parameters of a run into what the engine executes. [io: files]"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from benchmarks import generators
from benchmarks.connections.target_request import TargetRequest
from benchmarks.engine import generator_execution
from benchmarks.engine.address import bracket_ipv6
from benchmarks.engine.generator_execution import GeneratorProgram
from benchmarks.engine.run_spec import RunSpec
from benchmarks.generators.scenario import PROFILES, Scenario, request_headers
from pm2.frameworks.registry import registry
from system.host import ports

CROSS_CHECK_GENERATOR = "h2load"  # repeats the measurement of another generator


@dataclass(frozen=True, slots=True)
class RunPlan:
    """A run with its programs found. The URL of `request` contains an IP address; `needs`: services that it uses."""

    spec: RunSpec
    request: TargetRequest
    program: GeneratorProgram
    needs: tuple[str, ...] = ()
    is_local: bool = True
    cross_check_program: GeneratorProgram | None = None

    def scenario(
        self, duration_s: float, rate_per_second: float | None = None, connections: int | None = None
    ) -> Scenario:
        """`rate_per_second` and `connections`: of a step of a sweep, otherwise those of the run."""
        spec, request = self.spec, self.request
        return Scenario(
            url=request.url, method=request.method, headers=tuple(request.headers.items()), body=request.body,
            duration_s=max(1, round(duration_s)), connections=connections or spec.connections, workers=spec.workers,
            pipelining=spec.pipelining, rate_per_second=rate_per_second or spec.rate_per_second,
            protocol=request.protocol, server_name=request.server_name,
            expected_class=request.expected_statuses[0] // 100 if request.expected_statuses else 2,
        )  # fmt: skip


def make_plan(spec: RunSpec) -> RunPlan:
    """Raises BinaryMissing."""
    is_framework = registry().framework_of(spec.framework) is not None
    endpoint = registry().endpoint(spec.endpoint, spec.method) if is_framework else None
    return RunPlan(
        spec=spec,
        request=_make_request(spec),
        program=generator_execution.find_program(spec.generator),
        needs=endpoint.needs if endpoint else (),
        is_local=ports.is_bindable(spec.address, 0),
        cross_check_program=_find_cross_check_program(spec),
    )


def _make_request(spec: RunSpec) -> TargetRequest:
    """To the address that was decided on: no program resolves the name again."""
    content_type = "application/json" if spec.body else "application/octet-stream" if spec.body_base64 else ""
    return TargetRequest(
        url=f"{spec.scheme}://{bracket_ipv6(spec.address)}:{spec.port}{spec.endpoint}",
        method=spec.method,
        headers=request_headers(_authority(spec), content_type, spec.headers),
        body=spec.content,
        server_name=_server_name(spec),
        protocol=spec.protocol,
        expected_statuses=tuple(spec.expect_status),
    )


def _authority(spec: RunSpec) -> str:
    """As browsers write it: some servers do not recognise their name with the port that https implies."""
    return spec.host.removesuffix(":443") if spec.scheme == "https" else spec.host


def _server_name(spec: RunSpec) -> str:
    """The name for TLS; empty without TLS, and for an IP address, which is none (RFC 6066)."""
    name = spec.host.rpartition(":")[0].strip("[]")
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name if spec.scheme == "https" else ""
    return ""


def _find_cross_check_program(spec: RunSpec) -> GeneratorProgram | None:
    """The second generator of a profile that has a cross-check; None if it is the first, is not installed, or cannot
    send the request."""
    profile = PROFILES.get(spec.profile)
    if not (profile and profile.cross_check) or spec.generator == CROSS_CHECK_GENERATOR:
        return None
    if generators.refusal(CROSS_CHECK_GENERATOR, spec.headers, spec.protocol):
        return None
    is_installed = CROSS_CHECK_GENERATOR in generator_execution.installed_generators()
    return generator_execution.find_program(CROSS_CHECK_GENERATOR) if is_installed else None
