from __future__ import annotations

from typing import Any

import pytest

from pm2.daemon.process import Process, from_monitor_data
from pm2.instance_tracking.reconciliation import (
    Change,
    KnownInstance,
    reconcile,
    running_processes,
    with_total_restarts,
)


def process(name: str = "api", pm_id: int = 0, pid: int = 11, restarts: int = 0, status: str = "online") -> Process:
    env: dict[str, Any] = {"status": status, "restart_time": restarts}
    return from_monitor_data({"name": name, "pm_id": pm_id, "pid": pid, "pm2_env": env}, now_ms=0)


API = ("api", 0)


def test_a_process_that_was_not_listed_before_appears() -> None:
    api, web = process(), process("web", 1, 12)

    assert reconcile({API: KnownInstance(api)}, [api, web], {}) == (
        {API: KnownInstance(api), ("web", 1): KnownInstance(web)},
        [Change("appeared", web, None)],
    )


def test_a_process_that_is_no_longer_listed_is_deleted() -> None:
    api, web = process(), process("web", 1, 12)

    assert reconcile({API: KnownInstance(api), ("web", 1): KnownInstance(web, 4)}, [api], {}) == (
        {API: KnownInstance(api)},
        [Change("deleted", web, web)],
    )


@pytest.mark.parametrize(
    "after", [process("web"), process(pm_id=1)], ids=["another name with this pm_id", "another pm_id with this name"]
)
def test_another_name_or_pm_id_is_another_instance(after: Process) -> None:
    before = process(restarts=3)

    assert reconcile({API: KnownInstance(before, 4)}, [after], {}) == (
        {(after.name, after.pm_id): KnownInstance(after, 0)},
        [Change("appeared", after, None), Change("deleted", before, before)],
    )


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        (process(), process(), []),
        (process(pid=11), process(pid=12), ["restarted"]),
        (process(pid=11), process(pid=12, status="launching"), ["restarted"]),
        (process(pid=11), process(pid=0, status="stopped"), ["status"]),
        (process(pid=0, status="stopped"), process(pid=12), ["status"]),
        (process(pid=11), process(pid=11, status="stopping"), ["status"]),
        (process(pid=11), process(pid=11, restarts=1), []),
    ],
)
def test_a_change_of_pid_is_a_restart_and_one_of_status_is_reported(
    before: Process, after: Process, kinds: list[str]
) -> None:
    assert reconcile({API: KnownInstance(before)}, [after], {}) == (
        {API: KnownInstance(after)},
        [Change(kind, after, before) for kind in kinds],
    )


@pytest.mark.parametrize(
    ("lost", "before", "after", "lost_after"),
    [(0, 3, 3, 0), (0, 3, 4, 0), (0, 3, 0, 3), (0, 3, 2, 3), (5, 3, 0, 8), (5, 3, 4, 5)],
)
def test_a_counter_that_decreases_was_reset_and_its_restarts_are_kept(
    lost: int, before: int, after: int, lost_after: int
) -> None:
    known, _ = reconcile({API: KnownInstance(process(restarts=before), lost)}, [process(restarts=after)], {})

    assert known == {API: KnownInstance(process(restarts=after), lost_after)}
    assert known[API].restarts == lost_after + after


def test_lost_restarts_of_an_earlier_server_count_only_when_the_instance_appears() -> None:
    api, web = process(restarts=1), process("web", 1, 12)

    assert reconcile({API: KnownInstance(api, 2)}, [api, web], {API: 9, ("web", 1): 7}) == (
        {API: KnownInstance(api, 2), ("web", 1): KnownInstance(web, 7)},
        [Change("appeared", web, None)],
    )


def test_restart_counts_survive_a_reset() -> None:
    known = {API: KnownInstance(process(restarts=1), lost_restarts=5)}
    listed = [process(restarts=2), process("new", 1, restarts=3)]

    assert with_total_restarts(known, listed) == (process(restarts=7), process("new", 1, restarts=3))


@pytest.mark.parametrize(
    ("status", "pid", "is_running"),
    [
        ("online", 11, True),
        ("launching", 11, True),
        ("stopping", 11, True),
        ("waiting restart", 11, True),
        ("waiting restart", 0, False),
        ("stopped", 11, False),
        ("errored", 11, False),
        ("never heard of", 11, False),
    ],
)
def test_a_process_runs_if_its_status_says_so_and_it_has_a_pid(status: str, pid: int, is_running: bool) -> None:
    listed = process(status=status, pid=pid)

    assert running_processes({API: KnownInstance(listed)}) == [listed] * is_running
