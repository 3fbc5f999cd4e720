"""Converts the parameters of a run to columns of its row, and back. [pure]"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

from benchmarks.engine.run_spec import RunParameters, RunSpec
from benchmarks.models import Run

T = TypeVar("T", bound=RunParameters)


def new_run(spec: RunSpec) -> Run:
    """An unsaved row."""
    return Run(**{field.name: getattr(spec, field.name) for field in fields(spec)})


def spec_of(run: Run) -> RunSpec:
    return RunSpec(**column_values(run, RunSpec))


def column_values(run: Run, kind: type[T]) -> dict[str, Any]:
    """The values of a row by the field names of `kind`."""
    return {field.name: getattr(run, field.name) for field in fields(kind)}
