"""Writes a year of history through the product's own writer, by a clock that does not wait.

3 million steps of 10 s would take hours: a step stands for 10 minutes for 351 days, for a minute for 13 days, and for
10 s on the last day. Of what is older than 2 days, only what would be left by now is packed: no intervals of 10 s, and
of what is older than 16 days none of a minute.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from monitoring.series.catalogue import SeriesKey
from monitoring.series.points import Point
from monitoring.series.resolution import COARSE, DAY_S, HOUR_S, HOURLY, MEDIUM, TIERS, Tier
from monitoring.store import writer
from monitoring.store.step_row import Summary
from monitoring.store.writer import Step, Writer
from perf.monitoring.simulation import KEYS, Simulation

DAYS, MINUTE_DAYS = 365, 13
REFERENCES = 20  # series whose steps are kept in memory


@dataclass(slots=True)
class Cost:
    """Of steps of 10 s."""

    steps: int = 0
    append_s: float = 0.0
    pack_s: float = 0.0
    append_bytes: int = 0
    pack_bytes: int = 0
    longest_pack_s: float = 0.0


@dataclass(slots=True)
class Year:
    """`steps`: of some series, time and values. `end_s`: of the last step."""

    path: Path
    begin_s: int
    end_s: int
    cost: Cost = field(default_factory=Cost)
    steps: dict[SeriesKey, list[tuple[int, Summary]]] = field(default_factory=lambda: defaultdict(list))

    def reference(self, key: SeriesKey, tier: Tier, from_s: float, to_s: float) -> list[Point]:
        """Points by the definition: least, mean rounded half up, and largest of the steps of each interval."""
        intervals: dict[int, list[Summary]] = defaultdict(list)
        for at, values in self.steps[key]:
            if from_s <= at < to_s:
                intervals[at // tier.step_s].append(values)
        return [(slot, *_combined(same)) for slot, same in sorted(intervals.items())]


def _combined(same: list[Summary]) -> Summary:
    lows, means, highs = zip(*same, strict=True)
    return min(lows), (2 * sum(means) + len(means)) // (2 * len(means)), max(highs)


def write(path: Path, now_s: float) -> Year:
    """A year that ends at about `now_s`."""
    end_s = int(now_s) // 10 * 10
    sparse_s, dense_s = (int(now_s - days * DAY_S) // DAY_S * DAY_S for days in (MINUTE_DAYS + 1, 1))
    year = Year(path, sparse_s - (DAYS - MINUTE_DAYS - 1) * DAY_S, end_s)
    simulation, kept = Simulation(15), random.Random(1).sample(KEYS, REFERENCES)
    store = Writer(path)

    def steps(begin: int, end: int, span_s: int) -> list[Step]:
        taken = [Step(at, simulation.values(at, span_s)) for at in range(begin, end, span_s)]
        for key in kept:
            year.steps[key] += [(step.at, step.values[key]) for step in taken]
        return taken

    with patch.object(writer, "YIELD_S", 0):
        for tiers, begin_s, until_s, span_s, batch_s in (
            ((COARSE, HOURLY), year.begin_s, sparse_s - 2 * DAY_S, COARSE.step_s, COARSE.block_s),
            ((MEDIUM, COARSE, HOURLY), sparse_s - 2 * DAY_S, sparse_s, COARSE.step_s, DAY_S),
            ((MEDIUM, COARSE, HOURLY), sparse_s, dense_s - DAY_S, MEDIUM.step_s, 12 * HOUR_S),
            (TIERS, dense_s - DAY_S, dense_s, MEDIUM.step_s, HOUR_S),
        ):
            with patch.object(writer, "TIERS", tiers), patch.object(writer, "MAX_STEPS_AT_ONCE", 1440):
                for begin in range(begin_s, until_s, batch_s):
                    end = min(begin + batch_s, until_s)
                    store.append(steps(begin, end, span_s))
                    store.pack(end + writer.GRACE_S)
                    store.drop_expired(end)
        for begin in range(dense_s, end_s, HOUR_S):
            _write_hour(store, steps(begin, min(end_s, begin + HOUR_S), 10), year.cost)
    store.close()
    return year


def _write_hour(store: Writer, steps: list[Step], cost: Cost) -> None:
    """As a server does: an append for each step, then the hour is packed."""
    written, cpu_s = written_bytes(), time.process_time()
    for step in steps:
        store.append([step])
    cost.append_s += time.process_time() - cpu_s
    cost.append_bytes += written_bytes() - written
    cost.steps += len(steps)
    if len(steps) == HOUR_S // 10:
        end_s = steps[-1].at + 10
        written, cpu_s = written_bytes(), time.process_time()
        store.pack(end_s + writer.GRACE_S)
        store.drop_expired(end_s + writer.GRACE_S)
        pack_s = time.process_time() - cpu_s
        cost.pack_s += pack_s
        cost.longest_pack_s = max(cost.longest_pack_s, pack_s)
        cost.pack_bytes += written_bytes() - written


def written_bytes() -> int:
    """That this process has written to files."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("wchar:")))
