"""Finds the processes that serve a local port, by connecting to it. [io: sockets]"""

from __future__ import annotations

import contextlib
import socket
import time

from system.host import process_lookup

CONNECTIONS = 32  # a cluster distributes them round robin to its workers
ACCEPT_S = 0.2
CONNECT_S = 2.0


def serving_pids(address: str, port: int) -> tuple[int, ...]:
    """Empty if nothing listens, or if the processes belong to other users and are not visible. Blocking."""
    with contextlib.ExitStack() as stack:
        try:
            for _ in range(CONNECTIONS):
                stack.enter_context(socket.create_connection((address, port), CONNECT_S))
        except OSError:
            return ()
        time.sleep(ACCEPT_S)
        return process_lookup.pids_serving(port)
