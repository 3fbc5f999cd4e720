"""Reads registry.toml: which frameworks can be started, and which endpoints they answer."""

from __future__ import annotations

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

FOLDER = Path(__file__).parent
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
MODES = ("fork_mode", "cluster_mode")
NEEDS = ("redis", "codes")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
PATH = re.compile(r"/[^\s#]*")
HIGHEST_PORT = 65535
NO_INTERPRETER = "none"
KINDS: dict[type, str] = {
    str: "a text", int: "a whole number", bool: "true or false", dict: "a table", list: "a list",
}  # fmt: skip
FRAMEWORK_KEYS = (
    "name", "displayName", "port", "color", "file", "enabled", "runtime", "interpreter", "interpreterPath",
    "execMode", "reusePort", "instances",
)  # fmt: skip
ENDPOINT_KEYS = ("path", "method", "shortName", "description", "benchmarkable", "body", "needs")
# FRAMEWORK_PORT_OFFSET: pm2/apps.py puts the settings behind it, `python -m benchmarks` the environment.
port_offset: Callable[[], int] = lambda: 0  # noqa: E731 - replaced as a whole


@dataclass(frozen=True, slots=True)
class Framework:
    """A server under test. `file` is relative to this folder; `interpreter_path` overrides the one found.

    `enabled`: True when its file stands here, "auto" when something of it may have to be built or installed.
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
    """What a framework answers. `body`: sent by a benchmark's POST; `needs`: what must be there first."""

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
        return next((each for each in self.endpoints if (each.path, each.method) == (path, method)), None)

    def named(self, process_name: str) -> Framework | None:
        """The framework that a PM2 process of this name is, if it is one of ours."""
        return next((each for each in self.frameworks if each.name == process_name), None)


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether a framework can be started here, and if not, why."""

    installed: bool
    reason: str | None
    interpreter: Path | None


def registry() -> Registry:
    """The registry of this program, its ports moved by `port_offset`; raises InvalidRegistry."""
    return _read(port_offset())


@lru_cache(maxsize=1)
def _read(offset: int) -> Registry:
    return parse((FOLDER / "registry.toml").read_text(), offset)


def parse(text: str, offset: int = 0) -> Registry:
    """`offset` is added to every port. Raises InvalidRegistry, naming the entry and the key."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidRegistry(f"registry.toml: {error}.") from error
    _refuse_unknown(tables, ("frameworks", "endpoints"), "the file")
    frameworks = tuple(_moved(_framework(entry), offset) for entry in _entries(tables, "frameworks"))
    endpoints = tuple(_endpoint(entry) for entry in _entries(tables, "endpoints"))
    _refuse_twice("name", [each.name for each in frameworks], "frameworks")
    _refuse_twice("port", [each.port for each in frameworks], "frameworks")
    _refuse_twice("path", [f"{each.method} {each.path}" for each in endpoints], "endpoints")
    return Registry(frameworks, endpoints)


def _entries(tables: dict[str, Any], key: str) -> list[dict[str, Any]]:
    entries = tables.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InvalidRegistry(f"registry.toml: {key} has to be written as [[{key}]].")
    return entries


def _refuse_unknown(entry: dict[str, Any], known: Collection[str], what: str) -> None:
    for key in entry:
        if key not in known:
            raise InvalidRegistry(f"registry.toml: {what} has no key {key!r}; there are {', '.join(known)}.")


def _refuse_twice(key: str, values: list[Any], table: str) -> None:
    for value in values:
        if values.count(value) > 1:
            raise InvalidRegistry(f"registry.toml: {key} {value!r} stands in two {table}.")


def _take(entry: dict[str, Any], key: str, kind: type, what: str, default: Any = ...) -> Any:
    if key not in entry and default is not ...:
        return default
    if type(entry.get(key)) is not kind:  # a bool is no int here
        given = f"is {entry[key]!r}" if key in entry else "is missing"
        raise InvalidRegistry(f"registry.toml: {key} of {what} {given}; it takes {KINDS[kind]}.")
    return entry[key]


def _framework(entry: dict[str, Any]) -> Framework:
    what = f"framework {entry.get('name', '?')!r}"
    _refuse_unknown(entry, FRAMEWORK_KEYS, what)
    framework = Framework(
        name=_take(entry, "name", str, what),
        display_name=_take(entry, "displayName", str, what, entry.get("name")),
        port=_take(entry, "port", int, what),
        color=_take(entry, "color", str, what, "white"),
        file=_take(entry, "file", str, what),
        enabled=_enabled(entry, what),
        runtime=_take(entry, "runtime", str, what),
        interpreter=_take(entry, "interpreter", str, what, entry.get("runtime")),
        interpreter_path=_take(entry, "interpreterPath", str, what, None),
        exec_mode=_take(entry, "execMode", str, what, "fork_mode"),
        reuse_port=_take(entry, "reusePort", bool, what, False),
        instances=_take(entry, "instances", int, what, 1),
    )
    for key, rule in _broken_rules(framework):
        raise InvalidRegistry(f"registry.toml: {key} of {what} cannot be {entry.get(key)!r}: {rule}.")
    return framework


