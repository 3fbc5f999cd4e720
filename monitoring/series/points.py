"""Points of one series as columns of integers, merged and rolled up. [pure]

A point is the minimum, mean and maximum of an interval, in multiples of the metric's quantum; its slot is the start of
the interval in unix seconds, divided by the interval's length. Slots ascend.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import lt

Point = tuple[int, int, int, int]  # slot, low, mean, high


@dataclass(frozen=True, slots=True)
class Columns:
    """Points by columns, of equal length."""

    slots: Sequence[int] = ()
    lows: Sequence[int] = ()
    means: Sequence[int] = ()
    highs: Sequence[int] = ()

    def __len__(self) -> int:
        return len(self.slots)

    def __iter__(self) -> Iterator[Point]:
        return zip(self.slots, self.lows, self.means, self.highs, strict=True)

    def cut(self, begin: int, end: int) -> Columns:
        """The points from position `begin` to before `end`."""
        return Columns(self.slots[begin:end], self.lows[begin:end], self.means[begin:end], self.highs[begin:end])


def columns(points: Iterable[Point]) -> Columns:
    rows = list(points)
    return Columns(*zip(*rows, strict=True)) if rows else Columns()


def merge(*parts: Columns) -> Columns:
    """All points in the order of their slots; those of one slot, as after a clock was set back, become one. Only where
    parts overlap are they sorted."""
    merged: tuple[list[int], ...] = ([], [], [], [])
    for part in parts:
        added = part if _ascends(part.slots) else _combine(columns(sorted(part)), 1)
        if not len(added):
            continue
        cut = bisect_left(merged[0], added.slots[0])
        if cut < len(merged[0]):
            overlap = [*zip(*(column[cut:] for column in merged), strict=True), *added]
            added = _combine(columns(sorted(overlap)), 1)
        for column, more in zip(merged, (added.slots, added.lows, added.means, added.highs), strict=True):
            column[cut:] = more
    return Columns(*merged) if merged[0] else Columns()


def _ascends(slots: Sequence[int]) -> bool:
    return all(map(lt, slots, islice(slots, 1, None)))


def roll_up(points: Columns, factor: int) -> Columns:
    """Points of intervals that are `factor` times as long. The mean is that of the means."""
    return points if factor == 1 else _combine(points, factor)


def _combine(points: Columns, factor: int) -> Columns:
    slots, rows, begin = points.slots, [], 0
    while begin < len(slots):
        slot = slots[begin] // factor
        end = bisect_left(slots, (slot + 1) * factor, begin)
        means = points.means[begin:end]
        mean = round_half_up(sum(means), end - begin)
        rows.append((slot, min(points.lows[begin:end]), mean, max(points.highs[begin:end])))
        begin = end
    return columns(rows)


def round_half_up(total: int, count: int) -> int:
    """total / count to the nearest integer, without the bias to even numbers of `round`."""
    return (2 * total + count) // (2 * count)
