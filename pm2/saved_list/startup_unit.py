"""Whether the machine's init starts PM2 after a reboot, as `pm2 startup` arranges it. [io: files]

`pm2 startup` writes pm2-USER.service for systemd, /etc/init.d/pm2-USER for System V and OpenRC. Enabled is what has a
link in the folder of a target or runlevel; no program is run to find out.
"""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

ROOT = Path("/")
UNIT_FOLDERS = ("etc/systemd/system", "run/systemd/system", "usr/local/lib/systemd/system", "usr/lib/systemd/system")
RUNLEVELS = ("etc/rc[2-5].d/S[0-9][0-9]{name}", "etc/runlevels/default/{name}")
MAX_UNIT_BYTES = 64 * 1024
_HOME = re.compile(r"^Environment=[\"']?PM2_HOME=([^\"'\n]+)", re.MULTILINE)


class Startup(StrEnum):
    """`UNKNOWN`: an init that is not looked at, or none, as in a container."""

    ENABLED = "enabled"
    MISSING = "missing"
    UNKNOWN = "unknown"


def find_startup(home: Path, root: Path = ROOT) -> Startup:
    """Whether init starts the daemon of this PM2_HOME. `root`: of the file system."""
    try:
        return _find(home, root)
    except OSError:
        return Startup.UNKNOWN


def _find(home: Path, root: Path) -> Startup:
    names = _user_names(home)
    if any(_is_for(unit, home) for name in names for unit in _enabled_units(root, f"pm2-{name}.service")):
        return Startup.ENABLED
    if any(next(root.glob(level.format(name=f"pm2-{name}")), None) for name in names for level in RUNLEVELS):
        return Startup.ENABLED
    return Startup.MISSING if (root / "run/systemd/system").is_dir() else Startup.UNKNOWN


def _user_names(home: Path) -> list[str]:
    """Of the owner of PM2_HOME, and of this process."""
    names = []
    for uid in dict.fromkeys((home.stat().st_uid, os.geteuid())):
        try:
            names.append(pwd.getpwuid(uid).pw_name)
        except KeyError:
            continue
    return names


def _enabled_units(root: Path, name: str) -> Iterator[Path]:
    for folder in UNIT_FOLDERS:
        for kind in ("want?", "require?"):
            yield from (root / folder).glob(f"*.{kind}/{name}")


def _is_for(unit: Path, home: Path) -> bool:
    """A unit without a PM2_HOME counts: it may be set in a file of its own. One that cannot be read does not."""
    try:
        with unit.open("rb") as file:
            text = file.read(MAX_UNIT_BYTES).decode(errors="replace")
    except FileNotFoundError:  # a link that leads nowhere starts nothing
        return False
    named = _HOME.search(text)
    return named is None or Path(named[1]).resolve() == home.resolve()
