"""Renders a node's redis.conf, and names the files of a node's folder. [pure]"""

from __future__ import annotations

from pathlib import PurePath

from rediscluster.topology.plan import Plan

# A lost master is marked as failed after 1 to 1.5 times this (nodes ping at half of it), then an election of 0.5 to 1 s
# follows. Redis's default, 15 s, allows for network delays, which loopback does not have.
NODE_TIMEOUT_MS = 1500
CONF_FILE, LOG_FILE, NODES_FILE, PID_FILE = "redis.conf", "redis.log", "nodes.conf", "redis.pid"
DUMP_FILE, APPEND_ONLY_FOLDER = "dump.rdb", "appendonlydir"
DATA_PATHS = (DUMP_FILE, APPEND_ONLY_FOLDER)
# Everything that this server or redis-server writes into a node's folder; patterns of pathlib.
KNOWN_FILES = (
    CONF_FILE,
    LOG_FILE,
    NODES_FILE,
    PID_FILE,
    DUMP_FILE,
    "temp-*.rdb",
    "temp-rewriteaof-*.aof",
    "nodes.conf-*",
    "nodes.conf.tmp*",
    "redis.conf.tmp*",
)
KNOWN_APPEND_ONLY_FILES = ("appendonly.aof.*", "temp-*")

_SAVE_POINTS = {"none": '""', "rdb": "3600 1 300 100 60 10000", "aof": '""'}  # rdb: Redis's own defaults


def render(plan: Plan, port: int, folder: PurePath) -> str:
    """Bound to loopback only: the cluster bus has no authentication, and Redis has none by default.

    The two `repl-` lines save 5 s and up to 10 s of a setup: without them the first sync waits for more replicas, and
    a replica stays hidden until its master's next ping.
    """
    lines = (
        f"port {port}",
        "bind 127.0.0.1",
        "protected-mode yes",
        f"dir {_quote(str(folder))}",
        f"pidfile {_quote(str(folder / PID_FILE))}",
        f"logfile {_quote(str(folder / LOG_FILE))}",
        "daemonize no",
        "cluster-enabled yes",
        f"cluster-config-file {NODES_FILE}",
        f"cluster-node-timeout {NODE_TIMEOUT_MS}",
        "cluster-require-full-coverage yes",
        f"save {_SAVE_POINTS[plan.persistence]}",
        f"appendonly {'yes' if plan.persistence == 'aof' else 'no'}",
        f"dbfilename {DUMP_FILE}",
        "repl-diskless-sync-delay 0",
        "repl-ping-replica-period 1",
        "maxclients 10000",
        f"maxmemory {plan.max_memory_bytes}",
        "maxmemory-policy noeviction",
        "latency-monitor-threshold 100",
        "shutdown-timeout 3",
    )
    return "\n".join(lines) + "\n"


def _quote(text: str) -> str:
    """Quotes a value for redis.conf; it may contain spaces and quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
