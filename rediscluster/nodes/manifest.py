"""cluster.json: what we made, written before anything is started, and how to know it again. [io: files]"""

from __future__ import annotations

import errno
import json
import os
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

NAME = "cluster.json"
FORMAT = 1
FOLDER_MODE, FILE_MODE = 0o700, 0o600
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # the disk's, the user's and the process's own limit

# What the cluster was last told to be. A word in -ing without anybody holding the lock: the server ended meanwhile.
CREATING, RUNNING, STOPPING, STOPPED, RESUMING, CLEANING, FAILED = (
    "creating", "running", "stopping", "stopped", "resuming", "cleaning", "failed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Record:
    """A node of ours, and the process that runs it or last ran it."""

    port: int
    process: Identity | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a cluster of ours was made as. `error`: why the last operation failed.

    `program` is what is started, `executable` what the system then shows: Debian's redis-server is a symlink to a
    program that looks at its own name. `keys`: how many there were when the cluster was stopped.
    """

    cluster_id: str
    state: str
    plan: Plan
    program: str
    executable: str
    version: str
    nodes: tuple[Record, ...]
    keys: int = 0
    error: str | None = None

    @property
    def ports(self) -> tuple[int, ...]:
        return tuple(each.port for each in self.nodes)

    def with_process(self, port: int, process: Identity | None) -> Manifest:
        return replace(
            self, nodes=tuple(replace(each, process=process) if each.port == port else each for each in self.nodes)
        )


def new(plan: Plan, program: Path, version: str) -> Manifest:
    nodes = tuple(Record(port) for port in plan.ports)
    return Manifest(secrets.token_hex(8), CREATING, plan, str(program), str(program.resolve()), version, nodes)


def folder() -> Path:
    return Path(settings.REDIS_CLUSTER_DIR)


def load() -> Manifest | None:
    """None without a cluster. Raises ManifestUnreadable."""
    path = folder() / NAME
    try:
        return _parse(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ManifestUnreadable(str(path), str(error) or type(error).__name__) from error


def _parse(shape: dict[str, Any]) -> Manifest:
    if shape["format"] != FORMAT:
        raise ValueError(f"it has format {shape['format']}, and {FORMAT} is known")
    nodes = tuple(
        Record(each["port"], Identity(**each["process"]) if each["process"] else None) for each in shape["nodes"]
    )
    rest = {name: shape[name] for name in ("cluster_id", "state", "program", "executable", "version", "keys", "error")}
    return Manifest(plan=Plan(**shape["plan"]), nodes=nodes, **rest)


def save(manifest: Manifest) -> Manifest:
    """In one step, so that whoever reads sees the old or the new one."""
    path = folder() / NAME
    write(path, json.dumps({"format": FORMAT, **asdict(manifest)}, indent=1))
    return manifest


def remove() -> None:
    (folder() / NAME).unlink(missing_ok=True)


def write(path: Path, text: str) -> None:
    """Replace a file by way of a neighbour, with our mode, on the disk when this returns."""
    beside = path.with_name(path.name + ".tmp")
    beside.unlink(missing_ok=True)
    with needing_space(path):
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except OSError:
            beside.unlink(missing_ok=True)
            raise


@contextmanager
def needing_space(path: Path) -> Iterator[None]:
    """The block writes `path`. Raises DiskFull when there is no room for it."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_SPACE:
            raise DiskFull(f"{path} could not be written") from error
        raise
