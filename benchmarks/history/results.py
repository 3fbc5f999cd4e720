"""Result of a finished run as sent to clients: its figures, and the parameters that the original program reported."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from types import UnionType
from typing import Annotated, Any, get_args, get_origin, get_type_hints
from uuid import UUID

from benchmarks.budgets.judgement import Budget
from benchmarks.budgets.stored import parse_budget
from benchmarks.engine.run_figures import RunFigures
from benchmarks.engine.run_spec import target_url
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
    target: Annotated[str, "The name of what was measured, as `framework`"]
    url: Annotated[str, "What was measured; empty if it is not known"]
    protocol: Annotated[str, "`http1` or `h2`"]
    tls: Annotated[dict[str, Any] | None, "What the preflight saw of the encrypted connection"]
    budget: Annotated[Budget | None, "Whether the result meets what was expected of it"]
    sweep: Annotated[dict[str, Any] | None, "The steps of a sweep, and the rate that the target sustains"]


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


DERIVED = ("timestamp", "target", "url")  # from the columns of SOURCES
SOURCES: Types = {"at": (datetime,), "clock_at": (datetime, type(None)), "scheme": (str,), "host": (str,)}
COLUMNS = (*(field.name for field in fields(Result) if field.name not in DERIVED), *SOURCES)
_TYPES = types_of_fields(Result, *DERIVED) | SOURCES | {"reasons": (list,), "budget": (dict, type(None))}


def to_result(run: Run) -> Result:
    """Raises RunUnreadable."""
    check_columns(run, _TYPES, run.pk)
    values = {name: getattr(run, name) for name in COLUMNS if name not in SOURCES}
    values["budget"] = parse_budget(run.budget)
    return Result(
        timestamp=run.clock_at or run.at,
        reasons=tuple(values.pop("reasons")),
        target=run.framework,
        url=target_url(run.scheme, run.host, run.endpoint),
        **values,
    )
