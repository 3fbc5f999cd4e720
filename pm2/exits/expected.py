"""What we are about to do to processes, and for whom: so that their exits are not taken for accidents. [io: files]

`manage.py` acts in a process of its own, and the server explains the exits: what is announced is left in a small file
for each number of PM2, too.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

KEPT_MS = 60_000.0

_changed_at = datetime.min.replace(tzinfo=UTC)
_announced: dict[int, tuple[float, str, str]] = {}
_lock = threading.Lock()


def announce(pm_ids: Iterable[int], verb: str, by: str) -> None:
    """`verb` in the past: restarted, stopped. `by`: who asked."""
    now_ms = 1000 * time.time()
    pm_ids = tuple(pm_ids)
    for pm_id in pm_ids:
        _leave(pm_id, now_ms, verb, by)
    with _lock:
        for pm_id in [pm_id for pm_id, (at_ms, _, _) in _announced.items() if now_ms - at_ms > KEPT_MS]:
            del _announced[pm_id]
        _announced.update((pm_id, (now_ms, verb, by)) for pm_id in pm_ids)


def of(pm_id: int, started_ms: float) -> tuple[str, str] | None:
    """Verb and author of what was announced for the life that began at `started_ms`, not for a later one."""
    with _lock:
        here = _announced.get(pm_id)
    found = max((each for each in (here, _left(pm_id)) if each), key=lambda each: each[0], default=None)
    if found is None or not started_ms <= found[0] or 1000 * time.time() - found[0] > KEPT_MS:
        return None
    return found[1:]


def _file(pm_id: int) -> Path:
    return Path(settings.DATA_DIR) / "intents" / f"{pm_id}.json"


def _leave(pm_id: int, at_ms: float, verb: str, by: str) -> None:
    """For another process. Without it nothing is lost but the name of who did it."""
    file = _file(pm_id)
    shape = {"home": str(settings.PM2_HOME), "at": at_ms, "verb": verb, "by": by}
    with suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = file.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(shape))
        draft.replace(file)


def _left(pm_id: int) -> tuple[float, str, str] | None:
    """What was left for this number under our PM2, by whatever process."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        shape = json.loads(_file(pm_id).read_text())
        if shape["home"] == str(settings.PM2_HOME):
            return float(shape["at"]), str(shape["verb"]), str(shape["by"])
    return None


def changed() -> None:
    """An action of ours begins or ends: what was seen before does not hold any more."""
    global _changed_at
    _changed_at = datetime.now(UTC)


def changed_at() -> datetime:
    """When an action of ours began or ended last."""
    return _changed_at
