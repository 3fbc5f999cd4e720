"""Errors of the Redis Cluster app. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from system.lib.errors import Conflict, Invalid, NotFound, ReportedError, TimedOut, Unavailable, Upstream
from system.lib.quantities import pluralize
from system.lib.text import printable

SHOWN_REPLY_LENGTH = 80


class RedisClusterError(ReportedError):
    """The base of this app's errors."""


class InvalidPlan(RedisClusterError, Invalid):
    """The cluster's shape is not possible."""


class TooFewMasters(InvalidPlan):
    """Redis elects a new master by a majority of the masters: with fewer than three there is no failover."""


class ClusterAbsent(RedisClusterError, Conflict):
    """The action needs a cluster of ours."""

    def __init__(self) -> None:
        super().__init__("This server has no cluster. Set one up first.")


class ClusterExists(RedisClusterError, Conflict):
    """Another cluster of ours exists."""


class ClusterStopped(RedisClusterError, Conflict):
    """Our cluster is stopped."""


class OperationInProgress(RedisClusterError, Conflict):
    """Another operation holds the lock."""

    def __init__(self, operation: str) -> None:
        super().__init__(
            f"The cluster is busy: {operation} is in progress. Try again when it has finished.", operation=operation
        )


class OperationCancelled(RedisClusterError, Unavailable):
    """The server shuts down. A setup is undone; the others can be repeated."""

    def __init__(self, operation: str) -> None:
        ended = "and undone" if operation == "setup" else "before it had finished; repeat it"
        super().__init__(f"The server is shutting down: {operation} was cancelled {ended}.", operation=operation)


class PortTaken(RedisClusterError, Conflict):
    """A data port or a bus port is in use by another program. `bus_of`: the data port of the bus port `port`."""

    def __init__(self, port: int, holder: str, pid: int | None, bus_of: int | None) -> None:
        taken = f"Port {port}" + (f" (cluster bus of {bus_of})" if bus_of else "")
        program = f"{holder} (pid {pid})" if pid else holder
        super().__init__(
            f"{taken} is in use by {program}, which this server did not start. Stop it, or set REDIS_BASE_PORT.",
            port=port,
            pid=pid,
        )


class NotOurs(RedisClusterError, Conflict):
    """A file, folder or process that this server did not create, in the place of ours. It was left alone."""


