"""Classifies CPU saturation: of the server, the load generator, or the machine that both share. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Shares of the processors that a side could use. 0.8: k6's advice for load generators.
TIGHT_GENERATOR = 0.8
BUSY_GENERATOR = 0.9
BUSY_TARGET = 0.9
BUSY_HOST = 0.9
LOWER_BOUND_CLASSES = ("generator-bound", "contended")


@dataclass(frozen=True, slots=True)
class CpuLoad:
    """CPU use in a trial, as shares of the usable processors (1.0 = all) and in cores; None if not measured.

    `others_cores`: by programs unrelated to the run. `host`: of the machine that the generator runs on.
    """

    generator: float | None = None
    target: float | None = None
    host: float | None = None
    others_cores: float | None = None
    steal: float | None = None
    is_throttled: bool = False


def classify_saturation(load: CpuLoad) -> str:
    """server-bound, generator-bound, contended or under-driven; empty if unknown.

    Both sides on one fully used machine are contended, even if neither has all the processors it could use.
    """
    if load.generator is None:
        return ""
    if load.target is None:
        return "generator-bound" if load.generator >= BUSY_GENERATOR else ""
    is_busy = load.generator >= BUSY_GENERATOR, load.target >= BUSY_TARGET
    if is_busy == (False, True) and (load.generator < TIGHT_GENERATOR or (load.host or 0) < BUSY_HOST):
        return "server-bound"
    if is_busy == (True, True) or (load.host is not None and load.host >= BUSY_HOST):
        return "contended"
    if is_busy == (False, False):
        return "under-driven"
    return "generator-bound" if is_busy[0] else "server-bound"


def overall_saturation(loads: Sequence[CpuLoad]) -> str:
    """The most frequent class; the first one on a tie."""
    classes = [classify_saturation(load) for load in loads]
    return max(classes, key=classes.count) if classes else ""


def is_lower_bound(saturation: str) -> bool:
    """Whether the target may be capable of more than was measured, so that its figure reads "at least"."""
    return saturation in LOWER_BOUND_CLASSES
