"""Turns a validated request into the parameters of a run, or raises the reason. [io: PM2, name resolution]"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from benchmarks import generators
from benchmarks.engine import generator_execution
from benchmarks.engine.run_spec import RunSpec
from benchmarks.errors import InvalidRunRequest, TargetNotRunning
from benchmarks.generators import scenario
from benchmarks.runs import allowed_targets
from pm2.daemon.process import Status
from pm2.errors import PM2Error
from pm2.frameworks.registry import Endpoint, Framework, registry
from pm2.monitor import current_monitor


async def build_spec(request: Mapping[str, Any]) -> RunSpec:
    """The parameters of the requested run, with the defaults filled in.

    Raises UnknownFramework, InvalidRunRequest, TargetNotAllowed, TargetNotRunning, GeneratorMissing.
    """
    framework = registry().framework(request["framework"])
    endpoint = _select_endpoint(request)
    ports = {known.port for known in registry().frameworks}
    target = await asyncio.to_thread(
        allowed_targets.resolve_target, request.get("host", "localhost"), framework.port, ports
    )
    if not target.is_outside_pm2 and target.port != framework.port:
        owner = next(known.name for known in registry().frameworks if known.port == target.port)
        raise InvalidRunRequest("host", f"Port {target.port} belongs to {owner}, not to {framework.name}.")
    instances_online = None if target.is_outside_pm2 else await _count_online(framework)
    generator, version = await asyncio.to_thread(_select_generator, request, endpoint)
    instances = request.get("instances") or instances_online
    trials, duration_s = scenario.resolve_profile(
        request.get("profile"), request.get("trials"), request.get("duration")
    )
    return RunSpec(
        framework=framework.name,
        host=target.authority,
        address=target.address,
        endpoint=endpoint.path,
        method=endpoint.method,
        body=_request_body(request, endpoint),
        headers=request.get("headers", {}),
        generator=generator,
        generator_version=version,
        profile=request.get("profile", ""),
        trials_planned=trials,
        planned_duration_s=duration_s,
        connections=request.get("connections") or scenario.default_connections(instances or 1),
        workers=request.get("workers") or scenario.default_workers(instances or 1),
        pipelining=request.get("pipelining", 1),
        rate_per_second=request.get("rate"),
        instances=instances,
        label=request.get("label", ""),
        protocol="http1",
        insecure=False,
        expect=(),
    )


def _select_endpoint(request: Mapping[str, Any]) -> Endpoint:
    path = request.get("endpoint", scenario.DEFAULT_ENDPOINT)
    benchmarkable = [endpoint for endpoint in registry().endpoints if endpoint.benchmarkable]
    by_method = {endpoint.method: endpoint for endpoint in benchmarkable if endpoint.path == path}
    if not by_method:
        names = ", ".join(dict.fromkeys(endpoint.path for endpoint in benchmarkable))
        raise InvalidRunRequest("endpoint", f"{path!r} is not a benchmarkable endpoint. Available: {names}.")
    method = request.get("method") or ("GET" if "GET" in by_method else next(iter(by_method)))
    if method not in by_method:
        raise InvalidRunRequest("method", f"{path} accepts {', '.join(by_method)}, not {method}.")
    return by_method[method]


def _request_body(request: Mapping[str, Any], endpoint: Endpoint) -> str:
    if "body" in request:
        return str(request["body"])
    return scenario.default_body(endpoint.method, endpoint.body)


async def _count_online(framework: Framework) -> int:
    """Number of online instances; raises TargetNotRunning for none."""
    try:
        processes = (await current_monitor.sample()).processes
    except PM2Error:
        processes = ()
    running = [process.framework for process in processes if process.framework and process.status is Status.ONLINE]
    if framework.name not in running:
        raise TargetNotRunning(framework.name, sorted(set(running)))
    return running.count(framework.name)


def _select_generator(request: Mapping[str, Any], endpoint: Endpoint) -> tuple[str, str]:
    """Name and version of the load generator for the run; raises GeneratorMissing, InvalidRunRequest."""
    requested, is_paced = request.get("generator"), "rate" in request
    if is_paced and requested not in (None, *generators.PACED):
        raise InvalidRunRequest("rate", f"{requested} cannot send at a fixed rate; {', '.join(generators.PACED)} can.")
    headers = request.get("headers", {})
    refusals = {name: generators.refusal(name, headers) for name in generators.GENERATORS}
    name = generators.choose_generator(
        generator_execution.installed_generators(), requested, request.get("pipelining", 1), is_paced=is_paced,
        unsuitable=[name for name, refusal in refusals.items() if refusal],
    )  # fmt: skip
    if refusal := refusals[name]:
        raise InvalidRunRequest(*refusal)
    return name, generator_execution.find_program(name).version
