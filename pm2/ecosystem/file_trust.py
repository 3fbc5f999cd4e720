"""Who could have written a file from which programs are started. [io: files]"""

from __future__ import annotations

import os
import pwd
import shlex
import stat
from pathlib import Path

OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def find_risk(path: Path) -> str | None:
    """Why others than this user and root could change the file: a sentence with the command that helps; None if they
    cannot. `path`: without symlinks. Raises OSError.

    Each folder above counts too, because its writers could replace what is in it. In a sticky folder such as /tmp only
    the owner replaces an entry, so it counts as safe above a folder of ours; directly around the file it does not,
    because anybody could link another file of ours into it.
    """
    for place in (path, *path.parents):
        status = place.lstat()
        quoted = shlex.quote(str(place))
        if status.st_uid not in (0, os.geteuid()):
            owner = _user_name(status.st_uid)
            return f"{place} belongs to {owner}. Give it to this user: sudo chown {_user_name(os.geteuid())} {quoted}"
        is_sticky = bool(status.st_mode & stat.S_ISVTX) and place not in (path, path.parent)
        if status.st_mode & OTHERS_WRITE and not is_sticky:
            mode = f"{stat.S_IMODE(status.st_mode):04o}"
            if status.st_mode & stat.S_ISVTX:
                return f"{place} has mode {mode}. Move the file into a folder of its own."
            return f"{place} has mode {mode}. Take that away: chmod go-w {quoted}"
    return None


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
