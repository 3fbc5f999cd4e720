"""Turns the parameters of a run into what the engine executes. [io: files]"""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks import generators
from benchmarks.engine import generator_execution
from benchmarks.engine.address import bracket_ipv6
from benchmarks.engine.generator_execution import GeneratorProgram
from benchmarks.engine.preflight import TargetRequest
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
        )  # fmt: skip


def make_plan(spec: RunSpec) -> RunPlan:
    """Raises BinaryMissing."""
    is_framework = registry().framework_of(spec.framework) is not None
    endpoint = registry().endpoint(spec.endpoint, spec.method) if is_framework else None
    url = f"http://{bracket_ipv6(spec.address)}:{spec.port}{spec.endpoint}"
    return RunPlan(
        spec=spec,
        request=TargetRequest(url, spec.method, request_headers(spec.host, spec.body, spec.headers), spec.body),
        program=generator_execution.find_program(spec.generator),
        needs=endpoint.needs if endpoint else (),
        is_local=ports.is_bindable(spec.address, 0),
        cross_check_program=_find_cross_check_program(spec),
    )


def _find_cross_check_program(spec: RunSpec) -> GeneratorProgram | None:
    """The second generator of a profile that has a cross-check; None if it is the first, is not installed, or cannot
    send the request."""
    profile = PROFILES.get(spec.profile)
    if not (profile and profile.cross_check) or spec.generator == CROSS_CHECK_GENERATOR:
        return None
    if generators.refusal(CROSS_CHECK_GENERATOR, spec.headers):
        return None
    is_installed = CROSS_CHECK_GENERATOR in generator_execution.installed_generators()
    return generator_execution.find_program(CROSS_CHECK_GENERATOR) if is_installed else None
