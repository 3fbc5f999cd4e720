"""Steps with random values, and what is to be read of them."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path

from monitoring.series.catalogue import SeriesKey
from monitoring.series.points import Point
from monitoring.series.resolution import FINE, Resolution, Tier
from monitoring.store import reader
from monitoring.store.writer import Step

HOUR = 1_795_813_200  # the start of an hour, of a day's block and of a 10 days' block or not
CPU, MEMORY = SeriesKey("app.cpu", "api"), SeriesKey("app.memory", "api")
FINEST = Resolution(FINE, 1)


def read(path: Path, key: SeriesKey, resolution: Resolution, from_s: float, to_s: float) -> list[Point]:
    return list(reader.read_points(path, key, resolution, from_s, to_s))


def steps_of(seed: int, begin: int, end: int, share: float = 1.0) -> list[Step]:
    """Random steps with gaps: `share` of them exist."""
    source = random.Random(seed)
    steps = []
    for at in range(begin, end, 10):
        if source.random() < share:
            low = source.randrange(1000)
            mean = low + source.randrange(100)
            steps.append(Step(at, {CPU: (low, mean, mean + source.randrange(100)), MEMORY: (7, 8, 9)}))
    return steps


def reference(steps: list[Step], tier: Tier) -> list[Point]:
    """CPU rolled up by the definition, from intervals of 10 s."""
    groups: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for step in steps:
        groups[step.at // tier.step_s].append(step.values[CPU])
    return [
        (slot, min(v[0] for v in same), (2 * sum(v[1] for v in same) + len(same)) // (2 * len(same)), max(v[2] for v in same))
        for slot, same in sorted(groups.items())
    ]  # fmt: skip
