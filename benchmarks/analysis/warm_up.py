"""The warm-up: how long it may last, and when the rate has settled. [pure]"""

from __future__ import annotations

# Bursts until three in a row agree. Georges et al., OOPSLA 2007, require 1-2 % within one VM; a shared
# machine is noisier, and a rate that does not settle is reported.
BURST_S = 2.0
STEADY_BURSTS = 3
MAX_BURST_SPREAD = 0.03
MAX_WARMUP_S = 30.0


def burst_duration_s(duration_s: float) -> float:
    """Duration of one warm-up burst."""
    return min(BURST_S, duration_s)


def max_warmup_s(duration_s: float) -> float:
    """Maximum duration of the warm-up: no longer than a trial."""
    return min(MAX_WARMUP_S, duration_s)


def is_steady(rates: list[float]) -> bool:
    """Whether the last bursts agree within MAX_BURST_SPREAD."""
    last = rates[-STEADY_BURSTS:]
    return len(last) == STEADY_BURSTS and max(last) - min(last) <= MAX_BURST_SPREAD * max(last)
