"""Builds the menu's and the palette's items from the current state. [pure]"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dashboard_client.network.quick_start import DEFAULT_NODES, ClusterStep, decide_cluster_step
from dashboard_client.tui.model.action import MUTATING_ACTIONS, Action
from dashboard_client.tui.model.server_requests import (
    IMPORT_HISTORY,
    REDIS_STATUS,
    RESUME_REDIS,
    ServerRequest,
    chain_requests,
    clean_redis,
    cleanup,
    clear_history,
    for_all_processes,
    pm2_request,
    resurrect,
    save_list,
    set_up_redis,
    stop_redis,
)
from dashboard_client.wire.host_and_pm2 import Dump, Process
from dashboard_client.wire.redis import RedisStats
from dashboard_client.wire.system_config import Framework, SystemConfig


@dataclass(frozen=True, slots=True)
class MenuItem:
    """Sends a request, or carries out an action with `arguments`. `key`: where a key does the same, its label."""

    section: str
    title: str
    does: ServerRequest | Action
    arguments: tuple[str, ...] = ()
    key: str = ""

    @property
    def is_mutating(self) -> bool:
        return self.does in MUTATING_ACTIONS if isinstance(self.does, Action) else not self.does.is_read_only


def menu_items(
    config: SystemConfig | None,
    processes: tuple[Process, ...],
    redis: RedisStats | None,
    dump: Dump | None = None,
) -> tuple[MenuItem, ...]:
    """The whole menu, in display order."""
    frameworks = config.frameworks if config else ()
    keys = redis.cluster.keys if redis else None  # None: the number of keys is unknown
    return (
        *_quick_actions(frameworks, processes, redis),
        *_redis_items(keys),
        *_pm2_items(frameworks, processes, dump),
        *_benchmark_items(config),
        MenuItem("History", "Show the history", Action.OPEN_HISTORY),
        MenuItem("History", "Latest result of each framework, by endpoint", Action.OPEN_LATEST),
        MenuItem("History", "Clear the history", clear_history()),
        MenuItem("History", "Import the history file again", IMPORT_HISTORY),
        *(
            MenuItem("History", f"Export as {format}", Action.EXPORT_HISTORY, (format,))
            for format in ("json", "csv", "md", "benchstat")
        ),
        MenuItem("Tools", "Check the server's installation", Action.CHECK_INSTALLATION),
        MenuItem("Tools", "Connect to another server", Action.PROMPT_SERVER),
        MenuItem("Tools", "Troubleshoot the connection", Action.OPEN_CONNECTION_ADVICE),
    )


def _quick_actions(
    frameworks: tuple[Framework, ...], processes: tuple[Process, ...], redis: RedisStats | None
) -> Iterator[MenuItem]:
    framework = preferred_framework(frameworks)
    if framework:
        yield _quick_start(framework, processes, redis)
    keys = redis.cluster.keys if redis else None
    yield MenuItem("Quick actions", "Full cleanup: delete all processes and the cluster", cleanup(processes, keys))


def _quick_start(framework: Framework, processes: tuple[Process, ...], redis: RedisStats | None) -> MenuItem:
    """Bring up the cluster and one framework. Skips what is already running; a message if nothing is left to do."""
    title = f"Quick start: {DEFAULT_NODES} Redis nodes and {framework.name}"
    step = decide_cluster_step(redis)
    requests = []
    if step is ClusterStep.RESUME:
        requests.append(RESUME_REDIS)
    elif step is ClusterStep.SET_UP:
        requests.append(set_up_redis(DEFAULT_NODES))
    if not any(process.framework == framework.name and process.status == "online" for process in processes):
        requests.append(pm2_request("start", f"Start {framework.name}", framework=framework.name))
    if requests:
        return MenuItem("Quick actions", title, chain_requests(requests))
    message = f"The cluster and {framework.name} are already running"
    return MenuItem("Quick actions", title, Action.SHOW_MESSAGE, (message,))


def preferred_framework(frameworks: tuple[Framework, ...]) -> Framework | None:
    """fastify if it is installed, as in the original; else the first installed one."""
    installed = [framework for framework in frameworks if framework.installed]
    fastify = (framework for framework in installed if framework.name == "fastify")
    return next(fastify, installed[0] if installed else None)


def _redis_items(keys: int | None) -> Iterator[MenuItem]:
    yield MenuItem("Redis", "Set up a cluster…", Action.PROMPT_NODES)
    yield MenuItem("Redis", "Stop the cluster, keep its data", stop_redis())
    yield MenuItem("Redis", "Resume the stopped cluster", RESUME_REDIS)
    yield MenuItem("Redis", "Clean: delete the cluster and its data…", clean_redis(keys))
    yield MenuItem("Redis", "Cluster status", REDIS_STATUS)


def _pm2_items(
    frameworks: tuple[Framework, ...], processes: tuple[Process, ...], dump: Dump | None
) -> Iterator[MenuItem]:
    for framework in frameworks:
        if framework.installed:
            arguments = (framework.name, str(framework.instances))
            yield MenuItem("PM2", f"Start {framework.name}…", Action.PROMPT_INSTANCES, arguments)
    yield MenuItem("PM2", "Start an ecosystem file…", Action.PROMPT_FILE)
    stopped = {process.name for process in processes if process.status in ("stopped", "errored")}
    running = {process.name for process in processes if process.status not in ("stopped", "errored")}
    for name in sorted(stopped - running - {framework.name for framework in frameworks}):
        yield MenuItem("PM2", f"Start {name}, which is stopped", pm2_request("start", f"Start {name}", name=name))
    yield MenuItem("PM2", "Save the list, for a reboot", save_list())
    if dump and dump.extra:
        yield MenuItem("PM2", "Start what is saved and not listed…", resurrect(dump.extra))
    yield MenuItem("PM2", "Stop all processes", for_all_processes("stop", processes))
    yield MenuItem("PM2", "Restart all processes", for_all_processes("restart", processes))
    for name in dict.fromkeys(process.framework for process in processes if process.framework):
        count = sum(process.framework == name for process in processes)
        yield MenuItem("PM2", f"Scale {name}…", Action.PROMPT_SCALE, (name, str(count)))
        reload = pm2_request("reload", f"Reload {name}", framework=name)
        yield MenuItem("PM2", f"Reload {name} without downtime", reload)
        rolling = pm2_request("rolling-restart", f"Restart {name} one by one", framework=name)
        yield MenuItem("PM2", f"Restart {name} in turn, waiting for each to respond", rolling)
    names = sorted(
        {process.name for process in processes if process.status == "online" and process.exec_mode == "cluster_mode"}
    )
    reloads = [pm2_request("reload", f"Reload {name}", name=name) for name in names]
    if reloads:
        yield MenuItem("PM2", "Reload all without downtime, one after the other", chain_requests(reloads))
    yield MenuItem("PM2", "Delete all processes…", for_all_processes("delete", processes))
    yield MenuItem("PM2", "Empty all log files…", for_all_processes("flush", processes))
    yield MenuItem("PM2", "Logs of all processes", Action.OPEN_LOGS, ("",))


def _benchmark_items(config: SystemConfig | None) -> Iterator[MenuItem]:
    if config is None:
        return
    for framework in config.frameworks:
        for endpoint in config.benchmarkable_endpoints:
            if framework.installed:
                title = f"{framework.name} {endpoint.method} {endpoint.path}"
                arguments = (framework.name, endpoint.path, endpoint.method)
                yield MenuItem("Benchmarks", title, Action.OPEN_RUN_FORM, arguments)
    for target in config.own_targets:
        for endpoint in target.offered_endpoints:
            state = " (not running)" if target.running is False else ""
            title = f"{target.name} {endpoint.method} {endpoint.path}{state}"
            yield MenuItem("Benchmarks", title, Action.OPEN_RUN_FORM, (target.name, endpoint.path, endpoint.method))
