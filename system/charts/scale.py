"""Scales of a chart: values to pixels, and round numbers for the ticks. [pure]"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from system.lib.quantities import significant

MAX_DRAWABLE = 1e15  # larger values cannot be measurements; charts omit them
TICK_STEPS = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """Linear scale: values from `low` to `high` to pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Pixel of a value, rounded to a tenth."""
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return round(self.start + share * (self.end - self.start), 1)


def drawable_number(value: object) -> float | None:
    """The stored value if it is a finite number from 0 to MAX_DRAWABLE, else None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= MAX_DRAWABLE:
        return None
    return float(value)


def axis_ticks(high: float, max_steps: int = 5) -> tuple[float, ...]:
    """Round numbers from 0 to the first one at or above `high`, in at most `max_steps` steps."""
    rough = (high if high > 0 else 1.0) / max_steps
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in TICK_STEPS if factor * power >= rough * (1 - 1e-9))
    return (
        tuple(round(step * index, 12) for index in range(math.ceil(high / step - 1e-9) + 1)) if high > 0 else (0.0, 1.0)
    )


def largest(values: Iterable[float | None]) -> float:
    """The largest value that is not None; 0 if there is none."""
    return max((value for value in values if value is not None), default=0.0)


def abbreviate(value: float) -> str:
    """A number short enough for an axis: 12k, 1.5M, 0.02."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{significant(value / size, 3)}{letter}"
    return significant(value, 3)
