from __future__ import annotations

import itertools
import zlib
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.series import block, points
from monitoring.series.planes import DamagedBlock
from monitoring.series.points import Columns, Point

NUMBERS = st.integers(-(2**53), 2**53)


@st.composite
def series(draw: st.DrawFn) -> list[Point]:
    """Points in ascending slots, low <= mean <= high."""
    slots = sorted(draw(st.sets(st.integers(0, 10**9), max_size=60)))
    triples = [sorted(draw(st.tuples(NUMBERS, NUMBERS, NUMBERS))) for _ in slots]
    return [(slot, low, mean, high) for slot, (low, mean, high) in zip(slots, triples, strict=True)]


@given(series())
def test_a_block_holds_what_was_packed(rows: list[Point]) -> None:
    assert list(block.decode(block.encode(points.columns(rows)))) == rows


@given(st.binary(max_size=200))
def test_bytes_that_are_no_block_are_damage(data: bytes) -> None:
    for raw in (data, zlib.compress(data)):
        try:
            block.decode(raw)
        except DamagedBlock:
            continue


@given(series(), st.data())
def test_a_cut_or_changed_block_is_damage_or_has_as_many_columns(rows: list[Point], data: st.DataObject) -> None:
    packed = bytearray(zlib.decompress(block.encode(points.columns(rows))))
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    cut = packed[: data.draw(st.integers(0, len(packed)))]
    for raw in (packed, cut):
        try:
            decoded = block.decode(zlib.compress(bytes(raw)))
        except DamagedBlock:
            continue
        assert len({len(decoded.slots), len(decoded.lows), len(decoded.means), len(decoded.highs)}) == 1


def test_a_block_of_steady_values_takes_a_fraction_of_a_byte_per_point() -> None:
    steady = [(slot, 500, 501, 503) for slot in range(1000, 2440)]

    assert len(block.encode(points.columns(steady))) < 100


@given(series(), st.integers(1, 100))
def test_a_roll_up_is_the_least_the_mean_and_the_largest_of_each_interval(rows: list[Point], factor: int) -> None:
    groups: dict[int, list[Point]] = defaultdict(list)
    for row in rows:
        groups[row[0] // factor].append(row)
    reference = [
        (
            slot,
            min(row[1] for row in same),
            (2 * sum(row[2] for row in same) + len(same)) // (2 * len(same)),
            max(row[3] for row in same),
        )
        for slot, same in sorted(groups.items())
    ]

    assert list(points.roll_up(points.columns(rows), factor)) == reference


@given(st.lists(series(), max_size=4))
def test_merged_points_ascend_and_lose_nothing(parts: list[list[Point]]) -> None:
    merged = points.merge(*map(points.columns, parts))
    every = list(itertools.chain(*parts))

    assert list(merged.slots) == sorted({row[0] for row in every})
    for slot, low, mean, high in merged:
        same = [row for row in every if row[0] == slot]
        assert (low, high) == (min(row[1] for row in same), max(row[3] for row in same))
        assert low <= mean <= high


def test_points_of_one_slot_become_one_even_in_a_single_part() -> None:
    rows = points.columns([(5, 1, 2, 3), (5, 0, 4, 9), (4, 7, 7, 7)])

    assert list(points.merge(rows)) == [(4, 7, 7, 7), (5, 0, 3, 9)]
    assert points.merge() == points.merge(Columns(), Columns()) == Columns()


@pytest.mark.parametrize(("total", "count", "mean"), [(5, 2, 3), (-5, 2, -2), (7, 3, 2), (8, 3, 3), (0, 4, 0)])
def test_means_are_rounded_to_the_nearest(total: int, count: int, mean: int) -> None:
    assert points.round_half_up(total, count) == mean
