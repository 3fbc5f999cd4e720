"""The host's series. [pure]"""

from __future__ import annotations

from monitoring.exposition.families import Families
from monitoring.exposition.steady_counters import SteadyCounters
from system.host.metrics import HostStats


def add_host(families: Families, host: HostStats, counters: SteadyCounters) -> None:
    """What could not be read is absent."""
    families.add("pm2site_host_cpus", host.cpu_count)
    families.add("pm2site_host_uptime_seconds", host.uptime_seconds)
    for minutes, load in zip((1, 5, 15), host.load_average or (), strict=False):
        families.add(f"pm2site_host_load{minutes}", load)
    families.add("pm2site_host_swap_total_bytes", host.swap_total_bytes)
    families.add("pm2site_host_swap_used_bytes", host.swap_bytes)
    families.add("pm2site_host_disk_used_ratio", None if host.disk_percent is None else host.disk_percent / 100)
    families.add("pm2site_host_disk_free_bytes", host.disk_free_bytes)
    if host.reading is None:
        return
    families.add("pm2site_host_memory_total_bytes", host.reading.memory.total)
    families.add("pm2site_host_memory_available_bytes", host.reading.memory.available)
    for mode, seconds in host.reading.cpu_modes.items():
        # The kernel's figures for idle time fall by some hundredths of a second now and then (proc(5), iowait).
        families.add("pm2site_host_cpu_seconds_total", counters.never_below(("cpu", mode), seconds), mode)
    for direction, count in zip(("receive", "transmit"), host.reading.network, strict=True):
        if count is not None:  # a sum, which falls when an interface is removed
            name = f"pm2site_host_network_{direction}_bytes_total"
            families.add(name, counters.continued(name, count))
