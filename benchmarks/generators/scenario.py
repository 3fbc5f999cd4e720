"""What a run does to its target, and the numbers that follow when they are not given. [pure]"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

DEFAULT_DURATION_S = 20.0
DEFAULT_ENDPOINT = "/simple"
DEFAULT_BODY = {"name": "benchmark"}
REQUEST_TIMEOUT_S = 8.0  # above any stall to be expected: what takes longer is no longer a latency but an error
# Warm-up: bursts until three in a row agree. Georges et al., OOPSLA 2007, ask for 1-2 % within one VM; a shared
# machine is noisier than that, and what does not settle is reported.
BURST_S = 2.0
STEADY_BURSTS = 3
STEADY_SHARE = 0.03
MAX_WARMUP_S = 30.0


@dataclass(frozen=True, slots=True)
class Profile:
    """A named number of trials and their length. `interleaved`: several targets take turns, trial by trial."""

    name: str
    trials: int
    duration_s: float
    interleaved: bool = False
    cross_check: bool = False


PROFILES = {
    "quick": Profile("quick", 1, 10),
    "standard": Profile("standard", 5, 10),
    "rigorous": Profile("rigorous", 10, 15, interleaved=True, cross_check=True),
}


@dataclass(frozen=True, slots=True)
class Scenario:
    """One execution of a load generator. `url` holds an IP address; `headers` hold the Host that was asked for.

    `rate_per_second`: requests are sent at this rate, if the target keeps up; None: as fast as answers come.
    """

    url: str
    method: str
    headers: tuple[tuple[str, str], ...]
    body: str
    duration_s: int
    connections: int
    workers: int
    pipelining: int
    timeout_s: float = REQUEST_TIMEOUT_S
    rate_per_second: float | None = None


def default_connections(instances: int) -> int:
    """As the original: 50 for each instance, at least 100."""
    return max(100, 50 * instances)


def default_workers(instances: int) -> int:
    """As the original: one for two instances, between 4 and 16."""
    return min(max(math.ceil(instances / 2), 4), 16)


def default_body(method: str, registered: Mapping[str, object] | None) -> str:
    """What a POST sends: the endpoint's registered body, else DEFAULT_BODY; other methods send none."""
    return json.dumps(registered or DEFAULT_BODY, separators=(",", ":")) if method == "POST" else ""


def headers_of(authority: str, body: str, more: Mapping[str, str]) -> dict[str, str]:
    """The headers of every request; a body is JSON unless `more` says otherwise."""
    headers = {"Host": authority, **more}
    if body and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/json"
    return headers


def plan(profile: str | None, trials: int | None, duration_s: float | None) -> tuple[int, float]:
    """Number of trials and seconds of each; what is given outweighs the profile."""
    chosen = PROFILES[profile] if profile else Profile("", 1, DEFAULT_DURATION_S)
    return trials or chosen.trials, duration_s or chosen.duration_s


def burst_s(duration_s: float) -> float:
    """Seconds of one burst of the warm-up."""
    return min(BURST_S, duration_s)


def warmup_s(duration_s: float) -> float:
    """Seconds that the warm-up may take: no longer than a trial."""
    return min(MAX_WARMUP_S, duration_s)


def is_steady(rates: list[float]) -> bool:
    """Whether the last bursts lie within STEADY_SHARE of each other."""
    last = rates[-STEADY_BURSTS:]
    return len(last) == STEADY_BURSTS and max(last) - min(last) <= STEADY_SHARE * max(last)
