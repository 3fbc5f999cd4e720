"""Parses CLUSTER NODES into one node's view of the cluster, and compares such views. [pure]"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rediscluster.errors import ReplyNotUnderstood
from rediscluster.topology import info, slots
from rediscluster.topology.slots import SlotRange

COMMAND = "CLUSTER NODES"
HIGHEST_PORT = 65_535
UNSETTLED_FLAGS = frozenset({"handshake", "noaddr", "fail", "fail?"})
LOCAL_HOSTS = frozenset({"", "127.0.0.1", "::1"})  # a node that has met no other does not know its own address
_OPEN_SLOT = re.compile(r"\[([0-9]{1,5})-([<>])-([^\[\]]+)\]")


@dataclass(frozen=True, slots=True)
class OpenEnd:
    """A slot on the move, as its old master (`is_source`) or its new one has it. `other_id`: the other master."""

    slot: int
    is_source: bool
    other_id: str


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
    open_ends: tuple[OpenEnd, ...] = ()  # known of the node that replied only

    @property
    def address(self) -> str | None:
        """`host:port`, the port alone on this machine; None when the cluster has lost it (`noaddr`)."""
        if not self.port:
            return None
        return str(self.port) if self.is_local else f"{self.host}:{self.port}"

    @property
    def is_local(self) -> bool:
        return self.host in LOCAL_HOSTS

    @property
    def is_master(self) -> bool:
        return "master" in self.flags

    @property
    def is_myself(self) -> bool:
        return "myself" in self.flags

    @property
    def unsettled_flags(self) -> frozenset[str]:
        """The flags of a node that cannot be reached, which keep a cluster from being ready."""
        return self.flags & UNSETTLED_FLAGS


@dataclass(frozen=True, slots=True)
class ClusterView:
    """The cluster as seen by one of its nodes."""

    members: tuple[Member, ...]

    @property
    def myself(self) -> Member:
        return next(member for member in self.members if member.is_myself)

    @property
    def is_changing(self) -> bool:
        """Whether a node comes or goes, or a slot is on the move."""
        return bool(self.myself.open_ends) or any(member.unsettled_flags for member in self.members)

    def by_port(self, port: int) -> Member | None:
        """The node on a port of this machine: others may have the same one."""
        return next((member for member in self.members if member.port == port and member.is_local), None)

    def by_id(self, node_id: str | None) -> Member | None:
        return next((member for member in self.members if member.id == node_id), None)

    def replicas_of(self, master: Member) -> tuple[Member, ...]:
        replicas = (member for member in self.members if member.master_id == master.id)
        return tuple(sorted(replicas, key=lambda replica: replica.port))

    @property
    def masters(self) -> tuple[Member, ...]:
        """Masters with slots, ordered by first slot."""
        with_slots = (member for member in self.members if member.is_master and member.slots)
        return tuple(sorted(with_slots, key=lambda master: master.slots))

    @property
    def signature(self) -> frozenset[tuple[str, str | None, tuple[SlotRange, ...]]]:
        """Node ids with their master and slots: equal in all views of an agreed cluster."""
        return frozenset((member.id, member.master_id, tuple(sorted(member.slots))) for member in self.members)

    @property
    def unserved_slots(self) -> tuple[SlotRange, ...]:
        """Slots without a master that this node considers alive."""
        alive = (master for master in self.masters if "fail" not in master.flags)
        return slots.missing_slots(slot_range for master in alive for slot_range in master.slots)


def parse_cluster_nodes(text: str) -> ClusterView:
    """`<id> <ip:port@bus[,hostname]> <flags> <master> <ping> <pong> <epoch> <link> [slots…]`, a line per node.

    Raises ReplyNotUnderstood, also unless exactly one node is the one that replied.
    """
    info.check_length(COMMAND, text)
    members = tuple(_parse_line(line) for line in text.splitlines() if line.strip())
    if sum(member.is_myself for member in members) != 1 or len({member.id for member in members}) != len(members):
        raise ReplyNotUnderstood(COMMAND, text)
    return ClusterView(members)


def _parse_line(line: str) -> Member:
    try:
        node_id, address, flags, master, _ping, _pong, epoch, link, *slot_fields = line.split()
        host, _, port = address.partition(",")[0].partition("@")[0].rpartition(":")
        settled = [field for field in slot_fields if not field.startswith("[")]
        on_the_move = [field for field in slot_fields if field.startswith("[")]
        return Member(
            node_id,
            host,
            _parse_number(port, HIGHEST_PORT),
            frozenset(flags.split(",")),
            None if master == "-" else master,
            _parse_number(epoch, info.MAX_INTEGER),
            link == "connected",
            tuple(slots.parse_range(field) for field in settled),
            tuple(map(_parse_open_end, on_the_move)),
        )
    except ValueError:
        raise ReplyNotUnderstood(COMMAND, line) from None


def _parse_open_end(field: str) -> OpenEnd:
    """`[93->-ID]` on the master that the slot leaves, `[93-<-ID]` on the one that it goes to. Raises ValueError."""
    match = _OPEN_SLOT.fullmatch(field)
    if not match:
        raise ValueError(f"{field!r} is not an open slot")
    return OpenEnd(slots.parse_range(match[1]).first, match[2] == ">", match[3])


def _parse_number(text: str, highest: int) -> int:
    number = info.parse_integer(text)
    if number is None or not 0 <= number <= highest:
        raise ValueError(f"{text!r} is not a number up to {highest}")
    return number


def views_agree(views: Iterable[ClusterView]) -> bool:
    """Whether all views show the same nodes, roles and slots."""
    return len({view.signature for view in views}) <= 1


def unreachable_ids(views: Sequence[ClusterView]) -> frozenset[str]:
    """The nodes that most of the other nodes cannot reach: one that is cut off sees all others as lost."""
    reports, lost = Counter[str](), Counter[str]()
    for view in views:
        others = [member for member in view.members if not member.is_myself]
        reports.update(member.id for member in others)
        lost.update(member.id for member in others if member.unsettled_flags)
    return frozenset(node_id for node_id, count in lost.items() if 2 * count > reports[node_id])
