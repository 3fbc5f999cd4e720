"""Parses the command line of `python -m benchmarks`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import argcomplete

from benchmarks import generators
from benchmarks.budgets.expectation import parse_expectations
from benchmarks.cli import report_files
from benchmarks.cli.destination import Destination, read_environment
from benchmarks.cli.requested_targets import Body, RequestedTarget, read_body, read_headers, requested_targets
from benchmarks.engine import address, generator_execution
from benchmarks.engine.address import TargetAddress
from benchmarks.engine.run_limits import RUN_LIMITS
from benchmarks.engine.run_plan import RunPlan, make_plan
from benchmarks.engine.run_spec import PROTOCOLS, RunSpec
from benchmarks.errors import BadUsage, InvalidRunRequest
from benchmarks.generators import scenario
from benchmarks.generators.scenario import PROFILES, SWEEP
from pm2.frameworks.registry import Endpoint, registry

INSTALLED_NAME = "pm2site-benchmark"
PROGRAM = INSTALLED_NAME if Path(sys.argv[0]).name == INSTALLED_NAME else "python -m benchmarks"
EPILOG = """\
Results go to API_SERVER; if unset, to port 3100 of the host given with -H, else to http://localhost:3100. API_KEY (a
key or a token) goes along only to API_SERVER or, if it is unset, to this machine. Results that could not be sent are
saved to files; --resend sends them.
Trials of several -f and --target alternate, and each is compared with the first.

Any server, by its URL; a credential is read from a file, so that no list of processes shows it:
  %(prog)s --target api=http://10.0.0.5:8080/orders --target next=https://10.0.0.5:8443/orders -n 5
  %(prog)s --target api=https://api.test/orders --connect 10.0.0.5:8443 --header @headers.txt --body @order.json

A budget, which is met only if the whole confidence interval is on the right side of the limit:
  %(prog)s -f fastify --profile standard --expect "p99<50ms" --expect "rate>=20k/s" --junit report.xml
METRIC OP NUMBER UNIT: rate (/s k M), p50 p90 p95 p99 p999 max (us ms s), errors non2xx (%% or a count),
cpu (us ms per request), memory (B KB MB); < <= > >=.

