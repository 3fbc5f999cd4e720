"""What a node's log says about its end. [pure]"""

from __future__ import annotations

from collections.abc import Sequence

from rediscluster.errors import DiskFull, NodeFailed, NodesConfUnreadable, RedisClusterError

REBUILD = "Restore its nodes.conf, or clean the cluster and set it up again."


def why(port: int, log_tail: Sequence[str]) -> RedisClusterError:
    """The error for a node that ended, told by its last lines."""
    said = "\n".join(log_tail)
    if "No space left on device" in said:
        return DiskFull(f"the node on {port} could not write its files", log_tail)
    if "corrupted cluster config file" in said or "Loading the cluster node config" in said:
        return NodesConfUnreadable(port, "its nodes.conf is damaged", log_tail, REBUILD)
    if "Failed listening on port" in said or "Could not create server TCP listening socket" in said:
        return NodeFailed(port, "its port or its bus port was taken meanwhile", log_tail)
    last = log_tail[-1] if log_tail else "its log is empty"
    return NodeFailed(port, f"it ended at once, and said: {last}", log_tail)
