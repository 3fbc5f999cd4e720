"""`manage.py pm2`: the actions of the API from the server's shell."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from django.core.management.base import CommandError

from pm2.actions.result import ActionResult
from pm2.actions.selection import ProcessSelector
from pm2.actions.upkeep import SIGNALS
from pm2.actions.verbs import VERBS, ActionRequest, Verb
from pm2.api.serializers import MAX_LINES
from pm2.ecosystem import ecosystem_file, saved_list_actions, start_from_file
from pm2.ecosystem.start_from_file import FileRequest
from pm2.errors import DaemonNotRunning, PM2Error, ProcessNotFound
from pm2.frameworks.registry import MAX_INSTANCES, registry
from pm2.logs import live_logs, log_search
from pm2.logs.log_lines import LogLine
from pm2.monitor import current_monitor
from pm2.monitor.listing import DaemonStatus, Stats, only_matching
from system.errors import HostError
from system.lib import audit_hook
from system.lib.commands import CommandLine
from system.lib.text import printable, table
from system.lib.wire import to_wire

FOLLOW_INTERVAL_S = 0.25
T = TypeVar("T")
INTERRUPTED = 130  # 128 + SIGINT, as shells report it
NAME = "the name of processes, their namespace, or a pm_id"
FILE_VERBS: Mapping[str, Callable[[dict[str, Any]], Coroutine[Any, Any, ActionResult]]] = {
    "save": lambda options: saved_list_actions.save(is_forced=options["force"]),
    "resurrect": lambda options: saved_list_actions.resurrect(),
}


class Command(CommandLine):
    help = "PM2 from the shell. Without NAME, an action applies to all processes except the server itself."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        text = "The processes, with CPU and memory of their trees."
        status = commands.add_parser("status", aliases=["list"], help=text)
        status.add_argument("name", nargs="?", metavar="NAME", help=f"{NAME} (default: all)")
        for verb in VERBS.values():
            _add_verb(commands.add_parser(verb.name, help=verb.help, description=verb.help), verb)
        _add_file_options(commands.choices["start"])
        text = "Write PM2's list to its dump file, from which a reboot starts it."
        save = commands.add_parser("save", help=text, description=text)
        save.add_argument("--force", action="store_true", help="save an empty list too: a reboot then starts nothing")
        text = "Start what the dump file has and PM2's list does not."
        commands.add_parser("resurrect", help=text, description=text)
        for name in (*VERBS, *FILE_VERBS, "status"):
            commands.choices[name].add_argument("--json", action="store_true", help="print the API's JSON")
        logs = commands.add_parser("logs", help="The newest lines of log files.")
        logs.add_argument("name", nargs="?", metavar="NAME", help=f"{NAME} (default: all)")
        lines = _integer_up_to(MAX_LINES)
        logs.add_argument("-n", "--lines", type=lines, default=50, help="number of lines (default: %(default)s)")
        logs.add_argument("-f", "--follow", action="store_true", help="keep printing new lines until Ctrl-C")
        logs.add_argument("--search", default="", metavar="TEXT", help="only lines that contain this text")

    def handle(self, *args: Any, verb: str, name: str | None = None, **options: Any) -> None:
        try:
            if verb in ("status", "list"):
                stats = asyncio.run(current_monitor.sample())
                with _reason_for_absence(lambda: stats.daemon):
                    selected = stats if name is None else only_matching(stats, name)
                self._print_stats(selected, options["json"])
                if not _can_be_used(stats.daemon):
                    sys.exit(1)
            elif verb == "logs":
                if not asyncio.run(self._print_logs(name, options)):
                    sys.exit(1)
            elif verb in FILE_VERBS:
                self._recorded(verb, "", FILE_VERBS[verb](options), options["json"])
            elif verb == "start" and name is not None and ecosystem_file.is_file_name(name):
                self._start_file(name, options)
            else:
                self._act(VERBS[verb], name, options)
        except (PM2Error, HostError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            if verb in (*VERBS, *FILE_VERBS):
                raise CommandError(f"Interrupted; PM2 may still finish the {verb}.", returncode=INTERRUPTED) from None

    def _act(self, verb: Verb, name: str | None, options: dict[str, Any]) -> None:
        """Performs the verb, records it in the audit trail, and prints the result."""
        if name is None and verb.is_destructive:
            self._confirm(verb.name, options["yes"])
        if misplaced := [option for option in ("only", "env") if options.get(option)]:
            raise CommandError(f"--{misplaced[0]} is for an ecosystem file, and {name!r} is not the path of one.")
        selector = _selector(verb, name, options.get("modules", False), options.get("instances"))
        by, signal = audit_hook.shell_actor(), options.get("signal", "")
        request = ActionRequest(selector, options.get("instances"), by, signal)
        self._recorded(verb.name, name or "", verb.perform(request), options["json"])

    def _recorded(self, verb: str, subject: str, work: Coroutine[Any, Any, ActionResult], as_json: bool) -> None:
        result = self._attempt(verb, subject, work)
        audit_hook.record_command(f"pm2.{verb}", subject, result.message)
        self._print_result(result, as_json)

    def _attempt(self, verb: str, subject: str, work: Coroutine[Any, Any, T]) -> T:
        """Runs it; a failure is recorded in the audit trail."""
        try:
            return asyncio.run(work)
        except (PM2Error, HostError) as error:
            audit_hook.record_command(f"pm2.{verb}", subject, str(error), error)
            raise

    def _start_file(self, file: str, options: dict[str, Any]) -> None:
        """Prints what the file starts and with whose rights, asks on a terminal, and starts it."""
        if options["instances"]:
            raise CommandError("-i is for frameworks: an ecosystem file has `instances`.")
        only = tuple(name for part in options["only"] or () for name in part.split(",") if name)
        request = FileRequest(file, only, options["env"], folders=None)
        planned = self._attempt("start", file, start_from_file.plan(request))
        for app in planned.apps:
            self.stderr.write(f"To {printable(str(app))}")
        if sys.stdin.isatty() and not options["yes"]:
            self.stderr.flush()
            if input("Type yes: ") != "yes":
                raise CommandError("Cancelled; nothing was started.")
        work = start_from_file.carry_out_plan(planned, audit_hook.shell_actor())
        self._recorded("start", file, work, options["json"])

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
            header = ("id", "pid", "name", "mode", "status", "cpu", "memory", "restarts", "ports")
            rows = [
                (
                    str(process.pm_id), str(process.pid or "–"), printable(process.name),
                    process.exec_mode.removesuffix("_mode"), process.status.value, f"{process.cpu:.1f} %",
                    f"{process.memory:.0f} MB", str(process.restarts), process.ports_text,
                )
                for process in stats.processes
            ]  # fmt: skip
            self.stdout.write("\n".join(table([header, *rows], right=frozenset({0, 1, 5, 6, 7, 8}))))
        for orphan in stats.orphans:
            self.stderr.write(f"Orphan: {printable(orphan.name)}, pid {orphan.pid}, left behind by a daemon that died")
        self.stderr.write(f"{stats.counts.online} of {stats.counts.total} online")

    async def _print_logs(self, name: str | None, options: dict[str, Any]) -> bool:
        """False if PM2's daemon cannot be used: it states where the files are."""
        if options["follow"]:
            current_monitor.start()
        query = log_search.LogQuery(count=options["lines"], search=options["search"])
        with _reason_for_absence(lambda: current_monitor.get_monitor().daemon):
            query = await current_monitor.select_logs(query, name)
            page = await current_monitor.search_logs(query)
        for line in page.lines:
            self._print_line(line)
        daemon = current_monitor.get_monitor().daemon
        if daemon.message:
            self.stderr.write(daemon.message)
        if not page.complete:
            self.stderr.write("The search took too long: not all log files were read to their beginning.")
        last_number = live_logs.feed.last
        filters = (("search", options["search"]),) if options["search"] else ()
        while options["follow"]:
            self.stdout.flush()  # a pipe would hold the lines back
            await asyncio.sleep(FOLLOW_INTERVAL_S)
            batch = live_logs.feed.after(last_number, 1000, 2**20, filters)
            last_number = batch.last
            if batch.missed:
                self.stderr.write(f"{batch.missed} lines dropped: output too fast")
            for line in batch.items:
                if log_search.is_selected(line, query):
                    self._print_line(line)
        return _can_be_used(daemon)

    def _print_line(self, line: LogLine) -> None:
        at = f"{line.at.astimezone():%H:%M:%S} " if line.at else ""
        pm_id = "" if line.pm_id is None else f" {line.pm_id}"
        separator = "!" if line.stream == "err" else "|"
        self.stdout.write(f"{at}{printable(line.name)}{pm_id} {separator} {printable(line.text)}")


