"""Commands that watch something until it is over: a benchmark, a log."""

from __future__ import annotations

import json
import queue
import time
from argparse import Namespace
from contextlib import suppress

from dashboard_client.commands import report
from dashboard_client.commands.progress import bar, error, live, say
from dashboard_client.config import Config
from dashboard_client.errors import ClientError, Refused, Unreachable, Unsupported, Usage
from dashboard_client.network import events
from dashboard_client.network.api import Api
from dashboard_client.network.feed import Feed
from dashboard_client.wire.benchmarks import AcceptedRun, BenchmarkProgress, BenchmarkRun, Endpoint, SystemConfig
from dashboard_client.wire.decode import read
from dashboard_client.wire.host_and_pm2 import LogLines

POLL_S = 1.0
PATIENCE_S = 60.0  # a server that restarts meanwhile is waited for: the run goes on without it
INVALID_RUN = 4
OVER = frozenset({"done", "failed", "cancelled", "interrupted"})


def bench(api: Api, options: Namespace) -> int:
    """0: measured, 1: failed, 4: measured, and the checks say that it must not be trusted."""
    endpoint = _endpoint(api, options.endpoint)
    accepted = read(
        AcceptedRun,
        api.benchmark_run(
            options.name, endpoint=endpoint.path, method=endpoint.method, duration=options.duration,
            connections=options.connections, trials=options.trials, profile=options.profile,
        ),
    )  # fmt: skip
    say(accepted.message)
    try:
        run = _until_over(api, accepted.benchmark.id)
    except KeyboardInterrupt:
        live("")
        with suppress(ClientError):
            api.benchmark_cancel(accepted.benchmark.id)
        error("Cancelled.")
        return 130
    if options.json:
        print(json.dumps(api.benchmark_run_details(run.id)))
    if run.result is None:
        error(f"The benchmark is {run.state}: {run.message or 'the server gives no reason'}")
        return 1
    if not options.json:
        print("\n".join([report.result_sentence(run.result), *(f"  {reason}" for reason in run.result.reasons)]))
    if run.state != "done":
        return 1
    return INVALID_RUN if run.result.validity == "invalid" else 0


def _endpoint(api: Api, wanted: str) -> Endpoint:
    """By the short name, or by the path."""
    try:
        known = read(SystemConfig, api.system_config()).endpoints
    except Unsupported:
        known = (Endpoint("/simple", "GET", "simple"), Endpoint("/code", "POST", "code"))
    for each in known:
        if wanted in (each.short_name, each.path, each.path.lstrip("/")):
            return each
    if wanted.startswith("/"):
        return Endpoint(wanted)
    names = ", ".join(each.short_name for each in known if each.short_name)
    raise Usage(f"There is no endpoint {wanted!r}. One of {names}, or a path that begins with /.")


def _until_over(api: Api, run_id: str) -> BenchmarkRun:
    """Wait, over restarts of the server too, with a bar on a terminal."""
    lost_s: float | None = None
    while True:
        try:
            shape = api.benchmark_run_details(run_id)
        except (Unreachable, Refused) as problem:
            if isinstance(problem, Refused) and problem.status < 500:
                raise
            lost_s = lost_s or time.monotonic()
            if time.monotonic() - lost_s > PATIENCE_S:
                raise
            live(str(problem))
        else:
            lost_s = None
            run = read(BenchmarkRun, shape)
            if run.state in OVER:
                live("")
                return run
            _show(run, shape.get("progress"))
        time.sleep(POLL_S)


def _show(run: BenchmarkRun, shape: object) -> None:
    told = {**shape, "id": run.id} if isinstance(shape, dict) else {"id": run.id}
    known = read(BenchmarkProgress, {"runs": [told]}).runs[0]
    whole_s = known.elapsed_seconds + known.remaining_seconds
    drawn = bar(known.elapsed_seconds / whole_s) if whole_s else ""
    rate = "" if known.req_per_sec is None else f"  {known.req_per_sec:,.0f} requests/s"
    trial = f" trial {known.trial} of {run.trials}" if known.trial else ""
    live(f"{run.framework} {run.endpoint} {known.phase or run.state}{trial} {drawn}{rate}".rstrip())


def follow(config: Config, name: str | None, search: str | None) -> int:
    """New lines until Ctrl-C, over losses of the connection."""
    news: queue.SimpleQueue[events.NetworkEvent] = queue.SimpleQueue()
    feed = Feed(config, news.put)
    wanted = {key: value for key, value in (("framework", name), ("search", search)) if value}
    feed.subscribe("pm2:logs", 0.25, wanted or None)
    feed.start()
    is_first = True
    try:
        while True:
            event = news.get()
            if isinstance(event, events.Metric) and isinstance(event.value, LogLines):
                if not is_first:  # the first batch repeats what has been printed
                    print("\n".join(report.log_line(line) for line in event.value.lines), flush=True)
                is_first = False
            elif isinstance(event, events.Missed):
                say(f"{event.missed if event.missed is not None else 'Some'} lines were lost")
            elif isinstance(event, events.Complained):
                error(event.message)
                return 1
            elif isinstance(event, events.Disconnected):
                error(event.reason)
                if event.retry_in_s is None:
                    return 1
    except KeyboardInterrupt:
        return 0
    finally:
        feed.stop()
