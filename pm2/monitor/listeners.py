"""Which process under PM2 listens where, and which of them can be measured. [pure]

In cluster mode PM2's daemon holds the listening sockets of all its apps, and hands the connections to their workers.
Nothing states which socket is for which app; what the variables PORT and the other apps leave open is unknown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pm2.daemon.process import RUNNING, Process, Status
from system.host.ports import Listener

CLUSTER = "cluster_mode"
EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - read, not bound
LOOPBACK = "127.0.0.1"

ByPid = Mapping[int, tuple[Listener, ...]]


@dataclass(frozen=True, slots=True)
class ListeningApp:
    """What listens under one name in PM2's list, all its instances together. `address`, `port`: where to connect to
    it; `ports`: all that it has, in order; `instances`: how many of them listen."""

    name: str
    address: str
    port: int
    ports: tuple[int, ...]
    is_framework: bool
    instances: int


def with_listeners(processes: Iterable[Process], by_pid: ByPid) -> tuple[Process, ...]:
    """The processes with their ports. `by_pid`: as of `assign`."""
    return tuple(_with_listeners(process, by_pid.get(process.pid, ())) for process in processes)


def _with_listeners(process: Process, listeners: tuple[Listener, ...]) -> Process:
    ports = tuple(sorted({listener.port for listener in listeners}))
    port = process.port if process.framework else next(iter(ports), None)
    return replace(process, listeners=listeners, ports=ports, port=port)


def assign(processes: Sequence[Process], by_tree: ByPid, of_daemon: Sequence[Listener]) -> ByPid:
    """Where each running process listens. `by_tree`: the sockets of its own process tree, by its pid; `of_daemon`:
    those of PM2's daemon."""
    workers = [process for process in processes if process.exec_mode == CLUSTER and _runs(process)]
    theirs = _assign_to_workers(workers, {listener.port for listener in of_daemon})
    assigned = {}
    for process in processes:
        if _runs(process):
            passed_on = {listener for listener in of_daemon if listener.port in theirs.get(process.pid, ())}
            listeners = passed_on.union(by_tree.get(process.pid, ()))
            assigned[process.pid] = tuple(sorted(listeners, key=lambda one: (one.port, one.address)))
    return assigned


def _runs(process: Process) -> bool:
    return process.pid > 0 and process.status in RUNNING


def _assign_to_workers(workers: Sequence[Process], ports: Collection[int]) -> dict[int, Collection[int]]:
    """Which of the daemon's ports are each worker's, by pid: all if there is no other app; else that of its PORT; else
    the only one left, if no second app could have it."""
    if len({worker.name for worker in workers}) == 1 and not _differ(workers, ports):
        return {worker.pid: ports for worker in workers}
    claimed = {worker.pid: worker.env_port for worker in workers if worker.env_port in ports}
    left = [port for port in ports if port not in claimed.values()]
    claiming = {worker.name for worker in workers if worker.pid in claimed}
    others = {worker.name for worker in workers} - claiming
    theirs: dict[int, Collection[int]] = {pid: (port,) for pid, port in claimed.items() if port is not None}
    if len(others) == len(left) == 1:
        theirs |= {worker.pid: left for worker in workers if worker.name in others}
    return theirs


def _differ(workers: Sequence[Process], ports: Collection[int]) -> bool:
    """Whether the instances have ports of their own (`increment_var`)."""
    return len({worker.env_port for worker in workers if worker.env_port in ports}) > 1


def listening_apps(
    processes: Iterable[Process], own_pids: Collection[int] = (), other_ports: Collection[int] = ()
) -> tuple[ListeningApp, ...]:
    """What listens under PM2, by name, in the order of PM2's list.

    `own_pids`: of this server and its ancestors; `other_ports`: those that are not to be offered, such as our own and
    those of Redis nodes. PM2's modules are left out: they are parts of PM2.
    """
    apps: dict[str, list[Process]] = {}
    for process in offered(processes, own_pids):
        if any(listener.port not in other_ports for listener in process.listeners):
            apps.setdefault(process.name, []).append(process)
    return tuple(_app(name, instances, other_ports) for name, instances in apps.items())


def offered(processes: Iterable[Process], own_pids: Collection[int]) -> Iterator[Process]:
    """Those that are online, without this server and PM2's modules."""
    for process in processes:
        if process.status is Status.ONLINE and process.pid not in own_pids and not process.is_module:
            yield process


def _app(name: str, instances: Sequence[Process], other_ports: Collection[int]) -> ListeningApp:
    listeners = {one for process in instances for one in process.listeners if one.port not in other_ports}
    ports = tuple(sorted({listener.port for listener in listeners}))
    # The first may be a debugger's; what the variable PORT names is the server.
    named = sorted({process.env_port for process in instances if process.env_port is not None}.intersection(ports))
    port = next(iter(named), ports[0])
    address = connect_address(listener.address for listener in listeners if listener.port == port)
    return ListeningApp(name, address, port, ports, any(process.framework for process in instances), len(instances))


def connect_address(bound: Iterable[str]) -> str:
    """Where a port answers that is bound to these addresses: on loopback if it can be, else on the first, IPv4 before
    IPv6. A socket on :: takes IPv4 too, unless its program asked for IPv6 alone."""
    addresses = {LOOPBACK if address in EVERY_ADDRESS else address for address in bound}
    return min(addresses, key=lambda address: (not _is_loopback(address), ":" in address, address))


def _is_loopback(address: str) -> bool:
    return address == "::1" or address.startswith("127.")
