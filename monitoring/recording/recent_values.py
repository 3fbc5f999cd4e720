"""Single values of the last quarter of an hour, in memory, of the streams that somebody watches. [pure]"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from monitoring.series.catalogue import SeriesKey

KEPT_S = 900
WATCHED_S = 2.5  # samples that follow each other so closely are a watcher's
MAX_SAMPLES = 1000  # of one stream; a watcher's shortest interval is 1 s


@dataclass(frozen=True, slots=True)
class _Sample:
    at: float
    positions: Mapping[SeriesKey, int]
    values: array[float]


@dataclass(slots=True)
class RecentValues:
    """Samples of one stream. A sample is one array, and samples of the same series share the table of its positions."""

    _samples: deque[_Sample] = field(default_factory=lambda: deque(maxlen=MAX_SAMPLES))

    def add(self, at: float, values: Mapping[SeriesKey, float]) -> None:
        """`at`: unix seconds. After a step of the clock the samples that are not older are dropped."""
        while self._samples and self._samples[-1].at >= at:
            self._samples.pop()
        while self._samples and self._samples[0].at < at - KEPT_S:
            self._samples.popleft()
        last = self._samples[-1].positions if self._samples else {}
        positions = last if last.keys() == values.keys() else {key: index for index, key in enumerate(values)}
        ordered = array("d", [values[key] for key in positions])
        self._samples.append(_Sample(at, positions, ordered))

    def between(self, key: SeriesKey, from_s: float, to_s: float) -> list[tuple[float, float]]:
        """Times and values of one series."""
        samples = list(self._samples)
        begin = bisect_left(samples, from_s, key=lambda sample: sample.at)
        return [
            (sample.at, sample.values[sample.positions[key]])
            for sample in samples[begin:]
            if sample.at < to_s and key in sample.positions
        ]

    def covers(self, from_s: float) -> bool:
        """Whether samples at a watcher's pace go back to `from_s`."""
        samples = self._samples
        if not samples or samples[0].at > from_s + WATCHED_S:
            return False
        times = [sample.at for sample in samples if sample.at >= from_s - WATCHED_S]
        return all(after - before <= WATCHED_S for before, after in pairwise(times))
