"""Implements the commands of `python -m dashboard_client run …`.

Data on stdout, progress on stderr; each command returns its exit code.
"""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path

from dashboard_client.commands import report
from dashboard_client.commands.export import export_history
from dashboard_client.commands.follow import follow_logs, run_benchmark
from dashboard_client.commands.metric_history import list_metrics, show_history
from dashboard_client.commands.progress import Waiting, print_status
from dashboard_client.commands.targets import change_target, list_targets
from dashboard_client.errors import Refused, Usage
from dashboard_client.formatting.log_text import log_text
from dashboard_client.network.api import Api
from dashboard_client.network.calls import Json
from dashboard_client.network.pm2_verbs import PM2_VERBS, is_file_name
from dashboard_client.network.quick_start import DEFAULT_NODES, ClusterStep, decide_cluster_step
from dashboard_client.wire.action_result import ActionResult
from dashboard_client.wire.benchmarks import BenchmarkResults, Comparison
from dashboard_client.wire.decode import convert
from dashboard_client.wire.host_and_pm2 import LogLines, Pm2Stats
from dashboard_client.wire.redis import RedisStats, RedisStatus


def run_command(api: Api, options: Namespace) -> int:
    """Raises ClientError."""
    return COMMANDS[options.command](api, options)


def quickstart(api: Api, options: Namespace) -> int:
    """Idempotent: a complete cluster and a running framework are left unchanged."""
    responses: dict[str, Json] = {}
    status = convert(RedisStatus, api.redis_status())
    stats = convert(RedisStats, api.redis_stats())
    step = decide_cluster_step(stats, has_failed_setup=status.state == "failed")
    if step is ClusterStep.KEEP:
        print_status(f"Redis: {status.message or status.state}")
    else:
        is_resumed = step is ClusterStep.RESUME
        with Waiting(f"{'Resuming' if is_resumed else 'Creating'} the Redis Cluster"):
            responses["redis"] = api.redis_resume() if is_resumed else api.redis_setup(DEFAULT_NODES)
        _report_result(responses["redis"], options)
    try:
        with Waiting(f"Starting {options.name}"):
            responses["pm2"] = api.pm2_start(options.name, options.instances)
        _report_result(responses["pm2"], options)
    except Refused as error:
        if error.code != "already_running":
            raise
        print_status(str(error))
    if options.json:
        print(json.dumps(responses))
    return 0


def cleanup(api: Api, options: Namespace) -> int:
    _confirm(f"Delete all PM2 processes and the Redis Cluster, with its keys, on {api.config.server}?", options)
    responses = {}
    with Waiting("Deleting the processes"):
        responses["pm2"] = api.pm2_delete_all()
    _report_result(responses["pm2"], options)
    with Waiting("Deleting the Redis Cluster"):
        responses["redis"] = api.redis_clean(confirm=True)
    _report_result(responses["redis"], options)
    if options.json:
        print(json.dumps(responses))
    return 0


def redis(api: Api, options: Namespace) -> int:
    if options.verb == "status":
        return _redis_status(api, options)
    if options.verb == "clean":
        _confirm(f"Delete the Redis Cluster on {api.config.server} and its files?", options)
    actions: Mapping[str, Callable[[], Json]] = {
        "setup": lambda: api.redis_setup(options.nodes, options.replicas),
        "stop": api.redis_stop,
        "resume": api.redis_resume,
        "failover": lambda: api.redis_failover(options.port),
        "clean": lambda: api.redis_clean(confirm=options.yes or None),
    }
    try:
        with Waiting(f"Redis {options.verb}"):
            response = actions[options.verb]()
    except Refused as error:
        if options.verb == "clean" and error.status == 409 and not options.yes:
            raise Usage(f"{error} Use --yes.") from error
        raise
    return _print_response(response, options)


def _redis_status(api: Api, options: Namespace) -> int:
    status_payload, stats_payload = api.redis_status(), api.redis_stats()
    status, stats = convert(RedisStatus, status_payload), convert(RedisStats, stats_payload)
    if options.json:
        print(json.dumps({"status": status_payload, "stats": stats_payload}))
    else:
        print("\n".join([report.redis_summary(stats), *report.nodes(stats)]))
        print_status(" ".join(part for part in (status.message, status.next_step) if part))
    return 0 if status.state == "running" and all(node.state == "up" for node in stats.stats) else 1


def pm2(api: Api, options: Namespace) -> int:
    if options.verb in ("status", "list"):
        return _pm2_status(api, options)
    if options.verb == "logs":
        return _logs(api, options)
    verb = PM2_VERBS[options.verb]
    if verb.name == "start" and is_file_name(options.name):
        return _start_file(api, options)
    if misplaced := [name for name in ("only", "env") if getattr(options, name, None)]:
        raise Usage(f"--{misplaced[0]} is for an ecosystem file, and {options.name!r} is not the path of one.")
    if options.name is None and verb.is_destructive:
        _confirm(f"{options.verb.capitalize()} all PM2 processes on {api.config.server}?", options)
    with Waiting(f"PM2 {options.verb} {options.name or ('all' if verb.takes_name else '')}".rstrip()):
        path = verb.path_for_all if options.name is None and verb.takes_name else verb.name
        response = api.call("POST", f"/api/pm2/{path}", body=_pm2_body(options), at_least_s=verb.timeout_s)
    return _print_response(response, options)


