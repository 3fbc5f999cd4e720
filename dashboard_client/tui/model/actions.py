"""Builds the menu's and the palette's items from the current state, and the API actions behind them. [pure]"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from dashboard_client.network.quick_start import DEFAULT_NODES, ClusterStep, decide_cluster_step
from dashboard_client.wire.benchmarks import AcceptedRun, ActionResult, Framework, SystemConfig
from dashboard_client.wire.host_and_pm2 import Process
from dashboard_client.wire.redis import RedisNode, RedisStats, RedisStatus


class Confirmation(StrEnum):
    """Required before an action is sent: nothing, the `y` key, or a typed word."""

    NONE = "none"
    YES = "yes"
    WORD = "word"


@dataclass(frozen=True, slots=True)
class ApiAction:
    """One API call on the user's behalf. `affected`: a line for each thing that it changes; `word`: to type for
    `Confirmation.WORD`; `next_actions`: run in order, each after the previous one succeeded."""

    title: str
    api_method: str
    arguments: Mapping[str, object] = field(default_factory=dict)
    response_type: type[object] = ActionResult
    confirmation: Confirmation = Confirmation.NONE
    affected: tuple[str, ...] = ()
    word: str = ""
    next_actions: tuple[ApiAction, ...] = ()
    is_read_only: bool = False  # allowed with --readonly


@dataclass(frozen=True, slots=True)
class UiAction:
    """An action of the dashboard itself. `name`: as in `keymap`, or in `ui_actions`'s tables."""

    name: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MenuItem:
    section: str
    title: str
    action: ApiAction | UiAction
    key: str = ""


def key_item(title: str, panel_action: str, key: str) -> MenuItem:
    """A palette item that carries out the panel action bound to `key`."""
    return MenuItem("Keys", title, UiAction("panel_action", (panel_action,)), key)


def menu_items(
    config: SystemConfig | None, processes: tuple[Process, ...], redis: RedisStats | None
) -> tuple[MenuItem, ...]:
    """The whole menu, in display order."""
    frameworks = config.frameworks if config else ()
    keys = redis.cluster.keys if redis else None  # None: the number of keys is unknown
    reload_history = ApiAction("Import the history file", "benchmark_reload")
    return (
        *_quick_actions(frameworks, processes, redis),
        *_redis_items(keys),
        *_pm2_items(frameworks, processes),
        *_benchmark_items(config),
        MenuItem("History", "Show the history", UiAction("history")),
        MenuItem("History", "Latest result of each framework, by endpoint", UiAction("latest_by_framework")),
        MenuItem("History", "Clear the history", clear_history()),
        MenuItem("History", "Import the history file again", reload_history),
        *(
            MenuItem("History", f"Export as {format}", UiAction("export", (format,)))
            for format in ("json", "csv", "md", "benchstat")
        ),
        MenuItem("Tools", "Check the server's installation", UiAction("check_installation")),
        MenuItem("Tools", "Connect to another server", UiAction("prompt_server")),
        MenuItem("Tools", "Troubleshoot the connection", UiAction("connection_advice")),
    )


def _quick_actions(
    frameworks: tuple[Framework, ...], processes: tuple[Process, ...], redis: RedisStats | None
) -> Iterator[MenuItem]:
    framework = preferred_framework(frameworks)
    if framework:
        yield MenuItem(
            "Quick actions", f"Quick start: {DEFAULT_NODES} Redis nodes and {framework.name}",
            quick_start(framework, processes, redis),
        )  # fmt: skip
    keys = redis.cluster.keys if redis else None
    yield MenuItem("Quick actions", "Full cleanup: delete all processes and the cluster", cleanup(processes, keys))