class FolderNotWritable(RedisClusterError, Unavailable):
    """A file next to the cluster's folder cannot be created."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"{path} cannot be created: {reason}. Set REDIS_CLUSTER_DIR to a folder in one that this user can write."
        )


class KeysExist(RedisClusterError, Conflict):
    """Clean deletes keys permanently."""

    def __init__(self, keys: int | None) -> None:
        """`keys` is None when nodes that are not running have files with an unknown number of keys."""
        holds = "may hold keys in its files" if keys is None else f"holds {pluralize(keys, 'key')}"
        super().__init__(f"The cluster {holds}. Confirm (confirm: true) to delete them permanently.", keys=keys)


class UnknownNode(RedisClusterError, NotFound):
    """No node of the cluster has that port."""

    code = "node_not_found"

    def __init__(self, port: int, known: Sequence[int]) -> None:
        nodes = ", ".join(map(str, known)) or "none"
        super().__init__(f"The cluster has no node on port {port}. Nodes: {nodes}.")


class NodeUnreachable(RedisClusterError, Unavailable):
    """A node does not respond. `state`: down, unresponsive, loading, or up: it responds, but cannot be used."""

    def __init__(self, port: int, reason: str, state: str = "down") -> None:
        trouble = "cannot be used" if state == "up" else "does not respond"
        super().__init__(f"The node on {port} {trouble}: {reason}.", port=port)
        self.reason, self.state = reason, state


class NodeTimeout(NodeUnreachable):
    """A running node does not respond in time: suspended, or busy with one long command."""

    status = HTTPStatus.GATEWAY_TIMEOUT
    code = "redis_timeout"

    def __init__(self, port: int, timeout_s: float, setting: str = "") -> None:
        super().__init__(port, f"no reply within {timeout_s:g} s{setting and f' ({setting})'}", "unresponsive")


class CommandRefused(RedisClusterError, Upstream):
    """A node replied with an error."""

    code = "redis_refused"

    def __init__(self, port: int, command: str, reason: str) -> None:
        super().__init__(f"The node on {port} rejected {command}: {reason}.", port=port)
        self.reason = reason


class ReplyNotUnderstood(RedisClusterError, Upstream):
    """A reply is not one that Redis gives to the command: another program replied, or a Redis with other rules.

    `reason`: for a sentence about the node.
    """

    code = "redis_not_understood"

    def __init__(self, command: str, reply: object) -> None:
        excerpt = f"{reply!r}"
        excerpt = excerpt if len(excerpt) <= SHOWN_REPLY_LENGTH else f"{excerpt[:SHOWN_REPLY_LENGTH]}…"
        self.reason = f"not understood: {command} was answered with {excerpt}"
        super().__init__(f"The reply of the node is {self.reason}.")


class FailoverRefused(RedisClusterError, Conflict):
    """The shard cannot be failed over."""


class ServerTooOld(RedisClusterError, Unavailable):
    """The installed redis-server is too old for a cluster."""

    code = "redis_too_old"

    def __init__(self, path: str, version: str, needed: str) -> None:
        super().__init__(
            f"{path} is version {version}; a cluster needs {needed} or newer. Upgrade it, or set REDIS_SERVER."
        )


class NodeFailed(RedisClusterError, Upstream):
    """A redis-server did not start, or exited."""

    def __init__(self, port: int, reason: str, log_tail: Sequence[str], advice: str = "") -> None:
        super().__init__(
            f"The node on {port} failed: {reason}.{' ' + advice if advice else ''}",
            port=port,
            log=list(log_tail),
        )


class NodesConfUnreadable(NodeFailed):
    """A node's nodes.conf is damaged or missing."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class DiskFull(RedisClusterError):
    """No space left for a file of a node, or of ours."""

    status = HTTPStatus.INSUFFICIENT_STORAGE

    def __init__(self, reason: str, log_tail: Sequence[str] = ()) -> None:
        super().__init__(f"No space left on disk: {reason}. Free some and try again.", log=list(log_tail))


class SaveFailed(RedisClusterError):
    """A node could not save its keys, and is still running."""

    status = HTTPStatus.INSUFFICIENT_STORAGE

    def __init__(self, port: int, log_tail: Sequence[str]) -> None:
        super().__init__(
            f"The node on {port} could not save its keys and is still running; nothing is lost. "
            "Free disk space, or stop with discard: true.",
            port=port,
            log=list(log_tail),
        )


class NotReady(RedisClusterError, TimedOut):
    """The cluster was not ready in time."""

    code = "cluster_not_ready"

    def __init__(self, waited_s: float, missing: Sequence[str], aftermath: str) -> None:
        reasons = "; ".join(missing) or "no node responded"
        super().__init__(
            f"The cluster was not ready within {waited_s:g} s: {reasons}. {aftermath}", missing=list(missing)
        )


class ProbeFailed(RedisClusterError, Upstream):
    """A key that was written could not be read back."""

    def __init__(self, port: int, reason: str) -> None:
        super().__init__(f"The shard of {port} does not accept writes: {reason}.", port=port)


class ManifestUnreadable(RedisClusterError):
    """cluster.json cannot be used. `problem`: what is wrong; `advice`: the next step."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    advice = "Restore it, or stop the nodes and move its folder away."

    def __init__(self, path: str, reason: str) -> None:
        self.problem = f"{path} cannot be read: {printable(reason)}."
        super().__init__(f"{self.problem} Nothing was changed. {self.advice}")
