"""Counters over what resets their sources."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from monitoring.exposition.collector import Collector
from monitoring.exposition.stored_counts import StoredCounts
from pm2.daemon.process import Process
from tests.monitoring.exposition.conftest import RUNS
from tests.monitoring.exposition.samples import host, of, parsed, process, stats, stopped

Sample = Callable[..., None]
Values = Callable[..., dict[tuple[str, ...], float]]


@pytest.fixture
def values(collector: Collector, sample: Sample) -> Values:
    """The values of a series after the next sample of PM2."""

    def collect(name: str, *processes: Process, **labels: str) -> dict[tuple[str, ...], float]:
        sample(pm2=stats(*processes))
        return of(parsed(collector.page()), name, **labels)

    return collect


def test_cpu_seconds_start_at_0_with_each_process_and_do_not_fall_within_one(values: Values) -> None:
    """A child that nobody waited for takes its seconds along."""
    name = "pm2site_process_cpu_seconds_total"
    run: dict[str, Any] = {"pid": 11, "started_at_ms": 1000.0}
    samples = [
        process(cpu_seconds=5.0, **run),
        process(cpu_seconds=4.0, **run),
        process(cpu_seconds=None, **run),
        process(cpu_seconds=6.0, **run),
        stopped("api", 0),
        process(cpu_seconds=0.5, pid=12, started_at_ms=2000.0),
    ]

    assert [values(name, one, app="api")[("0",)] for one in samples] == [5, 5, 5, 6, 0, 0.5]


def test_restarts_go_on_when_an_instance_is_deleted_and_started_under_the_same_name(
    values: Values, stored: list[StoredCounts | None]
) -> None:
    """The rows of the deletion come some seconds after the new instance."""
    name = "pm2site_process_restarts_total"
    seen = [values(name, process(restarts=7)), values(name, process(restarts=0)), values(name, process(restarts=1))]
    stored.append(StoredCounts({}, {("api", 0): 7}, RUNS))
    seen += [values(name, process(restarts=1)), values(name, process(restarts=2))]

    assert [one[("api", "0")] for one in seen] == [7, 7, 7, 8, 9]


def test_restarts_of_predecessors_that_the_list_has_count_before_the_database_has_them(
    values: Values, stored: list[StoredCounts | None]
) -> None:
    """The collector excludes their rows from what it reads."""
    successor = process(restarts=1, earlier_restarts=(("first", 7), ("second", 3)))

    assert values("pm2site_process_restarts_total", successor) == {("api", "0"): 11}
    stored.append(StoredCounts({}, {("api", 0): 2}, RUNS))
    assert values("pm2site_process_restarts_total", successor) == {("api", "0"): 13}


def test_a_server_that_starts_goes_on_with_what_the_database_has(
    values: Values, stored: list[StoredCounts | None]
) -> None:
    stored.append(StoredCounts({("api", "crash"): 40, ("gone", "killed"): 2}, {("api", 0): 7}, RUNS))

    assert values("pm2site_process_restarts_total", process(restarts=3)) == {("api", "0"): 10}
    exits = values("pm2site_app_exits_total", process())
    assert {key: count for key, count in exits.items() if count} == {("api", "crash"): 40, ("gone", "killed"): 2}


def test_restarts_are_absent_until_those_that_pm2_has_forgotten_are_known(values: Values) -> None:
    """As in the first moment of a server, and in one that does not record."""
    name = "pm2site_process_restarts_total"
    seen = [values(name, process(restarts=1, token="")), values(name, process(restarts=6))]

    assert seen == [{}, {("api", "0"): 6}]


def test_exits_of_a_deleted_app_stay(values: Values, stored: list[StoredCounts | None]) -> None:
    stored.append(StoredCounts({("api", "crash"): 3}, {}, RUNS))
    before = values("pm2site_app_exits_total", process(), cause="crash")
    after = values("pm2site_app_exits_total", cause="crash")

    assert (before, after) == ({("api",): 3}, {("api",): 3})


def test_exits_do_not_fall_with_the_rows_of_the_database(values: Values, stored: list[StoredCounts | None]) -> None:
    counts = []
    for number in (5, 2, 6):
        stored.append(StoredCounts({("api", "crash"): number}, {}, RUNS))
        counts.append(values("pm2site_app_exits_total", process(), cause="crash")[("api",)])

    assert counts == [5, 5, 6]


def test_idle_seconds_do_not_fall_and_bytes_go_on_without_an_interface(collector: Collector, sample: Sample) -> None:
    seconds: list[float] = []
    received: list[float] = []
    for idle, count in ((100.0, 1000), (99.5, 400), (101.0, 500)):
        sample(host=host(cpu_modes={"idle": idle}, network=(count, 0)))
        page = parsed(collector.page())
        seconds += of(page, "pm2site_host_cpu_seconds_total").values()
        received += of(page, "pm2site_host_network_receive_bytes_total").values()

    assert (seconds, received) == ([100, 100, 101], [1000, 1000, 1100])


def test_a_page_without_a_list_keeps_what_it_knew(values: Values, collector: Collector, sample: Sample) -> None:
    values("pm2site_process_restarts_total", process(restarts=7))
    sample(pm2=stats(process(restarts=7)), age_s=60)
    between = of(parsed(collector.page()), "pm2site_process_restarts_total")

    assert between == {}
    assert values("pm2site_process_restarts_total", process(restarts=5)) == {("api", "0"): 7}
    assert values("pm2site_app_instances", replace(process(), name="web")) == {("web",): 1}
