"""What menus and forms need: frameworks, targets, endpoints, limits and choices. [pure]"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Framework:
    """`installed`: can be started on the server, else `reason`; `running`: instances online."""

    name: str
    display_name: str = ""
    runtime: str = ""
    port: int = 0
    color: str = ""
    exec_mode: str = ""
    instances: int = 1
    installed: bool = True
    reason: str | None = None
    running: int = 0


@dataclass(frozen=True, slots=True)
class Endpoint:
    path: str
    method: str = "GET"
    short_name: str = ""
    description: str = ""
    benchmarkable: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """The smallest and the largest value of a number. The default is that of a server that does not send its own."""

    minimum: int = 1
    maximum: int = 999_999


ANY_NUMBER = Limit()


ROOT = Endpoint("/")
NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")  # of a target
_OTHER = re.compile(r"[^A-Za-z0-9._-]+")


def target_name(process: str) -> str:
    """The name of a process under PM2 as that of a target, as the server names what it discovers."""
    return process if NAME.fullmatch(process) else _OTHER.sub("-", process).strip("-")[:64] or "app"


@dataclass(frozen=True, slots=True)
class Target:
    """What can be measured. `source`: framework, pm2, url or discovered; `pm2`: the name in PM2's list, if it is not
    that of the target; `running`: None if the server does not know."""

    name: str
    source: str = ""
    pm2: str | None = None
    url: str | None = None
    running: bool | None = None
    ports: tuple[int, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()

    @property
    def offered_endpoints(self) -> tuple[Endpoint, ...]:
        return self.endpoints or (ROOT,)

    @property
    def where(self) -> str:
        """Its URL or its ports; empty if they are not known."""
        return self.url or (f"port {', '.join(map(str, self.ports))}" if self.ports else "")


@dataclass(frozen=True, slots=True)
class Targets:
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class SavedTarget:
    """The response to a target that was created or changed."""

    target: Target
    message: str = ""


@dataclass(frozen=True, slots=True)
class SystemConfig:
    """What menus and forms need. `limits`, `choices`: by parameter; empty from a server before 0.4. `targets`: empty
    from a server that measures frameworks alone."""

    frameworks: tuple[Framework, ...]
    endpoints: tuple[Endpoint, ...] = ()
    benchmarkable_endpoints: tuple[Endpoint, ...] = ()
    colors: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)
    limits: Mapping[str, Limit] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    targets: tuple[Target, ...] = ()

    def is_framework(self, name: str) -> bool:
        return any(framework.name == name for framework in self.frameworks)

    @property
    def own_targets(self) -> tuple[Target, ...]:
        """The targets that are not frameworks."""
        return tuple(
            target for target in self.targets if target.source != "framework" and not self.is_framework(target.name)
        )

    def target_of(self, process: str) -> Target | None:
        """The target that is this process under PM2: by its name there, best the one that has the same name; else by
        its own. A URL has no name there."""
        own, kept = self.own_targets, self.kept_for(process)
        named = [target for target in own if target.name == process]
        urls = (target for target in own if target.url and target.name == target_name(process))
        return next(iter((*(target for target in named if target in kept), *kept, *named, *urls)), None)

    def kept_for(self, process: str) -> tuple[Target, ...]:
        """The targets that measure this process under PM2."""
        return tuple(target for target in self.own_targets if target.pm2 == process)

    def is_of_another(self, name: str, process: str) -> bool:
        """Whether a target has this name that is not this process."""
        known = next((target for target in self.targets if target.name == name), None)
        return known is not None and known != self.target_of(process)
