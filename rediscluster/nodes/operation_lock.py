"""One operation at a time, across processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rediscluster.errors import OperationInProgress
from rediscluster.nodes import manifest
from system.lib import locks


def _path() -> Path:
    # Beside the folder, never in it and never removed: a lock on a file that was replaced meanwhile would be two locks.
    folder = manifest.folder()
    return folder.with_name(folder.name + ".lock")


@contextmanager
def operation(verb: str) -> Iterator[None]:
    """Hold the cluster for the block. Raises OperationInProgress, naming the operation that holds it; DiskFull."""
    with ExitStack() as held:
        with manifest.needing_space(_path()):
            other = held.enter_context(locks.exclusive(_path(), verb))
        if other:
            raise OperationInProgress(other)
        yield


def under_way() -> str | None:
    """The operation that holds the cluster just now."""
    return locks.holder(_path())
