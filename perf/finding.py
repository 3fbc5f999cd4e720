"""Figures beside their goals, and the two clocks that they come from."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil

MARKS = {True: "met   ", False: "MISSED", None: "NOISY "}


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure beside its goal. `met`: None when the machine was too busy to tell; that is no success."""

    name: str
    figure: str
    goal: str
    met: bool | None


def timed_ms(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - begun)


def cpu_seconds(process: psutil.Process) -> float:
    """User and system time of a process and of the children that it has reaped."""
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def show(findings: Sequence[Finding]) -> int:
    """Print them; 1 when a goal was missed, 5 when of one nothing can be said: the exit codes of our comparisons."""
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        mark = MARKS[finding.met]
        print(f"{mark} {finding.name:<{width}}  {finding.figure}   (goal: {finding.goal})", flush=True)
    met = {finding.met for finding in findings}
    return 1 if False in met else 5 if None in met else 0
