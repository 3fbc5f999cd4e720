"""Every target by its name: frameworks, own targets, and what is discovered under PM2. [io: database, PM2]"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from asgiref.sync import async_to_sync

from benchmarks.engine import address
from benchmarks.generators.scenario import default_body
from benchmarks.targets import permitted, store
from benchmarks.targets.errors import PortUnknown, TargetNotOnline, UnknownTarget
from benchmarks.targets.permitted import Place
from benchmarks.targets.target import NAME, Target, TargetEndpoint, TargetSource
from pm2.daemon.process import Status
from pm2.errors import PM2Error
from pm2.frameworks.registry import Endpoint, registry
from pm2.monitor import current_monitor, listeners
from pm2.monitor.listeners import ListeningApp
from pm2.monitor.listing import daemon_pid
from system.host import child_processes, ports
from system.host.ports import Listener

FRESH_S = 1.0
_OTHER = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Apps:
    """What PM2 says: the apps that listen, the names of all instances that are online, and all sockets of these and of
    PM2's daemon, which listens for apps in cluster mode: some of its sockets cannot be assigned to an app. `listed`:
    all names in its list, those of stopped processes too; `problem`: why nothing more is known."""

    listening: tuple[ListeningApp, ...] = ()
    online: tuple[str, ...] = ()
    sockets: frozenset[Listener] = frozenset()
    listed: frozenset[str] = frozenset()
    problem: str = ""

    def app(self, name: str) -> ListeningApp | None:
        return next((app for app in self.listening if app.name == name), None)


def recent_apps() -> Apps:
    """For lists, of at most `FRESH_S` ago: it takes hundreds of small reads, for which concurrent threads contend. What
    may be loaded is decided with `fetch_apps`."""
    global _recent
    with _reading:
        if time.monotonic() - _recent[0] > FRESH_S:
            _recent = time.monotonic(), fetch_apps()
        return _recent[1]


def fetch_apps() -> Apps:
    """Now. While PM2's daemon is down or hangs, only the names that it listed last: its processes may have ended, and
    other programs may have their ports."""
    try:
        stats = current_monitor.recent_stats() or async_to_sync(current_monitor.sample)()
    except PM2Error:
        return Apps()
    processes = stats.processes
    listed = frozenset(process.name for process in processes)
    if stats.stale:
        return Apps(listed=listed, problem=stats.daemon.message or "PM2's daemon is not responding.")
    framework_ports = {framework.port for framework in registry().frameworks}
    own = permitted.own_ports() | permitted.cluster_ports(framework_ports)
    online = tuple(process.name for process in processes if process.status is Status.ONLINE)
    own_pids = child_processes.ancestry()
    sockets = _daemon_sockets().union(*(app.listeners for app in listeners.offered(processes, own_pids)))
    return Apps(
        listeners.listening_apps(processes, own_pids, own), online,
        frozenset(one for one in sockets if one.port not in own),
        listed,
    )  # fmt: skip


_reading = threading.Lock()
_recent: tuple[float, Apps] = (float("-inf"), Apps())


def _daemon_sockets() -> frozenset[Listener]:
    pid = daemon_pid()
    return ports.listeners_of((pid,)) if pid else frozenset()


def list_targets(apps: Apps) -> list[Target]:
    """Frameworks in the order of the registry, own targets by name, then what is discovered."""
    frameworks = [_of_framework(framework.name, apps) for framework in registry().frameworks]
    stored = [_with_state(target, apps) for target in store.list_stored()]
    taken = {target.pm2 for target in stored} | {target.name for target in (*frameworks, *stored)}
    discovered = [_of_app(app) for app in apps.listening if not app.is_framework and app.name not in taken]
    return [*frameworks, *stored, *(target for target in discovered if target.name not in taken)]


def find_target(name: str, apps: Apps) -> Target:
    """Also of a process under PM2 whose port cannot be seen, which is in no list. Raises UnknownTarget."""
    targets = list_targets(apps)
    portless = [_of_name(app_name, ()) for app_name in dict.fromkeys(apps.online)]
    for target in (*targets, *portless):
        if target.name == name:
            return target
    raise UnknownTarget(name, [target.name for target in targets])


def _of_framework(name: str, apps: Apps) -> Target:
    framework = registry().framework(name)
    endpoints = tuple(_of_endpoint(endpoint) for endpoint in registry().endpoints if endpoint.benchmarkable)
    return Target(
        name, TargetSource.FRAMEWORK, pm2=name, ports=(framework.port,), running=name in apps.online,
        endpoints=endpoints,
    )  # fmt: skip


def _of_endpoint(endpoint: Endpoint) -> TargetEndpoint:
    body = default_body(endpoint.method, endpoint.body)
    content_type = "application/json" if body else ""
    return TargetEndpoint(
        endpoint.path, endpoint.method, body=body, content_type=content_type, description=endpoint.description
    )


def _with_state(target: Target, apps: Apps) -> Target:
    if target.pm2 is None:
        return target
    app = apps.app(target.pm2)
    seen = app.ports if app else ()
    return replace(target, ports=tuple(target.ports) or seen, running=target.pm2 in apps.online)


def _of_app(app: ListeningApp) -> Target:
    return _of_name(app.name, (app.port, *(port for port in app.ports if port != app.port)))


def _of_name(pm2_name: str, ports: Sequence[int]) -> Target:
    """Its name is that under PM2, without what a target's name cannot have."""
    name = pm2_name if NAME.fullmatch(pm2_name) else _OTHER.sub("-", pm2_name).strip("-")[:64] or "app"
    return Target(name, TargetSource.DISCOVERED, pm2=pm2_name, ports=tuple(ports), running=True)


def not_online(pm2_name: str, apps: Apps) -> TargetNotOnline:
    return TargetNotOnline(pm2_name, sorted({other.name for other in apps.listening}), apps.problem)


def place_of(target: Target, apps: Apps) -> tuple[str, Place]:
    """Scheme and place of a target. Raises TargetNotOnline, PortUnknown."""
    if target.url is not None:
        url = address.parse_url(target.url)
        return url.scheme, Place(url.host, url.port, target.connect or "")
    name = target.pm2 or target.name
    app = apps.app(name)
    if app is None and name not in apps.online:
        raise not_online(name, apps)
    chosen: Sequence[int] = target.ports
    if app is None and not chosen:
        raise PortUnknown(target.name, name)
    port = chosen[0] if target.source is TargetSource.PM2 and chosen else app.port if app else chosen[0]
    bound = [one.address for one in apps.sockets if one.port == port] or [listeners.LOOPBACK]
    host = app.address if app and port == app.port else listeners.connect_address(bound)
    return "http", Place(host, port)
