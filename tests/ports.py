"""A block of ports for this process alone: other workers and test suites have other blocks, and no server of anybody
is on its default ports here. [Loaded before Django]

70 blocks lie at 10000 to 16999, with the buses of Redis Cluster (+ 10000) at 20000 to 26999: below the ports that
the kernel gives to outgoing connections (32768 and up), and beside 3001-3005, 3100, 7000-7029 and 17000-17029.
A block is held by a lock on a file in the system's temporary folder, until the process ends.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from system.ports import bindable

BLOCKS = range(10_000, 17_000, 100)
BUS = 10_000  # how far above its port the bus of a Redis node is
_held: list[int] = []  # the lock goes when its descriptor is closed


def claim() -> int:
    """The first port of a block that nobody else has, and none of whose ports is listened on."""
    folder = Path(tempfile.gettempdir()) / "pm2site-test-ports"
    folder.mkdir(exist_ok=True)
    with suppress(PermissionError):  # somebody else's, who has opened it to all
        folder.chmod(0o777)
    for base in BLOCKS:
        with suppress(OSError):  # another process holds it, or another user has left it
            descriptor = os.open(folder / str(base), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(descriptor)
                raise
            if all(bindable("0.0.0.0", port + up) for port in range(base, base + 100) for up in (0, BUS)):
                _held.append(descriptor)
                return base
            os.close(descriptor)
    raise RuntimeError(f"No block of ports is free: {BLOCKS[0]} to {BLOCKS[-1] + 99}.")


BASE = claim()
# express is on BASE + 1, fastify on BASE + 2, and so on.
FRAMEWORK_PORT_OFFSET = BASE - 3000
EXPRESS, FASTIFY, NODE = BASE + 1, BASE + 2, BASE + 4
FRAMEWORK_PORTS = range(BASE + 1, BASE + 6)
REDIS = BASE + 10  # of the clusters that the tests themselves set up; 30 ports
SERVERS_REDIS = BASE + 40  # where servers look for one: there is none until they are told to set it up; 30 ports
_free = [*range(BASE + 70, BASE + 100), *range(BASE + BUS + 70, BASE + BUS + 100)]
_next: Iterator[int] = itertools.cycle(_free)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, and that no other process is given; all different."""
    found: list[int] = []
    for port in itertools.islice(_next, len(_free)):
        if len(found) == count:
            break
        if bindable("0.0.0.0", port):
            found.append(port)
    assert len(found) == count, "All ports of the block are taken."
    return found


def free_port() -> int:
    return free_ports(1)[0]
