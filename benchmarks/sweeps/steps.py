"""A sweep and its steps, as they are stored and sent. [pure]"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from system.lib.wire import Key

HELD, FAILED, GENERATOR = "held", "failed", "generator"
OUTCOMES = (HELD, FAILED, GENERATOR)
TARGET, BUDGET, MAX_STEPS = "target", "budget", "max_steps"
LIMITS = (TARGET, GENERATOR, BUDGET, MAX_STEPS)


@dataclass(frozen=True, slots=True)
class SweepStep:
    """One execution at a fixed rate. Rates in requests/s; latencies in ms, from the time at which a request was due.

    `outcome`: `generator` if the load generator, or the machine that it shares with the target, was the limit, so that
    nothing follows for the target. `is_unanswered`: fewer responses than the tolerance allows, or failed ones: more
    than an exceeded latency. `is_clear`: so far below the rate that a repetition would not change it.
    """

    rate: Annotated[float, "requests/s asked for"]
    achieved: Annotated[float, "successful responses per second, of the requests that were due"]
    p50_ms: Annotated[float | None, Key("p50"), "ms, from when the request was due"]
    p90_ms: Annotated[float | None, Key("p90"), "ms"]
    p99_ms: Annotated[float | None, Key("p99"), "ms"]
    max_ms: Annotated[float | None, Key("max"), "ms"]
    errors: Annotated[int, "failed requests and responses outside 2xx"]
    generator_share: Annotated[float | None, "CPU of the load generator, 1 = all that it can use"]
    target_share: Annotated[float | None, "CPU of the target, 1 = all that it can use"]
    outcome: Annotated[str, OUTCOMES]
    reasons: Annotated[tuple[str, ...], "Why it did not hold"]
    is_unanswered: bool = False
    is_clear: bool = False

    @property
    def has_held(self) -> bool:
        return self.outcome == HELD


@dataclass(frozen=True, slots=True)
class Sweep:
    """`sustained_rate`: the highest that held, null if none did. The true limit lies between `low`, which is what was
    answered at that rate, and `high`, the lowest rate above that did not hold (null if none was found).

    `limit`: why the search ended. `target`: it did not answer a higher rate; `budget`: it answered, but not within
    the limits of the latency; `generator`: no higher rate could be sent, so it reads "at least"; `max_steps`: the
    bracket is wider than planned. `is_monotone`: false if the target failed a lower rate than one that it held.
    """

    sustained_rate: Annotated[float | None, "requests/s"]
    low: float | None
    high: float | None
    limit: Annotated[str, LIMITS]
    is_monotone: bool
    text: str
    steps: tuple[SweepStep, ...]
