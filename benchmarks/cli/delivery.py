"""Delivers results to a server: saved to a file first, kept there until the server has accepted them."""

from __future__ import annotations

from typing import Any

from benchmarks.cli import report
from benchmarks.cli.arguments import PROGRAM
from benchmarks.cli.console import print_stderr
from benchmarks.cli.destination import Destination, Server, delivery_command, find_exposure
from benchmarks.cli.upload import Outbox, send_result
from benchmarks.errors import BadUsage, NotDelivered


def announce(destination: Destination) -> None:
    """Print where the results will go, and whether the key goes along."""
    server = destination.for_new_results()
    is_withheld = bool(destination.key) and not server.key
    reason = ", without API_KEY, because API_SERVER does not name that host" if is_withheld else ""
    print_stderr(f"Results go to {server.url}{reason}")
    _warn_of_exposure(server)


def _warn_of_exposure(server: Server) -> None:
    if exposure := find_exposure(server):
        print_stderr(f"[WARN] {exposure}")


def deliver(entry: dict[str, Any], outbox: Outbox, destination: Destination) -> None:
    """Save and send one result. A failure is printed, with the line that sends it later."""
    server = destination.for_new_results()
    file = outbox.save(entry, server.url)
    try:
        send_result(report.shrink_to_limit(entry), server)
    except NotDelivered as error:
        print_stderr(f"[ERROR] {error}")
        print_stderr(f"The result is saved in {file}. Send it with: {_command(destination, server, error)}")
    else:
        file.unlink()


def _command(destination: Destination, server: Server, error: NotDelivered) -> str:
    return delivery_command(destination, server, PROGRAM, is_refused=error.is_refused)


def resend(outbox: Outbox, destination: Destination) -> bool:
    """Send all saved results; whether all were accepted. A server that does not respond is tried once."""
    servers: dict[str, bool] = {}  # whether to go on, by address
    sent = 0
    pending = list(outbox.pending())
    for file, url, entry in pending:
        try:
            server = destination.for_saved_result(url)
            if server.url not in servers:
                _warn_of_exposure(server)
            if servers.setdefault(server.url, True):
                send_result(report.shrink_to_limit(entry), server)
                file.unlink()
                sent += 1
                print_stderr(f"Sent the result of {entry['framework']}, {entry['timestamp']}, to {server.url}.")
        except BadUsage as error:
            print_stderr(f"[ERROR] {file}: {error}")
        except NotDelivered as error:
            servers[server.url] = error.is_of_this_result
            print_stderr(f"[ERROR] {error}")
            print_stderr(f"The result is still saved in {file}. Send it with: {_command(destination, server, error)}")
    if not pending:
        print_stderr("There are no saved results to send.")
    return sent == len(pending)
