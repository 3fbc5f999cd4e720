"""The result of an action. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pm2.actions.outcomes import ProcessOutcome
from pm2.daemon.process import Process


@dataclass(frozen=True, slots=True)
class Skipped:
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class ActionResult:
    """The outcome of an action; `processes`: their state afterwards; `results`: what became of each."""

    success: bool
    message: str
    processes: tuple[Process, ...]
    warnings: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    results: tuple[ProcessOutcome, ...]
    timestamp: datetime


def build_result(
    message: str,
    processes: Sequence[Process],
    *,
    warnings: tuple[str, ...] = (),
    skipped: tuple[Skipped, ...] = (),
    results: Sequence[ProcessOutcome] = (),
) -> ActionResult:
    return ActionResult(True, message, tuple(processes), warnings, skipped, tuple(results), datetime.now(UTC))
