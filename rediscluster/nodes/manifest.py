"""Reads and writes cluster.json, the record of our cluster and its processes, saved before any starts. [io: files]"""

from __future__ import annotations

import errno
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from django.conf import settings

from rediscluster.errors import DiskFull, ManifestUnreadable
from rediscluster.topology.plan import Plan
from system.host.child_processes import Identity
from system.lib.files import write_atomically

FILE_NAME = "cluster.json"
FORMAT = 1
FOLDER_MODE, FILE_MODE = 0o700, 0o600
NO_SPACE_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # the limit of the disk, of the user and of the process

# The state set by the last operation. A state in -ing while nobody holds the lock: that operation was interrupted.
CREATING, RUNNING, STOPPING, STOPPED, RESUMING, CLEANING, FAILED = (
    "creating", "running", "stopping", "stopped", "resuming", "cleaning", "failed",
)  # fmt: skip


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
    """None without a cluster. Raises ManifestUnreadable."""
    path = cluster_folder() / FILE_NAME
    try:
        return _parse(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ManifestUnreadable(str(path), str(error) or type(error).__name__) from error


def _parse(content: dict[str, Any]) -> Manifest:
    if content["format"] != FORMAT:
        raise ValueError(f"its format is {content['format']}, but only {FORMAT} is supported")
    nodes = tuple(
        NodeRecord(node["port"], Identity(**node["process"]) if node["process"] else None) for node in content["nodes"]
    )
    rest = {
        name: content[name] for name in ("cluster_id", "state", "program", "executable", "version", "keys", "error")
    }
    return Manifest(plan=Plan(**content["plan"]), nodes=nodes, **rest)


def save(manifest: Manifest) -> Manifest:
    """Saves atomically: a reader sees either the old or the new manifest."""
    path = cluster_folder() / FILE_NAME
    write_file(path, json.dumps({"format": FORMAT, **asdict(manifest)}, indent=1))
    return manifest


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
