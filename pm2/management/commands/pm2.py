"""`manage.py pm2`: the actions of the API from the server's shell."""

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
from pm2.actions.lifecycle import ActionResult, ProcessSelector
from pm2.api.serializers import MAX_INSTANCES, MAX_LINES
from pm2.errors import PM2Error
from pm2.frameworks.registry import registry
from pm2.logs import live_logs, log_search
from pm2.logs.log_lines import LogLine
from pm2.monitor import process_sampler
from pm2.monitor.listing import Stats, count_online
from system.errors import HostError
from system.lib import audit_hook
from system.lib.commands import CommandLine
from system.lib.text import printable, table
from system.lib.wire import to_wire

CHANGING = ("start", "stop", "restart", "reload", "scale", "rolling-restart", "delete")
NEED_CONFIRMATION = ("stop", "delete")
TAKE_INSTANCES = ("start", "scale")
FOLLOW_INTERVAL_S = 0.25


class Command(CommandLine):
    help = (
        "PM2 from the shell: status, start, stop, restart, reload, scale, rolling-restart, delete, logs. "
        "NAME is a framework or the exact name of a process; without NAME, all processes except the server itself."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=("status", *CHANGING, "logs"))
        parser.add_argument("name", nargs="?", help="a framework or the exact name of a process (default: all)")
        parser.add_argument(
            "-i", "--instances", type=_integer_up_to(MAX_INSTANCES), help="number of instances (start, scale)"
        )
        parser.add_argument("-n", "--lines", type=_integer_up_to(MAX_LINES), default=50, help="number of lines (logs)")
        parser.add_argument("-f", "--follow", action="store_true", help="keep printing new lines until Ctrl-C (logs)")
        parser.add_argument("--search", default="", help="only lines that contain this text (logs)")
        parser.add_argument("--yes", action="store_true", help="stop or delete all processes without confirmation")
        parser.add_argument("--json", action="store_true", help="print the response of the API as JSON")
        # Otherwise an option between the verb and NAME makes argparse consume the optional NAME as empty.
        parser.parse_args = parser.parse_intermixed_args  # type: ignore[method-assign]

    def handle(self, *args: Any, verb: str, name: str | None, **options: Any) -> None:
        if options["instances"] is not None and verb not in TAKE_INSTANCES:
            raise CommandError(f"{verb} takes no -i; only {' and '.join(TAKE_INSTANCES)} do.")
        try:
            result = asyncio.run(self._perform(verb, name, options))
        except (PM2Error, HostError) as error:
            if verb in CHANGING:
                audit_hook.record_command(f"pm2.{verb}", name or "", str(error), error)
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            return
        if result:
            audit_hook.record_command(f"pm2.{verb}", name or "", result.message)

    async def _perform(self, verb: str, name: str | None, options: dict[str, Any]) -> ActionResult | None:
        """The result of an action; None for status and logs."""
        if verb == "status":
            self._print_stats(_select(await process_sampler.sample(), name), options["json"])
        elif verb == "logs":
            await self._print_logs(name, options)
        else:
            result = await self._act(verb, name, options)
            self._print_result(result, options["json"])
            return result
        return None

    async def _act(self, verb: str, name: str | None, options: dict[str, Any]) -> ActionResult:
        by, count = f"{getpass.getuser()} (command line)", options["instances"]
        if verb == "start":
            frameworks = tuple(framework.name for framework in registry().frameworks)
            return await lifecycle.start(_require_name(name, verb, frameworks), count)
        if verb == "scale":
            if count is None:
                raise CommandError(f"scale requires -i N, from 1 to {MAX_INSTANCES}.")
            return await scaling.scale(ProcessSelector(name=_require_name(name, verb)), count, by)
        if verb in ("reload", "rolling-restart"):
            action = scaling.reload if verb == "reload" else scaling.rolling_restart
            return await action(ProcessSelector(name=name) if name else None, by)
        if name is None and verb in NEED_CONFIRMATION:
            self._confirm(verb, options["yes"])
        action = {"stop": lifecycle.stop, "restart": lifecycle.restart, "delete": lifecycle.delete}[verb]
        return await action(ProcessSelector(name=name) if name else None, by)

    def _confirm(self, verb: str, yes: bool) -> None:
        if yes:
            return
        if not sys.stdin.isatty():
            raise CommandError(f"{verb} without a name requires --yes.")
        if input(f"{verb.capitalize()} all processes under PM2? Type yes: ") != "yes":
            raise CommandError("Cancelled; nothing was changed.")

    def _print_result(self, result: ActionResult, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(to_wire(result)))
            return
        self.stdout.write(printable(result.message))
        for warning in result.warnings:
            self.stderr.write(f"Warning: {warning}")
        for skipped in result.skipped:
            self.stderr.write(f"Skipped: {printable(skipped.name)}, {skipped.reason}")

    def _print_stats(self, stats: Stats, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(to_wire(stats)))
            return
        if stats.daemon.message:
            self.stderr.write(stats.daemon.message)
        if stats.processes:
            header = ("id", "pid", "name", "mode", "status", "cpu", "memory", "restarts", "port")
            rows = [
                (
                    str(process.pm_id), str(process.pid or "–"), printable(process.name),
                    process.exec_mode.removesuffix("_mode"), process.status.value, f"{process.cpu:.1f} %",
                    f"{process.memory:.0f} MB", str(process.restarts), str(process.port or ""),
                )
                for process in stats.processes
            ]  # fmt: skip
            self.stdout.write("\n".join(table([header, *rows], right=frozenset({0, 1, 5, 6, 7, 8}))))
        for orphan in stats.orphans:
            self.stderr.write(f"Orphan: {printable(orphan.name)}, pid {orphan.pid}, left behind by a daemon that died")
        self.stderr.write(f"{stats.counts.online} of {stats.counts.total} online")

    async def _print_logs(self, name: str | None, options: dict[str, Any]) -> None:
        if options["follow"]:
            process_sampler.start()
        page = await process_sampler.search_logs(
            log_search.LogQuery(count=options["lines"], name=name, search=options["search"])
        )
        for line in page.lines:
            self._print_line(line)
        last_number = live_logs.feed.last
        filters = tuple((key, value) for key, value in (("framework", name), ("search", options["search"])) if value)
        while options["follow"]:
            await asyncio.sleep(FOLLOW_INTERVAL_S)
            batch = live_logs.feed.after(last_number, 1000, 2**20, filters)
            last_number = batch.last
            if batch.missed:
                self.stderr.write(f"{batch.missed} lines dropped: output too fast")
            for line in batch.items:
                self._print_line(line)

    def _print_line(self, line: LogLine) -> None:
        at = f"{line.at.astimezone():%H:%M:%S} " if line.at else ""
        pm_id = "" if line.pm_id is None else f" {line.pm_id}"
        separator = "!" if line.stream == "err" else "|"
        self.stdout.write(f"{at}{printable(line.name)}{pm_id} {separator} {printable(line.text)}")


def _integer_up_to(maximum: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not re.fullmatch("[0-9]{1,6}", value) or not 1 <= int(value) <= maximum:
            raise ArgumentTypeError(f"{value!r} is not an integer from 1 to {maximum}")
        return int(value)

    return parse


def _select(stats: Stats, name: str | None) -> Stats:
    """Only the processes with this name, framework or pm_id. Raises CommandError if there are none."""
    if name is None:
        return stats
    matches = tuple(
        process for process in stats.processes if name in (process.name, process.framework, str(process.pm_id))
    )
    if not matches:
        raise CommandError(f"No process under PM2 is named {name!r}.")
    return replace(stats, processes=matches, counts=count_online(matches))


def _require_name(name: str | None, verb: str, choices: tuple[str, ...] = ()) -> str:
    if name is None:
        listed = f" One of {', '.join(choices)}." if choices else ""
        raise CommandError(f"{verb} requires a name.{listed}")
    return name