def quick_start(framework: Framework, processes: tuple[Process, ...], redis: RedisStats | None) -> ApiAction | UiAction:
    """Bring up the cluster and one framework. Skips what is already running; a message if nothing is left to do."""
    step = decide_cluster_step(redis)
    steps = []
    if step is ClusterStep.RESUME:
        steps.append(ApiAction("Resume the cluster", "redis_resume"))
    elif step is ClusterStep.SET_UP:
        steps.append(ApiAction(f"Set up {DEFAULT_NODES} Redis nodes", "redis_setup", {"node_count": DEFAULT_NODES}))
    if not any(process.framework == framework.name and process.status == "online" for process in processes):
        steps.append(ApiAction(f"Start {framework.name}", "pm2_start", {"framework": framework.name}))
    if not steps:
        return UiAction("show_message", (f"The cluster and {framework.name} are already running",))
    return chain_actions(steps)


def chain_actions(actions: Sequence[ApiAction]) -> ApiAction:
    """Run `actions` in order; a failure drops the rest."""
    return replace(actions[0], next_actions=tuple(actions[1:]))


def preferred_framework(frameworks: tuple[Framework, ...]) -> Framework | None:
    """fastify if it is installed, as in the original; else the first installed one."""
    installed = [framework for framework in frameworks if framework.installed]
    fastify = (framework for framework in installed if framework.name == "fastify")
    return next(fastify, installed[0] if installed else None)


def _redis_items(keys: int | None) -> Iterator[MenuItem]:
    yield MenuItem("Redis", "Set up a cluster…", UiAction("prompt_nodes"))
    yield MenuItem("Redis", "Stop the cluster, keep its data", stop_redis())
    yield MenuItem("Redis", "Resume the stopped cluster", ApiAction("Resume the cluster", "redis_resume"))
    yield MenuItem("Redis", "Clean: delete the cluster and its data…", clean_redis(keys))
    status = ApiAction("Cluster status", "redis_status", response_type=RedisStatus, is_read_only=True)
    yield MenuItem("Redis", "Cluster status", status)


def _pm2_items(frameworks: tuple[Framework, ...], processes: tuple[Process, ...]) -> Iterator[MenuItem]:
    for framework in frameworks:
        if framework.installed:
            start = UiAction("prompt_instances", (framework.name, str(framework.instances)))
            yield MenuItem("PM2", f"Start {framework.name}…", start)
    yield MenuItem("PM2", "Stop all processes", all_processes_action("stop", processes))
    yield MenuItem("PM2", "Restart all processes", all_processes_action("restart", processes))
    for name in dict.fromkeys(process.framework for process in processes if process.framework):
        arguments = {"framework": name}
        count = sum(process.framework == name for process in processes)
        yield MenuItem("PM2", f"Scale {name}…", UiAction("prompt_scale", (name, str(count))))
        yield MenuItem("PM2", f"Reload {name} without downtime", ApiAction(f"Reload {name}", "pm2_reload", arguments))
        rolling = ApiAction(f"Restart {name} one by one", "pm2_rolling_restart", arguments)
        yield MenuItem("PM2", f"Restart {name} in turn, waiting for each to respond", rolling)
    names = sorted(
        {process.name for process in processes if process.status == "online" and process.exec_mode == "cluster_mode"}
    )
    reloads = [ApiAction(f"Reload {name}", "pm2_reload", {"name": name}) for name in names]
    if reloads:
        yield MenuItem("PM2", "Reload all without downtime, one after the other", chain_actions(reloads))
    yield MenuItem("PM2", "Delete all processes…", all_processes_action("delete", processes))
    yield MenuItem("PM2", "Logs of all processes", UiAction("logs", ("",)))


def _benchmark_items(config: SystemConfig | None) -> Iterator[MenuItem]:
    if config is None:
        return
    for framework in config.frameworks:
        for endpoint in config.benchmarkable_endpoints:
            if framework.installed:
                title = f"{framework.name} {endpoint.method} {endpoint.path}"
                arguments = (framework.name, endpoint.path, endpoint.method)
                yield MenuItem("Benchmarks", title, UiAction("run_form", arguments))


