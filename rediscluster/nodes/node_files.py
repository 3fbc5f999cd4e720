"""Creates and checks the nodes' folders, and deletes only files that Redis or we write. [io: files]"""

from __future__ import annotations

import os
import shutil
import stat
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from rediscluster.errors import NotOurs
from rediscluster.nodes import manifest, redis_conf
from rediscluster.nodes.manifest import Manifest
from rediscluster.topology.plan import Plan
from system.lib.quantities import first_few

LOG_LINES = 20
TAIL_BYTES = 16 * 1024
# In the cluster's folder without a cluster.json: what a setup or a clean that was killed leaves, and a disk's own.
EXPECTED_ENTRIES = ("[0-9][0-9][0-9][0-9]", "[0-9][0-9][0-9][0-9][0-9]", f"{manifest.FILE_NAME}.tmp*", "lost+found")


@dataclass(frozen=True, slots=True)
class DeletedFiles:
    """Paths relative to the cluster's folder. `left`: entries that were not deleted."""

    deleted: tuple[str, ...]
    left: tuple[str, ...]


def node_folder(port: int) -> Path:
    """The folder of a node, resolved as in /proc."""
    return manifest.cluster_folder().resolve() / str(port)


def check_cluster_folder() -> None:
    """Checks that the cluster's folder is a real folder of our user, and empty or ours. Raises NotOurs."""
    folder = manifest.cluster_folder()
    try:
        _check_owned_folder(folder)
        if not folder.is_dir() or (folder / manifest.FILE_NAME).exists():
            return
        foreign = [name for name in sorted(os.listdir(folder)) if not _matches_any(name, EXPECTED_ENTRIES)]  # noqa: PTH208
    except OSError as error:
        raise NotOurs(f"{folder} cannot be used: {error.strerror}. Set REDIS_CLUSTER_DIR to another folder.") from error
    if foreign:
        raise NotOurs(
            f"{folder} contains entries not written by Redis or this server: {first_few(foreign)}. "
            "Nothing was changed; set REDIS_CLUSTER_DIR to an empty or a new folder."
        )


def check_node_folders(ports: tuple[int, ...]) -> None:
    """Checks that no node's folder is a symlink or belongs to another user. Raises NotOurs."""
    for port in ports:
        _check_owned_folder(manifest.cluster_folder() / str(port))


def check_node_contents(ports: tuple[int, ...]) -> None:
    """Checks that the nodes' folders contain only what Redis and we write. Raises NotOurs, naming the other entries."""
    folders = [manifest.cluster_folder() / str(port) for port in ports]
    unknown = [_relative(path) for folder in folders for path in _unknown_entries(folder, redis_conf.KNOWN_FILES)]
    if unknown:
        raise NotOurs(
            f"{manifest.cluster_folder()} contains entries not written by Redis or this server: {first_few(unknown)}. "
            "Nothing was changed; move them away and try again.",
            left=unknown,
        )


def _unknown_entries(folder: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    """Links are unknown whatever their name."""
    if not folder.is_dir():
        return
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name == redis_conf.APPEND_ONLY_FOLDER and entry.is_dir(follow_symlinks=False):
            yield from _unknown_entries(folder / entry.name, redis_conf.KNOWN_APPEND_ONLY_FILES)
        elif not (entry.is_file(follow_symlinks=False) and _matches_any(entry.name, patterns)):
            yield folder / entry.name


def check_no_foreign_data(ports: tuple[int, ...]) -> None:
    """Checks, when there is no manifest, that these folders hold no data of a cluster. Raises NotOurs."""
    for port in ports:
        for name in (redis_conf.NODES_FILE, *redis_conf.DATA_PATHS):
            path = manifest.cluster_folder() / str(port) / name
            if path.exists() or path.is_symlink():
                raise NotOurs(
                    f"{path} belongs to a cluster that this server did not set up. "
                    "Move it away, or set REDIS_CLUSTER_DIR."
                )


def _check_owned_folder(folder: Path) -> None:
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISLNK(status.st_mode):
        raise NotOurs(f"{folder} is a symlink. It was left alone; remove it, or set REDIS_CLUSTER_DIR.")
    if not stat.S_ISDIR(status.st_mode):
        raise NotOurs(f"{folder} is not a folder. It was left alone; move it away, or set REDIS_CLUSTER_DIR.")
    if status.st_uid != os.getuid():
        raise NotOurs(f"{folder} belongs to another user. It was left alone; set REDIS_CLUSTER_DIR.")


def create_cluster_folder() -> None:
    with manifest.raising_disk_full(manifest.cluster_folder()):
        manifest.cluster_folder().mkdir(mode=manifest.FOLDER_MODE, parents=True, exist_ok=True)


def create_node_folder(plan: Plan, port: int) -> Path:
    """Creates a node's folder with its redis.conf; returns the path of redis.conf."""
    folder = node_folder(port)
    with manifest.raising_disk_full(folder):
        folder.mkdir(mode=manifest.FOLDER_MODE, exist_ok=True)
    path = folder / redis_conf.CONF_FILE
    manifest.write_file(path, redis_conf.render(plan, port, folder))
    return path


def read_log_tail(port: int) -> list[str]:
    """The last lines of a node's log; empty when it has none."""
    try:
        with (node_folder(port) / redis_conf.LOG_FILE).open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - TAIL_BYTES))
            text = log.read().decode(errors="replace")
    except OSError:
        return []
    return [line.strip() for line in deque(text.splitlines(), maxlen=LOG_LINES) if line.strip()]


