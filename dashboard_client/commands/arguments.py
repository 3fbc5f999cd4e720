"""Defines the flags, commands and help of `python -m dashboard_client`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from dashboard_client.commands import completion
from dashboard_client.commands.history_arguments import HISTORY_EPILOG, add_history_verbs
from dashboard_client.commands.parser import Parser as Parser
from dashboard_client.commands.parser import add_json_option, at_least
from dashboard_client.network.pm2_verbs import PM2_VERBS

INSTALLED_NAME = "pm2site-dashboard"
PROGRAM = INSTALLED_NAME if Path(sys.argv[0]).name == INSTALLED_NAME else "python -m dashboard_client"
EPILOG = f"""\
API_SERVER is the server (default http://localhost:3100), API_KEY the key or token.
Other variables: API_TIMEOUT (10 s), API_RECONNECT_MAX (10 s), DASHBOARD_DEBUG=1 (traceback on errors).

  {PROGRAM:<48}  the dashboard; ? shows the keys
  API_SERVER=http://192.168.1.100:3100 API_KEY=… {PROGRAM}
  {PROGRAM + " --once":<48}  one report as text
  {PROGRAM} run pm2 start fastify -i 2
  {PROGRAM + " run --help":<48}  all commands

Exit codes: 0 ok, 1 failed, 2 usage."""

RUN_EPILOG = """\
  run quickstart                 a Redis Cluster of 6 nodes, and fastify
  run pm2 start fastify -i 2     run pm2 logs fastify -f
  run pm2 scale fastify -i 4     run pm2 rolling-restart fastify
  run pm2 start /srv/app/ecosystem.config.js --only api --env production
  run pm2 save                   a reboot starts what runs now; with pm2 startup
  run redis setup -n 6 -r 1      run redis failover 7001
  run bench fastify read         benchmark GET /code-fast and print the result
  run bench api /orders          benchmark a server of your own, which runs under PM2
  run bench targets              what can be measured
  run bench target save api --pm2 api --port 3000
  run bench --url http://10.0.0.5:8080/orders --name orders --expect "p99<50ms"
  run bench list                 the newest results
  run bench compare baseline ID  compare two runs; --json prints their ids after a benchmark
  run history app.cpu api --from -1d   what happened last night; run history lists the metrics
  run history export -o runs.csv --format csv
  run cleanup --yes              delete all PM2 processes and the Redis Cluster

Results go to stdout, progress to stderr; --json prints the server's response.
Exit codes: 0 ok, 1 failed, 2 usage, 4 invalid benchmark, 6 its budget is missed, 5 not shown."""

PROCESS = "a process name, namespace or pm_id"


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Exits with 2 on usage errors. `command`: None for the dashboard, else the word after `run`."""
    main = _new_parser(PROGRAM, "Dashboard for PM2, Redis and benchmarks on a server.", EPILOG)
    _add_server_option(main, None)
    add = main.add_argument
    add("--once", action="store_true", help="print one report as text and exit")
    add("--json", action="store_true", help="print one report as JSON and exit")
    add("--readonly", action="store_true", help="disable actions that change the server")
    add("--ascii", action="store_true", help="use ASCII characters only")
    add("--no-mouse", action="store_true", help="do not capture the mouse")
    add("--theme", choices=("auto", "dark", "light"), default="auto", help="default: the terminal's background")
    modes = main.add_subparsers(metavar="run", title="without the screen")
    run = modes.add_parser(
        "run", help="run one command; see run --help", description="Commands without the screen.", epilog=RUN_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    _add_server_option(run, argparse.SUPPRESS)
    main.set_defaults(command=None)
    _add_commands(run.add_subparsers(dest="command", required=True, metavar="COMMAND"))
    completion.complete_if_requested(main)
    return main.parse_args(argv)


def _new_parser(prog: str, description: str, epilog: str) -> argparse.ArgumentParser:
    return Parser(
        prog=prog, description=description, epilog=epilog, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip


def _add_server_option(parser: argparse.ArgumentParser, default: str | None) -> None:
    parser.add_argument("--server", metavar="URL", default=default, help="overrides API_SERVER")


def _add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    quickstart = commands.add_parser("quickstart", help="a Redis Cluster of 6 nodes and a framework")
    quickstart.add_argument("name", nargs="?", default="fastify", help="the framework (default: %(default)s)")
    _add_instances_option(quickstart)
    cleanup = commands.add_parser("cleanup", help="delete all PM2 processes and the Redis Cluster")
    _add_yes_option(cleanup)
    _add_redis_verbs(commands.add_parser("redis", help="setup, stop, resume, failover, clean, status"))
    _add_pm2_verbs(commands.add_parser("pm2", help=", ".join((*PM2_VERBS, "logs", "status"))))
    _add_bench_verbs(commands.add_parser("bench", help="benchmark a running framework or target, list or compare runs"))
    add_history_verbs(
        commands.add_parser(
            "history", help="the history of a metric; export that of benchmarks", epilog=HISTORY_EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )  # fmt: skip
    for command in (quickstart, cleanup):
        add_json_option(command)


def _add_pm2_verbs(pm2: argparse.ArgumentParser) -> None:
    verbs = pm2.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb in PM2_VERBS.values():
        parser = verbs.add_parser(verb.name, help=verb.help, description=f"{verb.help[0].upper()}{verb.help[1:]}.")
        start = f"a framework, {PROCESS}, or the path of an ecosystem file on the server"
        what = {"start": start, "scale": "a framework or process name"}.get(verb.name, PROCESS)
        if verb.takes_name:
            _add_name(parser, what, is_required=verb.needs_name)
        else:
            parser.set_defaults(name=None)
        if verb.takes_signal:
            parser.add_argument("signal", metavar="SIGNAL", type=_signal_name, help="such as HUP or SIGUSR2")
        if verb.instances:
            _add_instances_option(parser, is_required=verb.instances == "required")
        if verb.path_for_all:
            parser.add_argument("--modules", action="store_true", help="of all or of a namespace: modules of PM2 too")
        if verb.is_destructive:
            _add_yes_option(parser)
    _add_file_options(verbs.choices["start"])
    force = "save an empty list too: a reboot then starts nothing"
    verbs.choices["save"].add_argument("--force", action="store_true", help=force)
    status = verbs.add_parser(
        "status", aliases=["list"], help="PM2's processes; exit code 1 unless its daemon is up"
    )  # fmt: skip
    _add_name(status, PROCESS)
    logs = verbs.add_parser("logs", help="the newest log lines")
    _add_name(logs, PROCESS)
    add = logs.add_argument
    add("-n", "--lines", type=at_least(1), default=200, help="number of lines (default: %(default)s)")
    add("-f", "--follow", action="store_true", help="print new lines until Ctrl-C")
    add("--search", metavar="TEXT", help="only lines containing this text")
    for parser in set(verbs.choices.values()):
        add_json_option(parser)


def _add_file_options(start: argparse.ArgumentParser) -> None:
    add = start.add_argument
    add("--only", action="append", metavar="NAME,…", help="of an ecosystem file: only these apps")
    add("--env", metavar="NAME", help="of an ecosystem file: the variables in env_NAME")
    add("--yes", action="store_true", help="of an ecosystem file: do not ask for confirmation")


def _signal_name(text: str) -> str:
    """With its prefix. Which signals there are, the server knows."""
    return text.upper() if text.upper().startswith("SIG") else f"SIG{text.upper()}"


def _add_name(parser: argparse.ArgumentParser, what: str, *, is_required: bool = False) -> None:
    if is_required:
        parser.add_argument("name", metavar="NAME", help=what)
    else:
        parser.add_argument("name", metavar="NAME", nargs="?", help=f"{what} (default: all)")


def _add_bench_verbs(bench: argparse.ArgumentParser) -> None:
    bench.set_defaults(verb="run")
    verbs = bench.add_subparsers(dest="verb", required=True, metavar="VERB")
    run = verbs.add_parser("run", help="benchmark a running framework or another target; the default")
    run.add_argument("name", nargs="?", help="the framework, or a target of the server; or --url")
    run.add_argument(
        "endpoint", nargs="?", help="simple, code, read, or a path (default: simple; of another target its first)"
    )
    run.add_argument("-d", "--duration", type=at_least(1), metavar="SECONDS", help="of each trial")
    run.add_argument("-c", "--connections", type=at_least(1), metavar="N")
    run.add_argument("--trials", type=at_least(1), metavar="N")
    run.add_argument(
        "--profile", metavar="NAME", help="quick, standard, rigorous, or sweep: the highest rate that it holds"
    )
    run.add_argument(
        "--expect", action="append", metavar="EXPECTATION", help='a budget, like "p99<50ms"; may be repeated'
    )
    run.add_argument("--url", help="measure this in place of a framework or target; as --name in the history")
    run.add_argument("--name", dest="url_name", metavar="NAME", help="what --url leads to")
    run.add_argument("--protocol", metavar="NAME", help="http1 or h2")
    run.add_argument("--insecure", action="store_true", default=None, help="do not verify the target's certificate")
    listing = verbs.add_parser("list", help="the newest results")
    _add_name(listing, "a framework")
    listing.add_argument("-n", "--count", type=at_least(1), default=10, help="number of results (default: %(default)s)")
    compare = verbs.add_parser("compare", help="compare two runs; exit code 1 if there is no verdict")
    compare.add_argument("base", help='the id of a run, or "baseline"')
    compare.add_argument("new", help="the id of the run to compare with it")
    targets = verbs.add_parser("targets", help="what can be measured: frameworks, own targets, what listens under PM2")
    for verb in (run, listing, compare, targets):
        add_json_option(verb)
    _add_target_actions(verbs.add_parser("target", help="save or delete an own target"))


def _add_target_actions(target: argparse.ArgumentParser) -> None:
    actions = target.add_subparsers(dest="action", required=True, metavar="ACTION")
    save = actions.add_parser("save", help="create a target, or change where it answers; its endpoints are kept")
    save.add_argument("name", metavar="NAME")
    where = save.add_mutually_exclusive_group(required=True)
    where.add_argument("--pm2", metavar="NAME", help="the name of its processes under PM2")
    where.add_argument("--url", help="where it answers")
    port = "on which its processes listen, if that cannot be seen; may be repeated"
    save.add_argument("--port", dest="ports", type=at_least(1), action="append", metavar="N", help=port)
    delete = actions.add_parser("delete", help="delete an own target; its results stay in the history")
    delete.add_argument("name", metavar="NAME")
    for action in (save, delete):
        add_json_option(action)


def _add_redis_verbs(redis: argparse.ArgumentParser) -> None:
    verbs = redis.add_subparsers(dest="verb", required=True, metavar="VERB")
    setup = verbs.add_parser("setup", help="create a cluster; verified by a write to each shard")
    setup.add_argument("-n", "--nodes", type=at_least(1), default=6, help="number of nodes (default: %(default)s)")
    setup.add_argument("-r", "--replicas", type=at_least(0), help="per master (default: by the number of nodes)")
    verbs.add_parser("stop", help="stop all nodes; their keys are saved")
    verbs.add_parser("resume", help="start the stopped nodes")
    failover = verbs.add_parser("failover", help="promote a replica to master of its shard")
    failover.add_argument("port", type=at_least(1), help="the replica's port; see redis status")
    _add_yes_option(verbs.add_parser("clean", help="stop the cluster and delete its files"))
    verbs.add_parser("status", help="cluster state and nodes; exit code 1 unless all nodes are up")
    for verb in verbs.choices.values():
        add_json_option(verb)


def _add_instances_option(parser: argparse.ArgumentParser, *, is_required: bool = False) -> None:
    default = "" if is_required else " (default: the server's)"
    parser.add_argument(
        "-i", "--instances", type=at_least(1), metavar="N", required=is_required,
        help=f"number of instances{default}",
    )  # fmt: skip


def _add_yes_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")
