"""Lock file that allows one cluster operation at a time, across processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rediscluster.errors import FolderNotWritable, OperationInProgress
from rediscluster.nodes import manifest, node_files
from system.lib import locks


def _lock_path() -> Path:
    # Next to the folder, not in it, and never removed: if the lock file were replaced, two processes could hold it.
    folder = manifest.cluster_folder()
    return folder.parent / f"{folder.name}.lock"


@contextmanager
def hold_lock(operation: str) -> Iterator[None]:
    """Holds the lock for the block. Raises OperationInProgress, naming the operation that holds it; NotOurs without
    writing anything when the cluster's folder is not ours; FolderNotWritable, DiskFull."""
    node_files.check_cluster_folder()
    with ExitStack() as stack:
        try:
            with manifest.raising_disk_full(_lock_path()):
                holder = stack.enter_context(locks.exclusive(_lock_path(), operation))
        except OSError as error:
            raise FolderNotWritable(str(_lock_path()), error.strerror or str(error)) from error
        if holder:
            raise OperationInProgress(holder)
        yield


def current_operation() -> str | None:
    """The operation that currently holds the lock."""
    return locks.holder(_lock_path())
