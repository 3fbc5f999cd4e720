"""Exits that we are about to cause, so that they are not classified as crashes. [io: files]

`manage.py` runs in a process of its own, while the server classifies the exits. So each announcement is also written to
a small marker file per pm_id.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from system.lib import files

MAX_AGE_MS = 60_000.0

_announced: dict[int, tuple[float, str, str]] = {}
_lock = threading.Lock()


def expect_exits(pm_ids: Iterable[int], past_tense: str, by: str) -> None:
    """Announces exits. `past_tense`: of the verb (restarted, stopped); `by`: the requesting actor."""
    now_ms = 1000 * time.time()
    pm_ids = tuple(pm_ids)
    for pm_id in pm_ids:
        _write_marker(pm_id, now_ms, past_tense, by)
    with _lock:
        for pm_id in [pm_id for pm_id, (at_ms, _, _) in _announced.items() if now_ms - at_ms > MAX_AGE_MS]:
            del _announced[pm_id]
        _announced.update((pm_id, (now_ms, past_tense, by)) for pm_id in pm_ids)


def lookup(pm_id: int, started_ms: float) -> tuple[str, str] | None:
    """Past tense and actor of the latest announcement, if it was made during the run that began at `started_ms`."""
    with _lock:
        in_memory = _announced.get(pm_id)
    candidates = (announced for announced in (in_memory, _read_marker(pm_id)) if announced)
    latest = max(candidates, key=lambda announced: announced[0], default=None)
    if latest is None or not started_ms <= latest[0] or 1000 * time.time() - latest[0] > MAX_AGE_MS:
        return None
    return latest[1:]


def _marker_file(pm_id: int) -> Path:
    return Path(settings.DATA_DIR) / "expected-exits" / f"{pm_id}.json"


def _write_marker(pm_id: int, at_ms: float, past_tense: str, by: str) -> None:
    """Makes an announcement visible to other processes. If that fails, only the name of the actor is lost."""
    file = _marker_file(pm_id)
    marker = {"home": str(settings.PM2_HOME), "at": at_ms, "verb": past_tense, "by": by}
    with suppress(OSError):
        files.make_folder(file.parent)
        files.write_atomically(file, [json.dumps(marker)])


def _read_marker(pm_id: int) -> tuple[float, str, str] | None:
    """The last announcement by any process for this pm_id under our PM2_HOME."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        marker = json.loads(_marker_file(pm_id).read_text(encoding="utf-8"))
        if marker["home"] == str(settings.PM2_HOME):
            return float(marker["at"]), str(marker["verb"]), str(marker["by"])
    return None
