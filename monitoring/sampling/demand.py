"""Whether somebody reads the newest samples without sampling: while this is so, the server samples on its own."""

from __future__ import annotations

import math
import time

CURRENT_S = 300.0  # after the last scrape

_renewed_s = -math.inf


def renew() -> None:
    """The newest samples were read just now. Callable from any thread."""
    global _renewed_s
    _renewed_s = time.monotonic()


def is_current() -> bool:
    """Whether they were read in the last CURRENT_S."""
    return time.monotonic() - _renewed_s < CURRENT_S
