"""Which processes an action is for. [pure]"""

from __future__ import annotations

from dataclasses import dataclass

from pm2.daemon.process import Process


@dataclass(frozen=True, slots=True)
class ProcessSelector:
    """Which processes to act on; exactly one field is set. `framework`: the name of its processes, which must be in the
    registry; `name`: the exact name of any process."""

    framework: str | None = None
    name: str | None = None
    pm_id: int | None = None

    def matches(self, process: Process) -> bool:
        name = self.framework or self.name
        return process.name == name if name else process.pm_id == self.pm_id

    def __str__(self) -> str:
        name = self.framework or self.name
        return f"named {name!r}" if name else f"number {self.pm_id}"
