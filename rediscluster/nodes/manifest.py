"""Reads and writes cluster.json, the record of our cluster and its processes, saved before any starts. [io: files]"""

from __future__ import annotations

import errno
import json
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings

from rediscluster.errors import DiskFull, ManifestUnreadable
from rediscluster.topology.plan import HIGHEST_PORT, PERSISTENCE, Plan
from system.host.child_processes import Identity
from system.lib.files import write_atomically
from system.lib.text import is_encodable

FILE_NAME = "cluster.json"
FORMAT = 1
MAX_BYTES = 2**20  # 30 nodes are 6 kB
MAX_COUNT = 2**63 - 1
SHOWN_LENGTH = 40
FOLDER_MODE, FILE_MODE = 0o700, 0o600
NO_SPACE_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # the limit of the disk, of the user and of the process

# The state set by the last operation. A state in -ing while nobody holds the lock: that operation was interrupted.
CREATING, RUNNING, STOPPING, STOPPED, RESUMING, CLEANING, FAILED = (
    "creating", "running", "stopping", "stopped", "resuming", "cleaning", "failed",
)  # fmt: skip
STATES = (CREATING, RUNNING, STOPPING, STOPPED, RESUMING, CLEANING, FAILED)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """A node of ours, and its current or last process."""

    port: int
    process: Identity | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """Our cluster as it was set up. `error`: why the last operation failed.

    `program` is the path that is started, `executable` the one that the system then reports: Debian's redis-server is
    a symlink to a program that depends on the name it is started by. `keys`: the number of keys when it was stopped.
    """

    cluster_id: str
    state: str
    plan: Plan
    program: str
    executable: str
    version: str
    nodes: tuple[NodeRecord, ...]
    keys: int = 0
    error: str | None = None

    @property
    def ports(self) -> tuple[int, ...]:
        return tuple(node.port for node in self.nodes)

    def with_process(self, port: int, process: Identity | None) -> Manifest:
        return replace(
            self, nodes=tuple(replace(node, process=process) if node.port == port else node for node in self.nodes)
        )


def new_manifest(plan: Plan, program: Path, version: str) -> Manifest:
    nodes = tuple(NodeRecord(port) for port in plan.ports)
    return Manifest(secrets.token_hex(8), CREATING, plan, str(program), str(program.resolve()), version, nodes)


def cluster_folder() -> Path:
    return Path(settings.REDIS_CLUSTER_DIR)


def load() -> Manifest | None:
    """None without a cluster. Raises ManifestUnreadable, also for a value of another type than ours: ports become
    folders, and pids are signalled."""
    path = cluster_folder() / FILE_NAME
    try:
        return _parse(json.loads(_read(path)))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ManifestUnreadable(str(path), str(error) or type(error).__name__) from error


def _read(path: Path) -> bytes:
    """Raises ValueError for what is no file of ours: reading a FIFO would wait for ever."""
    status = path.stat()
    if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
        if status.st_size > MAX_BYTES:
            raise ValueError(f"it has {status.st_size:,} bytes")
        return path.read_bytes()
    raise ValueError("it is not a file")


def _parse(content: dict[str, Any]) -> Manifest:
    if content["format"] != FORMAT:
        raise ValueError(f"its format is {content['format']}, but only {FORMAT} is supported")
    plan = _parse_plan(content["plan"])
    nodes = tuple(_parse_node(node) for node in content["nodes"])
    if tuple(node.port for node in nodes) != plan.ports:
        raise ValueError("its nodes are not those of its plan")
    texts = {name: _take(content, name, str) for name in ("cluster_id", "state", "program", "executable", "version")}
    if texts["state"] not in STATES:
        raise ValueError(f"its state is {texts['state']!r}")
    return Manifest(
        plan=plan,
        nodes=nodes,
        keys=_take_count(content, "keys"),
        error=None if content["error"] is None else _take(content, "error", str),
        **texts,
    )


def _parse_plan(content: dict[str, Any]) -> Plan:
    plan = Plan(**content)
    counts = {name: _take_count(content, name) for name in ("node_count", "replicas", "base_port", "max_memory_bytes")}
    last_port = counts["base_port"] + counts["node_count"] - 1
    is_divisible = plan.node_count > 0 and plan.node_count % (1 + plan.replicas) == 0
    if not is_divisible or last_port > HIGHEST_PORT or _take(content, "persistence", str) not in PERSISTENCE:
        raise ValueError("its plan is not possible")
    return plan


def _parse_node(content: dict[str, Any]) -> NodeRecord:
    process = Identity(**content["process"]) if content["process"] else None
    if process:
        pid, started_at = _take_count(content["process"], "pid"), process.started_at
        _take(content["process"], "boot_id", str)
        if pid < 2 or isinstance(started_at, bool) or not isinstance(started_at, int | float):
            raise ValueError("a process of its nodes is not one")
    return NodeRecord(_take_count(content, "port"), process)


def _take(content: dict[str, Any], name: str, kind: type[T]) -> T:
    """The value with this name and exactly this type. Raises KeyError, TypeError."""
    value = content[name]
    if type(value) is not kind or (isinstance(value, str) and not is_encodable(value)):
        raise TypeError(f"'{name}' is {ascii(value)[:SHOWN_LENGTH]}")
    return value


def _take_count(content: dict[str, Any], name: str) -> int:
    count = _take(content, name, int)
    if not 0 <= count <= MAX_COUNT:
        raise ValueError(f"'{name}' is {count}")
    return count


def save(manifest: Manifest) -> Manifest:
    """Saves atomically: a reader sees either the old or the new manifest."""
    path = cluster_folder() / FILE_NAME
    write_file(path, json.dumps({"format": FORMAT, **asdict(manifest)}, indent=1))
    return manifest


def save_if_possible(manifest: Manifest) -> str | None:
    """Like `save`; on a full disk, which a stop or a clean may be about to relieve, returns the reason instead."""
    try:
        save(manifest)
    except DiskFull as error:
        return str(error)
    return None


def remove() -> None:
    (cluster_folder() / FILE_NAME).unlink(missing_ok=True)


def write_file(path: Path, text: str) -> None:
    """Replaces a file of the cluster. Raises DiskFull."""
    with raising_disk_full(path):
        write_atomically(path, [text])


@contextmanager
def raising_disk_full(path: Path) -> Iterator[None]:
    """Wraps a block that writes `path`: raises DiskFull when no space is left."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_SPACE_ERRNOS:
            raise DiskFull(f"{path} could not be written") from error
        raise
