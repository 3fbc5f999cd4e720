"""Detects that the wall clock was set, or that the host was suspended, by comparing clocks. [pure]"""

from __future__ import annotations

from dataclasses import dataclass

STEP_S = 2.0  # a smaller difference is the clock being adjusted slowly, or the time between two calls


@dataclass(slots=True)
class WallClock:
    """Call both checks a few times a minute. `boot_s`: time since the boot, which goes on while the host is suspended;
    `monotonic_s`: a clock that stands still then."""

    _offset_s: float | None = None
    _suspended_s: float | None = None
    stepped_s: float | None = None  # time since the boot at the last step

    def check(self, wall_s: float, boot_s: float) -> float | None:
        """By how many seconds the clock was set since the last call, forward if positive; None if it was not."""
        offset_s, before_s = wall_s - boot_s, self._offset_s
        self._offset_s = offset_s
        if before_s is None or abs(offset_s - before_s) < STEP_S:
            return None
        self.stepped_s = boot_s
        return offset_s - before_s

    def check_suspended(self, boot_s: float, monotonic_s: float) -> float | None:
        """For how many seconds the host was suspended since the last call; None if it was not."""
        suspended_s, before_s = boot_s - monotonic_s, self._suspended_s
        self._suspended_s = suspended_s
        return None if before_s is None or suspended_s - before_s < STEP_S else suspended_s - before_s

    def is_steady(self, boot_s: float, for_s: float) -> bool:
        """Whether the clock was not set within the last `for_s` seconds."""
        return self.stepped_s is None or boot_s - self.stepped_s > for_s


def describe_suspension(seconds: float) -> str:
    return f"The host was suspended for {_duration(seconds)}."


def describe_step(seconds: float) -> str:
    direction = "forward" if seconds > 0 else "back"
    return f"The clock was set {direction} by {_duration(abs(seconds))}."


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
