"""Reads registry.toml: which frameworks can be started, and which endpoints they answer."""

from __future__ import annotations

import re
import sys
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pm2.errors import InvalidRegistry, UnknownFramework
from system import binaries

FOLDER = Path(__file__).parent
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
MODES = ("fork_mode", "cluster_mode")
NEEDS = ("redis", "codes")
NO_INTERPRETER = "none"


@dataclass(frozen=True, slots=True)
class Framework:
    """A server under test. `file` is relative to this folder; `interpreter_path` overrides the one found."""

    name: str
    display_name: str
    port: int
    color: str
    file: str
    enabled: bool
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


@lru_cache(maxsize=1)
def registry() -> Registry:
    """The registry of this program; raises InvalidRegistry."""
    return parse((FOLDER / "registry.toml").read_text())


def parse(text: str) -> Registry:
    """Raises InvalidRegistry, naming the entry and the key."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidRegistry(f"registry.toml: {error}.") from error
    frameworks = tuple(_framework(entry) for entry in tables.get("frameworks", []))
    endpoints = tuple(_endpoint(entry) for entry in tables.get("endpoints", []))
    for key in ("name", "port"):
        values = [getattr(framework, key) for framework in frameworks]
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise InvalidRegistry(f"registry.toml: {key} {twice[0]!r} stands in two frameworks.")
    return Registry(frameworks, endpoints)


def _take(entry: dict[str, Any], key: str, kind: type, what: str, default: Any = ...) -> Any:
    value = entry.get(key, default)
    if value is ... or (not isinstance(value, kind) and value is not default) or (kind is int and value is True):
        given = "is missing" if value is ... else f"is {value!r}"
        raise InvalidRegistry(f"registry.toml: {key} of {what} {given}; a {kind.__name__} is needed.")
    return value


def _framework(entry: dict[str, Any]) -> Framework:
    name = _take(entry, "name", str, f"framework {entry.get('name', '?')!r}")
    what = f"framework {name!r}"
    framework = Framework(
        name=name,
        display_name=_take(entry, "displayName", str, what, name),
        port=_take(entry, "port", int, what),
        color=_take(entry, "color", str, what, "white"),
        file=_take(entry, "file", str, what),
        enabled=_take(entry, "enabled", bool, what, True),
        runtime=_take(entry, "runtime", str, what),
        interpreter=_take(entry, "interpreter", str, what, entry.get("runtime")),
        interpreter_path=_take(entry, "interpreterPath", str, what, None),
        exec_mode=_take(entry, "execMode", str, what, "fork_mode"),
        reuse_port=_take(entry, "reusePort", bool, what, False),
        instances=_take(entry, "instances", int, what, 1),
    )
    wrong = {
        "name": not NAME.fullmatch(name),
        "port": not 1 <= framework.port <= 65535,
        "execMode": framework.exec_mode not in MODES
        or (framework.exec_mode == "cluster_mode" and framework.runtime != "node"),
        "instances": not 1 <= framework.instances <= 100,
        "file": not (FOLDER / framework.file).resolve().is_relative_to(FOLDER),
    }
    for key in (key for key, is_wrong in wrong.items() if is_wrong):
        raise InvalidRegistry(f"registry.toml: {key} of {what} cannot be {entry.get(key)!r}.")
    return framework


def _endpoint(entry: dict[str, Any]) -> Endpoint:
    path = _take(entry, "path", str, f"endpoint {entry.get('path', '?')!r}")
    what = f"endpoint {path!r}"
    endpoint = Endpoint(
        path=path,
        method=_take(entry, "method", str, what, "GET"),
        short_name=_take(entry, "shortName", str, what, path.strip("/")),
        description=_take(entry, "description", str, what, ""),
        benchmarkable=_take(entry, "benchmarkable", bool, what, True),
        body=_take(entry, "body", dict, what, None),
        needs=tuple(_take(entry, "needs", list, what, [])),
    )
    if not path.startswith("/") or not set(endpoint.needs) <= set(NEEDS):
        raise InvalidRegistry(f"registry.toml: {what} needs a leading '/', and `needs` knows {', '.join(NEEDS)}.")
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
        return Availability(False, f"{framework.interpreter} is not on PATH.", None)
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
