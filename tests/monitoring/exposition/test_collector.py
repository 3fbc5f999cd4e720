"""The page of all series, read by the official parsers in both formats."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from pytest_django import Settings

from monitoring.exposition.catalogue import CATALOGUE
from monitoring.exposition.collector import Collector
from monitoring.exposition.stored_counts import StoredCounts
from pm2.daemon.process import Status
from tests.monitoring.exposition.conftest import RUNS
from tests.monitoring.exposition.samples import host, of, parsed, process, redis, stats, stopped

Sample = Callable[..., None]
OWN_OF_THE_LIBRARY = ("process_", "python_info")


def names(collected: dict[tuple[str, tuple[tuple[str, str], ...]], float]) -> set[str]:
    """Names as in the catalogue: a summary has two."""
    return {re.sub("^(pm2site_sampler_seconds)_.*", r"\1", name) for name, _ in collected}


def test_every_declared_series_is_exported_and_no_other(collector: Collector, sample: Sample) -> None:
    sample(host=host(), pm2=stats(process()), redis=redis())
    exported = names(parsed(collector.page(0.001)))

    assert {name for name in exported if not name.startswith(OWN_OF_THE_LIBRARY)} == set(CATALOGUE)
    assert {name for name in exported if name.startswith(OWN_OF_THE_LIBRARY)} == {
        "process_cpu_seconds_total", "process_max_fds", "process_open_fds", "process_resident_memory_bytes",
        "process_start_time_seconds", "process_virtual_memory_bytes", "python_info",
    }  # fmt: skip


def test_the_series_of_an_instance(collector: Collector, sample: Sample) -> None:
    sample(pm2=stats(process("api", 3)))
    page = parsed(collector.page())
    own = {"app": "api", "pm_id": "3"}

    assert of(page, "pm2site_app_status", **own) == {(status.value,): float(status == "online") for status in Status}
    assert of(page, "pm2site_process_cpu_seconds_total", **own) == {(): 3.5}
    assert of(page, "pm2site_process_resident_memory_bytes", **own) == {(): 2**20}
    assert of(page, "pm2site_process_start_time_seconds", **own) == {(): 1764237600}
    assert of(page, "pm2site_process_restarts_total", **own) == {(): 2}
    assert of(page, "pm2site_process_unstable_restarts", **own) == {(): 1}
    assert of(page, "pm2site_process_info", **own) == {("cluster_mode", "node", "default", "1.2.3"): 1}
    assert of(page, "pm2site_app_metric", **own) == {("Event Loop Latency",): 0.41, ("HTTP",): 12}
    assert of(page, "pm2site_app_exits_total", app="api")[("crash",)] == 2
    assert Counter(of(page, "pm2site_app_exits_total", app="api").values()) == {0: 8, 2: 1}
    assert [of(page, f"pm2site_app_instances{suffix}", app="api") for suffix in ("", "_online")] == [{(): 1}, {(): 1}]
    assert of(page, "pm2site_pm2_up") == {(): 1}
    assert of(page, "pm2site_pm2_info") == {("7.0.4",): 1}
    assert of(page, "pm2site_pm2_unsaved_apps") == {(): 1}


def test_stopped_and_errored_apps_keep_their_series(collector: Collector, sample: Sample) -> None:
    sample(pm2=stats(stopped("api", 0), stopped("api", 1, Status.ERRORED)))
    page = parsed(collector.page())

    assert of(page, "pm2site_app_status", app="api", status="stopped") == {("0",): 1, ("1",): 0}
    assert of(page, "pm2site_app_status", app="api", status="errored") == {("0",): 0, ("1",): 1}
    for name in ("process_cpu_seconds_total", "process_resident_memory_bytes"):
        assert of(page, f"pm2site_{name}", app="api") == {("0",): 0, ("1",): 0}
    assert of(page, "pm2site_process_restarts_total", app="api") == {("0",): 2, ("1",): 2}
    assert of(page, "pm2site_app_instances_online") == {("api",): 0}


def test_apps_of_a_daemon_that_is_down_are_unknown_and_keep_their_counters(
    collector: Collector, sample: Sample
) -> None:
    down = replace(stats(process()), stale=True, age_seconds=40.0)
    sample(pm2=replace(down, daemon=replace(down.daemon, state="down", version=None)))
    page = parsed(collector.page())

    assert of(page, "pm2site_pm2_up") == {(): 0}
    assert of(page, "pm2site_pm2_list_age_seconds") == {(): 40}
    assert of(page, "pm2site_app_status", app="api", status="unknown") == {("0",): 1}
    assert of(page, "pm2site_app_status", app="api", status="online") == {("0",): 0}
    assert of(page, "pm2site_process_restarts_total") == {("api", "0"): 2}
    assert of(page, "pm2site_process_cpu_seconds_total") == {("api", "0"): 3.5}
    assert of(page, "pm2site_process_resident_memory_bytes") == {}


def test_the_host(collector: Collector, sample: Sample) -> None:
    sample(host=host())
    page = parsed(collector.page())
    figures = {name.removeprefix("pm2site_host_"): value for (name, pairs), value in page.items() if not pairs}

    assert of(page, "pm2site_host_cpu_seconds_total") == {("user",): 10, ("system",): 5, ("idle",): 100}
    assert {name: value for name, value in figures.items() if f"pm2site_host_{name}" in CATALOGUE} == {
        "cpus": 1, "memory_total_bytes": 1000, "memory_available_bytes": 600, "swap_total_bytes": 2,
        "swap_used_bytes": 1, "disk_used_ratio": 0.715, "disk_free_bytes": 9, "network_receive_bytes_total": 1000,
        "network_transmit_bytes_total": 5000, "load1": 1.5, "load5": 1.25, "load15": 1, "uptime_seconds": 262900,
    }  # fmt: skip


def test_what_the_host_does_not_report_is_absent(collector: Collector, sample: Sample) -> None:
    unknown = host(cpu_modes={}, network=(None, None), disk=(None, None), load=None, swap=(None, None), uptime=None)
    sample(host=unknown)

    assert names(parsed(collector.page())) & {name for name in CATALOGUE if "_host_" in name} == {
        "pm2site_host_cpus", "pm2site_host_memory_total_bytes", "pm2site_host_memory_available_bytes",
    }  # fmt: skip


def test_the_summary_of_redis(collector: Collector, sample: Sample) -> None:
    sample(redis=redis(6, down=2))
    page = parsed(collector.page())
    figures = ("masters", "known_nodes", "slots_served", "slots_open", "agreement", "keys", "failovers_total")

    assert of(page, "pm2site_redis_cluster_state") == {("ok",): 1, ("fail",): 0, ("absent",): 0, ("stopped",): 0}
    assert of(page, "pm2site_redis_nodes") == {
        ("up",): 4, ("loading",): 0, ("unresponsive",): 0, ("down",): 2, ("stopped",): 0,
    }  # fmt: skip
    assert [of(page, f"pm2site_redis_cluster_{name}")[()] for name in figures] == [3, 6, 16384, 0, 1, 20, 1]
    assert of(page, "pm2site_redis_cluster_memory_bytes") == {(): 2 * 2**20}


def test_the_benchmarks(collector: Collector) -> None:
    page = parsed(collector.page())
    fastify, express = ("/json", "fastify", "GET"), ("/json", "express", "POST")
    last = "pm2site_benchmark_last"

    assert of(page, "pm2site_benchmark_runs_total") == {
        ("done", "valid"): 3, ("done", "caution"): 0, ("done", "invalid"): 0, ("done", "unknown"): 0,
        ("failed", "none"): 1, ("cancelled", "none"): 0, ("interrupted", "none"): 0,
    }  # fmt: skip
    assert (of(page, "pm2site_benchmark_queued_runs"), of(page, "pm2site_benchmark_active_runs")) == ({(): 2}, {(): 1})
    assert of(page, f"{last}_requests_per_second") == {fastify: 1000, express: 500}
    assert of(page, f"{last}_requests_per_second_low") == {fastify: 990}
    assert of(page, f"{last}_requests_per_second_high") == {fastify: 1010}
    assert of(page, f"{last}_valid") == {fastify: 1, express: 0, ("/", "express", "GET"): 0}
    assert of(page, f"{last}_cpu_seconds_per_request") == {fastify: 0.00012}
    assert of(page, f"{last}_end_timestamp_seconds")[fastify] == 1795780800
    assert of(page, "pm2site_benchmark_budget_met") == {fastify: 1, express: 0}


def test_an_old_sample_leaves_its_series_out_and_says_its_age(collector: Collector, sample: Sample) -> None:
    sample(host=host(), age_s=14)
    sample(pm2=stats(process()), age_s=16)
    page = parsed(collector.page())
    exported = names(page)
    ages = of(page, "pm2site_sample_age_seconds")

    assert not any(name.startswith(("pm2site_pm2", "pm2site_app", "pm2site_process_")) for name in exported)
    assert {"pm2site_host_cpus", "pm2site_benchmark_queued_runs"} <= exported
    assert (14 <= ages[("system:metrics",)] < 60, 16 <= ages[("pm2:stats",)] < 60) == (True, True)
    assert ages[("redis:stats",)] == float("inf")
    assert of(page, "pm2site_sampler_seconds_count") == dict.fromkeys(
        [("system:metrics",), ("pm2:stats",), ("redis:stats",)], 4
    )
    assert set(of(page, "pm2site_sampler_seconds_sum").values()) == {0.5}
    assert set(of(page, "pm2site_sampler_errors_total").values()) == {1}


def test_without_the_database_its_counters_are_absent_until_it_can_be_read(
    collector: Collector, sample: Sample, stored: list[StoredCounts | None]
) -> None:
    sample(pm2=stats(process()))
    stored.append(None)
    page = parsed(collector.page())
    assert of(page, "pm2site_database_up") == {(): 0}
    assert not {"pm2site_process_restarts_total", "pm2site_app_exits_total"} & names(page)

    stored.append(StoredCounts({}, {("api", 0): 5}, RUNS, is_current=False))
    page = parsed(collector.page())
    assert of(page, "pm2site_database_up") == {(): 0}
    assert of(page, "pm2site_process_restarts_total") == {("api", "0"): 7}


HOSTILE = 'a"b\\c\nd{x="y"}' + "\0\x1b\x7f" + "ü" + "n" * 10_000


def test_hostile_names_are_valid_bounded_and_stay_apart(collector: Collector, sample: Sample) -> None:
    foreign = process(HOSTILE + "1", 1, namespace=HOSTILE, version="\ud800", custom_metrics={HOSTILE: 1.0})
    sample(pm2=stats(process(HOSTILE, 0), foreign, process("", 2), process("\ud800", 3)))
    page = parsed(collector.page())
    apps = {dict(pairs)["app"] for name, pairs in page if name == "pm2site_process_info"}
    values = {text for _, pairs in page for _, text in pairs}

    assert {len(app) for app in apps} == {0, 1, 120}
    assert len(apps) == 3  # their first 500 characters, which the database has, are the same
    assert {"", "?"} < apps
    assert next(app for app in apps if len(app) > 1).startswith('a"b\\c\nd{x="y"}\ufffd\ufffd\ufffdünn')
    assert max(map(len, values)) <= 120
    assert of(page, "pm2site_process_restarts_total").keys() == {
        (app, str(pm_id)) for pm_id, app in enumerate([max(apps, key=len), max(apps, key=len), "", "?"])
    }


def test_more_than_500_processes_are_counted_not_exported(
    collector: Collector, sample: Sample, stored: list[StoredCounts | None]
) -> None:
    deleted = {(f"gone-{number}", "crash"): 1 for number in range(30)}
    stored.append(StoredCounts(deleted, {}, replace(RUNS, last=[
        replace(RUNS.last[0], endpoint=f"/{number}") for number in range(203)
    ])))  # fmt: skip
    sample(pm2=stats(*(process(f"app-{number % 490}", number) for number in reversed(range(513)))))
    page = parsed(collector.page())

    assert of(page, "pm2site_series_dropped") == {("processes",): 13, ("apps",): 20, ("targets",): 3}
    assert len(of(page, "pm2site_process_info")) == 500
    assert max(int(pm_id) for _, pm_id in of(page, "pm2site_process_restarts_total")) == 499
    assert len(of(page, "pm2site_app_exits_total", cause="crash")) == 500
    assert len(of(page, "pm2site_benchmark_last_valid")) == 200


def test_200_processes_and_30_nodes_are_counted_exactly(collector: Collector, sample: Sample) -> None:
    sample(host=host(), redis=redis(30), pm2=stats(*(process(f"app-{number}", number) for number in range(200))))
    page = parsed(collector.page(0.0))
    counts = Counter(name for name, _ in page)
    of_processes = {name: count for name, count in counts.items() if name.startswith(("pm2site_app", "pm2site_proc"))}

    assert of_processes == {
        "pm2site_app_status": 8 * 200, "pm2site_app_metric": 2 * 200, "pm2site_app_exits_total": 9 * 201,
        "pm2site_app_instances": 200, "pm2site_app_instances_online": 200, "pm2site_process_info": 200,
        "pm2site_process_cpu_seconds_total": 200, "pm2site_process_resident_memory_bytes": 200,
        "pm2site_process_start_time_seconds": 200, "pm2site_process_restarts_total": 200,
        "pm2site_process_unstable_restarts": 200,
    }  # fmt: skip
    assert sum(counts.values()) == 8 * 200 + 2 * 200 + 9 * 201 + 8 * 200 + 86


def test_the_names_of_other_exporters_are_added_on_request(
    collector: Collector, sample: Sample, settings: Settings
) -> None:
    sample(pm2=stats(process("api", 0), stopped("api", 1), stopped("web", 2, Status.ERRORED)))
    before = names(parsed(collector.page()))
    settings.METRICS_COMPAT = frozenset({"pm2"})
    page = parsed(collector.page())
    api, second = ("0", "0", "node", "api", "20.1.0"), ("1", "0", "node", "api", "20.1.0")

    assert names(page) - before == {
        "pm2_up", "pm2_cpu", "pm2_memory", "pm2_uptime", "pm2_instances", "pm2_restarts", "pm2_prev_restart_delay",
        "pm2_event_loop_latency", "pm2_http", "pm2_available_apps", "pm2_app_instances", "pm2_app_average_memory",
        "pm2_app_total_memory", "pm2_app_average_cpu", "pm2_app_uptime", "pm2_app_status", "pm2_app_pids_cpu",
        "pm2_app_pids_memory", "pm2_app_restart_count",
    }  # fmt: skip
    assert of(page, "pm2_up", name="api") == {("0", "0", "node", "20.1.0"): 1, ("1", "0", "node", "20.1.0"): 0}
    assert of(page, "pm2_event_loop_latency") == {api: 0.41}
    assert of(page, "pm2_restarts")[second] == 2
    assert of(page, "pm2_app_status") == {("api",): 1, ("web",): 4}
    assert of(page, "pm2_app_average_memory") == {("api",): 2**19, ("web",): 0}
    assert of(page, "pm2_app_restart_count") == {("api", "0"): 2, ("api", "1"): 2, ("web", "2"): 2}


def test_aliases_of_custom_metrics_never_collide(collector: Collector, sample: Sample, settings: Settings) -> None:
    settings.METRICS_COMPAT = frozenset({"pm2"})
    custom = {"Up": 9.0, "a b": 1.0, "A-b": 2.0, "µ": 3.0, "x" * 100: 4.0, "app status": 5.0}
    sample(pm2=stats(process("api", 0, custom_metrics=custom), process("web", 1, custom_metrics={"A-b": 7.0})))
    page = parsed(collector.page())

    assert set(of(page, "pm2_a_b").values()) == {1.0, 7.0}
    assert set(of(page, "pm2_up").values()) == {1.0}
    assert list(of(page, "pm2__").values()) == [3.0]


@pytest.mark.parametrize("text", ["", "api", "größe", 'a"b\n'])
def test_usual_names_are_unchanged(collector: Collector, sample: Sample, text: str) -> None:
    sample(pm2=stats(process(text)))

    assert set(of(parsed(collector.page()), "pm2site_app_instances")) == {(text,)}