def _moved(framework: Framework, offset: int) -> Framework:
    port = framework.port + offset
    if port > HIGHEST_PORT:
        raise InvalidRegistry(
            f"FRAMEWORK_PORT_OFFSET={offset} moves port {framework.port} of framework {framework.name!r} to {port}; "
            f"{HIGHEST_PORT} is the highest."
        )
    return replace(framework, port=port)


def _enabled(entry: dict[str, Any], what: str) -> bool | Literal["auto"]:
    value = entry.get("enabled", True)
    if value == "auto":
        return "auto"
    if not isinstance(value, bool):
        raise InvalidRegistry(f'registry.toml: enabled of {what} is {value!r}; it takes true, false or "auto".')
    return value


def _broken_rules(framework: Framework) -> Iterator[tuple[str, str]]:
    """Key and rule of everything that is wrong with the values."""
    file = script(framework).resolve()
    may_be_built = framework.enabled is not True or framework.interpreter == NO_INTERPRETER
    rules = (
        ("name", NAME.fullmatch(framework.name), "1 to 40 of a-z, 0-9 and -, and no - in front"),
        ("port", 1 <= framework.port <= HIGHEST_PORT, f"1 to {HIGHEST_PORT}"),
        ("execMode", framework.exec_mode in MODES, f"one of {', '.join(MODES)}"),
        (
            "execMode",
            framework.exec_mode != "cluster_mode" or framework.runtime == "node",
            "only Node runs in cluster_mode",
        ),
        ("instances", 1 <= framework.instances <= 100, "1 to 100"),
        ("file", file.is_relative_to(FOLDER) and file != FOLDER, "it has to lie in pm2/frameworks"),
        ("file", file.is_file() or may_be_built, "there is no such file"),
    )
    return ((key, rule) for key, holds, rule in rules if not holds)


def _endpoint(entry: dict[str, Any]) -> Endpoint:
    what = f"endpoint {entry.get('path', '?')!r}"
    _refuse_unknown(entry, ENDPOINT_KEYS, what)
    path = _take(entry, "path", str, what)
    endpoint = Endpoint(
        path=path,
        method=_take(entry, "method", str, what, "GET"),
        short_name=_take(entry, "shortName", str, what, path.strip("/")),
        description=_take(entry, "description", str, what, ""),
        benchmarkable=_take(entry, "benchmarkable", bool, what, True),
        body=_take(entry, "body", dict, what, None),
        needs=tuple(_take(entry, "needs", list, what, [])),
    )
    rules = (
        ("path", PATH.fullmatch(path), "it starts with / and has no blanks"),
        ("method", endpoint.method in METHODS, f"one of {', '.join(METHODS)}"),
        ("needs", all(need in NEEDS for need in endpoint.needs), f"a list of {', '.join(NEEDS)}"),
    )
    for key, rule in ((key, rule) for key, holds, rule in rules if not holds):
        raise InvalidRegistry(f"registry.toml: {key} of {what} cannot be {entry.get(key)!r}: {rule}.")
    return endpoint


def script(framework: Framework) -> Path:
    return FOLDER / framework.file


def availability(framework: Framework) -> Availability:
    """Looks for the file and the interpreter; not for the event loop the first time."""
    if not framework.enabled:
        return Availability(False, "It is switched off in registry.toml.", None)
    if not script(framework).is_file():
        return Availability(False, f"{framework.file} is not there; it may have to be built first.", None)
    if framework.interpreter == NO_INTERPRETER:
        return Availability(True, None, None)
    path = _interpreter(framework)
    if path is None:
        wanted = framework.interpreter_path
        reason = f"interpreterPath {wanted} is no file." if wanted else f"{framework.interpreter} is not on PATH."
        return Availability(False, reason, None)
    if framework.runtime == "node" and not binaries.node_parts().is_dir():
        return Availability(False, "The Node packages are missing. Run: make setup.", None)
    return Availability(True, None, path)


def _interpreter(framework: Framework) -> Path | None:
    if framework.interpreter_path:
        path = Path(framework.interpreter_path).expanduser()
        return path if path.is_file() else None
    if framework.interpreter == "python":
        return Path(sys.executable)  # our own environment holds what the server needs
    found = binaries.find(framework.interpreter)
    return found.path if found else None
