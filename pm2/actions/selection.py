"""Which processes an action is for. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pm2.daemon.process import Process
from pm2.daemon.process_names import is_pm_id, match_processes


@dataclass(frozen=True, slots=True)
class ProcessSelector:
    """Which processes to act on: exactly one field, or none for all, and `with_modules`.

    `framework`: the name of its processes, which must be in the registry; `name`: the exact name of any process;
    `word`: a name, a namespace or a pm_id, by PM2's rule. All processes and a namespace are groups: an action on a
    group spares this server, and PM2's modules unless `with_modules`.
    """

    framework: str | None = None
    name: str | None = None
    pm_id: int | None = None
    namespace: str | None = None
    word: str | None = None
    with_modules: bool = False

    @property
    def is_all(self) -> bool:
        return all(field is None for field in (self.framework, self.name, self.pm_id, self.namespace, self.word))

    @property
    def subject(self) -> str:
        """As entries of the audit trail name it; empty for all processes."""
        words = (self.framework, self.name, self.word, self.namespace, self.pm_id)
        return next((str(word) for word in words if word is not None), "")

    def select(self, processes: Sequence[Process]) -> tuple[tuple[Process, ...], bool]:
        """The selected processes, and whether they are a group."""
        name = self.framework or self.name
        if self.word is not None:
            match = match_processes(processes, self.word)
            return (match.processes, match.kind == "namespace") if match else ((), False)
        if name is not None:
            return tuple(process for process in processes if process.name == name), False
        if self.pm_id is not None:
            return tuple(process for process in processes if process.pm_id == self.pm_id), False
        if self.namespace is not None:
            return tuple(process for process in processes if process.namespace == self.namespace), True
        return tuple(processes), True

    def __str__(self) -> str:
        """As the end of `No PM2 process is …`."""
        name = self.framework or self.name
        if self.word is not None:
            number = f", or number {self.word}" if is_pm_id(self.word) else ""
            return f"named {self.word!r}, or in a namespace {self.word!r}{number}"
        if self.namespace is not None:
            return f"in a namespace {self.namespace!r}"
        return f"named {name!r}" if name else f"number {self.pm_id}"


ALL = ProcessSelector()
