"""What became of each process in an action, and the error if that is not what was asked for. [pure]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pm2.daemon.process import Process
from pm2.errors import ProcessResult
from system.lib.wire import to_wire_object


class Outcome(StrEnum):
    DONE = "done"
    FAILED = "failed"
    UNFINISHED = "unfinished"  # not in time: PM2 may still do it
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class ProcessOutcome:
    """What became of one process."""

    pm_id: int
    name: str
    outcome: Annotated[Outcome, "`unfinished`: not in time, PM2 may still do it"]
    message: str


def skipped(process: Process, reason: str) -> ProcessOutcome:
    return ProcessOutcome(process.pm_id, process.name, Outcome.SKIPPED, reason)


def wire_results(outcomes: Sequence[ProcessOutcome]) -> list[ProcessResult]:
    """As in a response, for the `fields` of an error."""
    return [to_wire_object(outcome) for outcome in outcomes]
