"""Lock file that allows one cluster operation at a time, across processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rediscluster.errors import OperationInProgress
from rediscluster.nodes import manifest
from system.lib import locks


def _lock_path() -> Path:
    # Next to the folder, not in it, and never removed: if the lock file were replaced, two processes could hold it.
    folder = manifest.cluster_folder()
    return folder.with_name(folder.name + ".lock")


@contextmanager
def hold_lock(operation: str) -> Iterator[None]:
    """Holds the lock for the block. Raises OperationInProgress, naming the operation that holds it; DiskFull."""
    with ExitStack() as stack:
        with manifest.raising_disk_full(_lock_path()):
            holder = stack.enter_context(locks.exclusive(_lock_path(), operation))
        if holder:
            raise OperationInProgress(holder)
        yield


def current_operation() -> str | None:
    """The operation that currently holds the lock."""
    return locks.holder(_lock_path())
