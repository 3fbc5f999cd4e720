"""Runs the server: migrates, imports a legacy history, starts daphne with our limits, prints the banner."""

from __future__ import annotations

import sys
from typing import Any

from daphne.endpoints import build_endpoint_description_strings
from daphne.server import Server
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser

from benchmarks.errors import HistoryUnreadable, ImportIncomplete
from benchmarks.history import importer, totals
from benchmarks.runs import queue
from pm2.daemon import origin
from pm2site import banner, lifetime, logging_setup
from pm2site.backup import databases, start_checks
from pm2site.http import middleware
from system.database import statistics
from system.host import ports
from system.lib.commands import CommandLine

# Longer than any call's own timeout: ends only requests that hang.
HTTP_TIMEOUT_S = 600
APPLICATION_CLOSE_TIMEOUT_S = 3
PING_S = 20
# A request switches from the event loop to a thread and back; each switch can take the interval, by default 5 ms.
SWITCH_S = 0.0005


class Command(CommandLine):
    help = "Serve REST, WebSocket, admin and pages on API_HOST:API_PORT. Stop with Ctrl-C or SIGTERM."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.API_HOST, help="address to listen on (API_HOST)")
        parser.add_argument("--port", type=int, default=settings.API_PORT, help="port (API_PORT)")

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        if not ports.is_bindable(host, port):
            raise CommandError(
                f"Cannot listen on {host}:{port}: the port is in use, or the address is not local. "
                f"Stop the other program, or set API_PORT and API_HOST."
            )
        start_checks.check_folders()
        with databases.used_by("the server"):
            logging_setup.start(settings.LOG_FORMAT, settings.LOG_LEVEL, settings.LOG_DIR)
            call_command("migrate", interactive=False, verbosity=0)
            middleware.remember_migrated()
            queue.recover_queue()
            self._import_history()
            statistics.update_statistics()
            totals.prepare()
            self._serve(host, port)

    def _import_history(self) -> None:
        try:
            report = importer.import_default_file()
        except (HistoryUnreadable, ImportIncomplete) as error:  # the server starts without it
            self.stderr.write(f"[ERROR] {error}")
        else:
            self.stdout.write("\n".join(banner.import_lines(report)), ending="\n" if report else "")

    def _serve(self, host: str, port: int) -> None:
        from pm2site.asgi import application  # after migrate: it imports the whole program

        origin.begin_to_serve(port)
        server = Server(
            application=application,
            endpoints=build_endpoint_description_strings(host=host, port=port),
            http_timeout=HTTP_TIMEOUT_S,
            websocket_timeout=-1,
            ping_interval=PING_S,
            ping_timeout=PING_S,
            websocket_handshake_timeout=10,
            application_close_timeout=APPLICATION_CLOSE_TIMEOUT_S,
            server_name="pm2site",
            ready_callable=lambda: self._print_banner(host, port),
            verbosity=0,
        )
        sys.setswitchinterval(SWITCH_S)
        from twisted.internet import reactor  # installed by daphne: the one on asyncio

        reactor.callLater(0, lifetime.start)  # type: ignore[attr-defined, arg-type, unused-ignore]
        server.run()
        lifetime.exit_without_threads()

    def _print_banner(self, host: str, port: int) -> None:
        self.stdout.write("\n".join(banner.lines(host, port)))
        self.stdout.flush()
