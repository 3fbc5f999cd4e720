"""The flags and commands of `python -m dashboard_client`, and the help that teaches them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

EPILOG = """\
The server is API_SERVER (default http://localhost:3100), the key or token API_KEY.
Other variables: API_TIMEOUT (10 s), API_RECONNECT_MAX (10 s), DASHBOARD_DEBUG=1 (a trace when something breaks).

  python -m dashboard_client                        the dashboard; ? shows its keys
  API_SERVER=http://192.168.1.100:3100 API_KEY=… python -m dashboard_client
  python -m dashboard_client --once                 one report as text, then the end
  python -m dashboard_client run pm2 start fastify -i 2
  python -m dashboard_client run --help             all commands without the screen

Exit codes: 0 ok, 1 failed, 2 usage."""

RUN_EPILOG = """\
  run quickstart                 a Redis Cluster of 6 nodes, and fastify
  run pm2 start fastify -i 2     run pm2 logs fastify -f
  run redis setup -n 6 -r 1      run redis status
  run bench fastify read         measure GET /code-fast, follow it, print the result
  run cleanup --yes              delete every process under PM2, and the Redis Cluster

stdout is data, stderr tells what goes on, --json prints the server's answer.
Exit codes: 0 ok, 1 failed, 2 usage, 4 an invalid benchmark."""

PM2_VERBS = ("start", "stop", "restart", "reload", "delete", "logs", "status")


def whole(low: int, high: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text} is not between {low} and {high}")
        return value

    number.__name__ = "whole number"
    return number


class Parser(argparse.ArgumentParser):
    """Says what is wrong as everything here does. Its subparsers are of the same kind."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(2, f"[ERROR] {message}\n")


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Exits with 2 as argparse does. `command`: None for the dashboard, else the first word after `run`."""
    main = _parser("python -m dashboard_client", "A dashboard of PM2, Redis and benchmarks on a server.", EPILOG)
    _server(main, None)
    add = main.add_argument
    add("--once", action="store_true", help="print one report as text and end")
    add("--json", action="store_true", help="print one report as JSON and end")
    add("--readonly", action="store_true", help="offer nothing that changes the server")
    add("--ascii", action="store_true", help="draw with ASCII characters only")
    add("--no-mouse", action="store_true", help="leave the mouse to the terminal")
    add("--theme", choices=("auto", "dark", "light"), default="auto", help="default: what the terminal says")
    modes = main.add_subparsers(metavar="run", title="without the screen")
    run = modes.add_parser(
        "run", help="do one thing: run --help", description="Commands without the screen.", epilog=RUN_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    _server(run, argparse.SUPPRESS)
    main.set_defaults(command=None)
    _commands(run.add_subparsers(dest="command", required=True, metavar="COMMAND"))
    return main.parse_args(argv)


def _parser(prog: str, description: str, epilog: str) -> argparse.ArgumentParser:
    return Parser(
        prog=prog, description=description, epilog=epilog, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip


def _server(parser: argparse.ArgumentParser, default: str | None) -> None:
    parser.add_argument("--server", metavar="URL", default=default, help="wins over API_SERVER")


def _commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    quickstart = commands.add_parser("quickstart", help="a Redis Cluster of 6 nodes and a framework")
    quickstart.add_argument("name", nargs="?", default="fastify", help="the framework (default: %(default)s)")
    _instances(quickstart)
    cleanup = commands.add_parser("cleanup", help="delete all processes under PM2, and the Redis Cluster")
    _yes(cleanup)
    _redis(commands.add_parser("redis", help="setup, stop, resume, clean, status"))
    pm2 = commands.add_parser("pm2", help=", ".join(PM2_VERBS))
    pm2.add_argument("verb", choices=PM2_VERBS)
    pm2.add_argument("name", nargs="?", help="a framework, a process's name or pm_id; else all")
    _instances(pm2)
    pm2.add_argument("-n", "--lines", type=whole(1, 5000), default=200, help="how many (logs; default: %(default)s)")
    pm2.add_argument("-f", "--follow", action="store_true", help="go on with new lines until Ctrl-C (logs)")
    pm2.add_argument("--search", metavar="TEXT", help="lines that hold this text only (logs)")
    _yes(pm2)
    bench = commands.add_parser("bench", help="measure a framework that runs, on the server")
    bench.add_argument("name", help="the framework")
    bench.add_argument("endpoint", nargs="?", default="simple", help="simple, code, read, or a path (default: simple)")
    bench.add_argument("-d", "--duration", type=whole(1, 3600), metavar="SECONDS", help="of a trial")
    bench.add_argument("-c", "--connections", type=whole(1, 10_000), metavar="N")
    bench.add_argument("--trials", type=whole(1, 50), metavar="N")
    bench.add_argument("--profile", metavar="NAME", help="quick, standard or rigorous")
    for each in (quickstart, cleanup, pm2, bench):
        _json(each)


def _redis(redis: argparse.ArgumentParser) -> None:
    verbs = redis.add_subparsers(dest="verb", required=True, metavar="VERB")
    setup = verbs.add_parser("setup", help="form a cluster; answers after a write to each shard")
    setup.add_argument("-n", "--nodes", type=whole(1, 1000), default=6, help="how many (default: %(default)s)")
    setup.add_argument("-r", "--replicas", type=whole(0, 10), help="of each master (default: by the number of nodes)")
    verbs.add_parser("stop", help="stop all nodes; their keys are saved")
    verbs.add_parser("resume", help="start the nodes that do not run")
    _yes(verbs.add_parser("clean", help="stop the cluster and delete its files"))
    verbs.add_parser("status", help="its state and its nodes; exit code 1 unless all of it runs")
    for each in verbs.choices.values():
        _json(each)


def _instances(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-i", "--instances", type=whole(1, 100), metavar="N", help="how many (default: the server's)")


def _yes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print the server's answer")