@contextmanager
def _reason_for_absence(daemon: Callable[[], DaemonStatus]) -> Iterator[None]:
    """Without a list from PM2, that is why a process is not in it."""
    try:
        yield
    except ProcessNotFound as error:
        if reason := daemon().message:
            raise CommandError(f"{reason} So it is unknown which processes there are.") from error
        raise


def _can_be_used(daemon: DaemonStatus) -> bool:
    """Now, or as soon as a framework is started."""
    return daemon.code in (None, DaemonNotRunning.code)


def _selector(verb: Verb, name: str | None, with_modules: bool, instances: int | None) -> ProcessSelector:
    """A number of instances is for a framework; without one, `start NAME` is for what has that name."""
    if verb.name == "start" and instances is not None:
        return ProcessSelector(framework=name)
    return ProcessSelector(word=name, with_modules=with_modules)


def _add_verb(parser: ArgumentParser, verb: Verb) -> None:
    frameworks = ", ".join(framework.name for framework in registry().frameworks)
    what = f"a framework ({frameworks}), {NAME}, or the path of a file" if verb.name == "start" else NAME
    if verb.needs_name:
        parser.add_argument("name", metavar="NAME", help=what)
    else:
        parser.add_argument("name", nargs="?", metavar="NAME", help=f"{what} (default: all)")
    if verb.instances:
        parser.add_argument(
            "-i", "--instances", type=_integer_up_to(MAX_INSTANCES), metavar="N",
            required=verb.instances == "required", help=f"number of instances, up to {MAX_INSTANCES}",
        )  # fmt: skip
    if verb.takes_signal:
        parser.add_argument("signal", metavar="SIGNAL", type=_signal_name, help="such as HUP or SIGUSR2")
    if verb.path_for_all:
        parser.add_argument("--modules", action="store_true", help="of all or of a namespace: modules of PM2 too")
    if verb.is_destructive:
        parser.add_argument("--yes", action="store_true", help="without NAME: do not ask for confirmation")


def _add_file_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--only", action="append", metavar="NAME,…", help="of an ecosystem file: only these apps")
    add("--env", metavar="NAME", help="of an ecosystem file: the variables in env_NAME")
    add("--yes", action="store_true", help="of an ecosystem file: do not ask for confirmation")


def _signal_name(value: str) -> str:
    name = value.upper() if value.upper().startswith("SIG") else f"SIG{value.upper()}"
    if name not in SIGNALS:
        raise ArgumentTypeError(f"{value!r} is not the name of a signal")
    return name


def _integer_up_to(maximum: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not re.fullmatch("[0-9]{1,6}", value) or not 1 <= int(value) <= maximum:
            raise ArgumentTypeError(f"{value!r} is not an integer from 1 to {maximum}")
        return int(value)

    return parse
