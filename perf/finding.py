"""Measured figures and their goals; wall-clock and CPU time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil

MARKS = {True: "met   ", False: "MISSED", None: "NOISY "}


@dataclass(frozen=True, slots=True)
class Finding:
    """A figure and its goal. `met`: None if the machine was too busy for a verdict; no success either."""

    name: str
    figure: str
    goal: str
    met: bool | None


def time_ms(action: Callable[[], object]) -> float:
    started_s = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - started_s)


def cpu_seconds(process: psutil.Process) -> float:
    """User and system time of a process and its reaped children."""
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def print_findings(findings: Sequence[Finding]) -> int:
    """Returns the exit code, the same as for comparisons: 1 if a goal was missed, 5 if one has no verdict."""
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        mark = MARKS[finding.met]
        print(f"{mark} {finding.name:<{width}}  {finding.figure}   (goal: {finding.goal})", flush=True)
    met = {finding.met for finding in findings}
    return 1 if False in met else 5 if None in met else 0
