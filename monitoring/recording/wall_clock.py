"""Detects that the wall clock was set, by comparing it with the monotonic clock. [pure]"""

from __future__ import annotations

from dataclasses import dataclass

STEP_S = 2.0  # a smaller difference is the clock being adjusted slowly, or the time between two calls


@dataclass(slots=True)
class WallClock:
    """Call `check` with both clocks, a few times a minute."""

    _offset_s: float | None = None
    stepped_s: float | None = None  # monotonic time of the last step

    def check(self, wall_s: float, monotonic_s: float) -> float | None:
        """By how many seconds the clock was set since the last call, forward if positive; None if it was not."""
        offset_s, before_s = wall_s - monotonic_s, self._offset_s
        self._offset_s = offset_s
        if before_s is None or abs(offset_s - before_s) < STEP_S:
            return None
        self.stepped_s = monotonic_s
        return offset_s - before_s

    def is_steady(self, monotonic_s: float, for_s: float) -> bool:
        """Whether the clock was not set within the last `for_s` seconds."""
        return self.stepped_s is None or monotonic_s - self.stepped_s > for_s


def describe_step(seconds: float) -> str:
    direction = "forward" if seconds > 0 else "back"
    return f"The clock was set {direction} by {_duration(abs(seconds))}."


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