def free_disk_bytes() -> int:
    """Free space on the disk of the cluster's folder, or of its nearest existing parent."""
    folder = manifest.cluster_folder()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def delete_node_files(ports: tuple[int, ...], *, data_only: bool = False) -> DeletedFiles:
    """Deletes the files that Redis and we write, then each empty folder. Everything else is left, and listed."""
    deleted: list[str] = []
    left: list[str] = []
    for port in ports:
        folder = manifest.cluster_folder() / str(port)
        if not folder.is_dir() or folder.is_symlink():
            continue
        patterns = (redis_conf.DUMP_FILE, "temp-*.rdb") if data_only else redis_conf.KNOWN_FILES
        _delete_known_files(folder / redis_conf.APPEND_ONLY_FOLDER, redis_conf.KNOWN_APPEND_ONLY_FILES, deleted, left)
        _delete_known_files(folder, patterns, deleted, [] if data_only else left, keep_folder=data_only)
    return DeletedFiles(tuple(deleted), tuple(left))


def _delete_known_files(
    folder: Path, patterns: tuple[str, ...], deleted: list[str], left: list[str], *, keep_folder: bool = False
) -> None:
    """Deletes regular files whose names match; the folder is opened without following links."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return
    except OSError:
        left.append(_relative(folder))
        return
    try:
        for entry in sorted(os.listdir(descriptor)):  # noqa: PTH208 - of the opened folder, not of its path
            is_file = stat.S_ISREG(os.stat(entry, dir_fd=descriptor, follow_symlinks=False).st_mode)
            if is_file and _matches_any(entry, patterns):
                os.unlink(entry, dir_fd=descriptor)
                deleted.append(_relative(folder / entry))
            elif _relative(folder / entry) not in left:
                left.append(_relative(folder / entry))
        if not keep_folder and not os.listdir(descriptor):  # noqa: PTH208
            folder.rmdir()
    finally:
        os.close(descriptor)


def _matches_any(name: str, patterns: tuple[str, ...]) -> bool:
    return any(PurePath(name).match(pattern) for pattern in patterns)


def _relative(path: Path) -> str:
    return path.relative_to(manifest.cluster_folder()).as_posix()


def remove_cluster_folder() -> tuple[str, ...]:
    """Removes the cluster's folder if it is empty; otherwise returns the names of its entries."""
    folder = manifest.cluster_folder()
    for interrupted in folder.glob(f"{manifest.FILE_NAME}.tmp*"):
        interrupted.unlink(missing_ok=True)
    try:
        folder.rmdir()
    except OSError:
        return tuple(sorted(os.listdir(folder))) if folder.is_dir() else ()  # noqa: PTH208 - names, not paths
    return ()


def has_nodes_conf(port: int) -> bool:
    path = node_folder(port) / redis_conf.NODES_FILE
    return path.is_file() and path.stat().st_size > 0


def may_hold_keys(cluster: Manifest) -> bool:
    """Whether the files of nodes that are not running may hold an unknown number of keys."""
    return cluster.plan.persistence != "none" and any(
        (node_folder(port) / name).exists() for port in cluster.ports for name in redis_conf.DATA_PATHS
    )
