"""Exits that we are about to cause, so that they are not classified as crashes. [io: files]

`manage.py` runs in a process of its own, and other servers may act on the same daemon, while each server classifies the
exits. So each announcement is also written to a small file per pm_id, in our folder in PM2_HOME, or in DATA_DIR where
that cannot be used. An announcement is for one exit. Its age is by the clock since boot, which no step of the wall
clock changes and which all processes of the machine share.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from pm2.daemon import origin, shared_folder
from system.host import boot_clock
from system.lib import files

MAX_AGE_S = 60.0


@dataclass(frozen=True, slots=True)
class Announcement:
    """`at_s`: since boot. `verb`: its past tense (restarted, stopped). `by`: the requesting actor, and the server if it
    is another one."""

    id: str
    at_s: float
    verb: str
    by: str


_announced: dict[int, Announcement] = {}
_used: dict[int, str] = {}  # pm_id → id of the announcement whose exit has come
_lock = threading.Lock()


def expect_exits(pm_ids: Iterable[int], past_tense: str, by: str) -> None:
    """Announces an exit of each. `past_tense`: of the verb (restarted, stopped); `by`: the requesting actor."""
    announcement = Announcement(secrets.token_hex(8), boot_clock.seconds_since_boot(), past_tense, by)
    pm_ids = tuple(pm_ids)
    for pm_id in pm_ids:
        _write_marker(pm_id, announcement)
    with _lock:
        for pm_id in [pm_id for pm_id, old in _announced.items() if announcement.at_s - old.at_s > MAX_AGE_S]:
            del _announced[pm_id]
        _announced.update((pm_id, announcement) for pm_id in pm_ids)


def lookup(pm_id: int) -> Announcement | None:
    """The latest announcement of an exit that has not come yet."""
    with _lock:
        in_memory, used = _announced.get(pm_id), _used.get(pm_id)
    latest = max((one for one in (in_memory, *_read_markers(pm_id)) if one), key=lambda one: one.at_s, default=None)
    if latest is None or latest.id == used:
        return None
    return latest if 0 <= boot_clock.seconds_since_boot() - latest.at_s <= MAX_AGE_S else None


def use_up(pm_id: int, announcement: Announcement) -> None:
    """The exit has come: a later one is not the announced one."""
    with _lock:
        _used[pm_id] = announcement.id


def _marker_files(pm_id: int) -> tuple[Path, Path]:
    return (
        shared_folder.path_of(Path(settings.PM2_HOME), f"exit-{pm_id}.json"),
        Path(settings.DATA_DIR) / "expected-exits" / f"{pm_id}.json",
    )


def _write_marker(pm_id: int, announcement: Announcement) -> None:
    """Makes an announcement visible to other processes. If that fails, only the name of the actor is lost."""
    shared, private = _marker_files(pm_id)
    home, boot = _place()
    fields = {"id": announcement.id, "at": announcement.at_s, "verb": announcement.verb, "by": announcement.by[:200]}
    text = origin.to_json(**fields, home=home, boot=boot)
    try:
        shared_folder.replace_text(shared, text)
    except OSError:
        with suppress(OSError):
            files.make_folder(private.parent)
            files.write_atomically(private, [text])


def _read_markers(pm_id: int) -> list[Announcement]:
    """The last announcements by any process for this pm_id under our PM2_HOME."""
    shared, private = _marker_files(pm_id)
    texts = []
    with suppress(OSError):
        texts.append(shared_folder.read_shared(shared))
    with suppress(OSError, UnicodeDecodeError):
        texts.append(private.read_text(encoding="utf-8"))
    return [announcement for text in texts if (announcement := _parse(text))]


def _parse(text: str) -> Announcement | None:
    """None for an announcement that is damaged, or of another boot or PM2_HOME."""
    try:
        fields = json.loads(text)
        sender, place = origin.from_fields(fields), (fields["home"], fields["boot"])
        announcement = Announcement(
            str(fields["id"]), float(fields["at"]), str(fields["verb"])[:40], _actor(str(fields["by"]), sender)
        )
    except (ValueError, KeyError, TypeError):
        return None
    return announcement if place == _place() else None


def _place() -> tuple[str, str]:
    # Resolved: another server may have this PM2_HOME under another name.
    return str(Path(settings.PM2_HOME).resolve()), boot_clock.boot_id()


def _actor(by: str, sender: origin.Origin) -> str:
    if not sender.is_another_server:
        return by
    return f"{by} on {sender}" if by else str(sender)
