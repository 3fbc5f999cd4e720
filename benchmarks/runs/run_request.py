"""Turns a validated request into the parameters of a run, or raises the reason. [io: PM2, database, name resolution]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks import generators
from benchmarks.engine import address, generator_execution
from benchmarks.engine.run_spec import RunSpec
from benchmarks.errors import InvalidRunRequest, InvalidTargetAddress, TargetNotAllowed, TargetNotRunning
from benchmarks.generators import scenario
from benchmarks.targets import permitted, registered, store
from benchmarks.targets.errors import SecretCleared, UnknownTarget
from benchmarks.targets.permitted import Place
from benchmarks.targets.registered import Apps
from benchmarks.targets.target import Target, TargetEndpoint, TargetSource
from pm2.errors import UnknownFramework
from pm2.frameworks.registry import registry
from pm2.monitor.listeners import EVERY_ADDRESS
from system.host import ports
from system.host.ports import Listener


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be measured: the target, where it answers, and the request with its credentials."""

    target: Target
    scheme: str
    place: Place
    endpoint: TargetEndpoint
    secrets: Mapping[str, str] = field(default_factory=dict)


def build_spec(request: Mapping[str, Any]) -> RunSpec:
    """The parameters of the requested run, with the defaults filled in. Blocking; for a thread.

    Raises UnknownTarget, UnknownFramework, InvalidRunRequest, TargetNotAllowed, TargetNotRunning, TargetNotOnline,
    PortUnknown, SecretCleared, GeneratorMissing.
    """
    apps = registered.fetch_apps()
    choice = _choose(request, apps)
    resolved = permitted.resolve_target(choice.place, apps.sockets | _framework_sockets(choice.target, apps))
    instances_online = None if resolved.is_outside_pm2 else _count_online(choice.target, resolved.port, apps)
    endpoint, protocol = choice.endpoint, request.get("protocol") or choice.target.protocol
    headers = _merged_headers(choice, request.get("headers", {}))
    generator, version = _select_generator(request, headers, protocol)
    instances = request.get("instances") or instances_online
    streams = request.get("pipelining", 1) if protocol == "h2" else 1
    trials, duration_s = scenario.resolve_profile(
        request.get("profile"), request.get("trials"), request.get("duration")
    )
    return RunSpec(
        framework=choice.target.name,
        host=choice.place.authority,
        address=resolved.address,
        connect_port=resolved.port if resolved.port != choice.place.port else None,
        scheme=choice.scheme,
        endpoint=endpoint.path,
        method=endpoint.method,
        body=endpoint.body,
        body_base64=endpoint.body_base64,
        headers=headers,
        generator=generator,
        generator_version=version,
        profile=request.get("profile", ""),
        trials_planned=trials,
        planned_duration_s=duration_s,
        connections=request.get("connections") or scenario.default_connections(instances or 1, streams),
        workers=request.get("workers") or scenario.default_workers(instances or 1),
        pipelining=request.get("pipelining", 1),
        rate_per_second=request.get("rate"),
        instances=instances,
        label=request.get("label", ""),
        protocol=protocol,
        insecure=request.get("insecure", choice.target.insecure),
        expect=request.get("expect", endpoint.expect),
        expect_status=endpoint.expect_status,
    )


def check_again(spec: RunSpec) -> None:
    """What `build_spec` decided when the run was queued, at its beginning. Blocking. Raises TargetNotAllowed."""
    permitted.check_resolved(spec.address, spec.port, registered.fetch_apps().sockets)


def _framework_sockets(target: Target, apps: Apps) -> set[Listener]:
    """Those that the frameworks of the registry have or will have; for a framework only. One that is online and does
    not listen has none once another program has taken its port; one that is not online is refused later."""
    if target.source is not TargetSource.FRAMEWORK:
        return set()
    taken = {one.port for one in ports.read_table().values()} if target.name in apps.online else set()
    free = {known.port for known in registry().frameworks} - taken
    return {Listener(address, port) for port in free for address in EVERY_ADDRESS}


def _choose(request: Mapping[str, Any], apps: Apps) -> Choice:
    """By `framework` or `target`, which are names, or by `url` with `name`."""
    if "url" in request:
        return _choose_url(request, apps)
    if "connect" in request:
        raise InvalidRunRequest("connect", "Only a url can be connected to elsewhere.")
    target = _find(request, apps)
    if target.source is TargetSource.FRAMEWORK:
        return _choose_framework(target, request)
    if "host" in request:
        raise InvalidRunRequest("host", "An own target has its address; measure another with url and name.")
    scheme, place = registered.place_of(target, apps)
    endpoint = _select_own_endpoint(target, request)
    secrets = store.secret_headers(target.name, endpoint) if target.source is not TargetSource.DISCOVERED else {}
    return Choice(target, scheme, place, endpoint, secrets)


def _find(request: Mapping[str, Any], apps: Apps) -> Target:
    """Raises UnknownTarget; UnknownFramework for a `framework`, which was the only kind of target once; TargetNotOnline
    for a name in PM2's list."""
    kind = "target" if "target" in request else "framework"
    try:
        return registered.find_target(request[kind], apps)
    except UnknownTarget as error:
        if request[kind] in apps.listed:
            raise registered.not_online(request[kind], apps) from error
        if kind == "target":
            raise
        raise UnknownFramework(request[kind], error.known, "framework or target") from error


