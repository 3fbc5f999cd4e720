"""What a run does to its target, and the numbers that follow when they are not given. [pure]"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

DEFAULT_DURATION_S = 20.0
WARMUP_S = 3.0
REQUEST_TIMEOUT_S = 8.0  # above any stall to be expected: what takes longer is no longer a latency but an error


@dataclass(frozen=True, slots=True)
class Profile:
    """A named number of trials and their length."""

    name: str
    trials: int
    duration_s: float


PROFILES = {
    "quick": Profile("quick", 1, 10),
    "standard": Profile("standard", 5, 10),
    "rigorous": Profile("rigorous", 10, 15),
}


@dataclass(frozen=True, slots=True)
class Scenario:
    """One execution of a load generator. `url` holds an IP address; `headers` hold the Host that was asked for."""

    url: str
    method: str
    headers: tuple[tuple[str, str], ...]
    body: str
    duration_s: int
    connections: int
    workers: int
    pipelining: int
    timeout_s: float = REQUEST_TIMEOUT_S

    def lasting(self, duration_s: float) -> Scenario:
        """The same for another time; generators take whole seconds."""
        return replace(self, duration_s=max(1, round(duration_s)))


def default_connections(instances: int) -> int:
    """As the original: 50 for each instance, at least 100."""
    return max(100, 50 * instances)


def default_workers(instances: int) -> int:
    """As the original: one for two instances, between 4 and 16."""
    return min(max(math.ceil(instances / 2), 4), 16)


def plan(profile: str | None, trials: int | None, duration_s: float | None) -> tuple[int, float]:
    """Number of trials and seconds of each; what is given outweighs the profile."""
    chosen = PROFILES[profile] if profile else Profile("", 1, DEFAULT_DURATION_S)
    return trials or chosen.trials, duration_s or chosen.duration_s


def warmup_s(duration_s: float) -> float:
    return min(WARMUP_S, duration_s)
