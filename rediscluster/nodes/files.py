"""The folders of the nodes: made, checked, and emptied of what we know, never of more. [io: files]"""

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


@dataclass(frozen=True, slots=True)
class Swept:
    """Paths, relative to the cluster's folder."""

    deleted: tuple[str, ...]
    left: tuple[str, ...]


def of_node(port: int) -> Path:
    """The folder of a node, as /proc names it."""
    return manifest.folder().resolve() / str(port)


def check_folder() -> None:
    """Our folder is a real folder of ours. Raises NotOurs."""
    _check(manifest.folder())


def check_nodes(ports: tuple[int, ...]) -> None:
    """No folder of a node is a symlink or somebody else's. Raises NotOurs."""
    for port in ports:
        _check(manifest.folder() / str(port))


def check_contents(ports: tuple[int, ...]) -> None:
    """The folders of the nodes hold what Redis and we write, and nothing else. Raises NotOurs, naming the rest."""
    strangers = [_shown(path) for port in ports for path in _strangers(manifest.folder() / str(port), redis_conf.KNOWN)]
    if strangers:
        raise NotOurs(
            f"{manifest.folder()} holds what neither Redis nor this server wrote: {first_few(strangers)}. "
            "Nothing was touched; move it away and try again.",
            left=strangers,
        )


def _strangers(folder: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    """Links too, whatever they are called."""
    if not folder.is_dir():
        return
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name == redis_conf.APPEND_ONLY and entry.is_dir(follow_symlinks=False):
            yield from _strangers(folder / entry.name, redis_conf.KNOWN_APPEND_ONLY)
        elif not (entry.is_file(follow_symlinks=False) and _is_known(entry.name, patterns)):
            yield folder / entry.name


def check_unclaimed(ports: tuple[int, ...]) -> None:
    """Without a manifest nothing in these folders is known to be ours. Raises NotOurs."""
    for port in ports:
        for name in (redis_conf.NODES, *redis_conf.DATA):
            path = manifest.folder() / str(port) / name
            if path.exists() or path.is_symlink():
                raise NotOurs(
                    f"{path} is of a cluster that this server did not make. Move it away, or set REDIS_CLUSTER_DIR."
                )


def _check(folder: Path) -> None:
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISLNK(found.st_mode):
        raise NotOurs(f"{folder} is a symlink. It was left alone; remove it, or set REDIS_CLUSTER_DIR.")
    if not stat.S_ISDIR(found.st_mode):
        raise NotOurs(f"{folder} is not a folder. It was left alone; move it away, or set REDIS_CLUSTER_DIR.")
    if found.st_uid != os.getuid():
        raise NotOurs(f"{folder} belongs to another user. It was left alone; set REDIS_CLUSTER_DIR.")


def make_folder() -> None:
    with manifest.needing_space(manifest.folder()):
        manifest.folder().mkdir(mode=manifest.FOLDER_MODE, parents=True, exist_ok=True)


def make_node(plan: Plan, port: int) -> Path:
    """A node's folder with its redis.conf; the path of the latter."""
    folder = of_node(port)
    with manifest.needing_space(folder):
        folder.mkdir(mode=manifest.FOLDER_MODE, exist_ok=True)
    path = folder / redis_conf.CONF
    manifest.write(path, redis_conf.redis_conf(plan, port, folder))
    return path


def log_tail(port: int) -> list[str]:
    """The last lines of a node's log; empty without one."""
    try:
        with (of_node(port) / redis_conf.LOG).open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - TAIL_BYTES))
            text = log.read().decode(errors="replace")
    except OSError:
        return []
    return [line.strip() for line in deque(text.splitlines(), maxlen=LOG_LINES) if line.strip()]


def free_bytes() -> int:
    """What the disk of the cluster's folder, or of the folder that it will be made in, has left."""
    folder = manifest.folder()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def sweep(ports: tuple[int, ...], *, data_only: bool = False) -> Swept:
    """Delete the files that Redis and we write, then each folder that is empty. The rest is left, and named."""
    deleted: list[str] = []
    left: list[str] = []
    for port in ports:
        folder = manifest.folder() / str(port)
        if not folder.is_dir() or folder.is_symlink():
            continue
        patterns = (redis_conf.DUMP, "temp-*.rdb") if data_only else redis_conf.KNOWN
        _sweep(folder / redis_conf.APPEND_ONLY, redis_conf.KNOWN_APPEND_ONLY, deleted, left)
        _sweep(folder, patterns, deleted, [] if data_only else left, keep=data_only)
    return Swept(tuple(deleted), tuple(left))


def _sweep(folder: Path, patterns: tuple[str, ...], deleted: list[str], left: list[str], *, keep: bool = False) -> None:
    """Only plain files, by name; a folder that we expect is opened without following links."""
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return
    except OSError:
        left.append(_shown(folder))
        return
    try:
        for entry in sorted(os.listdir(opened)):  # noqa: PTH208 - of the opened folder, not of its path
            is_file = stat.S_ISREG(os.stat(entry, dir_fd=opened, follow_symlinks=False).st_mode)
            if is_file and _is_known(entry, patterns):
                os.unlink(entry, dir_fd=opened)
                deleted.append(_shown(folder / entry))
            elif _shown(folder / entry) not in left:
                left.append(_shown(folder / entry))
        if not keep and not os.listdir(opened):  # noqa: PTH208
            folder.rmdir()
    finally:
        os.close(opened)


def _is_known(name: str, patterns: tuple[str, ...]) -> bool:
    return any(PurePath(name).match(pattern) for pattern in patterns)


def _shown(path: Path) -> str:
    return path.relative_to(manifest.folder()).as_posix()


def remove_folder() -> tuple[str, ...]:
    """The cluster's own folder, when nothing is left in it; else the names of what is."""
    folder = manifest.folder()
    try:
        folder.rmdir()
    except OSError:
        return tuple(sorted(os.listdir(folder))) if folder.is_dir() else ()  # noqa: PTH208 - names, not paths
    return ()


def has_nodes_conf(port: int) -> bool:
    path = of_node(port) / redis_conf.NODES
    return path.is_file() and path.stat().st_size > 0


def may_hold_keys(made: Manifest) -> bool:
    """Whether the files of nodes that do not run may hold keys that nobody has counted."""
    return made.plan.persistence != "none" and any(
        (of_node(port) / name).exists() for port in made.ports for name in redis_conf.DATA
    )
