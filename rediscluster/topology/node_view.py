"""A node's view of its cluster, from CLUSTER NODES; and whether all views are one. [pure]"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rediscluster.topology import slots
from rediscluster.topology.slots import SlotRange

UNSETTLED = frozenset({"handshake", "noaddr", "fail", "fail?"})


@dataclass(frozen=True, slots=True)
class Member:
    """One line of CLUSTER NODES."""

    id: str
    host: str
    port: int
    flags: frozenset[str]
    master_id: str | None
    epoch: int
    link_up: bool
    slots: tuple[SlotRange, ...]

    @property
    def is_master(self) -> bool:
        return "master" in self.flags

    @property
    def is_me(self) -> bool:
        return "myself" in self.flags

    @property
    def unsettled(self) -> frozenset[str]:
        """The flags that keep a cluster from being ready."""
        return self.flags & UNSETTLED


@dataclass(frozen=True, slots=True)
class View:
    """The cluster as one of its nodes sees it."""

    members: tuple[Member, ...]

    @property
    def me(self) -> Member:
        return next(each for each in self.members if each.is_me)

    def at(self, port: int) -> Member | None:
        return next((each for each in self.members if each.port == port), None)

    def named(self, node_id: str | None) -> Member | None:
        return next((each for each in self.members if each.id == node_id), None)

    def replicas_of(self, master: Member) -> tuple[Member, ...]:
        return tuple(sorted((each for each in self.members if each.master_id == master.id), key=lambda each: each.port))

    @property
    def masters(self) -> tuple[Member, ...]:
        """Those with slots, in the order of their first slot."""
        with_slots = (each for each in self.members if each.is_master and each.slots)
        return tuple(sorted(with_slots, key=lambda each: each.slots))

    @property
    def signature(self) -> frozenset[tuple[str, str | None, tuple[SlotRange, ...]]]:
        """Who there is, of which master, with which slots: equal in all views of an agreed cluster."""
        return frozenset((each.id, each.master_id, tuple(sorted(each.slots))) for each in self.members)

    @property
    def unserved(self) -> tuple[SlotRange, ...]:
        """The slots without a master that is held to be alive."""
        alive = (each for each in self.masters if "fail" not in each.flags)
        return slots.missing(each for member in alive for each in member.slots)


def parse(told: str) -> View:
    """`<id> <ip:port@bus[,hostname]> <flags> <master> <ping> <pong> <epoch> <link> [slots…]`, a line per node."""
    return View(tuple(_member(line) for line in told.splitlines() if line.strip()))


def _member(line: str) -> Member:
    node_id, address, flags, master, _ping, _pong, epoch, link, *owned = line.split()
    host, _, port = address.partition("@")[0].rpartition(":")
    settled = [each for each in owned if not each.startswith("[")]  # the others are on the move
    return Member(
        node_id,
        host,
        int(port),
        frozenset(flags.split(",")),
        None if master == "-" else master,
        int(epoch),
        link == "connected",
        tuple(slots.parse(each) for each in settled),
    )


def agreed(views: Iterable[View]) -> bool:
    """Whether all views show the same nodes, roles and slots."""
    return len({view.signature for view in views}) <= 1
