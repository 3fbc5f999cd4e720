"""What we are about to do to processes, and for whom: so that their exits are not taken for accidents."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime

KEPT_MS = 60_000.0

_changed_at = datetime.min.replace(tzinfo=UTC)
_announced: dict[int, tuple[float, str, str]] = {}
_lock = threading.Lock()


def announce(pm_ids: Iterable[int], verb: str, by: str) -> None:
    """`verb` in the past: restarted, stopped. `by`: who asked."""
    now_ms = 1000 * time.time()
    with _lock:
        for pm_id in [pm_id for pm_id, (at_ms, _, _) in _announced.items() if now_ms - at_ms > KEPT_MS]:
            del _announced[pm_id]
        _announced.update((pm_id, (now_ms, verb, by)) for pm_id in pm_ids)


def of(pm_id: int, started_ms: float) -> tuple[str, str] | None:
    """Verb and author of what was announced for the life that began at `started_ms`, not for a later one."""
    with _lock:
        found = _announced.get(pm_id)
    if found is None or not started_ms <= found[0] or 1000 * time.time() - found[0] > KEPT_MS:
        return None
    return found[1:]


def changed() -> None:
    """An action of ours begins or ends: what was seen before does not hold any more."""
    global _changed_at
    _changed_at = datetime.now(UTC)


def changed_at() -> datetime:
    """When an action of ours began or ended last."""
    return _changed_at
