"""Commands that follow a benchmark until it finishes, or a log until Ctrl-C."""

from __future__ import annotations

import json
import queue
import time
from argparse import Namespace
from collections.abc import Mapping
from contextlib import suppress

from dashboard_client.commands import report
from dashboard_client.commands.progress import StepLine, bar, print_error, print_status, show_live_line
from dashboard_client.config import Config
from dashboard_client.errors import ClientError, Refused, Unreachable, Unsupported, Usage
from dashboard_client.formatting.figures import reasons
from dashboard_client.formatting.log_text import log_text
from dashboard_client.network import events
from dashboard_client.network.api import Api
from dashboard_client.network.live_connection import LiveConnection
from dashboard_client.wire.benchmarks import AcceptedRun, BenchmarkProgress, BenchmarkRun
from dashboard_client.wire.decode import convert
from dashboard_client.wire.host_and_pm2 import LogLines
from dashboard_client.wire.system_config import Endpoint, SystemConfig, Target

POLL_S = 1.0
MAX_OUTAGE_S = 60.0  # runs continue while the server restarts
EXIT_INVALID_RUN = 4
EXIT_CODES = {"missed": 6, "not_shown": 5}  # of the budget
SWEEP = "sweep"  # the profile
ENDINGS = {"cancelled": "was cancelled", "interrupted": "was interrupted"}  # sentences; "failed" is one
FINAL_STATES = frozenset({"done", "failed", "cancelled", "interrupted"})


def run_benchmark(api: Api, options: Namespace) -> int:
    """Returns the exit code, the first that applies: 1 failed, 4 invalid, 6 its budget is missed, 5 not shown, 0."""
    accepted = convert(
        AcceptedRun,
        api.benchmark_run(
            **_read_subject(api, options), duration=options.duration, connections=options.connections,
            trials=options.trials, profile=options.profile, expect=options.expect or None,
            protocol=options.protocol, insecure=options.insecure,
        ),
    )  # fmt: skip
    print_status(accepted.message)
    try:
        run = _wait_until_finished(api, accepted.benchmark.id)
    except KeyboardInterrupt:
        show_live_line("")
        with suppress(ClientError):
            api.benchmark_cancel(accepted.benchmark.id)
        print_error("Cancelled.")
        return 130
    if options.json:
        print(json.dumps(api.benchmark_run_details(run.id)))
    if run.result is None:
        print_error(f"The benchmark {ENDINGS.get(run.state, run.state)}: {run.message or 'the server gave no reason'}")
        return 1
    if not options.json:
        lines = [report.result_sentence(run.result), *(f"  {reason}" for reason in reasons(run.result))]
        lines += report.budget(run.result)
        print("\n".join([*lines, *(report.sweep_lines(run.result.sweep) if run.result.sweep else ())]))
    if run.state != "done":
        return 1
    if run.result.validity == "invalid":
        return EXIT_INVALID_RUN
    return EXIT_CODES.get(run.result.budget.met, 0) if run.result.budget else 0


def _read_subject(api: Api, options: Namespace) -> Mapping[str, str]:
    """What is to be measured. Raises Usage."""
    if options.url or options.url_name:
        if options.name:
            raise Usage(f"Give {options.name!r}, or --url with --name. The path is part of the URL.")
        if not (options.url and options.url_name):
            raise Usage("--url and --name belong together: the history needs a name for the URL.")
        return {"url": options.url, "name": options.url_name}
    if not options.name:
        raise Usage("Give a framework or a target (run bench targets lists them), or --url with --name.")
    config = _read_config(api)
    target = _find_target(config, options.name)
    endpoints = target.offered_endpoints if target else config.endpoints
    endpoint = _find_endpoint(endpoints, options.endpoint or (endpoints[0].path if target else "simple"))
    subject = {"target": target.name} if target else {"framework": options.name}
    return {**subject, "endpoint": endpoint.path, "method": endpoint.method}


def _read_config(api: Api) -> SystemConfig:
    """The server's, or what stands for it if the server has none."""
    try:
        return convert(SystemConfig, api.system_config())
    except Unsupported:
        return SystemConfig((), (Endpoint("/simple", "GET", "simple"), Endpoint("/code", "POST", "code")))


