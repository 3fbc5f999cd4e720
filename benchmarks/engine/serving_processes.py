"""Which processes serve a port of this machine: asked by connecting. [io: sockets]"""

from __future__ import annotations

import contextlib
import socket
import time

from system.host import counters

CONNECTIONS = 32  # a cluster hands them to its workers in turn
ACCEPT_S = 0.2
CONNECT_S = 2.0


def of(address: str, port: int) -> tuple[int, ...]:
    """Their pids; none when nobody listens, or when other users' processes cannot be seen. For threads."""
    with contextlib.ExitStack() as stack:
        try:
            for _ in range(CONNECTIONS):
                stack.enter_context(socket.create_connection((address, port), CONNECT_S))
        except OSError:
            return ()
        time.sleep(ACCEPT_S)
        return counters.serving(port)
