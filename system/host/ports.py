"""TCP ports of this machine: who listens, what can be listened on."""

from __future__ import annotations

import socket
from collections.abc import Iterable


def is_listening(port: int, host: str = "127.0.0.1", timeout_s: float = 0.2) -> bool:
    """Whether a connection to host:port is accepted."""
    try:
        with socket.create_connection((host, port), timeout=timeout_s):
            return True
    except (OSError, OverflowError, UnicodeError):  # the last two: a port or a name that cannot be
        return False


def bindable(host: str, port: int) -> bool:
    """Whether this process may listen on host:port just now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError, UnicodeError):
            return False
    return True


def listening_among(candidates: Iterable[int], host: str = "127.0.0.1") -> tuple[int, ...]:
    """Those of the ports that somebody listens on. On loopback a closed port refuses at once."""
    return tuple(port for port in candidates if is_listening(port, host))