Exit codes, the first that applies: 2 usage, 1 failed, 4 a run is invalid, 6 a budget is missed, 3 another is worse than
the first, 5 not shown (a budget, or no verdict of a comparison), 0 ok.
The ports of the frameworks are moved by FRAMEWORK_PORT_OFFSET, as those of the server are."""
HIGHEST_OFFSET = 60_000


@dataclass(frozen=True, slots=True)
class CliOptions:
    """The parsed options. `plans`: one run per target, none if only unsent results are to be sent."""

    plans: tuple[RunPlan, ...]
    targets: tuple[TargetAddress, ...]
    destination: Destination
    outbox: Path
    is_json: bool
    is_resend: bool
    junit: Path | None = None
    summary: Path | None = None


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """What is the same for all targets."""

    headers: Mapping[str, str]
    body: Body
    expect: tuple[str, ...]


def _integer(name: str) -> Callable[[str], int]:
    limit = RUN_LIMITS[name]

    def parse(text: str) -> int:
        value = int(text)
        if not limit.minimum <= value <= limit.maximum:
            raise argparse.ArgumentTypeError(f"{text} is not between {limit.minimum} and {limit.maximum}")
        return value

    parse.__name__ = "whole number"  # appears in argparse's error message
    return parse


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description="Measure an HTTP server from this machine.", epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )  # fmt: skip
    add = parser.add_argument
    framework = add(
        "-f", "--framework", action="append", default=[], metavar="NAME", help="target to measure; may be repeated"
    )
    framework.completer = lambda **_: [known.name for known in registry().frameworks]  # type: ignore[attr-defined]
    add("-H", "--host", metavar="HOST[:PORT]", help="default: localhost, and the framework's port")
    add("--target", action="append", default=[], metavar="NAME=URL", help="any server, under a name; may be repeated")
    add("--connect", metavar="HOST[:PORT]", help="address to connect to instead of that of the URL")
    add("-e", "--endpoint", help=f"of a framework; default: {scenario.DEFAULT_ENDPOINT}")
    add("-m", "--method", type=str.upper, choices=scenario.METHODS, help="default: the endpoint's own")
    add("--header", action="append", default=[], metavar="NAME:VALUE|@FILE", help="header of requests; may be repeated")
    add("--body", metavar="TEXT|@FILE|-", help="body of requests; - reads stdin")
    add("--protocol", choices=PROTOCOLS, default="http1", help="h2: HTTP/2, with h2load; default: %(default)s")
    add("--insecure", action="store_true", help="do not verify the certificate of an https URL")
    add("-d", "--duration", type=_integer("duration"), metavar="SECONDS", help="duration of a trial")
    add("-i", "--instances", type=_integer("instances"), metavar="N", help="instances of the server, to scale the load")
    add("-c", "--connections", type=_integer("connections"), metavar="N", help="default: 50 per instance, at least 100")
    add("-w", "--workers", type=_integer("workers"), metavar="N", help="threads of the load generator")
    add("-p", "--pipelining", type=_integer("pipelining"), default=1, metavar="N", help="default: %(default)s")
    add("-n", "--trials", type=_integer("trials"), metavar="N")
    add(
        "--profile",
        choices=sorted(PROFILES),
        help="quick: 1 × 10 s, standard: 5 × 10 s, rigorous: 10 × 15 s, sweep: "
        "the highest rate that the target holds, in at most 24 steps of 5 s (-n, -d)",
    )
    add("--rate", type=_integer("rate"), metavar="N", help="requests per second (default: as many as possible)")
    add("--generator", choices=sorted(generators.GENERATORS))
    add("--label", default="", help="comment stored with the result")
    add("--expect", action="append", default=[], metavar="EXPECTATION", help='like "p99<50ms"; may be repeated')
    add("--junit", metavar="FILE", help="write a JUnit report, replacing the file")
    add("--summary", metavar="FILE.md", help="write a summary in Markdown, replacing the file")
    add("--json", action="store_true", help="print the result as JSON")
    add("--yes", action="store_true", help="load a public address without confirmation")
    add("--resend", action="store_true", help="send saved results")
    return parser


def parse_options(argv: Sequence[str], confirm: Callable[[str], bool]) -> CliOptions:
    """`confirm` asks a yes/no question. Exits with 2, as argparse does. Raises BadUsage, InvalidTargetAddress."""
    parser = build_parser()
    if "_ARGCOMPLETE" in os.environ:  # the shell, which completes a word
        argcomplete.autocomplete(parser, always_complete_options=False)
    options = parser.parse_args(argv)
    targets = requested_targets(options)
    if not targets and not options.resend:
        raise BadUsage("-f NAME or --target NAME=URL is required.")
    if len(options.label) > 200:
        raise BadUsage("--label is longer than 200 characters.")
    expect = _checked_expectations(options.expect)
    junit, summary = report_files.checked(options.junit, options.summary)
    public = [target for target in targets if address.is_public(target.address.address)]
    if public and not options.yes and not confirm(f"{public[0].authority} is a public address. Load it?"):
        raise BadUsage(f"{public[0].authority} is a public address. Use --yes to load it.")
    request = RequestOptions(read_headers(options.header), read_body(options.body), expect)
    return CliOptions(
        plans=tuple(_run_plan(target, options, request) for target in targets),
        targets=tuple(target.address for target in targets),
        destination=read_environment(os.environ, options.host),
        outbox=_outbox(),
        is_json=options.json,
        is_resend=options.resend,
        junit=junit,
        summary=summary,
    )


def _checked_expectations(texts: Sequence[str]) -> tuple[str, ...]:
    """Raises BadUsage."""
    try:
        return tuple(expectation.text for expectation in parse_expectations(texts))
    except InvalidRunRequest as error:
        raise BadUsage(f"--expect {error.sentence}") from error


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


def _run_plan(target: RequestedTarget, options: argparse.Namespace, request: RequestOptions) -> RunPlan:
    if refusal := generators.paced_refusal(options.generator, options.profile, options.rate, options.pipelining):
        raise BadUsage(f"--{refusal[0]}: {refusal[1]}")
    path, method, body = _select_request(target, options, request)
    name = _select_generator(options, request)
    streams = options.pipelining if options.protocol == "h2" else 1
    trials, duration_s = scenario.resolve_profile(options.profile, options.trials, options.duration)
    return make_plan(
        RunSpec(
            framework=target.name,
            host=target.authority,
            address=target.address.address,
            connect_port=target.connect_port,
            scheme=target.scheme,
            endpoint=path,
            method=method,
            body=body.text,
            body_base64=body.base64,
            headers=request.headers,
            generator=name,
            generator_version=generator_execution.find_program(name).version,
            profile=options.profile or "",
            trials_planned=trials,
            planned_duration_s=duration_s,
            connections=options.connections or scenario.default_connections(options.instances or 1, streams),
            workers=options.workers or scenario.default_workers(options.instances or 1),
            pipelining=options.pipelining,
            rate_per_second=options.rate,
            instances=options.instances,
            label=options.label,
            protocol=options.protocol,
            insecure=options.insecure,
            expect=request.expect,
        )
    )


def _select_request(
    target: RequestedTarget, options: argparse.Namespace, request: RequestOptions
) -> tuple[str, str, Body]:
    """Path, method and body. Those of a framework's endpoint are known; others are POST with a body, else GET."""
    if target.path is not None and options.endpoint:
        raise BadUsage("-e is for -f. The path of --target NAME=URL is in its URL.")
    path = target.path or options.endpoint or scenario.DEFAULT_ENDPOINT
    path = path if path.startswith("/") else f"/{path}"
    endpoint = _find_endpoint(path, options.method) if target.path is None else None
    default = endpoint.method if endpoint else "GET" if request.body.is_empty else "POST"
    method = options.method or default
    if not request.body.is_empty or target.path is not None:
        return path, method, request.body
    return path, method, Body(scenario.default_body(method, endpoint.body if endpoint else None))


def _select_generator(options: argparse.Namespace, request: RequestOptions) -> str:
    """Raises BadUsage, GeneratorMissing."""
    refusals = {name: generators.refusal(name, request.headers, options.protocol) for name in generators.GENERATORS}
    name = generators.choose_generator(
        generator_execution.installed_generators(), options.generator, options.pipelining,
        is_paced=bool(options.rate) or options.profile == SWEEP,
        unsuitable=[name for name, refusal in refusals.items() if refusal],
    )  # fmt: skip
    if refusal := refusals[name]:
        raise BadUsage(f"--{'header' if refusal[0] == 'headers' else refusal[0]}: {refusal[1]}")
    return name


def _find_endpoint(path: str, method: str | None) -> Endpoint | None:
    """The registered endpoint, preferably for GET; None if unknown, which is allowed here, unlike on a server."""
    matches = [
        endpoint for endpoint in registry().endpoints if endpoint.path == path and method in (None, endpoint.method)
    ]
    return next((endpoint for endpoint in matches if endpoint.method == "GET"), matches[0] if matches else None)


def _outbox() -> Path:
    state = os.environ.get("XDG_STATE_HOME", "").strip() or Path.home() / ".local" / "state"
    return Path(state) / "pm2site" / "unsent-benchmarks"
