"""Who was at the limit of its processors: the server, the load generator, or both on one machine. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Shares of the processors that a side could use. 0.8: k6's advice for load generators.
TIGHT_GENERATOR = 0.8
BUSY_GENERATOR = 0.9
BUSY_TARGET = 0.9
BUSY_HOST = 0.9
LOWER_BOUNDS = ("generator-bound", "contended")


@dataclass(frozen=True, slots=True)
class Load:
    """Who used the processors in a trial: shares (1.0 = all that it could use) and cores; None where nobody saw.

    `others_cores`: programs that have no part in the run. `host`: of the machine that the generator runs on.
    """

    generator: float | None = None
    target: float | None = None
    host: float | None = None
    others_cores: float | None = None
    steal: float | None = None
    is_throttled: bool = False


def saturation(load: Load) -> str:
    """server-bound, generator-bound, contended or under-driven; empty when that is not known.

    Both sides on one full machine are contended, although neither may have all the processors it could use.
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


def saturation_of(loads: Sequence[Load]) -> str:
    """The class of most trials; of two equally frequent ones the first."""
    classes = [saturation(load) for load in loads]
    return max(classes, key=classes.count) if classes else ""


def is_lower_bound(saturation: str) -> bool:
    """Whether the target could do more than was measured, so that its figure reads "at least"."""
    return saturation in LOWER_BOUNDS
