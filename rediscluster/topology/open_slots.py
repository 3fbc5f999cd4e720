"""Slots on the move from one master to another, or left so by a reshard that broke off. [pure]"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from rediscluster.topology.node_view import ClusterView


@dataclass(frozen=True, slots=True)
class OpenSlot:
    """Both ends are addresses, or node ids where the address is not known."""

    slot: int
    source: str
    target: str
    source_is_open: Annotated[bool, "The source has the slot as migrating"]
    target_is_open: Annotated[bool, "The target has the slot as importing"]

    def __str__(self) -> str:
        move = f"slot {self.slot} from {self.source} to {self.target}"
        if self.source_is_open and self.target_is_open:
            return move
        return f"{move} (only {self.source if self.source_is_open else self.target} has it as open)"


def find_open_slots(views: Iterable[ClusterView]) -> tuple[OpenSlot, ...]:
    """By slot. Each node reports only its own end, so that the views of all nodes are needed."""
    addresses: dict[str, str] = {}
    open_at: dict[tuple[int, str, str], set[bool]] = {}
    for view in views:
        addresses |= {member.id: member.address for member in view.members if member.address}
        for end in view.myself.open_ends:
            source, target = (view.myself.id, end.other_id) if end.is_source else (end.other_id, view.myself.id)
            open_at.setdefault((end.slot, source, target), set()).add(end.is_source)
    return tuple(
        OpenSlot(slot, addresses.get(source, source), addresses.get(target, target), True in ends, False in ends)
        for (slot, source, target), ends in sorted(open_at.items())
    )
