"""PM2's series: the daemon, its apps and their instances, stopped and errored ones too. [pure]"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from monitoring.exposition.families import Families
from monitoring.exposition.labels import label_text
from monitoring.exposition.steady_counters import SteadyCounters
from pm2.daemon.process import Key, Process, Status
from pm2.exits.classify import Cause
from pm2.monitor.listing import Stats

MAX_PROCESSES = 500
STATUSES = tuple(status.value for status in Status)
CAUSES = tuple(cause.value for cause in Cause)
ExitCounts = Mapping[tuple[str, str], int]  # by app and cause


@dataclass(frozen=True, slots=True)
class Listed:
    """An exported instance. `stored_name`: as the database has it; `labels`: app and pm_id."""

    process: Process
    stored_name: str
    labels: tuple[str, str]


def select_processes(processes: Sequence[Process], stored_names: Mapping[Key, str]) -> tuple[list[Listed], int]:
    """At most MAX_PROCESSES, those that PM2 has had longest; and how many are left out."""
    kept = sorted(processes, key=lambda process: process.pm_id)[:MAX_PROCESSES]
    listed = []
    for process in kept:
        stored_name = stored_names[process.name, process.pm_id]
        listed.append(Listed(process, stored_name, (label_text(stored_name), str(process.pm_id))))
    return listed, len(processes) - len(kept)


def add_daemon(families: Families, stats: Stats) -> None:
    daemon, dump = stats.daemon, stats.dump
    families.add("pm2site_pm2_up", daemon.state == "up")
    if daemon.version:
        families.add("pm2site_pm2_info", 1, label_text(daemon.version))
    families.add("pm2site_pm2_list_age_seconds", stats.age_seconds)
    families.add("pm2site_pm2_orphans", len(stats.orphans))
    families.add("pm2site_pm2_unsaved_apps", len(dump.missing) if dump else None)


def add_processes(families: Families, listed: Sequence[Listed], counters: SteadyCounters, *, is_stale: bool) -> None:
    """`is_stale`: the list is older than the sample, so that what runs is not known."""
    instances: dict[str, list[bool]] = {}
    for one in listed:
        process, (app, pm_id) = one.process, one.labels
        status = Status.UNKNOWN if is_stale else process.status
        instances.setdefault(app, []).append(status is Status.ONLINE)
        families.add_one_hot("pm2site_app_status", status.value, STATUSES, app, pm_id)
        families.add("pm2site_process_cpu_seconds_total", _cpu_seconds(process, counters), app, pm_id)
        families.add("pm2site_process_unstable_restarts", process.unstable_restarts, app, pm_id)
        families.add(
            "pm2site_process_info", 1, app, pm_id, label_text(process.namespace), label_text(process.exec_mode),
            label_text(process.interpreter), label_text(process.version),
        )  # fmt: skip
        if not is_stale:
            _add_usage(families, process, app, pm_id)
    for app, online in instances.items():
        families.add("pm2site_app_instances", len(online), app)
        families.add("pm2site_app_instances_online", sum(online), app)


def _cpu_seconds(process: Process, counters: SteadyCounters) -> float:
    """Falls to 0 with a new process, as such a counter does, and not when a child ends that nobody waited for."""
    run = process.pm_id, process.name, process.pid, process.started_at_ms
    return counters.never_below(("process", run), process.cpu_seconds or 0.0) if process.pid else 0.0


def _add_usage(families: Families, process: Process, app: str, pm_id: str) -> None:
    families.add("pm2site_process_resident_memory_bytes", process.memory_bytes, app, pm_id)
    if process.started_at_ms is not None:
        families.add("pm2site_process_start_time_seconds", process.started_at_ms / 1000, app, pm_id)
    for name, number in process.custom_metrics.items():
        families.add("pm2site_app_metric", number, app, pm_id, label_text(name))


def add_restarts(
    families: Families, listed: Sequence[Listed], of_deleted: Mapping[Key, int], counters: SteadyCounters
) -> None:
    """`of_deleted`: restarts of deleted instances with the same name and pm_id, which count for the new one, but for
    those that the list has.

    Without tokens the restarts that PM2 has forgotten are unknown, as in the first moment of a server: it would count
    from PM2's counter, and jump once they are known.
    """
    for one in listed:
        if not one.process.token:
            continue
        earlier = of_deleted.get((one.stored_name, one.process.pm_id), 0)
        total = earlier + sum(count for _, count in one.process.earlier_restarts) + one.process.restarts
        steady = counters.never_below(("restarts", one.labels), total)
        families.add("pm2site_process_restarts_total", steady, *one.labels)


def add_exits(families: Families, listed: Collection[Listed], counts: ExitCounts, counters: SteadyCounters) -> int:
    """Every cause of the listed apps from 0 on, so that the first exit is an increase; and the apps that were deleted.
    Returns how many of these are left out, for there are MAX_PROCESSES apps at most."""
    apps = dict.fromkeys(one.stored_name for one in listed)
    deleted = dict.fromkeys(name for name, _ in counts if name not in apps)
    room = max(0, MAX_PROCESSES - len(apps))
    sums: dict[tuple[str, str], int] = {}
    for name in [*apps, *list(deleted)[:room]]:
        for cause in CAUSES:
            key = label_text(name), cause
            sums[key] = sums.get(key, 0) + counts.get((name, cause), 0)
    for (app, cause), count in sums.items():
        families.add("pm2site_app_exits_total", counters.never_below(("exits", app, cause), count), app, cause)
    return max(0, len(deleted) - room)
