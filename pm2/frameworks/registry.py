"""Reads registry.toml: which frameworks can be started, and which endpoints they answer."""

from __future__ import annotations

import filecmp
import re
import sys
import tomllib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pm2.errors import InvalidRegistry, UnknownFramework
from system.host import binaries
from system.lib import installation

FOLDER = Path(__file__).parent
LOCK_FILE = "package-lock.json"
NAME_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
EXEC_MODES = ("fork_mode", "cluster_mode")
NEEDS = ("redis", "codes")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
PATH_PATTERN = re.compile(r"/[^\s#]*")
HIGHEST_PORT = 65535
NO_INTERPRETER = "none"
TYPE_NAMES: dict[type, str] = {
    str: "a string", int: "an integer", bool: "true or false", dict: "a table", list: "an array",
}  # fmt: skip
FRAMEWORK_KEYS = (
    "name", "displayName", "port", "color", "file", "enabled", "runtime", "interpreter", "interpreterPath",
    "execMode", "reusePort", "instances",
)  # fmt: skip
ENDPOINT_KEYS = ("path", "method", "shortName", "description", "benchmarkable", "body", "needs")
# pm2/apps.py reads it from the settings, `python -m benchmarks` from the environment.
MAX_INSTANCES = 100
_read_port_offset: Callable[[], int] = lambda: 0  # noqa: E731 - reassigned


