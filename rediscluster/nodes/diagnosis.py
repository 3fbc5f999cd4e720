"""Diagnoses why a node exited, from the end of its log. [pure]"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rediscluster.errors import DiskFull, NodeFailed, NodesConfUnreadable, RedisClusterError

NODES_CONF_ADVICE = "Restore its nodes.conf, or clean the cluster and set it up again."
LOW_DISK_BYTES = 2**20
_LOG_PREFIX = re.compile(r"^\d+:[A-Z] \d+ \w+ \d{4} [\d:.]+ [.\-*#] ")  # `812:M 23 Nov 2026 15:07:37.984 # `


def explain_exit(port: int, log_tail: Sequence[str], free_bytes: int) -> RedisClusterError:
    """The error for a node that exited, from its last log lines and the free space on its disk."""
    log = "\n".join(log_tail)
    cannot_write = "can't update cluster config file" in log or not log  # an empty log could not be written either
    if (cannot_write and free_bytes < LOW_DISK_BYTES) or "No space left on device" in log:
        return DiskFull(f"the node on {port} could not write its files", log_tail)
    if "corrupted cluster config file" in log or "Loading the cluster node config" in log:
        return NodesConfUnreadable(port, "its nodes.conf is damaged or cannot be read", log_tail, NODES_CONF_ADVICE)
    if "Failed listening on port" in log or "Could not create server TCP listening socket" in log:
        return NodeFailed(port, "its port or its bus port was taken by another program", log_tail)
    if not log_tail:
        return NodeFailed(port, "it exited with an empty log", log_tail)
    last_line = _LOG_PREFIX.sub("", log_tail[-1]).rstrip(".")
    return NodeFailed(port, f"it exited; its last log line is: {last_line}", log_tail)
