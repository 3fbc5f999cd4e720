"""redis.conf of a node, and the files that a node keeps. [pure]"""

from __future__ import annotations

from pathlib import PurePath

from rediscluster.topology.plan import Plan

# A lost master counts as failed after one to one and a half of these (nodes ping at half of it), and a vote of half a
# second to a second follows. Redis's default, 15 s, is patience with a network, which there is none of here.
NODE_TIMEOUT_MS = 1500
CONF, LOG, NODES, PID = "redis.conf", "redis.log", "nodes.conf", "redis.pid"
DUMP, APPEND_ONLY = "dump.rdb", "appendonlydir"
DATA = (DUMP, APPEND_ONLY)
# Everything that we or our redis-servers write into a node's folder; patterns as pathlib knows them.
KNOWN = (
    CONF,
    LOG,
    NODES,
    PID,
    DUMP,
    "temp-*.rdb",
    "temp-rewriteaof-*.aof",
    "nodes.conf-*",
    "nodes.conf.tmp*",
    "redis.conf.tmp",
)
KNOWN_APPEND_ONLY = ("appendonly.aof.*", "temp-*")

_SAVE = {"none": '""', "rdb": "3600 1 300 100 60 10000", "aof": '""'}  # rdb: Redis's own defaults


def redis_conf(plan: Plan, port: int, folder: PurePath) -> str:
    """On loopback only: the cluster bus has no authentication, and Redis none unless it is told.

    The two `repl-` lines save 5 s and up to 10 s of a setup: without them the first sync waits for more replicas, and
    a replica stays hidden until its master's next ping.
    """
    lines = (
        f"port {port}",
        "bind 127.0.0.1",
        "protected-mode yes",
        f"dir {quoted(str(folder))}",
        f"pidfile {quoted(str(folder / PID))}",
        f"logfile {quoted(str(folder / LOG))}",
        "daemonize no",
        "cluster-enabled yes",
        f"cluster-config-file {NODES}",
        f"cluster-node-timeout {NODE_TIMEOUT_MS}",
        "cluster-require-full-coverage yes",
        f"save {_SAVE[plan.persistence]}",
        f"appendonly {'yes' if plan.persistence == 'aof' else 'no'}",
        f"dbfilename {DUMP}",
        "repl-diskless-sync-delay 0",
        "repl-ping-replica-period 1",
        "maxclients 10000",
        f"maxmemory {plan.max_memory_bytes}",
        "maxmemory-policy noeviction",
        "latency-monitor-threshold 100",
        "shutdown-timeout 3",
    )
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """As redis.conf wants a value that may hold spaces or quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
