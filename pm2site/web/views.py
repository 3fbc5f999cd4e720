"""The views of the page: their addresses, and the responses of the API that each needs at once. [pure]

static/pm2site/views/ draws them; its routes.js has the same addresses.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class View:
    """`path`: as Django writes it, without the leading slash. `module`: below static/pm2site/views/. `reads`: URLs of
    the API with the path's values in braces, whose responses are embedded in the page."""

    name: str
    path: str
    title: str
    module: str
    reads: tuple[str, ...] = ()


# What the header of every view shows, and every stream of /ws begins with.
COMMON_READS = (
    "/api/access/me", "/api/system/config", "/api/system/stats", "/api/pm2/stats", "/api/redis/stats",
    "/api/benchmark/runs", "/api/benchmark/latest?count=12", "/api/activity?limit=50",
)  # fmt: skip
VIEWS = (
    View("overview", "", "Overview", "overview", ("/ready", "/api/pm2/exits?limit=5", "/api/access/connections")),
    View(
        "processes", "processes", "Processes", "processes/processes",
        ("/api/pm2/frameworks", "/api/benchmark/targets"),
    ),
    View("process", "processes/<int:pm_id>", "Process", "processes/process", ("/api/pm2/processes/{pm_id}",)),
    View("exit", "processes/exits/<int:exit_id>", "Exit", "processes/exit", ("/api/pm2/exits/{exit_id}",)),
    View("logs", "logs", "Logs", "processes/logs"),
    View("redis", "redis", "Redis", "redis/redis", ("/api/redis/status",)),
    View("node", "redis/<int:port>", "Redis node", "redis/node", ("/api/redis/status",)),
    View("benchmarks", "benchmarks", "Benchmarks", "benchmarks/benchmarks"),
    View("targets", "benchmarks/targets", "Targets", "benchmarks/targets"),
    View("compare", "benchmarks/compare", "Comparison", "benchmarks/compare"),
    View("rankings", "benchmarks/rankings", "Rankings", "benchmarks/rankings", ("/api/benchmark/latest-by-framework",)),
    View("run", "benchmarks/runs/<uuid:run_id>", "Run", "benchmarks/run", ("/api/benchmark/runs/{run_id}",)),
    View(
        "activity", "activity", "Activity", "activity", ("/api/activity?limit=200", "/api/pm2/exits?limit=200"),
    ),
    View("access", "access", "Access", "access", ("/api/access/connections",)),
)  # fmt: skip
