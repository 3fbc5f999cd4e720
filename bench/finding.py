"""Figures beside their goals, and the two clocks that they come from."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure beside its goal."""

    name: str
    figure: str
    goal: str
    met: bool


def timed_ms(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - begun)


def cpu_seconds(process: psutil.Process) -> float:
    """User and system time of a process and of the children that it has reaped."""
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def show(findings: Sequence[Finding]) -> int:
    """Print them; 1 when a goal was missed."""
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        mark = "met   " if finding.met else "MISSED"
        print(f"{mark} {finding.name:<{width}}  {finding.figure}   (goal: {finding.goal})", flush=True)
    return 0 if all(finding.met for finding in findings) else 1
