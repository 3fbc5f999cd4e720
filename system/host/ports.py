"""TCP ports of this machine: which are listening, which can be bound."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable

RELEASE_TIMEOUT_S = 1.0
RELEASE_POLL_S = 0.02


def is_listening(port: int, host: str = "127.0.0.1", timeout_s: float = 0.2) -> bool:
    """Whether host:port accepts a connection."""
    try:
        with socket.create_connection((host, port), timeout=timeout_s):
            return True
    except (OSError, OverflowError, UnicodeError):  # the last two: an impossible port or host name
        return False


def is_bindable(host: str, port: int) -> bool:
    """Whether this process could listen on host:port now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError, UnicodeError):
            return False
    return True


def select_listening(candidates: Iterable[int], host: str = "127.0.0.1") -> tuple[int, ...]:
    """The candidates that accept connections. On loopback a closed port refuses at once."""
    return tuple(port for port in candidates if is_listening(port, host))


def is_released(is_taken: Callable[[], bool]) -> bool:
    """Wait for a port without a visible holder: a killed process leaves /proc before its sockets close. False if it is
    still taken after `RELEASE_TIMEOUT_S`, by a process of another user for example."""
    deadline_s = time.monotonic() + RELEASE_TIMEOUT_S
    while is_taken():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(RELEASE_POLL_S)
    return True
