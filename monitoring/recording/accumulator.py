"""Collects the values of a step, and sums them up. [pure]"""

from __future__ import annotations

from collections.abc import Mapping

from monitoring.series.catalogue import CATALOGUE, SeriesKey
from monitoring.store.step_row import Summary


class Accumulator:
    """Minimum, sum, number and maximum of each series since the last `take`."""

    def __init__(self) -> None:
        self._sums: dict[SeriesKey, tuple[float, float, int, float]] = {}

    def __bool__(self) -> bool:
        return bool(self._sums)

    def add(self, values: Mapping[SeriesKey, float]) -> None:
        sums = self._sums
        for key, value in values.items():
            low, total, count, high = sums.get(key) or (value, 0.0, 0, value)
            sums[key] = min(low, value), total + value, count + 1, max(high, value)

    def take(self) -> dict[SeriesKey, Summary]:
        """Each series's minimum, mean and maximum in multiples of its quantum; begins anew."""
        sums, self._sums = self._sums, {}
        return {key: _quantized(CATALOGUE[key.metric].quantum, *values) for key, values in sums.items()}


def _quantized(quantum: float, low: float, total: float, count: int, high: float) -> Summary:
    mean = min(max(low, total / count), high)  # a sum of floats may be rounded beyond them
    return round(low / quantum), round(mean / quantum), round(high / quantum)