def _find_target(config: SystemConfig, name: str) -> Target | None:
    """By its name, else by that of its processes under PM2; None for a framework. Raises Usage."""
    if named := next((target for target in config.own_targets if target.name == name), None):
        return named
    kept = config.kept_for(name)
    if len(kept) > 1:
        raise Usage(f"{name} has several targets: {', '.join(target.name for target in kept)}. Name one of them.")
    return next(iter(kept), None)


def _find_endpoint(endpoints: tuple[Endpoint, ...], name_or_path: str) -> Endpoint:
    """Find an endpoint by short name or path. Raises Usage."""
    for endpoint in endpoints:
        if name_or_path in (endpoint.short_name, endpoint.path, endpoint.path.lstrip("/")):
            return endpoint
    if name_or_path.startswith("/"):
        return Endpoint(name_or_path)
    names = ", ".join(endpoint.short_name or endpoint.path for endpoint in endpoints)
    raise Usage(f"Unknown endpoint {name_or_path!r}. Use {names}, or a path that begins with /.")


def _wait_until_finished(api: Api, run_id: str) -> BenchmarkRun:
    """Poll the run until it is finished, tolerating server restarts; shows its steps, on a terminal with a bar."""
    unreachable_since_s: float | None = None
    line = StepLine()
    while True:
        try:
            payload = api.benchmark_run_details(run_id)
        except (Unreachable, Refused) as error:
            if isinstance(error, Refused) and error.status < 500:
                raise
            unreachable_since_s = unreachable_since_s or time.monotonic()
            if time.monotonic() - unreachable_since_s > MAX_OUTAGE_S:
                raise
            show_live_line(str(error))
        else:
            unreachable_since_s = None
            run = convert(BenchmarkRun, payload)
            if run.state in FINAL_STATES:
                show_live_line("")
                return run
            _show_progress(run, payload.get("progress"), line)
        time.sleep(POLL_S)


def _show_progress(run: BenchmarkRun, payload: object, line: StepLine) -> None:
    run_payload = {**payload, "id": run.id} if isinstance(payload, dict) else {"id": run.id}
    progress = convert(BenchmarkProgress, {"runs": [run_payload]}).runs[0]
    whole_s = progress.elapsed_seconds + progress.remaining_seconds
    bar_text = bar(progress.elapsed_seconds / whole_s) if whole_s else ""
    rate = "" if progress.req_per_sec is None else f"  {progress.req_per_sec:,.0f} requests/s"
    of = "step {} of at most {}" if run.profile == SWEEP else "trial {} of {}"
    step = of.format(progress.trial, run.trials) if progress.trial else progress.phase or run.state
    line.show(f"{run.framework} {run.endpoint} {step}", f"{bar_text}{rate}")


def follow_logs(config: Config, name: str | None, search: str | None) -> int:
    """Print new lines until Ctrl-C, across reconnects."""
    event_queue: queue.SimpleQueue[events.NetworkEvent] = queue.SimpleQueue()
    connection = LiveConnection(config, event_queue.put)
    filters = {key: value for key, value in (("framework", name), ("search", search)) if value}
    connection.subscribe("pm2:logs", 0.25, filters or None)
    connection.start()
    is_first = True
    try:
        while True:
            event = event_queue.get()
            if isinstance(event, events.StreamData) and isinstance(event.value, LogLines):
                if not is_first:  # the first batch repeats lines already printed
                    print(
                        "\n".join(log_text(line, has_time=line.at is not None) for line in event.value.lines),
                        flush=True,
                    )
                is_first = False
            elif isinstance(event, events.Missed):
                print_status(f"{event.missed if event.missed is not None else 'Some'} lines were lost")
            elif isinstance(event, events.ErrorReported):
                print_error(event.message)
                return 1
            elif isinstance(event, events.Disconnected):
                print_error(event.reason)
                if event.retry_in_s is None:
                    return 1
    except KeyboardInterrupt:
        return 0
    finally:
        connection.stop()
