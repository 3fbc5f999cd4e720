"""What can go wrong with a Redis Cluster. [pure]

RedisClusterError
├── InvalidPlan           a cluster of that shape cannot be
│   └── TooFewMasters     fewer than three masters, and nobody allowed it
├── ClusterAbsent         the action needs a cluster of ours
├── ClusterExists         another cluster of ours is there
├── ClusterStopped        ours is stopped: resume or clean it
├── OperationInProgress   another operation holds the lock
├── PortTaken             a data port or a bus port belongs to somebody else
├── NotOurs               a file, folder or process that we did not make
├── KeysExist             clean, without `confirm`, and there are keys
├── UnknownNode           no node of the cluster has that port
├── NodeUnreachable       a node does not answer
│   └── NodeTimeout       it is there, and does not answer in time
├── CommandRefused        a node answered with an error
├── FailoverRefused       the shard cannot be failed over
├── ServerTooOld          the redis-server found lacks what a cluster needs
├── NodeFailed            a redis-server did not start, or ended
│   └── NodesConfUnreadable   its nodes.conf is damaged or gone
├── DiskFull              no space left for a file of a node, or of ours
├── SaveFailed            a node could not write its keys, and goes on
├── NotReady              the cluster did not come up in time
├── ProbeFailed           a key that was written was not read back
└── ManifestUnreadable    cluster.json cannot be used
"""

from __future__ import annotations

from collections.abc import Sequence

from system.lib.quantities import several


class RedisClusterError(Exception):
    """The root of this app's errors. `fields` travels to the client as it is."""

    def __init__(self, message: str, **fields: object) -> None:
        super().__init__(message)
        self.fields: dict[str, object] | None = fields or None


class InvalidPlan(RedisClusterError):
    """A cluster of that shape cannot be."""


class TooFewMasters(InvalidPlan):
    """Redis elects a new master by a majority of masters: below three there is no failover."""


class ClusterAbsent(RedisClusterError):
    """The action needs a cluster of ours."""

    def __init__(self) -> None:
        super().__init__("There is no cluster of ours. Set one up first.")


class ClusterExists(RedisClusterError):
    """Another cluster of ours is there."""


class ClusterStopped(RedisClusterError):
    """Ours is stopped."""


class OperationInProgress(RedisClusterError):
    """Another operation holds the lock."""

    def __init__(self, operation: str) -> None:
        super().__init__(
            f"The cluster is busy: {operation} is under way. Try again when it is done.", operation=operation
        )


class PortTaken(RedisClusterError):
    """A data port or a bus port belongs to somebody else."""

    def __init__(self, port: int, holder: str, pid: int | None, bus_of: int | None) -> None:
        what = f"Port {port}" + (f", the cluster bus of {bus_of}," if bus_of else "")
        whose = f"{holder} (pid {pid})" if pid else holder
        super().__init__(
            f"{what} is taken by {whose}, which this server did not start. Stop it, or set REDIS_BASE_PORT.",
            port=port,
            pid=pid,
        )


class NotOurs(RedisClusterError):
    """A file, folder or process that we did not make, where ours should be. It was left alone."""


class KeysExist(RedisClusterError):
    """Clean deletes keys for ever."""

    def __init__(self, keys: int | None) -> None:
        """None: nodes that do not run have files with keys that nobody has counted."""
        holds = "may hold keys in its files" if keys is None else f"holds {several(keys, 'key')}"
        super().__init__(f"The cluster {holds}. Confirm (confirm: true) to delete them for ever.", keys=keys)


class UnknownNode(RedisClusterError):
    """No node of the cluster has that port."""

    def __init__(self, port: int, known: Sequence[int]) -> None:
        there = ", ".join(map(str, known)) or "none"
        super().__init__(f"No node of the cluster has port {port}. There are: {there}.")


class NodeUnreachable(RedisClusterError):
    """A node does not answer. `state`: down, unresponsive or loading."""

    def __init__(self, port: int, reason: str, state: str = "down") -> None:
        super().__init__(f"The node on {port} does not answer: {reason}.", port=port)
        self.reason, self.state = reason, state


class NodeTimeout(NodeUnreachable):
    """A node that is there does not answer in time: halted, or busy with one long command."""

    def __init__(self, port: int, timeout_s: float, setting: str = "") -> None:
        super().__init__(port, f"no reply within {timeout_s:g} s{setting and f' ({setting})'}", "unresponsive")


class CommandRefused(RedisClusterError):
    """A node answered with an error."""

    def __init__(self, port: int, command: str, reason: str) -> None:
        super().__init__(f"The node on {port} refused {command}: {reason}.", port=port)
        self.reason = reason


class FailoverRefused(RedisClusterError):
    """The shard cannot be failed over."""


class ServerTooOld(RedisClusterError):
    """The redis-server found lacks what a cluster needs."""

    def __init__(self, path: str, version: str, needed: str) -> None:
        super().__init__(
            f"{path} is version {version}; a cluster needs {needed} or newer. Upgrade it, or set REDIS_SERVER."
        )


class NodeFailed(RedisClusterError):
    """A redis-server did not start, or ended."""

    def __init__(self, port: int, reason: str, log_tail: Sequence[str], advice: str = "") -> None:
        super().__init__(
            f"The node on {port} did not come up: {reason}.{' ' + advice if advice else ''}",
            port=port,
            log=list(log_tail),
        )


class NodesConfUnreadable(NodeFailed):
    """A node's nodes.conf is damaged or gone."""


class DiskFull(RedisClusterError):
    """No space left for a file of a node, or of ours."""

    def __init__(self, what: str, log_tail: Sequence[str] = ()) -> None:
        super().__init__(f"No space left on the disk: {what}. Free some and try again.", log=list(log_tail))


class SaveFailed(RedisClusterError):
    """A node could not write its keys, and goes on."""

    def __init__(self, port: int, log_tail: Sequence[str]) -> None:
        super().__init__(
            f"The node on {port} could not save its keys and goes on running; nothing is lost. "
            "Free disk space, or stop with discard: true.",
            port=port,
            log=list(log_tail),
        )


class NotReady(RedisClusterError):
    """The cluster did not come up in time."""

    def __init__(self, waited_s: float, missing: Sequence[str], aftermath: str) -> None:
        super().__init__(
            f"The cluster was not ready within {waited_s:g} s: {'; '.join(missing) or 'no node answered'}. {aftermath}",
            missing=list(missing),
        )


class ProbeFailed(RedisClusterError):
    """A key that was written was not read back."""

    def __init__(self, port: int, reason: str) -> None:
        super().__init__(f"The shard of {port} does not take a write: {reason}.", port=port)


class ManifestUnreadable(RedisClusterError):
    """cluster.json cannot be used."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"{path} cannot be read: {reason}. Nothing was touched. "
            "Restore it, or stop the nodes and move its folder away."
        )
