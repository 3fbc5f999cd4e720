"""What can be done, by topic, and what offers it. [pure]"""

from __future__ import annotations

from collections.abc import Mapping

from dashboard_client.tui.model.action import Action
from tests.parity.row import Empty, Row


def pm2(verb: str) -> tuple[str, ...]:
    return f"manage.py pm2 {verb}", f"run pm2 {verb}"


def redis(verb: str) -> tuple[str, ...]:
    return f"manage.py rediscluster {verb}", f"run redis {verb}"


RARE = Empty("rare; `run pm2` in the same terminal has it")
BY_PROCESS = Empty("process by process, or all")
LIBRARY = Empty("no command; the Python library has a method")
SERVER_FIRST = Empty("needs the server's files, not a server")
NO_SCREEN = Empty("has no screen")
BROWSER_ONLY = Empty("API_KEY identifies its user")
EXCHANGE = Empty("files are on the server's machine")

PROCESSES = (
    Row("Start a framework", ("Start NAME…",), ("pm2.start.framework",), pm2("start"), ("POST /api/pm2/start",)),
    Row(
        "Start what is stopped", ("Start APP, which is stopped",), ("pm2.start", "pm2.start.app"), pm2("start"),
        ("POST /api/pm2/start",),
    ),
    Row(
        "Start an ecosystem file, after a preview", ("Start an ecosystem file…",),
        ("pm2.start.file.preview", "pm2.start.file"), pm2("start"), ("POST /api/pm2/start",),
    ),
    Row("Restart a process", (Action.RESTART_PROCESS,), ("pm2.restart",), pm2("restart"), ("POST /api/pm2/restart",)),
    Row("Restart an app", BY_PROCESS, ("pm2.restart.app",), pm2("restart"), ("POST /api/pm2/restart",)),
    Row(
        "Restart all processes", ("Restart all processes",), ("pm2.restart.all",), pm2("restart"),
        ("POST /api/pm2/restartAll",),
    ),
    Row(
        "Restart an app one by one", ("Restart NAME in turn, waiting for each to respond",),
        ("pm2.rolling-restart.app",), pm2("rolling-restart"), ("POST /api/pm2/rolling-restart",),
    ),
    Row(
        "Reload an app without downtime", ("Reload NAME without downtime",), ("pm2.reload", "pm2.reload.app"),
        pm2("reload"), ("POST /api/pm2/reload",),
    ),
    Row(
        "Reload all without downtime", ("Reload all without downtime, one after the other",), ("pm2.reload.all",),
        pm2("reload"), ("POST /api/pm2/reloadAll",),
    ),
    Row("Scale an app", ("Scale NAME…",), ("pm2.scale.app",), pm2("scale"), ("POST /api/pm2/scale",)),
    Row("Stop a process", (Action.STOP_PROCESS,), ("pm2.stop",), pm2("stop"), ("POST /api/pm2/stop",)),
    Row("Stop an app", BY_PROCESS, ("pm2.stop.app",), pm2("stop"), ("POST /api/pm2/stop",)),
    Row("Stop all processes", ("Stop all processes",), ("pm2.stop.all",), pm2("stop"), ("POST /api/pm2/stopAll",)),
    Row("Delete a process", (Action.DELETE_PROCESS,), ("pm2.delete",), pm2("delete"), ("POST /api/pm2/delete",)),
    Row("Delete an app", BY_PROCESS, ("pm2.delete.app",), pm2("delete"), ("POST /api/pm2/delete",)),
    Row(
        "Delete all processes", ("Delete all processes…",), ("pm2.delete.all",), pm2("delete"),
        ("POST /api/pm2/deleteAll",),
    ),
    Row("Send a signal", RARE, ("pm2.signal",), pm2("signal"), ("POST /api/pm2/signal",)),
    Row("Empty a log", RARE, ("pm2.flush",), pm2("flush"), ("POST /api/pm2/flush",)),
    Row("Empty all logs", ("Empty all log files…",), ("pm2.flush.all",), pm2("flush"), ("POST /api/pm2/flushAll",)),
    Row("Reset the counter of restarts", RARE, ("pm2.reset",), pm2("reset"), ("POST /api/pm2/reset",)),
    Row("Reset all counters of restarts", RARE, ("pm2.reset.all",), pm2("reset"), ("POST /api/pm2/resetAll",)),
    Row("Save the list", ("Save the list, for a reboot",), ("pm2.save",), pm2("save"), ("POST /api/pm2/save",)),
    Row(
        "Start what is saved", ("Start what is saved and not listed…",), ("pm2.resurrect",), pm2("resurrect"),
        ("POST /api/pm2/resurrect",),
    ),
)  # fmt: skip
REDIS = (
    Row(
        "Set up a cluster", ("Set up a cluster…", Action.PROMPT_NODES), ("redis.setup", "quick.redis"), redis("setup"),
        ("POST /api/redis/setup",),
    ),
    Row(
        "Stop the cluster, keep its keys", ("Stop the cluster, keep its data",), ("redis.stop",), redis("stop"),
        ("POST /api/redis/stop",),
    ),
    Row(
        "Stop the cluster, discard its keys", Empty("clean it instead"), ("redis.stop.discard",),
        ("manage.py rediscluster stop --discard",), ("POST /api/redis/stop",),
    ),
    Row(
        "Resume the cluster", ("Resume the stopped cluster",), ("redis.resume",), redis("resume"),
        ("POST /api/redis/resume",),
    ),
    Row(
        "Clean: delete the cluster", ("Clean: delete the cluster and its data…",), ("redis.clean",), redis("clean"),
        ("POST /api/redis/clean",),
    ),
    Row(
        "Failover of a shard", (Action.FAIL_OVER_NODE,), ("redis.failover",), redis("failover"),
        ("POST /api/redis/failover",),
    ),
    Row(
        "Quick start: a cluster and a framework", ("Quick start: 6 Redis nodes and NAME",), ("quick.start",),
        ("run quickstart",), ("POST /api/redis/setup", "POST /api/redis/resume", "POST /api/pm2/start"),
    ),
    Row(
        "Delete all processes and the cluster", ("Full cleanup: delete all processes and the cluster",),
        ("quick.cleanup",), ("run cleanup",), ("POST /api/pm2/deleteAll", "POST /api/redis/clean"),
    ),
)  # fmt: skip
BENCHMARKS = (
    Row(
        "Benchmark a target, on the server", ("NAME GET /PATH", Action.OPEN_PROCESS_RUN_FORM),
        ("benchmark.form", "benchmark.run", "quick.benchmark"), ("run bench run",), ("POST /api/benchmark/run",),
    ),
    Row(
        "Run a benchmark again", (Action.OPEN_RUN_FORM_AGAIN,), ("benchmark.again",), ("run bench run",),
        ("POST /api/benchmark/run",),
    ),
    Row(
        "Cancel a run", (Action.CANCEL_RUN,), ("benchmark.cancel",), Empty("Ctrl-C cancels the run of `run bench`"),
        ("POST /api/benchmark/runs/{run_id}/cancel",),
    ),
    Row(
        "Benchmark a server from another machine", Empty("shows what another machine sends"),
        Empty("a page cannot measure"), ("benchmarks",), ("POST /api/benchmark/add",),
    ),
    Row(
        "Send results that could not be sent", Empty("files of the machine that measured"),
        Empty("files of the machine that measured"), ("benchmarks --resend",), ("POST /api/benchmark/add",),
    ),
    Row(
        "Save a target", (Action.OPEN_PROCESS_RUN_FORM,), ("benchmark.target.save",), ("run bench target save",),
        ("POST /api/benchmark/targets", "PUT /api/benchmark/targets/{name}"),
    ),
    Row(
        "Delete a target", Empty("`run bench target delete` has it"), ("benchmark.target.delete",),
        ("run bench target delete",), ("DELETE /api/benchmark/targets/{name}",),
    ),
    Row(
        "Copy targets to another server", EXCHANGE, EXCHANGE, ("manage.py targets export", "manage.py targets import"),
        EXCHANGE,
    ),
    Row(
        "Execute a queued run", Empty("the server does"), Empty("the server does"), ("manage.py run_benchmark",),
        Empty("the server does"),
    ),
)  # fmt: skip
HISTORY = (
    Row(
        "Set or remove a baseline", (Action.TOGGLE_BASELINE,), ("benchmark.baseline.set", "benchmark.baseline.remove"),
        LIBRARY, ("POST /api/benchmark/runs/{run_id}/baseline", "DELETE /api/benchmark/runs/{run_id}/baseline"),
    ),
    Row(
        "Delete a run", Empty("only the whole history"), ("benchmark.delete",), LIBRARY,
        ("DELETE /api/benchmark/runs/{run_id}",),
    ),
    Row(
        "Clear the history", ("Clear the history", Action.CLEAR_HISTORY), ("benchmark.clear",), LIBRARY,
        ("DELETE /api/benchmark/clear",),
    ),
    Row(
        "Import the history file", ("Import the history file again",), ("benchmark.import",),
        ("manage.py import_bench_history",), ("POST /api/benchmark/reload",),
    ),
    Row(
        "Export the history", ("Export as json", "Export as csv", "Export as md", "Export as benchstat"),
        ("benchmark.export.json", "benchmark.export.csv", "benchmark.export.md", "benchmark.export.benchstat"),
        ("run history export",), ("GET /api/benchmark/export",),
    ),
)  # fmt: skip
ACCESS = (
    Row(
        "Create a token", Empty("a secret belongs in no shared screen"), ("access.token.create",), ("manage.py token",),
        ("POST /api/access/tokens",),
    ),
    Row(
        "Revoke a token", Empty("`manage.py token` has it"), ("access.token.revoke",), ("manage.py token --revoke",),
        ("DELETE /api/access/tokens/{token_id}",),
    ),
    Row(
        "Log in, log out", BROWSER_ONLY, ("page.login", "page.logout"), BROWSER_ONLY,
        Empty("every request carries its credential"),
    ),
    Row(
        "Connect to another server", ("Connect to another server",), Empty("its address is in the browser"),
        ("dashboard_client --server",), Empty("its address is in the URL"),
    ),
    Row(
        "Create a user", SERVER_FIRST, Empty("the admin has it"), ("manage.py admin",),
        SERVER_FIRST,
    ),
)  # fmt: skip
SERVER = (
    Row("Install the server's parts", SERVER_FIRST, SERVER_FIRST, ("manage.py setup",), SERVER_FIRST),
    Row(
        "Start the server", SERVER_FIRST, SERVER_FIRST, ("manage.py serve", "manage.py runserver", "manage.py demo"),
        SERVER_FIRST,
    ),
    Row("Migrate the database", SERVER_FIRST, SERVER_FIRST, ("manage.py migrate",), SERVER_FIRST),
    Row(
        "Back up the database", Empty("the server does, every day"), Empty("the server does, every day"),
        ("manage.py backup",), Empty("the server does, every day"),
    ),
    Row(
        "Restore a backup", Empty("needs a stopped server"), Empty("needs a stopped server"), ("manage.py restore",),
        Empty("needs a stopped server"),
    ),
)  # fmt: skip
PAGE = (
    Row(
        "Go to another part",
        (
            Action.FOCUS_PM2, Action.FOCUS_REDIS, Action.FOCUS_BENCHMARKS, Action.FOCUS_RUN, Action.FOCUS_ACTIVITY,
            Action.FOCUS_CPU, Action.FOCUS_MEMORY, Action.OPEN_HISTORY,
        ),
        (
            "go.overview", "go.processes", "go.logs", "go.redis", "go.benchmarks", "go.rankings", "go.activity",
            "go.access",
        ),
        NO_SCREEN, NO_SCREEN,
    ),
    Row("Find any command by typing", (Action.OPEN_PALETTE,), ("page.palette",), NO_SCREEN, NO_SCREEN),
    Row("Show the keys", (Action.OPEN_HELP,), ("page.help",), ("dashboard_client --help",), NO_SCREEN),
    Row("Filter a list", (Action.EDIT_FILTER,), ("page.filter",), ("run pm2 status",), ("GET /api/pm2/stats",)),
    Row("Pause the display", (Action.TOGGLE_PAUSE,), ("page.pause",), NO_SCREEN, NO_SCREEN),
    Row("Switch the colours", (Action.TOGGLE_THEME,), ("page.theme",), ("dashboard_client --theme",), NO_SCREEN),
    Row("Relative or absolute times", (Action.TOGGLE_TIMES,), ("page.times",), NO_SCREEN, NO_SCREEN),
    Row("Connect again now", (Action.REFRESH,), ("page.reconnect",), NO_SCREEN, NO_SCREEN),
)  # fmt: skip

TOPICS: Mapping[str, tuple[Row, ...]] = {
    "Processes": PROCESSES, "Redis": REDIS, "Benchmarks": BENCHMARKS, "History of benchmarks": HISTORY,
    "Access": ACCESS, "Page and dashboard": PAGE, "Server": SERVER,
}  # fmt: skip
