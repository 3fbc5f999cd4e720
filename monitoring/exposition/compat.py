"""The names of pm2-metrics and pm2-prom-module, for the dashboards that exist; METRICS_COMPAT adds them. [pure]

Their label `instance` is renamed to `exported_instance` by Prometheus unless the scrape honours labels.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from monitoring.exposition.catalogue import Series, declare
from monitoring.exposition.families import Families
from monitoring.exposition.labels import label_text
from monitoring.exposition.pm2_series import Listed
from pm2.daemon.process import Process, Status

PM2 = "pm2"  # of METRICS_COMPAT
MAX_CUSTOM_NAMES = 100
_LABELS = "id name instance interpreter node_version"
# Not counters, although some count: the dashboards know these names.
DECLARED = declare(
    ("pm2_up", "1 if the process is online, else 0", _LABELS),
    ("pm2_cpu", "Percent of one core", _LABELS),
    ("pm2_memory", "Bytes of memory", _LABELS),
    ("pm2_uptime", "Seconds since the start", _LABELS),
    ("pm2_instances", "Instances of the app", _LABELS),
    ("pm2_restarts", "Restarts", _LABELS),
    ("pm2_prev_restart_delay", "Milliseconds before the last restart after a failure", _LABELS),
    ("pm2_available_apps", "Apps that PM2 lists"),
    ("pm2_app_instances", "Instances of the app", "app"),
    ("pm2_app_average_memory", "Mean bytes of memory of an instance", "app"),
    ("pm2_app_total_memory", "Bytes of memory of all instances", "app"),
    ("pm2_app_average_cpu", "Mean percent of one core of an instance", "app"),
    ("pm2_app_uptime", "Seconds since the start of the instance that has run longest", "app"),
    ("pm2_app_status", "0 unknown, 1 running, 2 pending, 3 stopped, 4 errored", "app"),
    ("pm2_app_pids_cpu", "Percent of one core", "app instance"),
    ("pm2_app_pids_memory", "Bytes of memory", "app instance"),
    ("pm2_app_restart_count", "Restarts", "app instance"),
)
_CODES = {
    Status.ONLINE: 1, Status.LAUNCHING: 2, Status.WAITING: 2, Status.STOPPING: 2, Status.ONE_LAUNCH: 2,
    Status.STOPPED: 3, Status.ERRORED: 4,
}  # fmt: skip
_OTHER = re.compile(r"[^A-Za-z0-9]+")


def add_compat(families: Families, listed: Sequence[Listed]) -> None:
    for series in DECLARED.values():
        families.declare(series)
    names = dict.fromkeys(name for one in listed for name in one.process.custom_metrics)
    custom = {name: alias for name in list(names)[:MAX_CUSTOM_NAMES] if (alias := _alias(name)) not in DECLARED}
    for name, alias in custom.items():
        families.declare(Series(alias, "gauge", label_text(name), tuple(_LABELS.split())))
    for one in listed:
        _add_process(families, one, custom)
    _add_apps(families, listed)


def _alias(name: str) -> str:
    """`Event Loop Latency p95` → `pm2_event_loop_latency_p95`."""
    return f"pm2_{_OTHER.sub('_', name).lower()}"


def _add_process(families: Families, one: Listed, custom: dict[str, str]) -> None:
    process, (app, pm_id) = one.process, one.labels
    number = "" if process.number is None else str(process.number)
    labels = pm_id, app, number, label_text(process.interpreter), label_text(process.runtime_version)
    families.add("pm2_up", process.status is Status.ONLINE, *labels)
    families.add("pm2_cpu", process.cpu, *labels)
    families.add("pm2_memory", process.memory_bytes, *labels)
    families.add("pm2_uptime", round(process.uptime_seconds), *labels)
    families.add("pm2_instances", process.instances, *labels)
    families.add("pm2_restarts", process.restarts, *labels)
    families.add("pm2_prev_restart_delay", process.restart_delay_ms, *labels)
    used = set()
    for name, figure in process.custom_metrics.items():
        alias = custom.get(name)
        if alias and alias not in used:  # two names may have one alias
            used.add(alias)
            families.add(alias, figure, *labels)
    families.add("pm2_app_pids_cpu", process.cpu, app, pm_id)
    families.add("pm2_app_pids_memory", process.memory_bytes, app, pm_id)
    families.add("pm2_app_restart_count", process.restarts, app, pm_id)


def _add_apps(families: Families, listed: Sequence[Listed]) -> None:
    apps: dict[str, list[Process]] = {}
    for one in listed:
        apps.setdefault(one.labels[0], []).append(one.process)
    families.add("pm2_available_apps", len(apps))
    for app, processes in apps.items():
        count = len(processes)
        memory = sum(process.memory_bytes for process in processes)
        families.add("pm2_app_instances", count, app)
        families.add("pm2_app_total_memory", memory, app)
        families.add("pm2_app_average_memory", round(memory / count), app)
        families.add("pm2_app_average_cpu", round(sum(process.cpu for process in processes) / count, 1), app)
        families.add("pm2_app_uptime", round(max(process.uptime_seconds for process in processes)), app)
        families.add("pm2_app_status", min(_CODES.get(process.status, 9) for process in processes) % 9, app)
