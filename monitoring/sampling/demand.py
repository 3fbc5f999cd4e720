"""Whether somebody reads the newest samples without being subscribed to them, such as Prometheus."""

from __future__ import annotations

import time

KEPT_S = 300.0  # after the last reading; Prometheus reads every 15 to 60 s

_renewed_s: float | None = None


def renew() -> None:
    """Called at each reading."""
    global _renewed_s
    _renewed_s = time.monotonic()


def is_current() -> bool:
    return _renewed_s is not None and time.monotonic() - _renewed_s < KEPT_S
