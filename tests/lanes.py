"""The marker `real`: a test with it may start processes (PM2, Redis, servers, generators, terminals), no other may.

It is given to each test with one of the fixtures named here; a module that starts processes by itself says
`pytestmark = pytest.mark.real`. `make test-fast` runs the others.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

STARTING = frozenset({
    "cluster_folder", "open_screen", "own_server", "pm2_home", "redis_cluster", "redis_standalone", "server",
    "shared_server", "start_server",
})  # fmt: skip
STARTS = ("os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "subprocess.Popen")
VERSION_FLAGS = (["--version"], ["-v"])
_watched: list[
    list[str]
] = []  # what the test that runs has started against the rule; empty while it may start anything


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if STARTING & set(getattr(item, "fixturenames", ())):
            item.add_marker("real")


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: sees every start of a process in this one, in whatever library."""
    if not _watched or event not in STARTS:
        return
    command = [str(part) for part in arguments[1]] if event == "subprocess.Popen" else [event]
    if command[1:] not in VERSION_FLAGS:  # a program is only asked who it is
        _watched[-1].append(" ".join(command))
        raise RuntimeError(f"A test without the marker real started {' '.join(command)}")


sys.addaudithook(_refuse)


@pytest.fixture(autouse=True)
def _only_real_tests_start_processes(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.node.get_closest_marker("real"):
        yield
        return
    started: list[str] = []
    _watched.append(started)
    yield
    _watched.pop()
    assert started == [], "Only a test with the marker real may start processes."