def _choose_url(request: Mapping[str, Any], apps: Apps) -> Choice:
    url = address.parse_url(request["url"])
    known = next((target for target in registered.list_targets(apps) if target.name == request["name"]), None)
    if known is not None:
        raise InvalidRunRequest(
            "name", f"{known.name} is the name of a known target. Choose another, or measure it by target."
        )
    target = Target(request["name"], TargetSource.URL, url=url.origin, connect=request.get("connect"), endpoints=())
    endpoint = _select_own_endpoint(target, {"endpoint": url.path, **request})
    return Choice(target, url.scheme, Place(url.host, url.port, request.get("connect") or ""), endpoint)


def _choose_framework(target: Target, request: Mapping[str, Any]) -> Choice:
    framework = registry().framework(target.name)
    try:
        host, port = address.parse_host_port(request.get("host", "localhost"), framework.port)
    except InvalidTargetAddress as error:
        raise TargetNotAllowed(request["host"][:100], error.reason) from error
    return Choice(target, "http", Place(host, port), _select_endpoint(target, request))


def _select_endpoint(target: Target, request: Mapping[str, Any]) -> TargetEndpoint:
    """One of a framework's."""
    path = request.get("endpoint", scenario.DEFAULT_ENDPOINT)
    methods = [endpoint.method for endpoint in target.endpoints if endpoint.path == path]
    if not methods:
        names = ", ".join(dict.fromkeys(endpoint.path for endpoint in target.endpoints))
        raise InvalidRunRequest("endpoint", f"{path!r} is not a benchmarkable endpoint. Available: {names}.")
    endpoint = target.endpoint(path, request.get("method"))
    if endpoint is None:
        raise InvalidRunRequest("method", f"{path} accepts {', '.join(methods)}, not {request['method']}.")
    return _with_body(endpoint, request)


def _select_own_endpoint(target: Target, request: Mapping[str, Any]) -> TargetEndpoint:
    """A kept one, the first by default, or any other path."""
    first = target.endpoints[0] if target.endpoints else TargetEndpoint("/")
    path, method = request.get("endpoint"), request.get("method")
    if path is None:
        endpoint = (target.endpoint(first.path, method) or TargetEndpoint(first.path, method)) if method else first
    else:
        endpoint = target.endpoint(path, method) or TargetEndpoint(path, method or "GET")
    return _with_body(endpoint, request)


def _with_body(endpoint: TargetEndpoint, request: Mapping[str, Any]) -> TargetEndpoint:
    if "body" in request and request.get("bodyBase64"):
        raise InvalidRunRequest("body", "Give body or bodyBase64, not both.")
    if "body" not in request and "bodyBase64" not in request:
        return endpoint
    body, encoded = str(request.get("body", "")), request.get("bodyBase64", "")
    return replace(endpoint, body=body, body_base64=encoded)


def _merged_headers(choice: Choice, requested: Mapping[str, str]) -> dict[str, str]:
    """The endpoint's headers with their credentials, replaced by those of the request. Raises SecretCleared."""
    given = {name.lower() for name in requested}
    kept = {**choice.endpoint.headers, **choice.secrets}
    headers = {name: value for name, value in kept.items() if name.lower() not in given}
    if missing := [name for name, value in headers.items() if not isinstance(value, str)]:
        raise SecretCleared(choice.target.name, missing)
    merged = {**{name: str(value) for name, value in headers.items()}, **requested}
    content_type = choice.endpoint.content_type
    if content_type and choice.endpoint.content and "content-type" not in {name.lower() for name in merged}:
        merged["Content-Type"] = content_type
    return merged


def _count_online(target: Target, port: int, apps: Apps) -> int | None:
    """Number of online instances, if PM2 knows them. Raises TargetNotRunning for a framework without any."""
    if target.source is TargetSource.FRAMEWORK:
        owner = next((known.name for known in registry().frameworks if known.port == port), target.name)
        if owner != target.name:
            raise InvalidRunRequest("host", f"Port {port} belongs to {owner}, not to {target.name}.")
        if target.name not in apps.online:
            frameworks = {known.name for known in registry().frameworks}
            raise TargetNotRunning(target.name, sorted(frameworks.intersection(apps.online)))
    name = target.pm2 or next((app.name for app in apps.listening if port in app.ports), None)
    return (apps.online.count(name) or None) if name else None


def _select_generator(request: Mapping[str, Any], headers: Mapping[str, str], protocol: str) -> tuple[str, str]:
    """Name and version of the load generator for the run; raises GeneratorMissing, InvalidRunRequest."""
    requested, profile, pipelining = request.get("generator"), request.get("profile"), request.get("pipelining", 1)
    if refusal := generators.paced_refusal(requested, profile, request.get("rate"), pipelining):
        raise InvalidRunRequest(*refusal)
    is_paced = "rate" in request or profile == scenario.SWEEP
    refusals = {name: generators.refusal(name, headers, protocol) for name in generators.GENERATORS}
    name = generators.choose_generator(
        generator_execution.installed_generators(), requested, pipelining, is_paced=is_paced,
        unsuitable=[name for name, refusal in refusals.items() if refusal],
    )  # fmt: skip
    if refusal := refusals[name]:
        raise InvalidRunRequest(*refusal)
    return name, generator_execution.find_program(name).version