def _pm2_body(options: Namespace) -> dict[str, object]:
    """The selector, which the server reads as PM2's command line does, and what else the verb takes. A number of
    instances to start is for a framework."""
    flags: dict[str, object] = {name: True for name in ("modules", "force") if getattr(options, name, False)}
    if options.name is None:
        return flags
    instances = getattr(options, "instances", None)
    selector = "framework" if options.verb == "start" and instances is not None else "process"
    return {selector: options.name, "instances": instances, "signal": getattr(options, "signal", None), **flags}


def _start_file(api: Api, options: Namespace) -> int:
    """Prints what the file starts, and with whose rights; asks on a terminal."""
    if options.instances is not None:
        raise Usage("-i is for frameworks: an ecosystem file has `instances`.")
    only = [name for part in options.only or () for name in part.split(",") if name]
    path = str(Path(options.name).absolute())
    with Waiting(f"Evaluating {options.name}"):
        preview = convert(ActionResult, api.pm2_start(ecosystem=path, only=only or None, env=options.env, preview=True))
    for app in preview.apps:
        print_status(f"To {app}")
    if sys.stdin.isatty():
        _confirm(f"Start this on {api.config.server}?", options)
    with Waiting(f"PM2 start {options.name}"):
        response = api.pm2_start(ecosystem=path, only=only or None, env=options.env)
    return _print_response(response, options)


def _pm2_status(api: Api, options: Namespace) -> int:
    payload = api.pm2_stats(options.name)
    stats = convert(Pm2Stats, payload)
    if options.json:
        print(json.dumps(payload))
    else:
        print("\n".join(report.processes(stats)))
        print_status(report.pm2_summary(stats))
    return 0 if stats.daemon.state == "up" else 1


def _logs(api: Api, options: Namespace) -> int:
    payload = api.pm2_logs(process=options.name, lines=options.lines, search=options.search)
    lines = convert(LogLines, payload).lines
    if options.json:
        print(json.dumps(payload))
        return 0
    for line in lines:
        print(log_text(line, has_time=line.at is not None))
    return follow_logs(api.config, options.name, options.search) if options.follow else 0


def bench(api: Api, options: Namespace) -> int:
    commands: Mapping[str, Callable[[Api, Namespace], int]] = {
        "run": run_benchmark,
        "list": list_results,
        "compare": compare_runs,
        "targets": list_targets,
        "target": change_target,
    }
    return commands[options.verb](api, options)


def history(api: Api, options: Namespace) -> int:
    """Of metrics, and the export of that of benchmarks."""
    commands: Mapping[str, Callable[[Api, Namespace], int]] = {
        "show": show_history,
        "metrics": list_metrics,
        "export": export_history,
    }
    return commands[options.verb](api, options)


def list_results(api: Api, options: Namespace) -> int:
    if options.name is None:
        response = api.benchmark_latest(options.count)
    else:
        response = api.benchmark_all(options.count, framework=options.name)
    results = convert(BenchmarkResults, response)
    if options.json:
        print(json.dumps(response))
    elif results.results:
        print("\n".join(report.results(results)))
    else:
        print_status("No results yet.")
    return 0


def compare_runs(api: Api, options: Namespace) -> int:
    """Returns the exit code: 1 without a verdict."""
    response = api.benchmark_compare(options.base, options.new)
    comparison = convert(Comparison, response)
    if options.json:
        print(json.dumps(response))
    else:
        print("\n".join(report.comparison(comparison)))
    for warning in comparison.warnings:
        print_status(f"Warning: {warning}")
    return int(bool(comparison.reasons))


def _print_response(response: Json, options: Namespace) -> int:
    result = convert(ActionResult, response)
    if options.json:
        print(json.dumps(response))
    else:
        _report(result, options)
    return 0


def _report_result(response: Json, options: Namespace) -> None:
    _report(convert(ActionResult, response), options)


def _report(result: ActionResult, options: Namespace) -> None:
    if options.json:
        print_status(result.message)
    else:
        print(result.message, flush=True)
    for note in report.action_notes(result):
        print_status(note)


def _confirm(question: str, options: Namespace) -> None:
    """Raises Usage unless confirmed."""
    if options.yes:
        return
    if not sys.stdin.isatty():
        raise Usage(f"{question} Confirm with --yes.")
    print(f"{question} Type yes: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != "yes":
        raise Usage("Nothing was done.")


COMMANDS: Mapping[str, Callable[[Api, Namespace], int]] = {
    "quickstart": quickstart,
    "cleanup": cleanup,
    "redis": redis,
    "pm2": pm2,
    "bench": bench,
    "history": history,
}
