"""Where a value stands in a picture, and the round numbers beside it. [pure]"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

LARGEST = 1e15  # beyond it nothing was measured: a picture leaves it out
STEPS = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from `low` to `high` between the pixels `start` and `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The pixel of a value, to a tenth."""
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return round(self.start + share * (self.end - self.start), 1)


def number(value: object) -> float | None:
    """What can be drawn of a stored value: a finite number from 0."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= LARGEST:
        return None
    return float(value)


def ticks(high: float, most: int = 5) -> tuple[float, ...]:
    """Round numbers from 0 to the first at or above `high`, at most `most` steps apart."""
    rough = (high if high > 0 else 1.0) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(each * power for each in STEPS if each * power >= rough * (1 - 1e-9))
    return (
        tuple(round(step * place, 12) for place in range(math.ceil(high / step - 1e-9) + 1)) if high > 0 else (0.0, 1.0)
    )


def top(values: Iterable[float | None]) -> float:
    """The largest value there is; 0 for none."""
    return max((value for value in values if value is not None), default=0.0)


def short(value: float) -> str:
    """A number as an axis has room for it: 12k, 1.5M, 0.02."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"
