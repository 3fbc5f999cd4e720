"""PM2 from the shell on the server, with the verbs of the API."""

from __future__ import annotations

import asyncio
import getpass
import json
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.core.management.base import CommandError

from pm2.actions import lifecycle, scaling
from pm2.actions.lifecycle import Result, Target
from pm2.api.serializers import MAX_INSTANCES, MAX_LINES
from pm2.errors import PM2Error
from pm2.frameworks.registry import registry
from pm2.logs import live_logs, log_search
from pm2.logs.log_lines import LogLine
from pm2.monitor import current
from pm2.monitor.listing import Stats, count
from system.errors import SystemProblem
from system.lib import audit
from system.lib.commands import CommandLine
from system.lib.text import shown, table
from system.lib.wire import to_wire

CHANGING = ("start", "stop", "restart", "reload", "scale", "rolling-restart", "delete")
DANGEROUS = ("stop", "delete")
COUNTED = ("start", "scale")
FOLLOW_S = 0.25


class Command(CommandLine):
    help = (
        "PM2 from the shell: status, start, stop, restart, reload, scale, rolling-restart, delete, logs. "
        "NAME is a framework or the exact name of a process; without NAME everything but the server itself."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=("status", *CHANGING, "logs"))
        parser.add_argument("name", nargs="?", help="a framework or a process's name; else all")
        parser.add_argument("-i", "--instances", type=_from_one_to(MAX_INSTANCES), help="how many (start, scale)")
        parser.add_argument("-n", "--lines", type=_from_one_to(MAX_LINES), default=50, help="how many lines (logs)")
        parser.add_argument("-f", "--follow", action="store_true", help="go on with new lines until Ctrl-C (logs)")
        parser.add_argument("--search", default="", help="lines that hold this text only (logs)")
        parser.add_argument("--yes", action="store_true", help="do not ask before stop and delete of everything")
        parser.add_argument("--json", action="store_true", help="print the API's answer")
        # Else an option between the verb and NAME leaves the optional NAME empty before it is read.
        parser.parse_args = parser.parse_intermixed_args  # type: ignore[method-assign]

    def handle(self, *args: Any, verb: str, name: str | None, **options: Any) -> None:
        if options["instances"] is not None and verb not in COUNTED:
            raise CommandError(f"{verb} takes no -i: {' and '.join(COUNTED)} do.")
        try:
            result = asyncio.run(self._perform(verb, name, options))
        except (PM2Error, SystemProblem) as error:
            if verb in CHANGING:
                audit.tell(f"pm2.{verb}", name or "", str(error), error)
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            return
        if result:
            audit.tell(f"pm2.{verb}", name or "", result.message)

    async def _perform(self, verb: str, name: str | None, options: dict[str, Any]) -> Result | None:
        """What was changed; nothing by status and logs."""
        if verb == "status":
            self._show(_only(await current.sample(), name), options["json"])
        elif verb == "logs":
            await self._logs(name, options)
        else:
            result = await self._act(verb, name, options)
            self._tell(result, options["json"])
            return result
        return None

    async def _act(self, verb: str, name: str | None, options: dict[str, Any]) -> Result:
        by, count = f"{getpass.getuser()} (command line)", options["instances"]
        if verb == "start":
            return await lifecycle.start(_needed(name, verb, tuple(each.name for each in registry().frameworks)), count)
        if verb == "scale":
            if count is None:
                raise CommandError(f"scale needs -i N, from 1 to {MAX_INSTANCES}.")
            return await scaling.scale(Target(name=_needed(name, verb)), count, by)
        if verb in ("reload", "rolling-restart"):
            act = scaling.reload if verb == "reload" else scaling.rolling_restart
            return await act(Target(name=name) if name else None, by)
        if name is None and verb in DANGEROUS:
            self._confirm(verb, options["yes"])
        act_on = {"stop": lifecycle.stop, "restart": lifecycle.restart, "delete": lifecycle.delete}[verb]
        return await act_on(Target(name=name) if name else None, by)

    def _confirm(self, verb: str, yes: bool) -> None:
        if yes:
            return
        if not sys.stdin.isatty():
            raise CommandError(f"{verb} of everything needs --yes.")
        if input(f"{verb.capitalize()} everything under PM2? Type yes: ") != "yes":
            raise CommandError("Nothing was done.")

    def _tell(self, result: Result, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(to_wire(result)))
            return
        self.stdout.write(shown(result.message))
        for warning in result.warnings:
            self.stderr.write(f"Warning: {warning}")
        for skipped in result.skipped:
            self.stderr.write(f"Left alone: {shown(skipped.name)}, {skipped.reason}")

    def _show(self, stats: Stats, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(to_wire(stats)))
            return
        if stats.daemon.message:
            self.stderr.write(stats.daemon.message)
        if stats.processes:
            head = ("id", "pid", "name", "mode", "status", "cpu", "memory", "restarts", "port")
            rows = [
                (
                    str(each.pm_id), str(each.pid or "–"), shown(each.name), each.exec_mode.removesuffix("_mode"),
                    each.status.value, f"{each.cpu:.1f} %", f"{each.memory:.0f} MB", str(each.restarts),
                    str(each.port or ""),
                )
                for each in stats.processes
            ]  # fmt: skip
            self.stdout.write("\n".join(table([head, *rows], right=frozenset({0, 1, 5, 6, 7, 8}))))
        for orphan in stats.orphans:
            self.stderr.write(f"Orphan: {shown(orphan.name)}, pid {orphan.pid}, left behind by a daemon that died")
        self.stderr.write(f"{stats.counts.online} of {stats.counts.total} online")

    async def _logs(self, name: str | None, options: dict[str, Any]) -> None:
        if options["follow"]:
            current.begin()
        page = await current.search_logs(log_search.Query(count=options["lines"], name=name, search=options["search"]))
        for line in page.lines:
            self._line(line)
        number = live_logs.feed.last
        wanted = tuple((key, value) for key, value in (("framework", name), ("search", options["search"])) if value)
        while options["follow"]:
            await asyncio.sleep(FOLLOW_S)
            news = live_logs.feed.after(number, 1000, 2**20, wanted)
            number = news.last
            if news.missed:
                self.stderr.write(f"{news.missed} lines came too fast")
            for line in news.items:
                self._line(line)

    def _line(self, line: LogLine) -> None:
        at = f"{line.at.astimezone():%H:%M:%S} " if line.at else ""
        number = "" if line.pm_id is None else f" {line.pm_id}"
        mark = "!" if line.stream == "err" else "|"
        self.stdout.write(f"{at}{shown(line.name)}{number} {mark} {shown(line.text)}")


def _from_one_to(high: int) -> Callable[[str], int]:
    def number(said: str) -> int:
        if not re.fullmatch("[0-9]{1,6}", said) or not 1 <= int(said) <= high:
            raise ArgumentTypeError(f"{said!r} is no whole number from 1 to {high}")
        return int(said)

    return number


def _only(stats: Stats, name: str | None) -> Stats:
    """Of one name, framework or number of PM2. Raises CommandError when nothing is called that."""
    if name is None:
        return stats
    found = tuple(each for each in stats.processes if name in (each.name, each.framework, str(each.pm_id)))
    if not found:
        raise CommandError(f"No process under PM2 is named {name!r}.")
    return replace(stats, processes=found, counts=count(found))


def _needed(name: str | None, verb: str, known: tuple[str, ...] = ()) -> str:
    if name is None:
        listed = f" One of {', '.join(known)}." if known else ""
        raise CommandError(f"{verb} needs a name.{listed}")
    return name
