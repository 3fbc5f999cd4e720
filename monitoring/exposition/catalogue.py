"""Every series of `/metrics`: name, type, meaning and labels. What is not declared here is not exported. [pure]

A name with `_total` is a counter. The labels of an instance are `app` and `pm_id`, never `instance`: Prometheus sets
that to the address that it scrapes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Series:
    """`name`: as Prometheus stores it; `kind`: gauge, counter, info or summary."""

    name: str
    kind: str
    meaning: str
    labels: tuple[str, ...] = ()


def declare(*rows: tuple[str, str] | tuple[str, str, str]) -> dict[str, Series]:
    """From rows of name, meaning and labels; the type follows from the name."""
    series = {}
    for name, meaning, *labels in rows:
        kind = "counter" if name.endswith("_total") else "info" if name.endswith("_info") else "gauge"
        series[name] = Series(name, kind, meaning, tuple(labels[0].split()) if labels else ())
    return series


HOST = declare(
    ("pm2site_host_cpu_seconds_total", "Seconds of all processors by mode", "mode"),
    ("pm2site_host_cpus", "Processors"),
    ("pm2site_host_memory_total_bytes", "Memory"),
    ("pm2site_host_memory_available_bytes", "Memory that programs can get without swapping"),
    ("pm2site_host_swap_total_bytes", "Swap space"),
    ("pm2site_host_swap_used_bytes", "Swap space in use"),
    ("pm2site_host_disk_used_ratio", "Used share of the file system that contains DATA_DIR, from 0 to 1"),
    ("pm2site_host_disk_free_bytes", "Free bytes of the file system that contains DATA_DIR"),
    ("pm2site_host_network_receive_bytes_total", "Bytes received by all interfaces except loopback"),
    ("pm2site_host_network_transmit_bytes_total", "Bytes sent by all interfaces except loopback"),
    ("pm2site_host_load1", "Load average over 1 minute"),
    ("pm2site_host_load5", "Load average over 5 minutes"),
    ("pm2site_host_load15", "Load average over 15 minutes"),
    ("pm2site_host_uptime_seconds", "Seconds since boot"),
)
PM2 = declare(
    ("pm2site_pm2_up", "1 if PM2's daemon replies, else 0"),
    ("pm2site_pm2_info", "Version of PM2's daemon", "version"),
    ("pm2site_pm2_list_age_seconds", "Age of the process list; it grows while the daemon does not reply"),
    ("pm2site_pm2_orphans", "Processes left behind by a daemon that died: they run, and no daemon manages them"),
    ("pm2site_pm2_unsaved_apps", "Apps that a reboot would not bring back as they are"),
    ("pm2site_app_instances", "Instances of the app that PM2 lists", "app"),
    ("pm2site_app_instances_online", "Instances of the app that are online", "app"),
    ("pm2site_app_exits_total", "Exits of the app's instances by cause, of deleted ones too", "app cause"),
    ("pm2site_app_status", "1 for the current status of the instance, 0 for the others", "app pm_id status"),
    ("pm2site_app_metric", "Custom metric that the app reports to PM2, in the app's own unit", "app pm_id name"),
    ("pm2site_process_info", "What the instance is", "app pm_id namespace exec_mode interpreter version"),
    ("pm2site_process_cpu_seconds_total", "CPU seconds of the process tree since it started", "app pm_id"),
    ("pm2site_process_resident_memory_bytes", "Resident memory of the process tree", "app pm_id"),
    ("pm2site_process_start_time_seconds", "Start of the process since the epoch, if it is online", "app pm_id"),
    ("pm2site_process_restarts_total", "Restarts by PM2; resets by PM2 do not lower it", "app pm_id"),
    ("pm2site_process_unstable_restarts", "Restarts in a row soon after the start, as PM2 counts them", "app pm_id"),
)
CLUSTER = declare(
    ("pm2site_redis_cluster_state", "1 for the current state of the cluster, 0 for the others", "state"),
    ("pm2site_redis_nodes", "Redis nodes by state", "state"),
    ("pm2site_redis_cluster_masters", "Masters with slots"),
    ("pm2site_redis_cluster_known_nodes", "Nodes that the cluster knows"),
    ("pm2site_redis_cluster_slots_served", "Slots with a live master, of 16384"),
    ("pm2site_redis_cluster_slots_open", "Slots on the move, or left so by a reshard that broke off"),
    ("pm2site_redis_cluster_agreement", "1 if all nodes have the same map, else 0"),
    ("pm2site_redis_cluster_keys", "Keys of all masters"),
    ("pm2site_redis_cluster_memory_bytes", "Memory of all masters"),
    ("pm2site_redis_cluster_failovers_total", "Promotions of replicas seen since this server started"),
)
BENCHMARKS = declare(
    ("pm2site_benchmark_runs_total", "Finished benchmark runs, deleted ones too", "state validity"),
    ("pm2site_benchmark_queued_runs", "Runs that wait"),
    ("pm2site_benchmark_active_runs", "Runs that measure now"),
    ("pm2site_benchmark_last_requests_per_second", "Rate of the last run of a target and endpoint",
     "framework endpoint method"),
    ("pm2site_benchmark_last_requests_per_second_low", "Lower end of that rate's confidence interval",
     "framework endpoint method"),
    ("pm2site_benchmark_last_requests_per_second_high", "Upper end of that rate's confidence interval",
     "framework endpoint method"),
    ("pm2site_benchmark_last_valid", "1 if the checks of that run found nothing, else 0", "framework endpoint method"),
    ("pm2site_benchmark_last_end_timestamp_seconds", "End of that run since the epoch", "framework endpoint method"),
    ("pm2site_benchmark_last_cpu_seconds_per_request", "CPU seconds of the target for one request in that run",
     "framework endpoint method"),
    ("pm2site_benchmark_budget_met", "1 if that run met its budget, 0 if it missed it; absent if neither is shown",
     "framework endpoint method"),
)  # fmt: skip
OWN = {
    **declare(
        ("pm2site_info", "Version of this server", "version"),
        ("pm2site_sample_age_seconds", "Age of the newest sample; above 15 its series are left out", "stream"),
    ),
    "pm2site_sampler_seconds": Series(
        "pm2site_sampler_seconds", "summary", "Time that samples took since this server started", ("stream",)
    ),
    **declare(
        ("pm2site_sampler_errors_total", "Samples that failed since this server started", "stream"),
        ("pm2site_websockets_open", "Open WebSockets"),
        ("pm2site_event_loop_lag_seconds", "Time until the event loop took up a call at this scrape"),
        ("pm2site_database_up", "1 if exits and runs could be read from the database, else 0"),
        ("pm2site_series_dropped", "Subjects left out because of the limits of this page", "kind"),
    ),
}
CATALOGUE = {**HOST, **PM2, **CLUSTER, **BENCHMARKS, **OWN}

# INFO's name → name at redis_exporter, whose dashboards and rules exist.
REDIS_GAUGES = {
    "uptime_in_seconds": "redis_uptime_in_seconds",
    "connected_clients": "redis_connected_clients",
    "blocked_clients": "redis_blocked_clients",
    "maxclients": "redis_max_clients",
    "used_memory": "redis_memory_used_bytes",
    "used_memory_rss": "redis_memory_used_rss_bytes",
    "used_memory_peak": "redis_memory_used_peak_bytes",
    "used_memory_lua": "redis_memory_used_lua_bytes",
    "used_memory_overhead": "redis_memory_used_overhead_bytes",
    "used_memory_startup": "redis_memory_used_startup_bytes",
    "used_memory_dataset": "redis_memory_used_dataset_bytes",
    "maxmemory": "redis_memory_max_bytes",
    "mem_fragmentation_ratio": "redis_mem_fragmentation_ratio",
    "mem_fragmentation_bytes": "redis_mem_fragmentation_bytes",
    "expired_stale_perc": "redis_expired_stale_percentage",
    "loading": "redis_loading_dump_file",
    "rdb_changes_since_last_save": "redis_rdb_changes_since_last_save",
    "rdb_bgsave_in_progress": "redis_rdb_bgsave_in_progress",
    "rdb_last_save_time": "redis_rdb_last_save_timestamp_seconds",
    "rdb_last_bgsave_status": "redis_rdb_last_bgsave_status",
    "rdb_last_bgsave_time_sec": "redis_rdb_last_bgsave_duration_sec",
    "aof_enabled": "redis_aof_enabled",
    "aof_rewrite_in_progress": "redis_aof_rewrite_in_progress",
    "aof_last_bgrewrite_status": "redis_aof_last_bgrewrite_status",
    "aof_last_write_status": "redis_aof_last_write_status",
    "aof_current_size": "redis_aof_current_size_bytes",
    "latest_fork_usec": "redis_latest_fork_usec",
    "pubsub_channels": "redis_pubsub_channels",
    "pubsub_patterns": "redis_pubsub_patterns",
    "connected_slaves": "redis_connected_slaves",
    "master_repl_offset": "redis_master_repl_offset",
    "repl_backlog_size": "redis_replication_backlog_bytes",
    "sync_full": "redis_replica_resyncs_full",
    "sync_partial_ok": "redis_replica_partial_resync_accepted",
    "sync_partial_err": "redis_replica_partial_resync_denied",
    "cluster_enabled": "redis_cluster_enabled",
}
REDIS_COUNTERS = {
    "total_connections_received": "redis_connections_received_total",
    "total_commands_processed": "redis_commands_processed_total",
    "rejected_connections": "redis_rejected_connections_total",
    "total_net_input_bytes": "redis_net_input_bytes_total",
    "total_net_output_bytes": "redis_net_output_bytes_total",
    "expired_keys": "redis_expired_keys_total",
    "evicted_keys": "redis_evicted_keys_total",
    "keyspace_hits": "redis_keyspace_hits_total",
    "keyspace_misses": "redis_keyspace_misses_total",
    "used_cpu_sys": "redis_cpu_sys_seconds_total",
    "used_cpu_user": "redis_cpu_user_seconds_total",
    "used_cpu_sys_children": "redis_cpu_sys_children_seconds_total",
    "used_cpu_user_children": "redis_cpu_user_children_seconds_total",
}
CLUSTER_INFO = {
    "cluster_state": "redis_cluster_state",
    "cluster_slots_assigned": "redis_cluster_slots_assigned",
    "cluster_slots_ok": "redis_cluster_slots_ok",
    "cluster_slots_pfail": "redis_cluster_slots_pfail",
    "cluster_slots_fail": "redis_cluster_slots_fail",
    "cluster_known_nodes": "redis_cluster_known_nodes",
    "cluster_size": "redis_cluster_size",
    "cluster_current_epoch": "redis_cluster_current_epoch",
    "cluster_my_epoch": "redis_cluster_my_epoch",
    "cluster_stats_messages_sent": "redis_cluster_messages_sent_total",
    "cluster_stats_messages_received": "redis_cluster_messages_received_total",
}
REDIS = {
    **declare(
        ("redis_up", "1 if the node replied, else 0"),
        ("redis_start_time_seconds", "Start of the node since the epoch"),
        ("redis_instance_info", "What the node is", "role redis_version redis_mode os maxmemory_policy tcp_port"),
        ("redis_slave_info", "The master of a replica", "master_host master_port read_only"),
        ("redis_master_link_up", "1 if a replica is connected to its master, else 0", "master_host master_port"),
        ("redis_master_last_io_seconds_ago", "Seconds since a replica heard from its master",
         "master_host master_port"),
        ("redis_master_sync_in_progress", "1 while a replica copies its master, else 0", "master_host master_port"),
        ("redis_slave_repl_offset", "Offset of a replica", "master_host master_port"),
        ("redis_connected_slave_offset_bytes", "Offset of a replica, as its master has it",
         "slave_ip slave_port slave_state"),
        ("redis_connected_slave_lag_seconds", "Seconds since a replica's acknowledgement, as its master has it",
         "slave_ip slave_port slave_state"),
        ("redis_db_keys", "Keys of a database", "db"),
        ("redis_db_keys_expiring", "Keys of a database that expire", "db"),
        ("redis_db_avg_ttl_seconds", "Mean time to live of the keys that expire", "db"),
    ),
    **declare(*((name, f"`{field}` of INFO") for field, name in (REDIS_GAUGES | REDIS_COUNTERS).items())),
    **declare(*((name, f"`{field}` of CLUSTER INFO") for field, name in CLUSTER_INFO.items())),
}  # fmt: skip
