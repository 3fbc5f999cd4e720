"""Steps turned into the points of each series. [pure]"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from monitoring.series import points
from monitoring.series.planes import DamagedBlock
from monitoring.series.points import Columns
from monitoring.series.resolution import FINE
from monitoring.store import step_row


@dataclass(slots=True)
class _Rows:
    """Steps that have values of the same series, one behind the other: those of a series are a stride apart."""

    width: int
    slots: list[int] = field(default_factory=list)
    lows: array[int] = field(default_factory=lambda: array("q"))
    means: array[int] = field(default_factory=lambda: array("q"))
    highs: array[int] = field(default_factory=lambda: array("q"))

    def column(self, index: int) -> Columns:
        return Columns(self.slots, *(values[index :: self.width] for values in (self.lows, self.means, self.highs)))


class StepTable:
    """An hour of 5,000 series takes 45 MB; as tuples it would be 300."""

    def __init__(self, steps: Iterable[tuple[int, bytes]]) -> None:
        """`steps`: time and row of each. Raises DamagedBlock."""
        self._rows: dict[tuple[int, ...], _Rows] = {}
        for at, data in steps:
            row = step_row.decode(data)
            rows = self._rows.setdefault(tuple(row.series), _Rows(len(row.series)))
            rows.slots.append(at // FINE.step_s)
            try:
                rows.lows.extend(row.lows)
                rows.means.extend(row.means)
                rows.highs.extend(row.highs)
            except OverflowError as error:
                raise DamagedBlock(str(error)) from error
        self._places: dict[int, list[tuple[_Rows, int]]] = {}
        for numbers, rows in self._rows.items():
            for index, number in enumerate(numbers):
                self._places.setdefault(number, []).append((rows, index))

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[tuple[int, Columns]]:
        """The number of each series, and its points."""
        for number in sorted(self._places):
            yield number, points.merge(*(rows.column(index) for rows, index in self._places[number]))
