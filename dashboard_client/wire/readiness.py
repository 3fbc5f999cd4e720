"""Types for `GET /health` and `GET /ready`. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Health:
    status: str


@dataclass(frozen=True, slots=True)
class Check:
    ok: bool = False
    message: str = ""
    latency_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Checks:
    database: Check | None = None
    pm2: Check | None = None
    redis: Check | None = None
    node: Check | None = None
    generators: Check | None = None


@dataclass(frozen=True, slots=True)
class Readiness:
    status: str
    checks: Checks = field(default_factory=Checks)

    def lines(self) -> tuple[str, ...]:
        """The status, then one line per check."""
        checks: Mapping[str, Check | None] = {
            "database": self.checks.database,
            "PM2": self.checks.pm2,
            "Redis": self.checks.redis,
            "Node": self.checks.node,
            "generators": self.checks.generators,
        }
        lines = [
            f"{name:<11} {'ok ' if check.ok else 'BAD'}  {check.message}" for name, check in checks.items() if check
        ]
        return (self.status, "", *lines)
