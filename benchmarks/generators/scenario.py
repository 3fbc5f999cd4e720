"""The parameters of a load, their defaults, and the profiles. [pure]"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

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
    """What the load generator sends. `url` contains the IP address to connect to; `headers` contain the requested Host.

    `rate_per_second`: fixed rate of requests, if the target keeps up; None: a closed loop, as fast as responses arrive.
    `pipelining`: requests in flight on a connection; with HTTP/2 its streams. `server_name`: for TLS (SNI); empty if
    the target has no name. `expected_class`: first digit of the statuses that are counted as successes.
    """

    url: str
    method: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    duration_s: int
    connections: int
    workers: int
    pipelining: int
    timeout_s: float = REQUEST_TIMEOUT_S
    rate_per_second: float | None = None
    protocol: str = "http1"
    server_name: str = ""
    expected_class: int = 2

    @property
    def named_url(self) -> str:
        return named_url(self.url, self.server_name)

    @property
    def host_and_port(self) -> tuple[str, int]:
        """The IP address, without brackets, and the port to connect to."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or (443 if self.is_encrypted else 80)

    @property
    def is_encrypted(self) -> bool:
        return self.url.startswith("https:")


def named_url(url: str, server_name: str) -> str:
    """The URL with the name instead of the IP address; unchanged without a name."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"{server_name}:{parts.port}").geturl() if server_name else url


def default_connections(instances: int, streams: int = 1) -> int:
    """As in the original benchmark: 50 for each instance, at least 100. With several `streams` on each (HTTP/2), so
    many fewer that as many requests are in flight, but two for each instance, so that none is left out."""
    return max(math.ceil(max(100, 50 * instances) / streams), min(2 * instances, 100))


def default_workers(instances: int) -> int:
    """As in the original benchmark: one for two instances, between 4 and 16."""
    return min(max(math.ceil(instances / 2), 4), 16)


def default_body(method: str, registered: Mapping[str, object] | None) -> str:
    """The body of a POST: the endpoint's registered one, else DEFAULT_BODY. Other methods have none."""
    return json.dumps(registered or DEFAULT_BODY, separators=(",", ":")) if method == "POST" else ""


def request_headers(authority: str, content_type: str, extra: Mapping[str, str]) -> dict[str, str]:
    """The headers of every request. `content_type`: of the body, unless `extra` has one; empty without a body."""
    headers = {"Host": authority, **extra}
    if content_type and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = content_type
    return headers


def resolve_profile(profile: str | None, trials: int | None, duration_s: float | None) -> tuple[int, float]:
    """Number of trials and duration of each; explicit values override the profile."""
    defaults = PROFILES[profile] if profile else Profile("", 1, DEFAULT_DURATION_S)
    return trials or defaults.trials, duration_s or defaults.duration_s
