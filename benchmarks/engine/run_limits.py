"""The limits of a run's parameters, for the API, the command line and the clients. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pm2.frameworks.registry import MAX_INSTANCES


@dataclass(frozen=True, slots=True)
class Limit:
    """The smallest and the largest value."""

    minimum: int
    maximum: int


# By the name in `POST /api/benchmark/run`. `duration`: seconds of a trial; `rate`: requests per second.
RUN_LIMITS: Mapping[str, Limit] = {
    "duration": Limit(1, 3600),
    "instances": Limit(1, MAX_INSTANCES),
    "connections": Limit(1, 10_000),
    "pipelining": Limit(1, 100),
    "workers": Limit(1, 64),
    "trials": Limit(1, 50),
    "rate": Limit(1, 1_000_000),
}
