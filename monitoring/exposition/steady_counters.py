"""Counters that do not fall where the source's figure does, though nothing was reset. [pure]"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

MAX_COUNTERS = 10_000  # the least recently read is dropped


class SteadyCounters:
    """What each counter was at the last scrape. Not thread-safe."""

    def __init__(self, limit: int = MAX_COUNTERS) -> None:
        self._limit = limit
        self._last: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()  # last figure, and what is added to it

    def never_below(self, key: Hashable, figure: float) -> float:
        """At least what it was before: the figure lags behind, or is rounded."""
        before, _ = self._last.get(key, (figure, 0.0))
        return self._keep(key, max(before, figure), 0.0)

    def continued(self, key: Hashable, figure: float) -> float:
        """Goes on from what it was before when the figure falls, as a sum does that has lost a summand."""
        before, added = self._last.get(key, (figure, 0.0))
        return self._keep(key, figure, added + max(0.0, before - figure))

    def _keep(self, key: Hashable, figure: float, added: float) -> float:
        self._last[key] = figure, added
        self._last.move_to_end(key)
        while len(self._last) > self._limit:
            self._last.popitem(last=False)
        return figure + added
