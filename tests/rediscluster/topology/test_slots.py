from __future__ import annotations

import pytest

from rediscluster.topology import slots
from rediscluster.topology.slots import SlotRange


def test_three_masters_get_the_ranges_of_redis_cli() -> None:
    assert slots.partition(3) == (SlotRange(0, 5460), SlotRange(5461, 10922), SlotRange(10923, 16383))


@pytest.mark.parametrize("masters", [1, 2, 7, 10, 30])
def test_every_slot_has_one_owner(masters: int) -> None:
    ranges = slots.partition(masters)

    assert slots.missing_slots(ranges) == ()
    assert slots.count_slots(ranges) == slots.SLOT_COUNT
    assert max(map(len, ranges)) - min(map(len, ranges)) <= 1


def test_missing_slots_are_named() -> None:
    assert slots.missing_slots([SlotRange(100, 5460), SlotRange(5462, 16000)]) == (
        SlotRange(0, 99), SlotRange(5461, 5461), SlotRange(16001, 16383),
    )  # fmt: skip
    assert slots.format_ranges(slots.missing_slots([SlotRange(1, 16383)])) == "0"
    assert slots.missing_slots([]) == (SlotRange(0, 16383),)


@pytest.mark.parametrize(
    ("key", "slot"),
    [
        ("123456789", 12739),  # the check value of the specification, 31C3 hex
        ("foo", 12182),
        ("{user1000}.following", slots.key_slot("user1000")),
        ("foo{}{bar}", slots.key_slot("foo{}{bar}")),
        ("foo{{bar}}zap", slots.key_slot("{bar")),
    ],
)
def test_the_slot_of_a_key(key: str, slot: int) -> None:
    assert slots.key_slot(key) == slot


@pytest.mark.parametrize("slot_range", [SlotRange(0, 5460), SlotRange(16383, 16383)])
def test_a_key_for_a_range(slot_range: SlotRange) -> None:
    key = slots.find_key_in(slot_range, "p:")

    assert key.startswith("p:")
    assert slots.key_slot(key) in slot_range