@dataclass(frozen=True, slots=True)
class Framework:
    """A server under test. `file` is relative to this folder; `interpreter_path` overrides the lookup on PATH.

    `enabled`: True when its file is in the repository, "auto" when something may have to be built or installed first.
    """

    name: str
    display_name: str
    port: int
    color: str
    file: str
    enabled: bool | Literal["auto"]
    runtime: str
    interpreter: str
    interpreter_path: str | None
    exec_mode: str
    reuse_port: bool
    instances: int


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route that every framework serves. `body`: sent by a benchmark's POST; `needs`: its prerequisites."""

    path: str
    method: str
    short_name: str
    description: str
    benchmarkable: bool
    body: dict[str, Any] | None
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Registry:
    frameworks: tuple[Framework, ...]
    endpoints: tuple[Endpoint, ...]

    def framework(self, name: str) -> Framework:
        """Raises UnknownFramework."""
        for framework in self.frameworks:
            if framework.name == name:
                return framework
        raise UnknownFramework(name, [framework.name for framework in self.frameworks])

    def endpoint(self, path: str, method: str) -> Endpoint | None:
        return next(
            (endpoint for endpoint in self.endpoints if (endpoint.path, endpoint.method) == (path, method)), None
        )

    def framework_of(self, process_name: str) -> Framework | None:
        """The framework that runs under this process name in PM2, or None for any other process."""
        return next((framework for framework in self.frameworks if framework.name == process_name), None)


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether a framework can be started on this host. `reason`: why not."""

    installed: bool
    reason: str | None
    interpreter: Path | None


def set_port_offset(read: Callable[[], int]) -> None:
    """Sets the function that reads FRAMEWORK_PORT_OFFSET; it is called at every `registry()`."""
    global _read_port_offset
    _read_port_offset = read


def registry() -> Registry:
    """The parsed registry.toml, its ports shifted by FRAMEWORK_PORT_OFFSET. Raises InvalidRegistry."""
    return _read(_read_port_offset())


@lru_cache(maxsize=1)
def _read(offset: int) -> Registry:
    return parse_registry((FOLDER / "registry.toml").read_text(encoding="utf-8"), offset)


def parse_registry(text: str, offset: int = 0) -> Registry:
    """`offset` is added to every port. Raises InvalidRegistry; its message names the entry and the key."""
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRegistry(f"registry.toml: {error}.") from error
    _reject_unknown_keys(tables, ("frameworks", "endpoints"), "the top level")
    frameworks = tuple(_shifted(_parse_framework(entry), offset) for entry in _entries_of(tables, "frameworks"))
    endpoints = tuple(_parse_endpoint(entry) for entry in _entries_of(tables, "endpoints"))
    _reject_duplicates("name", [framework.name for framework in frameworks], "frameworks")
    _reject_duplicates("port", [framework.port for framework in frameworks], "frameworks")
    _reject_duplicates("path", [f"{endpoint.method} {endpoint.path}" for endpoint in endpoints], "endpoints")
    return Registry(frameworks, endpoints)


def _entries_of(tables: dict[str, Any], key: str) -> list[dict[str, Any]]:
    entries = tables.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InvalidRegistry(f"registry.toml: {key} must be an array of tables, [[{key}]].")
    return entries


def _reject_unknown_keys(entry: dict[str, Any], known: Collection[str], where: str) -> None:
    for key in entry:
        if key not in known:
            raise InvalidRegistry(f"registry.toml: unknown key {key!r} in {where}; use {', '.join(known)}.")


def _reject_duplicates(key: str, values: list[Any], table: str) -> None:
    for value in values:
        if values.count(value) > 1:
            raise InvalidRegistry(f"registry.toml: duplicate {key} {value!r} in {table}.")


def _read_value(entry: dict[str, Any], key: str, expected: type, where: str, default: Any = ...) -> Any:
    if key not in entry and default is not ...:
        return default
    if type(entry.get(key)) is not expected:  # not isinstance: a bool is not accepted as an int
        actual = f"is {entry[key]!r}" if key in entry else "is missing"
        raise InvalidRegistry(f"registry.toml: {key} of {where} {actual}; it must be {TYPE_NAMES[expected]}.")
    return entry[key]


def _parse_framework(entry: dict[str, Any]) -> Framework:
    where = f"framework {entry.get('name', '?')!r}"
    _reject_unknown_keys(entry, FRAMEWORK_KEYS, where)
    framework = Framework(
        name=_read_value(entry, "name", str, where),
        display_name=_read_value(entry, "displayName", str, where, entry.get("name")),
        port=_read_value(entry, "port", int, where),
        color=_read_value(entry, "color", str, where, "white"),
        file=_read_value(entry, "file", str, where),
        enabled=_read_enabled(entry, where),
        runtime=_read_value(entry, "runtime", str, where),
        interpreter=_read_value(entry, "interpreter", str, where, entry.get("runtime")),
        interpreter_path=_read_value(entry, "interpreterPath", str, where, None),
        exec_mode=_read_value(entry, "execMode", str, where, "fork_mode"),
        reuse_port=_read_value(entry, "reusePort", bool, where, False),
        instances=_read_value(entry, "instances", int, where, 1),
    )
    for key, rule in _violations(framework):
        raise InvalidRegistry(f"registry.toml: {key} of {where} cannot be {entry.get(key)!r}: {rule}.")
    return framework


def _shifted(framework: Framework, offset: int) -> Framework:
    port = framework.port + offset
    if port > HIGHEST_PORT:
        raise InvalidRegistry(
            f"FRAMEWORK_PORT_OFFSET={offset} shifts port {framework.port} of framework {framework.name!r} to {port}; "
            f"the highest possible port is {HIGHEST_PORT}."
        )
    return replace(framework, port=port)


def _read_enabled(entry: dict[str, Any], where: str) -> bool | Literal["auto"]:
    value = entry.get("enabled", True)
    if value == "auto":
        return "auto"
    if not isinstance(value, bool):
        raise InvalidRegistry(f'registry.toml: enabled of {where} is {value!r}; it must be true, false or "auto".')
    return value


def _violations(framework: Framework) -> Iterator[tuple[str, str]]:
    """Each key with an invalid value, and the rule that it breaks."""
    file = _resolved(framework.file)
    may_be_built = framework.enabled is not True or framework.interpreter == NO_INTERPRETER
    rules = (
        ("name", NAME_PATTERN.fullmatch(framework.name), "1 to 40 of a-z, 0-9 and -, not starting with -"),
        ("port", 1 <= framework.port <= HIGHEST_PORT, f"1 to {HIGHEST_PORT}"),
        ("execMode", framework.exec_mode in EXEC_MODES, f"one of {', '.join(EXEC_MODES)}"),
        (
            "execMode",
            framework.exec_mode != "cluster_mode" or framework.runtime == "node",
            "only Node supports cluster_mode",
        ),
        ("instances", 1 <= framework.instances <= MAX_INSTANCES, f"1 to {MAX_INSTANCES}"),
        ("file", file.is_relative_to(FOLDER) and file != FOLDER, "it must be inside pm2/frameworks"),
        ("file", file.is_file() or may_be_built, "there is no such file"),
    )
    return ((key, rule) for key, is_valid, rule in rules if not is_valid)


def _resolved(file: str) -> Path:
    """The path of a file in this folder; the folder itself, which is none, for what cannot be a path."""
    try:
        path = (FOLDER / file).resolve()
        path.is_file()  # raises for a name that is too long
    except (OSError, ValueError):
        return FOLDER
    return path


def _parse_endpoint(entry: dict[str, Any]) -> Endpoint:
    where = f"endpoint {entry.get('path', '?')!r}"
    _reject_unknown_keys(entry, ENDPOINT_KEYS, where)
    path = _read_value(entry, "path", str, where)
    endpoint = Endpoint(
        path=path,
        method=_read_value(entry, "method", str, where, "GET"),
        short_name=_read_value(entry, "shortName", str, where, path.strip("/")),
        description=_read_value(entry, "description", str, where, ""),
        benchmarkable=_read_value(entry, "benchmarkable", bool, where, True),
        body=_read_value(entry, "body", dict, where, None),
        needs=tuple(_read_value(entry, "needs", list, where, [])),
    )
    rules = (
        ("path", PATH_PATTERN.fullmatch(path), "it must start with / and contain no spaces"),
        ("method", endpoint.method in METHODS, f"one of {', '.join(METHODS)}"),
        ("needs", all(need in NEEDS for need in endpoint.needs), f"an array of {', '.join(NEEDS)}"),
    )
    for key, rule in ((key, rule) for key, is_valid, rule in rules if not is_valid):
        raise InvalidRegistry(f"registry.toml: {key} of {where} cannot be {entry.get(key)!r}: {rule}.")
    return endpoint


def script_path(framework: Framework) -> Path:
    return installation.frameworks_dir() / framework.file


def check_availability(framework: Framework) -> Availability:
    """Checks that the file and the interpreter exist. Blocking: the first call must not run on the event loop."""
    if not framework.enabled:
        return Availability(False, "It is disabled in registry.toml.", None)
    if not all(_is_copied(name) for name in (framework.file, LOCK_FILE)):
        return Availability(False, f"It is not installed, or by another version. Run: {installation.SETUP}.", None)
    if not script_path(framework).is_file():
        return Availability(False, f"{framework.file} does not exist; it may have to be built first.", None)
    if framework.interpreter == NO_INTERPRETER:
        return Availability(True, None, None)
    path = _find_interpreter(framework)
    if path is None:
        override = framework.interpreter_path
        missing = f"interpreterPath {override} is not a file" if override else f"{framework.interpreter} is not on PATH"
        return Availability(False, f"{missing}.", None)
    if framework.runtime == "node" and not binaries.node_modules_dir().is_dir():
        return Availability(False, f"The Node packages are missing. Run: {installation.SETUP}.", None)
    return Availability(True, None, path)


def _is_copied(name: str) -> bool:
    """Whether the folder of the frameworks has the package's version of this file, if the package has one."""
    source, copy = FOLDER / name, installation.frameworks_dir() / name
    if source == copy or not source.is_file():
        return True
    return copy.is_file() and filecmp.cmp(source, copy, shallow=False)


def _find_interpreter(framework: Framework) -> Path | None:
    if framework.interpreter_path:
        path = Path(framework.interpreter_path).expanduser()
        return path if path.is_file() else None
    if framework.interpreter == "python":
        return Path(sys.executable)  # our virtual environment contains the server's dependencies
    binary = binaries.find(framework.interpreter)
    return binary.path if binary else None
