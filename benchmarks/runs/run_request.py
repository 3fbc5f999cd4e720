"""Turns what somebody asked for into a run that can be made, or says why it cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from benchmarks import generators
from benchmarks.engine import trial_execution
from benchmarks.errors import InvalidScenario, TargetNotRunning
from benchmarks.generators import scenario
from benchmarks.models import Run
from benchmarks.runs import allowed_targets
from pm2.daemon.process import Status
from pm2.errors import PM2Error
from pm2.frameworks.registry import Endpoint, Framework, registry
from pm2.monitor import current


async def planned(asked: Mapping[str, Any]) -> Run:
    """An unsaved run for the validated request `asked`.

    Raises UnknownFramework, InvalidScenario, TargetNotAllowed, TargetNotRunning, GeneratorMissing.
    """
    framework = registry().framework(asked["framework"])
    endpoint = _endpoint(asked)
    ports = {each.port for each in registry().frameworks}
    place = await asyncio.to_thread(allowed_targets.allowed, asked.get("host", "localhost"), framework.port, ports)
    if not place.is_allow_listed and place.port != framework.port:
        owner = next(each.name for each in registry().frameworks if each.port == place.port)
        raise InvalidScenario("host", f"Port {place.port} is {owner}'s, not {framework.name}'s.")
    online = None if place.is_allow_listed else await _online(framework)
    generator, version = await asyncio.to_thread(_generator, asked)
    instances = asked.get("instances") or online
    trials, duration_s = scenario.resolve_profile(asked.get("profile"), asked.get("trials"), asked.get("duration"))
    return Run(
        framework=framework.name,
        host=place.authority,
        address=place.address,
        endpoint=endpoint.path,
        method=endpoint.method,
        body=_body(asked, endpoint),
        headers=asked.get("headers", {}),
        generator=generator,
        generator_version=version,
        profile=asked.get("profile", ""),
        trials_planned=trials,
        planned_duration_s=duration_s,
        connections=asked.get("connections") or scenario.default_connections(instances or 1),
        workers=asked.get("workers") or scenario.default_workers(instances or 1),
        pipelining=asked.get("pipelining", 1),
        rate_per_second=asked.get("rate"),
        instances=instances,
        label=asked.get("label", ""),
    )


def _endpoint(asked: Mapping[str, Any]) -> Endpoint:
    path = asked.get("endpoint", scenario.DEFAULT_ENDPOINT)
    known = [each for each in registry().endpoints if each.benchmarkable]
    here = {each.method: each for each in known if each.path == path}
    if not here:
        names = ", ".join(dict.fromkeys(each.path for each in known))
        raise InvalidScenario("endpoint", f"{path!r} is not an endpoint that can be measured. Known: {names}.")
    method = asked.get("method") or ("GET" if "GET" in here else next(iter(here)))
    if method not in here:
        raise InvalidScenario("method", f"{path} answers {', '.join(here)}, not {method}.")
    return here[method]


def _body(asked: Mapping[str, Any], endpoint: Endpoint) -> str:
    if "body" in asked:
        return str(asked["body"])
    return scenario.default_body(endpoint.method, endpoint.body)


async def _online(framework: Framework) -> int:
    """Number of its instances that are online; raises TargetNotRunning for none."""
    try:
        listed = (await current.sample()).processes
    except PM2Error:
        listed = ()
    running = [each.framework for each in listed if each.framework and each.status is Status.ONLINE]
    if framework.name not in running:
        raise TargetNotRunning(framework.name, sorted(set(running)))
    return running.count(framework.name)


def _generator(asked: Mapping[str, Any]) -> tuple[str, str]:
    """Name and version of the load generator for the run; raises GeneratorMissing, InvalidScenario."""
    wanted, is_paced = asked.get("generator"), "rate" in asked
    if is_paced and wanted not in (None, *generators.PACED):
        raise InvalidScenario("rate", f"{wanted} cannot hold a rate; {', '.join(generators.PACED)} can.")
    name = generators.choose_generator(
        trial_execution.installed_generators(), wanted, asked.get("pipelining", 1), is_paced=is_paced
    )
    return name, trial_execution.find_program(name).version
