"""What people can have done, built from what is there: the entries of the menu and of the palette. [pure]"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dashboard_client.wire.benchmarks import AcceptedRun, Done, Framework, SystemConfig
from dashboard_client.wire.host_and_pm2 import Process
from dashboard_client.wire.redis import RedisNode, RedisStats, RedisStatus

SAFE, ASK, TYPE = 0, 1, 2  # tiers: nothing is asked, y or n, a word has to be typed
DEFAULT_NODES = 6


@dataclass(frozen=True, slots=True)
class Act:
    """One call of the API on behalf of a person. `targets`: lines that say what it touches; `then`: acts after it."""

    title: str
    endpoint: str
    arguments: Mapping[str, object] = field(default_factory=dict)
    reads: type[object] = Done
    tier: int = SAFE
    targets: tuple[str, ...] = ()
    word: str = ""
    then: tuple[Act, ...] = ()
    is_reading: bool = False  # allowed with --readonly


@dataclass(frozen=True, slots=True)
class Go:
    """Something of the dashboard's own: an action of `keymap`, a prompt, a page. `about`: its subject."""

    action: str
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    section: str
    title: str
    does: Act | Go
    key: str = ""


def offers(config: SystemConfig | None, processes: tuple[Process, ...], redis: RedisStats | None) -> tuple[Offer, ...]:
    """All of the menu, from what is there."""
    frameworks = config.frameworks if config else ()
    keys = redis.cluster.keys if redis else None  # nobody knows how many
    return (
        *_quick(frameworks, processes, redis),
        *_redis(keys),
        *_pm2(frameworks, processes),
        *_benchmarks(config),
        Offer("History", "Show the history", Go("history")),
        Offer("History", "Latest of each framework, by endpoint", Go("latest_of_each")),
        Offer("History", "Clear the history", clear_history()),
        Offer("History", "Import the history file again", Act("Import the history file", "benchmark_reload")),
        *(Offer("History", f"Export as {each}", Go("export", (each,))) for each in ("json", "csv", "md", "benchstat")),
        Offer("Tools", "Check the server's installation", Go("check")),
        Offer("Tools", "Connect to another server", Go("ask_server")),
        Offer("Tools", "What to check when there is no connection", Go("advice")),
    )


def _quick(
    frameworks: tuple[Framework, ...], processes: tuple[Process, ...], redis: RedisStats | None
) -> Iterator[Offer]:
    framework = first_choice(frameworks)
    if framework:
        yield Offer(
            "Quick actions", f"Quick start: {DEFAULT_NODES} Redis nodes and {framework.name}",
            quick_start(framework, processes, redis),
        )  # fmt: skip
    keys = redis.cluster.keys if redis else None
    yield Offer("Quick actions", "Full cleanup: delete all processes and the cluster", cleanup(processes, keys))


def quick_start(framework: Framework, processes: tuple[Process, ...], redis: RedisStats | None) -> Act | Go:
    """A cluster and a framework; what stands already is left as it is, and a second time nothing is left to do."""
    state = redis.cluster.state if redis else "absent"
    is_whole = redis is not None and state == "ok" and all(each.state == "up" for each in redis.stats)
    steps = []
    if redis is not None and redis.stats and not is_whole:
        steps.append(Act("Resume the cluster", "redis_resume"))
    elif not is_whole:
        steps.append(Act(f"Set up {DEFAULT_NODES} Redis nodes", "redis_setup", {"node_count": DEFAULT_NODES}))
    if not any(each.framework == framework.name and each.status == "online" for each in processes):
        steps.append(Act(f"Start {framework.name}", "pm2_start", {"framework": framework.name}))
    if not steps:
        return Go("say", (f"The cluster and {framework.name} run already",))
    return chained(steps)


def chained(acts: Sequence[Act]) -> Act:
    """One after the other; the next only when the one before was done."""
    return replace(acts[0], then=tuple(acts[1:]))


def first_choice(frameworks: tuple[Framework, ...]) -> Framework | None:
    """fastify where it is installed, as in the original; else the first that is."""
    installed = [each for each in frameworks if each.installed]
    return next((each for each in installed if each.name == "fastify"), installed[0] if installed else None)


def _redis(keys: int | None) -> Iterator[Offer]:
    yield Offer("Redis", "Set up a cluster…", Go("ask_nodes"))
    yield Offer("Redis", "Stop the cluster, keep its data", stop_redis())
    yield Offer("Redis", "Resume the stopped cluster", Act("Resume the cluster", "redis_resume"))
    yield Offer("Redis", "Clean: delete the cluster and its data…", clean_redis(keys))
    status = Act("Cluster status", "redis_status", reads=RedisStatus, is_reading=True)
    yield Offer("Redis", "Cluster status", status)


