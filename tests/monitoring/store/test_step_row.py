from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.series.planes import DamagedBlock
from monitoring.store import step_row

NUMBERS = st.integers(-(2**60), 2**60)  # a value of 2^53 by the finest quantum is less
VALUES = st.dictionaries(st.integers(1, 2**32 - 1), st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=50)


@given(VALUES)
def test_a_row_holds_the_values_of_each_series(values: dict[int, step_row.Summary]) -> None:
    data = step_row.encode(values)

    row = step_row.decode(data)
    assert dict(zip(row.series, zip(row.lows, row.means, row.highs, strict=True), strict=True)) == values
    assert step_row.series_of(data) == sorted(values)
    assert {series: step_row.pick(data, series) for series in values} == values
    assert step_row.pick(data, 0) is None


@given(VALUES, st.data())
def test_a_cut_row_is_damage(values: dict[int, step_row.Summary], data: st.DataObject) -> None:
    raw = zlib.decompress(step_row.encode(values))
    cut = zlib.compress(raw[: data.draw(st.integers(0, len(raw) - 1))])
    for read in (lambda: step_row.decode(cut), lambda: [step_row.pick(cut, series) for series in values]):
        try:
            read()
        except DamagedBlock:
            continue


@given(st.binary(max_size=100))
def test_bytes_that_are_no_row_are_damage(data: bytes) -> None:
    for raw in (data, zlib.compress(data)):
        try:
            step_row.decode(raw)
        except DamagedBlock:
            continue


@pytest.mark.parametrize("count", [step_row.MAX_SERIES + 1, 2**32 - 1])
def test_a_row_with_more_series_than_are_recorded_is_damage(count: int) -> None:
    equal_numbers = struct.pack("<qB", 0, 0) * 4
    data = zlib.compress(struct.pack("<I", count) + equal_numbers)

    for read in (step_row.decode, step_row.series_of, lambda data: step_row.pick(data, 1)):
        with pytest.raises(DamagedBlock, match=f"{count} series"):
            read(data)
