"""The command line of `python -m benchmarks`: its flags, and what they mean."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import generators
from benchmarks.cli.upload import Server
from benchmarks.engine import address, trial_execution
from benchmarks.engine.address import TargetAddress
from benchmarks.engine.preflight import TargetRequest
from benchmarks.engine.run_protocol import RunPlan
from benchmarks.errors import BadUsage, InvalidTargetAddress
from benchmarks.generators import scenario
from benchmarks.generators.scenario import PROFILES
from pm2.errors import UnknownFramework
from pm2.frameworks.registry import Endpoint, registry
from system.host import ports

SERVER_PORT = 3100
CROSS_CHECK_GENERATOR = "h2load"  # checks what another generator measured
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
EPILOG = """\
Results go to API_SERVER; when that is unset, to port 3100 of the host given with -H, else to http://localhost:3100,
with API_KEY (a key or a token). What a server does not take is kept in a file; --resend delivers it.
Several -f are measured in turns, trial by trial, and compared with the first. Exit codes: 0 ok, 1 failed, 2 usage,
3 another is worse than the first, 4 an invalid run, 5 no verdict on several.
The ports of the frameworks are moved by FRAMEWORK_PORT_OFFSET, as those of the server are."""
HIGHEST_OFFSET = 60_000


@dataclass(frozen=True, slots=True)
class CliOptions:
    """What somebody wants: runs to be made, or only what waits to be sent. `profile`: its name, or empty."""

    plans: tuple[RunPlan, ...]
    places: tuple[TargetAddress, ...]
    server: Server
    outbox: Path
    profile: str
    label: str
    is_json: bool
    is_resend: bool


def integer_between(low: int, high: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text} is not between {low} and {high}")
        return value

    number.__name__ = "whole number"
    return number


def build_parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure an HTTP server from this machine.", epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )  # fmt: skip
    add = made.add_argument
    add("-f", "--framework", action="append", default=[], metavar="NAME", help="what is measured; may be repeated")
    add("-H", "--host", metavar="HOST[:PORT]", help="default: localhost, and the framework's port")
    add("-e", "--endpoint", default=scenario.DEFAULT_ENDPOINT, help="default: %(default)s")
    add("-m", "--method", type=str.upper, choices=METHODS, help="default: what the endpoint takes")
    add("-d", "--duration", type=integer_between(1, 3600), metavar="SECONDS", help="of a trial")
    add(
        "-i",
        "--instances",
        type=integer_between(1, 100),
        metavar="N",
        help="of the server, from which the load is scaled",
    )
    add(
        "-c",
        "--connections",
        type=integer_between(1, 10_000),
        metavar="N",
        help="default: 50 for each instance, at least 100",
    )
    add("-w", "--workers", type=integer_between(1, 64), metavar="N", help="threads of the load generator")
    add("-p", "--pipelining", type=integer_between(1, 100), default=1, metavar="N", help="default: %(default)s")
    add("-n", "--trials", type=integer_between(1, 50), metavar="N")
    add("--profile", choices=sorted(PROFILES), help="quick: 1 × 10 s, standard: 5 × 10 s, rigorous: 10 × 15 s")
    add(
        "--rate",
        type=integer_between(1, 1_000_000),
        metavar="N",
        help="requests per second instead of as many as possible",
    )
    add("--generator", choices=sorted(generators.GENERATORS))
    add("--label", default="", help="a remark that is kept with the result")
    add("--json", action="store_true", help="print the result as JSON")
    add("--yes", action="store_true", help="load a public address without being asked")
    add("--resend", action="store_true", help="deliver the results that no server has taken yet")
    return made


def parse_options(argv: Sequence[str], ask: Callable[[str], bool]) -> CliOptions:
    """Exits with 2 as argparse does. `ask`: a question of yes or no. Raises BadUsage, UnknownPlace."""
    options = build_parser().parse_args(argv)
    names = [name for each in options.framework for name in each.split(",") if name]
    if not names and not options.resend:
        raise BadUsage("-f NAME is needed: what is measured?")
    if len(options.label) > 200:
        raise BadUsage("--label is longer than 200 characters.")
    places = tuple(_target_address(name, options.host, len(names)) for name in names)
    strange = [each for each in places if address.is_public(each.address)]
    if strange and not options.yes and not ask(f"{strange[0].authority} is a public address. Load it?"):
        raise BadUsage(f"{strange[0].authority} is a public address; --yes loads it.")
    return CliOptions(
        plans=tuple(_run_plan(name, each, options) for name, each in zip(names, places, strict=True)),
        places=places,
        server=Server(_server_url(options.host), os.environ.get("API_KEY", "").strip()),
        outbox=_outbox(),
        profile=options.profile or "",
        label=options.label,
        is_json=options.json,
        is_resend=options.resend,
    )


def port_offset() -> int:
    """FRAMEWORK_PORT_OFFSET, as the server reads it. Raises BadUsage."""
    value = os.environ.get("FRAMEWORK_PORT_OFFSET", "").strip()
    try:
        offset = int(value or 0)
    except ValueError:
        raise BadUsage(f"FRAMEWORK_PORT_OFFSET={value!r} is not an integer.") from None
    if not 0 <= offset <= HIGHEST_OFFSET:
        raise BadUsage(f"FRAMEWORK_PORT_OFFSET={value!r} is not between 0 and {HIGHEST_OFFSET}.")
    return offset


def _target_address(name: str, host: str | None, count: int) -> TargetAddress:
    try:
        port: int | None = registry().framework(name).port
    except UnknownFramework:
        port = None
    text = host or "localhost"
    if port is None and ":" not in text:
        raise InvalidTargetAddress(text, f"{name} is not in the registry, so a port is needed: -H {text}:PORT.")
    if count > 1 and address.parse_host_port(text, port)[1] != port:
        raise BadUsage("One port cannot be that of several frameworks. Leave it out of -H.")
    where, port = address.parse_host_port(text, port)
    return TargetAddress(where, str(address.resolve(where, text)[0]), port, is_allow_listed=True)


def _run_plan(name: str, where: TargetAddress, options: argparse.Namespace) -> RunPlan:
    path = options.endpoint if options.endpoint.startswith("/") else f"/{options.endpoint}"
    endpoint = _find_endpoint(path, options.method)
    method = options.method or (endpoint.method if endpoint else "GET")
    body = scenario.default_body(method, endpoint.body if endpoint else None)
    if options.rate and options.generator not in (None, *generators.PACED):
        raise BadUsage(f"--rate: {options.generator} cannot hold a rate; {', '.join(generators.PACED)} can.")
    installed = trial_execution.installed_generators()
    generator = generators.choose_generator(
        installed, options.generator, options.pipelining, is_paced=bool(options.rate)
    )
    trials, duration_s = scenario.resolve_profile(options.profile, options.trials, options.duration)
    is_checked = options.profile and PROFILES[options.profile].cross_check and generator != CROSS_CHECK_GENERATOR
    return RunPlan(
        framework=name,
        request=TargetRequest(where.origin + path, method, scenario.request_headers(where.authority, body, {}), body),
        program=trial_execution.find_program(generator),
        trials=trials,
        duration_s=duration_s,
        connections=options.connections or scenario.default_connections(options.instances or 1),
        workers=options.workers or scenario.default_workers(options.instances or 1),
        pipelining=options.pipelining,
        instances=options.instances,
        rate_per_second=options.rate,
        needs=endpoint.needs if endpoint else (),
        is_local=ports.bindable(where.address, 0),
        cross_check_program=trial_execution.find_program(CROSS_CHECK_GENERATOR)
        if is_checked and CROSS_CHECK_GENERATOR in installed and not options.rate
        else None,
    )


def _find_endpoint(path: str, method: str | None) -> Endpoint | None:
    """What the registry knows of it; on a client the user names the target, so it need not know any."""
    here = [each for each in registry().endpoints if each.path == path and method in (None, each.method)]
    return next((each for each in here if each.method == "GET"), here[0] if here else None)


def _server_url(host: str | None) -> str:
    chosen = os.environ.get("API_SERVER", "").strip()
    if chosen:
        return chosen
    name = address.parse_host_port(host, SERVER_PORT)[0] if host else "localhost"
    return f"http://{address.bracket_ipv6(name)}:{SERVER_PORT}"


def _outbox() -> Path:
    state = os.environ.get("XDG_STATE_HOME", "").strip() or Path.home() / ".local" / "state"
    return Path(state) / "pm2site" / "unsent-benchmarks"
