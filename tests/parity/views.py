"""What can be seen, and where. [pure]"""

from __future__ import annotations

from collections.abc import Mapping

from dashboard_client.tui.model.action import Action
from tests.parity.row import Empty, Row

LIBRARY = Empty("no command; the Python library has a method")
PROGRAMS = Empty("for programs that scrape or probe")

HOST_AND_PROCESSES = (
    Row(
        "Host, processes, cluster and benchmarks at a glance", ("pm2", "redis", "benchmarks"), ("overview",),
        ("dashboard_client --once",), ("GET /api/system/stats", "GET /api/system/cpu", "GET /api/system/memory"),
    ),
    Row("Processes", ("pm2",), ("processes",), ("manage.py pm2 status", "run pm2 status"), ("GET /api/pm2/stats",)),
    Row(
        "A process: versions, ports, restarts, custom metrics, curves", ("process",), ("process",),
        Empty("`run pm2 status` and `run history` have parts of it"), ("GET /api/pm2/processes/{pm_id}",),
    ),
    Row(
        "Log lines: follow, search", ("logs", "Logs of all processes", Action.OPEN_PROCESS_LOGS), ("logs", "process"),
        ("manage.py pm2 logs", "run pm2 logs"), ("GET /api/pm2/logs", "POST /api/pm2/logs"),
    ),
    Row(
        "Exits of processes", ("activity", "process"), ("overview", "activity", "process"), LIBRARY,
        ("GET /api/pm2/exits",),
    ),
    Row(
        "An exit: cause, last output, memory before it", Empty("its line in the activity has the cause"), ("exit",),
        LIBRARY, ("GET /api/pm2/exits/{exit_id}",),
    ),
    Row(
        "CPU, memory and other metrics over time", ("chart", "cpu", "memory", "process", "node"),
        ("overview", "process", "node"), ("run history show", "run history metrics"),
        ("GET /api/history", "GET /api/history/metrics"),
    ),
    Row(
        "Activity: who did what", ("activity",), ("activity",), ("dashboard_client --once",), ("GET /api/activity",),
    ),
)  # fmt: skip
REDIS = (
    Row(
        "Nodes, shards, slots, replicas, lag", ("redis",), ("redis",),
        ("manage.py rediscluster status", "run redis status"), ("GET /api/redis/stats", "GET /api/redis/nodes"),
    ),
    Row(
        "State of the cluster, and the next step", ("Cluster status",), ("redis",),
        ("manage.py rediscluster status", "run redis status"), ("GET /api/redis/status",),
    ),
    Row("A node", ("node",), ("node",), ("run redis status",), ("GET /api/redis/stats",)),
    Row("INFO of a node", (Action.OPEN_NODE_INFO,), ("node",), LIBRARY, ("GET /api/redis/nodes/{port}/info",)),
    Row("Slow log of a node", (Action.OPEN_SLOW_LOG,), ("node",), LIBRARY, ("GET /api/redis/nodes/{port}/slowlog",)),
)  # fmt: skip
BENCHMARKS = (
    Row(
        "Queued and active runs", ("run", "runpage"), ("benchmarks", "overview"),
        Empty("a command waits for its own run"), ("GET /api/benchmark/runs",),
    ),
    Row(
        "Results", ("benchmarks", "history"), ("benchmarks",), ("run bench list",),
        ("GET /api/benchmark/all", "GET /api/benchmark/latest", "GET /api/benchmark/by-framework/{framework}"),
    ),
    Row(
        "A run: trials, checks, CPU of both sides", ("runpage",), ("run",), ("run bench run --json",),
        ("GET /api/benchmark/runs/{run_id}",),
    ),
    Row(
        "Latency by percentile", ("runpage",), ("run",), LIBRARY,
        ("GET /api/benchmark/runs/{run_id}/latency", "GET /api/benchmark/runs/{run_id}/histogram.hgrm"),
    ),
    Row(
        "A sweep: the rate that holds", ("runpage",), ("run",), ("run bench run --profile",),
        ("GET /api/benchmark/runs/{run_id}/sweep.csv",),
    ),
    Row(
        "Two runs against each other", ("compare", Action.MARK_RUN), ("compare",), ("run bench compare",),
        ("GET /api/benchmark/compare", "POST /api/benchmark/compare"),
    ),
    Row(
        "Newest result of each framework", ("Latest result of each framework, by endpoint", Action.OPEN_LATEST),
        ("rankings",), LIBRARY, ("GET /api/benchmark/latest-by-framework",),
    ),
    Row(
        "Rankings in tiers", Empty("the latest results are sorted, without tiers"), ("rankings",), LIBRARY,
        ("GET /api/benchmark/rankings",),
    ),
    Row(
        "Change points of a target's rate", Empty("needs a chart of the history"), ("benchmarks",), LIBRARY,
        ("GET /api/benchmark/change-points",),
    ),
    Row("Baselines", ("runpage",), ("benchmarks", "run"), LIBRARY, ("GET /api/benchmark/baselines",)),
    Row(
        "Counts and rates by framework", Empty("the history has the results"),
        Empty("its rankings compare the newest valid runs"), LIBRARY,
        ("GET /api/benchmark/stats",),
    ),
    Row(
        "Targets", ("form", "NAME GET /PATH"), ("targets",), ("run bench targets", "manage.py targets list"),
        ("GET /api/benchmark/targets", "GET /api/benchmark/targets/{name}", "GET /api/pm2/frameworks"),
    ),
)  # fmt: skip
ACCESS = (
    Row(
        "Tokens, and when they were used last", Empty("`manage.py token` lists them"), ("access",),
        ("manage.py token",), ("GET /api/access/tokens",),
    ),
    Row(
        "Who is connected", Empty("the page and the API have it"), ("access", "overview"), LIBRARY,
        ("GET /api/access/connections",),
    ),
    Row(
        "What the credential may do", ("menu",), ("access",), Empty("a refusal states it"), ("GET /api/access/me",),
    ),
    Row(
        "Dependencies of the server", ("Check the server's installation",), ("overview",),
        Empty("the server prints them when it starts"), ("GET /ready",),
    ),
    Row(
        "What the server offers", ("menu", "palette"), ("processes", "benchmarks"), ("run bench targets",),
        ("GET /api/system/config",),
    ),
    Row(
        "Advice for a lost connection", ("Troubleshoot the connection",), Empty("its header names the reason"),
        Empty("each error names the next step"), Empty("cannot be reached"),
    ),
    Row(
        "State for monitoring", PROGRAMS, PROGRAMS, PROGRAMS,
        ("GET /health", "GET /metrics", "GET /metrics/redis", "GET /metrics/targets"),
    ),
)  # fmt: skip

TOPICS: Mapping[str, tuple[Row, ...]] = {
    "Host and processes": HOST_AND_PROCESSES, "Redis cluster": REDIS, "Runs and results": BENCHMARKS,
    "Access and server": ACCESS,
}  # fmt: skip
