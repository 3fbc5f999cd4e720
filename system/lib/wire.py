"""Converts values to JSON-ready objects and to JSON: camelCase keys, ISO 8601 times, no NaN. [pure]"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, get_type_hints
from uuid import UUID

_UNCHANGED = frozenset({str, int, bool, type(None)})
_UNDERSCORE = re.compile(r"_([a-z0-9])")


@lru_cache(maxsize=1024)
def camel_case(name: str) -> str:
    """`memory_bytes` → `memoryBytes`, `p99_latency` → `p99Latency`."""
    return _UNDERSCORE.sub(lambda match: match.group(1).upper(), name)


@dataclasses.dataclass(frozen=True, slots=True)
class Key:
    """In `Annotated`: the key on the wire of a field whose name has a unit, or whose key is older than the name."""

    name: str


# As `metadata` of a field: it is never sent, nor described.
STAYS_INSIDE: Mapping[str, bool] = MappingProxyType({"stays inside": True})


@lru_cache(maxsize=1024)
def wire_keys(value: type) -> Mapping[str, str]:
    """Field → key of a dataclass, of the fields that are sent."""
    fields = [field for field in dataclasses.fields(value) if not STAYS_INSIDE.items() <= field.metadata.items()]
    has_keys = any(Key.__name__ in str(field.type) for field in fields)
    hints = get_type_hints(value, include_extras=True) if has_keys else {}
    return {field.name: _own_key(hints.get(field.name)) or camel_case(field.name) for field in fields}


def _own_key(hint: object) -> str | None:
    return next((note.name for note in getattr(hint, "__metadata__", ()) if isinstance(note, Key)), None)


def iso_time(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and `Z`, e.g. `2026-11-23T09:40:22.123Z`. Raises ValueError if naive."""
    if moment.tzinfo is None:
        raise ValueError(f"A naive datetime cannot be serialized: {moment!r}.")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def to_wire(value: object) -> object:
    """Dataclasses become objects with camelCase keys; mappings keep their keys; NaN and infinity become null.

    Raises TypeError for any other type.
    """
    if type(value) in _UNCHANGED:  # most values; the checks below take several times as long
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int)):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        items = [(key, getattr(value, name)) for name, key in wire_keys(type(value)).items()]
        return {key: item if type(item) in _UNCHANGED else to_wire(item) for key, item in items}
    if isinstance(value, datetime):
        return iso_time(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): to_wire(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_wire(item) for item in value]
    raise TypeError(f"{type(value).__name__} cannot be serialized: {value!r}.")


def to_wire_object(value: object) -> dict[str, Any]:
    """`to_wire` of a dataclass or a mapping."""
    wired = to_wire(value)
    assert isinstance(wired, dict)  # noqa: S101 - nothing else becomes an object
    return wired


def encode_wire(value: object) -> str:
    """Compact JSON of `to_wire`, in ASCII, so that a lone surrogate in a process's name does not matter."""
    return json.dumps(to_wire(value), separators=(",", ":"), allow_nan=False)
