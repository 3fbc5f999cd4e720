"""Whose port is whose, in particular among the sockets of PM2's daemon, and what can be measured."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pm2.daemon.process import Process, from_monitor_data
from pm2.monitor import listeners
from pm2.monitor.listeners import ListeningApp
from system.host.ports import Listener
from system.lib.wire import to_wire

EVERYWHERE = "0.0.0.0"


def process(pm_id: int, name: str, *, port: object = None, cluster: bool = False, **env: object) -> Process:
    """A running process, with pid 100 + pm_id. `port`: its variable PORT."""
    mode = "cluster_mode" if cluster else "fork_mode"
    entry = {"pm_id": pm_id, "pid": 100 + pm_id, "name": name}
    return from_monitor_data({**entry, "pm2_env": {"status": "online", "exec_mode": mode, "PORT": port, **env}}, 0)


def worker(pm_id: int, name: str, port: object = None) -> Process:
    return process(pm_id, name, port=port, cluster=True)


def ports_of(processes: list[Process], by_tree: dict[int, list[int]], of_daemon: list[int]) -> list[tuple[int, ...]]:
    """The ports that each process gets."""
    own = {pid: tuple(Listener("::", port) for port in ports) for pid, ports in by_tree.items()}
    daemons = [Listener(EVERYWHERE, port) for port in of_daemon]
    assigned = listeners.assign(processes, own, daemons)
    return [one.ports for one in listeners.with_listeners(processes, assigned)]


@pytest.mark.parametrize(
    ("workers", "of_daemon", "expected"),
    [
        # The only app in cluster mode has all.
        ([worker(0, "api"), worker(1, "api")], [3000], [(3000,), (3000,)]),
        ([worker(0, "api", "3000")], [9000, 3000], [(3000, 9000)]),
        ([worker(0, "api", "8080")], [3000], [(3000,)]),
        ([worker(0, "api")], [], [()]),
        # Instances with a PORT each.
        ([worker(0, "api", 3000), worker(1, "api", 3001)], [3000, 3001], [(3000,), (3001,)]),
        # By PORT; the port left over is that of the other app, if there is one other.
        ([worker(0, "api", "3000"), worker(1, "web", "4000")], [3000, 4000], [(3000,), (4000,)]),
        ([worker(0, "api", "3000"), worker(1, "web"), worker(2, "web")], [3000, 4000], [(3000,), (4000,), (4000,)]),
        ([worker(0, "api", "3000"), worker(1, "web", "3001")], [3000, 4000], [(3000,), (4000,)]),
        ([worker(0, "api", "3000"), worker(1, "web")], [3000, 4000, 5000], [(3000,), ()]),
        ([worker(0, "api", "3000"), worker(1, "web"), worker(2, "jobs")], [3000, 4000], [(3000,), (), ()]),
        ([worker(0, "web"), worker(1, "jobs")], [4000], [(), ()]),
        ([worker(0, "api", "no port"), worker(1, "web", "99999")], [4000], [(), ()]),
    ],
)
def test_the_daemons_ports_are_given_to_the_apps_that_can_be_identified(
    workers: list[Process], of_daemon: list[int], expected: list[tuple[int, ...]]
) -> None:
    assert ports_of(workers, {}, of_daemon) == expected


def test_a_process_in_fork_mode_has_the_ports_of_its_tree_alone() -> None:
    processes = [process(0, "two", port="5000"), process(1, "none"), worker(2, "api")]

    assert ports_of(processes, {100: [9229, 3000, 3000], 102: [7777]}, [5000]) == [(3000, 9229), (), (5000, 7777)]


def test_a_process_that_does_not_run_has_no_ports() -> None:
    stopped = process(0, "api", cluster=True, status="stopped")

    assert ports_of([stopped, process(1, "web")], {100: [3000], 101: [4000]}, [5000]) == [(), (4000,)]


def test_the_port_is_the_first_or_that_of_the_framework() -> None:
    [own, framework] = listeners.with_listeners(
        [process(0, "api"), replace(process(1, "express"), framework="express", port=3001)],
        {100: (Listener("::", 9229), Listener("::", 3000)), 101: (Listener("::", 3050),)},
    )

    assert [(one.port, one.ports) for one in (own, framework)] == [(3000, (3000, 9229)), (3001, (3050,))]


def test_neither_the_sockets_nor_the_variable_are_sent() -> None:
    [sent] = listeners.with_listeners([process(0, "api", port="8123")], {100: (Listener("192.168.7.7", 3000),)})
    wire: Any = to_wire(sent)

    assert (wire["port"], wire["ports"], "listeners" in wire, "envPort" in wire) == (3000, [3000], False, False)
    assert ("8123" in str(wire), "192.168.7.7" in str(wire)) == (False, False)


def listening(pm_id: int, name: str, *sockets: tuple[str, int], **options: Any) -> Process:
    by_pid = {100 + pm_id: tuple(Listener(*socket) for socket in sockets)}
    return listeners.with_listeners([process(pm_id, name, **options)], by_pid)[0]


def test_what_listens_is_offered_once_for_each_name() -> None:
    framework = replace(listening(9, "express", (EVERYWHERE, 3001)), framework="express")
    processes = [
        listening(0, "api", ("::", 3000)),
        listening(1, "api", ("::", 3000)),
        listening(2, "api"),
        listening(3, "two", ("127.0.0.1", 9229), ("192.168.1.5", 9300), port="9300"),
        listening(4, "silent"),
        listening(5, "cache", ("127.0.0.1", 7000)),
        listening(6, "ourselves", (EVERYWHERE, 3100)),
        listening(7, "pm2-metrics", (EVERYWHERE, 9209), pmx_module=True),
        listening(8, "ending", (EVERYWHERE, 3002), status="stopping"),
        framework,
    ]
    api = ListeningApp("api", "127.0.0.1", 3000, (3000,), is_framework=False, instances=2)
    two = ListeningApp("two", "192.168.1.5", 9300, (9229, 9300), is_framework=False, instances=1)
    express = ListeningApp("express", "127.0.0.1", 3001, (3001,), is_framework=True, instances=1)

    assert listeners.listening_apps(processes, {106}, {7000}) == (api, two, express)


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        ([EVERYWHERE], "127.0.0.1"),
        (["::"], "127.0.0.1"),
        (["::1"], "::1"),
        (["::1", "::"], "127.0.0.1"),
        (["127.0.0.5"], "127.0.0.5"),
        (["192.168.1.5"], "192.168.1.5"),
        (["2001:db8::1", "192.168.1.5"], "192.168.1.5"),
        (["2001:db8::1"], "2001:db8::1"),
        (["192.168.1.5", "127.0.0.1"], "127.0.0.1"),
    ],
)
def test_a_port_answers_where_it_is_bound(bound: list[str], expected: str) -> None:
    assert listeners.connect_address(bound) == expected