def run_benchmark(framework: str, scenario: Mapping[str, object]) -> ApiAction:
    title = f"Benchmark {framework} {scenario.get('endpoint', '')}".rstrip()
    return ApiAction(title, "benchmark_run", {"framework": framework, **scenario}, AcceptedRun)


def cancel_run(run_id: str, title: str) -> ApiAction:
    arguments = {"run_id": run_id}
    return ApiAction("Cancel the run", "benchmark_cancel", arguments, confirmation=Confirmation.YES, affected=(title,))


def set_baseline(run_id: str, title: str) -> ApiAction:
    affected = (title, "later runs of its framework and endpoint compare with it, not with the previous one")
    return ApiAction(
        "Set the baseline",
        "benchmark_set_baseline",
        {"run_id": run_id},
        confirmation=Confirmation.YES,
        affected=affected,
    )


def remove_baseline(run_id: str, title: str) -> ApiAction:
    affected = (title, "is no longer the baseline; it stays in the history")
    return ApiAction(
        "Remove the baseline",
        "benchmark_remove_baseline",
        {"run_id": run_id},
        confirmation=Confirmation.YES,
        affected=affected,
    )


def clear_history() -> ApiAction:
    affected = ("every result in the server's history", "(the server writes an export first)")
    return ApiAction("Clear the benchmark history", "benchmark_clear", confirmation=Confirmation.YES, affected=affected)


def stop_redis() -> ApiAction:
    affected = ("every node of the cluster that this server runs; data is kept",)
    return ApiAction("Stop the cluster", "redis_stop", confirmation=Confirmation.YES, affected=affected)


def clean_redis(keys: int | None) -> ApiAction:
    lost = "its keys" if keys is None else f"{keys:,} keys"
    affected = ("every node of the cluster that this server runs", f"{lost}, permanently")
    return ApiAction(
        "Clean Redis",
        "redis_clean",
        {"confirm": True},
        confirmation=Confirmation.WORD,
        affected=affected,
        word="clean",
    )


def failover(node: RedisNode, replicas: tuple[RedisNode, ...]) -> ApiAction:
    """Promote a replica of `node`'s shard; the server chooses which."""
    candidates = ", ".join(str(replica.port) for replica in replicas) or "none known"
    affected = (f"shard of master {node.port}, {node.slots} slots", f"a replica takes over: {candidates}")
    arguments = {"port": node.port}
    return ApiAction(
        f"Failover of {node.port}", "redis_failover", arguments, confirmation=Confirmation.YES, affected=affected
    )


def cleanup(processes: tuple[Process, ...], keys: int | None) -> ApiAction:
    clean = clean_redis(keys)
    delete = all_processes_action("delete", processes)
    return ApiAction(
        "Full cleanup",
        "pm2_delete_all",
        confirmation=Confirmation.WORD,
        affected=(*delete.affected, *clean.affected),
        word="cleanup",
        next_actions=(clean,),
    )


def all_processes_action(verb: str, processes: tuple[Process, ...]) -> ApiAction:
    """stop, restart or delete all."""
    affected = tuple(f"{process.pm_id} {process.name} ({process.status})" for process in processes)
    confirmation, word = (Confirmation.WORD, "delete") if verb == "delete" else (Confirmation.YES, "")
    return ApiAction(
        f"{verb.capitalize()} all processes",
        f"pm2_{verb}_all",
        confirmation=confirmation,
        affected=affected or ("no known processes",),
        word=word,
    )


def process_action(verb: str, process: Process) -> ApiAction:
    """stop, restart or delete one process, by `pm_id`: names may be shared."""
    title = f"{verb.capitalize()} {process.name} ({process.pm_id})"
    line = f"{process.pm_id} {process.name}, pid {process.pid}, {process.status}"
    arguments = {"pm_id": process.pm_id}
    return ApiAction(title, f"pm2_{verb}", arguments, confirmation=Confirmation.YES, affected=(line,))