def _pm2(frameworks: tuple[Framework, ...], processes: tuple[Process, ...]) -> Iterator[Offer]:
    for each in frameworks:
        if each.installed:
            yield Offer("PM2", f"Start {each.name}…", Go("ask_instances", (each.name, str(each.instances))))
    yield Offer("PM2", "Stop all processes", all_processes("stop", processes))
    yield Offer("PM2", "Restart all processes", all_processes("restart", processes))
    for name in dict.fromkeys(each.framework for each in processes if each.framework):
        about = {"framework": name}
        count = sum(each.framework == name for each in processes)
        yield Offer("PM2", f"Scale {name}…", Go("ask_scale", (name, str(count))))
        yield Offer("PM2", f"Reload {name} without a gap", Act(f"Reload {name}", "pm2_reload", about))
        rolling = Act(f"Restart {name} one by one", "pm2_rolling_restart", about)
        yield Offer("PM2", f"Restart {name} one by one, each when the last one answers", rolling)
    names = sorted({each.name for each in processes if each.status == "online" and each.exec_mode == "cluster_mode"})
    reloads = [Act(f"Reload {name}", "pm2_reload", {"name": name}) for name in names]
    if reloads:
        yield Offer("PM2", "Reload all without a gap, one after the other", chained(reloads))
    yield Offer("PM2", "Delete all processes…", all_processes("delete", processes))
    yield Offer("PM2", "Logs of all processes", Go("logs", ("",)))


def _benchmarks(config: SystemConfig | None) -> Iterator[Offer]:
    if config is None:
        return
    for framework in config.frameworks:
        for endpoint in config.benchmarkable_endpoints:
            if framework.installed:
                title = f"{framework.name} {endpoint.method} {endpoint.path}"
                about = (framework.name, endpoint.path, endpoint.method)
                yield Offer("Benchmarks", title, Go("ask_run", about))


def run_benchmark(framework: str, scenario: Mapping[str, object]) -> Act:
    title = f"Benchmark {framework} {scenario.get('endpoint', '')}".rstrip()
    return Act(title, "benchmark_run", {"framework": framework, **scenario}, AcceptedRun)


def cancel_run(run_id: str, title: str) -> Act:
    return Act("Cancel the run", "benchmark_cancel", {"run_id": run_id}, tier=ASK, targets=(title,))


def name_baseline(run_id: str, title: str) -> Act:
    targets = (title, "later runs of its framework and endpoint are held against it, in place of the one before")
    return Act("Name the baseline", "benchmark_name_baseline", {"run_id": run_id}, tier=ASK, targets=targets)


def drop_baseline(run_id: str, title: str) -> Act:
    targets = (title, "is no longer the baseline; it stays in the history")
    return Act("Drop the baseline", "benchmark_drop_baseline", {"run_id": run_id}, tier=ASK, targets=targets)


def clear_history() -> Act:
    targets = ("every result in the server's history", "(the server writes an export first)")
    return Act("Clear the benchmark history", "benchmark_clear", tier=ASK, targets=targets)


def stop_redis() -> Act:
    targets = ("every node of the cluster that this server runs; data is kept",)
    return Act("Stop the cluster", "redis_stop", tier=ASK, targets=targets)


def clean_redis(keys: int | None) -> Act:
    lost = "its keys" if keys is None else f"{keys:,} keys"
    targets = ("every node of the cluster that this server runs", f"{lost}, for good")
    return Act("Clean Redis", "redis_clean", {"confirm": True}, tier=TYPE, targets=targets, word="clean")


def failover(node: RedisNode, replicas: tuple[RedisNode, ...]) -> Act:
    """A replica of `node`'s shard takes over; the server chooses which."""
    heirs = ", ".join(str(each.port) for each in replicas) or "none is known"
    targets = (f"shard of master {node.port}, {node.slots} slots", f"a replica takes over: {heirs}")
    return Act(f"Failover of {node.port}", "redis_failover", {"port": node.port}, tier=ASK, targets=targets)


def cleanup(processes: tuple[Process, ...], keys: int | None) -> Act:
    clean = clean_redis(keys)
    delete = all_processes("delete", processes)
    targets = (*delete.targets, *clean.targets)
    return Act("Full cleanup", "pm2_delete_all", tier=TYPE, targets=targets, word="cleanup", then=(clean,))


def all_processes(verb: str, processes: tuple[Process, ...]) -> Act:
    targets = tuple(f"{each.pm_id} {each.name} ({each.status})" for each in processes) or ("no process is known",)
    tier, word = (TYPE, "delete") if verb == "delete" else (ASK, "")
    return Act(f"{verb.capitalize()} all processes", f"pm2_{verb}_all", tier=tier, targets=targets, word=word)


def on_process(verb: str, process: Process) -> Act:
    """stop, restart or delete one row. By id: names may be shared."""
    title = f"{verb.capitalize()} {process.name} ({process.pm_id})"
    target = f"{process.pm_id} {process.name}, pid {process.pid}, {process.status}"
    return Act(title, f"pm2_{verb}", {"pm_id": process.pm_id}, tier=ASK, targets=(target,))
