"""The exceptions of targets. [pure]"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.errors import BenchmarkError, sentence
from system.lib.errors import Conflict, Invalid, NotFound


class UnknownTarget(BenchmarkError, NotFound):
    """Neither a framework nor an own target nor anything that listens under PM2 has this name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.known = list(known)
        others = f" Known: {', '.join(known)}." if known else ""
        super().__init__(f"No target is named {name[:100]!r}.{others}", target=[f"Unknown.{others}"])


class TargetExists(BenchmarkError, Conflict):
    """A new target has the name of one that exists."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The target {name} exists. Change it with PUT /api/benchmark/targets/{name}.")


class ReadOnlyTarget(BenchmarkError, Conflict):
    """A framework, or what is discovered, is not stored, so it cannot be changed or deleted."""

    def __init__(self, name: str, source: str) -> None:
        reason = "comes with this program" if source == "framework" else "is discovered under PM2"
        super().__init__(f"{name} {reason} and is not stored: it cannot be deleted.")


class TargetNotOnline(BenchmarkError, Conflict):
    """The processes of an own target are not online under PM2."""

    def __init__(self, name: str, listening: Sequence[str], problem: str = "") -> None:
        others = f" Listening: {', '.join(listening)}." if listening else ""
        advice = problem or "Start it with pm2 start, or POST /api/pm2/start."
        super().__init__(f"{name} is not online under PM2.{others} {advice}")


class PortUnknown(BenchmarkError, Conflict):
    """Where a process under PM2 listens cannot be seen."""

    code = "port_unknown"

    def __init__(self, name: str, pm2_name: str) -> None:
        super().__init__(
            f"On which port {pm2_name} listens cannot be seen. If it is still starting, try again once it listens. "
            f"Else give the port once: PUT /api/benchmark/targets/{name} "
            f'{{"pm2": "{pm2_name}", "ports": [8080]}}.',
            ports=["Give the port on which it listens."],
        )


class TargetsUnreadable(BenchmarkError, Invalid):
    """A file of targets is malformed; none of them was changed."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {sentence(reason)} No target was changed.")


class SecretCleared(BenchmarkError, Conflict):
    """A header of an own target has no value any more."""

    def __init__(self, target: str, names: Sequence[str]) -> None:
        super().__init__(
            f"{target} has no value for {', '.join(names)}: it was cleared when the address changed, or the server's "
            "key did. Set it again.",
            headers=[f"Set {', '.join(names)}."],
        )
