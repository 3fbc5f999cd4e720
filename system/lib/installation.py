"""Where the program is, a checkout or an installed package, and where it keeps its files."""

from __future__ import annotations

import os
import sys
import tomllib
from importlib import metadata
from pathlib import Path

NAME = "pm2site"
ROOT = Path(__file__).resolve().parents[2]  # the checkout, or site-packages
IS_CHECKOUT = all((ROOT / name).is_file() for name in ("manage.py", "pyproject.toml"))
# What messages tell the reader to type.
COMMAND, SETUP, ADMIN, RUN = (
    ("manage.py", "make setup", "make admin", "make run")
    if IS_CHECKOUT
    else (NAME, f"{NAME} setup", f"{NAME} admin", f"{NAME} serve")
)
MANAGE = f"python {COMMAND}" if IS_CHECKOUT else COMMAND


def read_version() -> str:
    """The version in pyproject.toml; of an installed package, in its metadata."""
    if not IS_CHECKOUT:
        return metadata.version(NAME)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def manage_argv(*arguments: str) -> list[str]:
    """The command that runs a `manage.py` command in a process of its own, from any folder."""
    program = [str(ROOT / "manage.py")] if IS_CHECKOUT else ["-P", "-m", NAME]
    return [sys.executable, *program, *arguments]


def data_dir() -> Path:
    """DATA_DIR; by default `var/` in a checkout, otherwise in the user's data folder (XDG Base Directory)."""
    if configured := os.environ.get("DATA_DIR", "").strip():
        return Path(configured).expanduser().absolute()
    if IS_CHECKOUT:
        return ROOT / "var"
    home = Path(os.environ.get("XDG_DATA_HOME", "").strip())
    return (home if home.is_absolute() else Path.home() / ".local" / "share") / NAME


def frameworks_dir() -> Path:
    """The folder that PM2 starts the frameworks in, with their Node packages. Installed, `pm2site setup` creates it."""
    return ROOT / "pm2" / "frameworks" if IS_CHECKOUT else data_dir() / "frameworks"


def programs_dir() -> Path | None:
    """The folder for programs that PATH lacks; None in a checkout, where they belong to the Python environment."""
    return None if IS_CHECKOUT else data_dir() / "programs"
