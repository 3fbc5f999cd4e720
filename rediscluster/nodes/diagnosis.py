"""What a node's log says about its end. [pure]"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rediscluster.errors import DiskFull, NodeFailed, NodesConfUnreadable, RedisClusterError

REBUILD = "Restore its nodes.conf, or clean the cluster and set it up again."
LITTLE_BYTES = 2**20
_PREFIX = re.compile(r"^\d+:[A-Z] \d+ \w+ \d{4} [\d:.]+ [.\-*#] ")  # `812:M 23 Nov 2026 15:07:37.984 # `


def why(port: int, log_tail: Sequence[str], free_bytes: int) -> RedisClusterError:
    """The error for a node that ended, told by its last lines and the space that its disk has left."""
    said = "\n".join(log_tail)
    cannot_write = "can't update cluster config file" in said or not said  # not even a log
    if (cannot_write and free_bytes < LITTLE_BYTES) or "No space left on device" in said:
        return DiskFull(f"the node on {port} could not write its files", log_tail)
    if "corrupted cluster config file" in said or "Loading the cluster node config" in said:
        return NodesConfUnreadable(port, "its nodes.conf is damaged or cannot be read", log_tail, REBUILD)
    if "Failed listening on port" in said or "Could not create server TCP listening socket" in said:
        return NodeFailed(port, "its port or its bus port was taken meanwhile", log_tail)
    last = _PREFIX.sub("", log_tail[-1]).rstrip(".") if log_tail else "nothing"
    return NodeFailed(port, f"it ended, and said: {last}", log_tail)
