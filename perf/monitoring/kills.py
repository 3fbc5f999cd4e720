"""Kills a process at random moments of writing and packing the history; nothing that it reported may be missing."""

from __future__ import annotations

import logging
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import structlog

from monitoring.series.catalogue import SeriesKey
from monitoring.series.points import Point
from monitoring.series.resolution import FINE, HOUR_S, TIERS, Resolution, Tier
from monitoring.store import metrics_file, reader
from monitoring.store.writer import Step, Writer
from perf.finding import Finding
from perf.served import ROOT

BEGIN_S = 1_795_737_600  # a day's start
SERIES = 40
KEYS = [SeriesKey("app.cpu", f"app-{number}") for number in range(SERIES)]
STEPS_AN_HOUR = 40  # so that a good part of the time is spent on packing
LONGEST_S = 0.4  # of writing, until the kill


def value_of(at: int, series: int) -> int:
    """Reproducible noise: the reference needs no memory of what was written."""
    return (at * 2_654_435_761 + series * 40_503) % 1000


def step_of(at: int) -> Step:
    return Step(
        at, {key: (value - 1, value, value + 2) for index, key in enumerate(KEYS) for value in [value_of(at, index)]}
    )


def times(first: int) -> list[int]:
    """Of the steps of the hour that begins at `first`."""
    return [first + 10 * index for index in range(STEPS_AN_HOUR)]


def write_forever(path: Path, hour: int) -> None:
    """Prints the time of each step once it is written, and packs each hour after its last step."""
    store = Writer(path)
    if store.put_aside:
        print("aside", store.put_aside, flush=True)
    while True:
        for at in times(hour):
            store.append([step_of(at)])
            print(at, flush=True)
        hour += HOUR_S
        store.pack(hour + 60)
        store.drop_expired(hour)


def kill_at_random(path: Path, hour: int, delay_s: float) -> list[int]:
    """The times of the steps that a process reported before it was killed."""
    argv = [sys.executable, "-m", "perf.monitoring.kills", str(path), str(hour)]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        first = child.stdout.readline()
        time.sleep(delay_s)
        child.kill()
        reported = (first + child.stdout.read()).splitlines(keepends=True)
    return [int(line) for line in reported if line.endswith("\n")]


def expected(steps: list[int], series: int, tier: Tier) -> list[Point]:
    intervals: dict[int, list[int]] = defaultdict(list)
    for at in steps:
        intervals[at // tier.step_s].append(value_of(at, series))
    return [
        (slot, min(same) - 1, (2 * sum(same) + len(same)) // (2 * len(same)), max(same) + 2)
        for slot, same in sorted(intervals.items())
    ]


def end_of(reported: list[int]) -> int:
    """No step that may be written without having been reported is later."""
    return (reported[-1] // HOUR_S + 2) * HOUR_S


def check(path: Path, hour: int, reported: list[int]) -> str | None:
    """What is wrong with the file after a kill. One step more than was reported may be written."""
    end_s = end_of(reported)
    written = [at for begin in range(hour, end_s, HOUR_S) for at in times(begin)][: len(reported) + 1]
    if written[:-1] != reported:
        return "steps were reported in another order"
    for tier in TIERS:
        for series in (0, SERIES - 1):
            points = list(reader.read_points(path, KEYS[series], Resolution(tier, 1), hour, end_s))
            if points not in (expected(written[:-1], series, tier), expected(written, series, tier)):
                return (
                    f"{tier.step_s} s of series {series}: {len(points)} points are not those of {len(reported)} steps"
                )
    return None


def run(path: Path, kills: int, seed: int) -> tuple[list[str], int, int]:
    """What went wrong, how many steps were reported, and how many kills came before an hour was packed."""
    source, hour, problems, total, unpacked = random.Random(seed), BEGIN_S, list[str](), 0, 0
    for number in range(kills):
        reported = kill_at_random(path, hour, source.uniform(0, LONGEST_S))
        after = end_of(reported)
        problem = check(path, hour, reported)
        store = Writer(path)
        if store.put_aside:
            problem = f"the file was put aside: {store.put_aside.name}"
        unpacked += store.pack(after + 2 * HOUR_S) and reported[-1] % HOUR_S == times(0)[-1]
        store.append([step_of(after)])  # writing continues
        store.close()
        last = list(reader.read_points(path, KEYS[0], Resolution(FINE, 1), after, after + HOUR_S))
        if last != expected([after], 0, FINE):
            problem = problem or "the step after the kill is missing"
        problem = problem or check(path, hour, reported)
        problems += [f"kill {number}: {problem}"] if problem else []
        total, hour = total + len(reported), after + HOUR_S
    return problems, total, unpacked


def finding(kills: int) -> Finding:
    with tempfile.TemporaryDirectory(prefix="k", dir="/tmp") as folder:
        path = Path(folder) / metrics_file.NAME
        problems, steps, unpacked = run(path, kills, 15)
        size = metrics_file.size_bytes(path) / 2**20
    parts = f"{steps:,} steps, {unpacked} kills while an hour was waiting to be packed, {size:.1f} MB"
    figure = f"{'; '.join(problems) or 'none lost'} ({parts})"
    return Finding(f"kill -9 at {kills} moments of writing", figure, "every file opens, none lost", not problems)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))  # it prints
    write_forever(Path(sys.argv[1]), int(sys.argv[2]))
