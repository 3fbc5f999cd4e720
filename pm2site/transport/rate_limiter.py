"""A token bucket for what a client sends."""

from __future__ import annotations

PER_SECOND, BURST = 20.0, 40.0


class RateLimiter:
    """Allows `BURST` at once, and `PER_SECOND` in the long run."""

    def __init__(self) -> None:
        self._tokens, self._updated_at_s = BURST, 0.0

    def allow(self, now_s: float) -> bool:
        """Consumes a token; False if there is none left. `now_s`: a monotonic time."""
        self._tokens = min(BURST, self._tokens + (now_s - self._updated_at_s) * PER_SECOND)
        self._updated_at_s = now_s
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
