"""`python -m dashboard_client run …`: what the dashboard can do, without the screen and from any machine.

Data on stdout, narration on stderr; each command returns its exit code.
"""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from typing import Any

from dashboard_client.commands import report
from dashboard_client.commands.follow import bench, follow
from dashboard_client.commands.progress import Waiting, say
from dashboard_client.commands.progress import error as error_line
from dashboard_client.errors import Refused, Usage
from dashboard_client.network.api import Api
from dashboard_client.wire.benchmarks import Done
from dashboard_client.wire.decode import read
from dashboard_client.wire.host_and_pm2 import LogLines, Pm2Stats
from dashboard_client.wire.redis import RedisStats, RedisStatus

Answer = dict[str, Any]

NODES = 6
DANGEROUS = frozenset({"stop", "delete"})
RUNNING = frozenset({"running", "degraded"})


def perform(api: Api, options: Namespace) -> int:
    """Raises ClientError."""
    return COMMANDS[options.command](api, options)


def quickstart(api: Api, options: Namespace) -> int:
    """What stands already is left as it is: the second time is as good as the first."""
    answers: dict[str, Answer] = {}
    status = read(RedisStatus, api.redis_status())
    if status.state in RUNNING:
        say(f"Redis: {status.message or status.state}")
    else:
        again = status.state == "stopped"
        with Waiting(f"{'Resuming' if again else 'Forming'} the Redis Cluster"):
            answers["redis"] = api.redis_resume() if again else api.redis_setup(NODES)
        _told(answers["redis"], options)
    try:
        with Waiting(f"Starting {options.name}"):
            answers["pm2"] = api.pm2_start(options.name, options.instances)
        _told(answers["pm2"], options)
    except Refused as error:
        if error.code != "already_running":
            raise
        say(str(error))
    if options.json:
        print(json.dumps(answers))
    return 0


def cleanup(api: Api, options: Namespace) -> int:
    _confirm(f"Delete every process under PM2 and the Redis Cluster of {api.config.server}, with its keys?", options)
    answers = {}
    with Waiting("Deleting the processes"):
        answers["pm2"] = api.pm2_delete_all()
    _told(answers["pm2"], options)
    with Waiting("Deleting the Redis Cluster"):
        answers["redis"] = api.redis_clean(confirm=True)
    _told(answers["redis"], options)
    if options.json:
        print(json.dumps(answers))
    return 0


def redis(api: Api, options: Namespace) -> int:
    if options.verb == "status":
        return _redis_status(api, options)
    if options.verb == "clean":
        _confirm(f"Delete the Redis Cluster of {api.config.server} and its files?", options)
    acts: Mapping[str, Callable[[], Answer]] = {
        "setup": lambda: api.redis_setup(options.nodes, options.replicas),
        "stop": api.redis_stop,
        "resume": api.redis_resume,
        "clean": lambda: api.redis_clean(confirm=options.yes or None),
    }
    try:
        with Waiting(f"Redis {options.verb}"):
            answer = acts[options.verb]()
    except Refused as error:
        if options.verb == "clean" and error.status == 409 and not options.yes:
            raise Usage(f"{error} Here: --yes.") from error
        raise
    return _answer(answer, options)


def _redis_status(api: Api, options: Namespace) -> int:
    told, shape = api.redis_status(), api.redis_stats()
    status, stats = read(RedisStatus, told), read(RedisStats, shape)
    if options.json:
        print(json.dumps({"status": told, "stats": shape}))
    else:
        print("\n".join([report.redis_summary(stats), *report.nodes(stats)]))
        say(" ".join(part for part in (status.message, status.next_step) if part))
    return 0 if status.state == "running" and all(node.state == "up" for node in stats.stats) else 1


def pm2(api: Api, options: Namespace) -> int:
    if options.verb == "status":
        return _pm2_status(api, options)
    if options.verb == "logs":
        return _logs(api, options)
    if options.verb == "start" and options.name is None:
        raise Usage("start needs a name: run pm2 start NAME")
    if options.name is None and options.verb in DANGEROUS:
        _confirm(f"{options.verb.capitalize()} everything under PM2 on {api.config.server}?", options)
    if options.name is None and options.verb == "reload":
        return _reload_all(api, options)
    with Waiting(f"PM2 {options.verb} {options.name or 'everything'}"):
        answer = _act(api, options.verb, options.name, options.instances)
    return _answer(answer, options)


def _act(api: Api, verb: str, name: str | None, instances: int | None) -> Answer:
    if verb == "start":
        return api.pm2_start(str(name), instances)
    if name is None:
        every = {"stop": api.pm2_stop_all, "restart": api.pm2_restart_all, "delete": api.pm2_delete_all}
        return every[verb]()
    acts = {"stop": api.pm2_stop, "restart": api.pm2_restart, "delete": api.pm2_delete, "reload": api.pm2_reload}
    return acts[verb](pm_id=int(name)) if name.isdecimal() and name.isascii() else acts[verb](name=name)


def _reload_all(api: Api, options: Namespace) -> int:
    names = sorted({each.name for each in read(Pm2Stats, api.pm2_stats()).processes if each.status == "online"})
    answers = []
    for name in names:
        with Waiting(f"Reloading {name}"):
            answers.append(api.pm2_reload(name=name))
        _told(answers[-1], options)
    if options.json:
        print(json.dumps(answers))
    elif not names:
        say("Nothing is online.")
    return 0


def _pm2_status(api: Api, options: Namespace) -> int:
    shape = api.pm2_stats()
    if options.name is not None:
        shape = {**shape, "processes": [each for each in shape.get("processes", ()) if _is_named(each, options.name)]}
        if not shape["processes"]:
            error_line(f"No process under PM2 is named {options.name!r}.")
            return 1
    stats = read(Pm2Stats, shape)
    if options.json:
        print(json.dumps(shape))
    else:
        print("\n".join(report.processes(stats)))
        say(report.pm2_summary(stats))
    return 0 if stats.daemon.state == "up" else 1


def _is_named(shape: object, name: str) -> bool:
    return isinstance(shape, dict) and name in (shape.get("name"), str(shape.get("pmId")))


def _logs(api: Api, options: Namespace) -> int:
    is_id = options.name is not None and options.name.isdecimal()
    shape = api.pm2_logs(
        None if is_id else options.name,
        pm_id=int(options.name) if is_id else None,
        lines=options.lines,
        search=options.search,
    )
    if options.json:
        print(json.dumps(shape))
        return 0
    for line in read(LogLines, shape).lines:
        print(report.log_line(line))
    return follow(api.config, options.name, options.search) if options.follow else 0


def _answer(answer: Answer, options: Namespace) -> int:
    if options.json:
        print(json.dumps(answer))
    else:
        _told(answer, options)
    return 0


def _told(answer: Answer, options: Namespace) -> None:
    done = read(Done, answer)
    if options.json:
        say(done.message)
    else:
        print(done.message, flush=True)
    for remark in report.remarks(done):
        say(remark)


def _confirm(question: str, options: Namespace) -> None:
    """Raises Usage unless somebody says yes."""
    if options.yes:
        return
    if not sys.stdin.isatty():
        raise Usage(f"{question} Say so with --yes.")
    print(f"{question} Type yes: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != "yes":
        raise Usage("Nothing was done.")


COMMANDS: Mapping[str, Callable[[Api, Namespace], int]] = {
    "quickstart": quickstart,
    "cleanup": cleanup,
    "redis": redis,
    "pm2": pm2,
    "bench": bench,
}
