"""The parameters of a load, their defaults, and the profiles. [pure]"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
DEFAULT_DURATION_S = 20.0
SWEEP = "sweep"  # the profile that looks for the highest rate that the target holds
DEFAULT_ENDPOINT = "/simple"
DEFAULT_BODY = {"name": "benchmark"}
REQUEST_TIMEOUT_S = 8.0  # longer than any expected stall; a slower request counts as an error, not as a latency


@dataclass(frozen=True, slots=True)
class Profile:
    """A named number of trials and their duration; of a sweep, the largest number of steps. `interleaved`: trials of
    several targets alternate."""

    name: str
    trials: int
    duration_s: float
    interleaved: bool = False
    cross_check: bool = False


PROFILES = {
    "quick": Profile("quick", 1, 10),
    "standard": Profile("standard", 5, 10),
    "rigorous": Profile("rigorous", 10, 15, interleaved=True, cross_check=True),
    # A search takes 9 steps if the estimate of the warm-up is right and none is repeated, 14 are usual.
    SWEEP: Profile(SWEEP, 24, 5),
}


@dataclass(frozen=True, slots=True)
class Scenario:
    """What the load generator sends. `url` contains an IP address; `headers` contain the requested Host.

    `rate_per_second`: fixed rate of requests, if the target keeps up; None: a closed loop, as fast as responses arrive.
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
    """As in the original benchmark: 50 for each instance, at least 100."""
    return max(100, 50 * instances)


def default_workers(instances: int) -> int:
    """As in the original benchmark: one for two instances, between 4 and 16."""
    return min(max(math.ceil(instances / 2), 4), 16)


def default_body(method: str, registered: Mapping[str, object] | None) -> str:
    """The body of a POST: the endpoint's registered one, else DEFAULT_BODY. Other methods have none."""
    return json.dumps(registered or DEFAULT_BODY, separators=(",", ":")) if method == "POST" else ""


def request_headers(authority: str, body: str, extra: Mapping[str, str]) -> dict[str, str]:
    """The headers of every request; a body is JSON unless `extra` has a Content-Type."""
    headers = {"Host": authority, **extra}
    if body and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/json"
    return headers


def resolve_profile(profile: str | None, trials: int | None, duration_s: float | None) -> tuple[int, float]:
    """Number of trials and duration of each; explicit values override the profile."""
    defaults = PROFILES[profile] if profile else Profile("", 1, DEFAULT_DURATION_S)
    return trials or defaults.trials, duration_s or defaults.duration_s
