"""The time before which a fetched process list is stale, because of an action of ours."""

from __future__ import annotations

import time

NEVER_S = float("-inf")
_list_invalidated_s = NEVER_S


def invalidate_list() -> None:
    """Invalidates process lists fetched before now; called when one of our actions begins and when it ends."""
    global _list_invalidated_s
    _list_invalidated_s = time.monotonic()


def list_invalidated_s() -> float:
    """By the monotonic clock: a step of the wall clock must not make an old list fresh."""
    return _list_invalidated_s
