"""Result of a finished run as sent to clients: its figures, and the parameters that the original program reported."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from benchmarks.engine.run_figures import RunFigures
from benchmarks.models import Run, Source
from system.lib.wire import Key


@dataclass(frozen=True)  # without slots, so that a class can inherit from it beside RunFigures
class ResultIdentity:
    id: UUID
    timestamp: Annotated[datetime, "The end of the run"]
    framework: str
    endpoint: str
    method: str


@dataclass(frozen=True)
class Result(RunFigures, ResultIdentity):
    """The identity comes first on the wire: a dataclass orders its fields from the last base to the first."""

    connections: int
    workers: int
    pipelining: int
    instances: int | None
    generator: str
    trials_planned: Annotated[int, Key("trials")]
    source: Annotated[str, Source.choices]
    label: str


def to_result(run: Run) -> Result:
    renamed: dict[str, Any] = {"timestamp": run.at, "reasons": tuple(run.reasons)}
    names = [field.name for field in fields(Result)]
    return Result(**{name: renamed[name] if name in renamed else getattr(run, name) for name in names})
