"""The metrics whose history is kept, with unit, stored precision, and the kind of their subjects. [pure]"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Unit(StrEnum):
    PERCENT = "percent"
    BYTES = "bytes"
    BYTES_PER_SECOND = "bytesPerSecond"
    PER_SECOND = "perSecond"
    MILLISECONDS = "milliseconds"
    COUNT = "count"
    LOAD = "load"


class SubjectKind(StrEnum):
    """NONE: one series; APP: a name under PM2; INSTANCE: `NAME:ID`; NODE: the port of a Redis node."""

    NONE = "none"
    APP = "app"
    INSTANCE = "instance"
    NODE = "node"


@dataclass(frozen=True, slots=True)
class Metric:
    """`quantum`: values are stored as multiples of it; finer differences are noise that would cost space."""

    name: str
    unit: Unit
    quantum: float
    subject: SubjectKind
    description: str


_NONE, _APP, _INSTANCE, _NODE = SubjectKind.NONE, SubjectKind.APP, SubjectKind.INSTANCE, SubjectKind.NODE
KIB = 1024
CATALOGUE: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("host.cpu", Unit.PERCENT, 0.1, _NONE, "CPU of the host, all cores together"),
        Metric("host.memory", Unit.PERCENT, 0.1, _NONE, "Memory of the host in use"),
        Metric("host.swap", Unit.BYTES, 64 * KIB, _NONE, "Swap in use"),
        Metric("host.disk", Unit.PERCENT, 0.1, _NONE, "File system of DATA_DIR in use"),
        Metric("host.networkIn", Unit.BYTES_PER_SECOND, 1, _NONE, "Received, all interfaces but loopback"),
        Metric("host.networkOut", Unit.BYTES_PER_SECOND, 1, _NONE, "Sent, all interfaces but loopback"),
        Metric("host.load", Unit.LOAD, 0.01, _NONE, "Load average of a minute"),
        Metric("app.cpu", Unit.PERCENT, 0.1, _APP, "CPU of all instances with their children, percent of one core"),
        Metric("app.memory", Unit.BYTES, 64 * KIB, _APP, "Memory of all instances with their children"),
        Metric("app.online", Unit.COUNT, 0.01, _APP, "Instances that are online"),
        Metric("app.eventLoopMs", Unit.MILLISECONDS, 0.01, _APP, "Event loop latency, the largest of the instances"),
        Metric("instance.cpu", Unit.PERCENT, 0.1, _INSTANCE, "CPU with children, percent of one core"),
        Metric("instance.memory", Unit.BYTES, 64 * KIB, _INSTANCE, "Memory with children"),
        Metric("instance.eventLoopMs", Unit.MILLISECONDS, 0.01, _INSTANCE, "Event loop latency that PM2 reports"),
        Metric("redis.ops", Unit.PER_SECOND, 0.1, _NODE, "Commands"),
        Metric("redis.memory", Unit.BYTES, 4 * KIB, _NODE, "Memory that Redis has allocated"),
        Metric("redis.connections", Unit.COUNT, 0.01, _NODE, "Clients, without this server"),
        Metric("redis.cpu", Unit.PERCENT, 0.1, _NODE, "CPU, percent of one core"),
        Metric("redis.lagBytes", Unit.BYTES, 1, _NODE, "Bytes of the replication stream behind the master"),
        Metric("redis.latencyMs", Unit.MILLISECONDS, 0.01, _NODE, "Latency of this server's commands"),
        Metric("self.cpu", Unit.PERCENT, 0.1, _NONE, "CPU of this server, percent of one core"),
        Metric("self.memory", Unit.BYTES, 64 * KIB, _NONE, "Memory of this server"),
        Metric("self.sockets", Unit.COUNT, 0.01, _NONE, "Open WebSockets"),
        Metric("self.loopLagMs", Unit.MILLISECONDS, 0.01, _NONE, "Delay of this server's event loop"),
    )
}


class SeriesKey(NamedTuple):
    """`subject`: empty for a metric without subjects. A tuple, since hundreds are hashed with each sample."""

    metric: str
    subject: str = ""
