"""The response to an action on PM2, on Redis or on the history. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Skipped:
    name: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PlannedApp:
    """An app of an ecosystem file. `restarts`: it is listed already."""

    name: str
    instances: int = 1
    script: str = ""
    arguments: tuple[str, ...] = ()
    cwd: str = ""
    interpreter: str = ""
    user: str = ""
    restarts: bool = False

    def __str__(self) -> str:
        return ": ".join((self._start, f"{self._program}, in {self.cwd}"))

    @property
    def lines(self) -> tuple[str, ...]:
        """The same for a narrow window: the program and its folder are on lines of their own."""
        return self._start, f"  {self._program}", f"  in {self.cwd}"

    @property
    def _start(self) -> str:
        count = f"{self.instances} × " if self.instances > 1 else ""
        return f"{'restart' if self.restarts else 'start'} {count}{self.name} as {self.user}"

    @property
    def _program(self) -> str:
        return " ".join(word for word in (self.interpreter, self.script, *self.arguments) if word not in ("", "none"))


@dataclass(frozen=True, slots=True)
class ActionResult:
    """The response to an action. `apps`: of an ecosystem file."""

    message: str
    success: bool = True
    warnings: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    changed: bool = True
    phases: Mapping[str, float] = field(default_factory=dict)
    deleted: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    apps: tuple[PlannedApp, ...] = ()


@dataclass(frozen=True, slots=True)
class StartPreview:
    """What an ecosystem file would start. `message`: the same in one sentence."""

    message: str
    apps: tuple[PlannedApp, ...]
