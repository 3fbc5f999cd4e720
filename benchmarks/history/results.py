"""Result of a finished run as sent to clients: its figures, and the parameters that the original program reported."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from types import UnionType
from typing import Annotated, Any, get_args, get_origin, get_type_hints
from uuid import UUID

from benchmarks.engine.run_figures import RunFigures
from benchmarks.errors import RunUnreadable
from benchmarks.models import Run, Source
from system.lib.wire import Key
from system.stored_times import is_time

Types = dict[str, tuple[type, ...]]


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


def _types_of(hint: Any) -> tuple[type, ...]:
    """The classes of a hint such as `float | None`; an int is a float, too."""
    kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    return tuple(get_origin(kind) or kind for kind in kinds) + ((int,) if float in kinds else ())


def types_of_fields(kind: type, *left_out: str) -> Types:
    """The classes that the values of a dataclass's fields may have."""
    return {name: _types_of(hint) for name, hint in get_type_hints(kind).items() if name not in left_out}


def check_columns(row: Any, types: Types, run_id: object) -> None:
    """SQLite stores any type in any column. Raises RunUnreadable for the first that is of none of its `types`."""
    for name, kinds in types.items():
        value = getattr(row, name)
        if not isinstance(value, kinds):
            raise RunUnreadable(run_id, name, value)
        if type(value) is datetime and not is_time(value):
            raise RunUnreadable(run_id, name, "no time")


COLUMNS = (*("at" if field.name == "timestamp" else field.name for field in fields(Result)), "clock_at")
_TYPES = types_of_fields(Result, "timestamp") | {
    "at": (datetime,),
    "clock_at": (datetime, type(None)),
    "reasons": (list,),
}


def to_result(run: Run) -> Result:
    """Raises RunUnreadable."""
    check_columns(run, _TYPES, run.pk)
    values = {name: getattr(run, name) for name in COLUMNS}
    at, clock_at = values.pop("at"), values.pop("clock_at")
    return Result(timestamp=clock_at or at, reasons=tuple(values.pop("reasons")), **values)
