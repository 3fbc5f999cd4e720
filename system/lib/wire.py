"""Converts values to JSON-ready objects: camelCase keys, ISO 8601 times, no NaN. [pure]"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from uuid import UUID

_UNDERSCORE = re.compile(r"_([a-z0-9])")


@lru_cache(maxsize=1024)
def camel_case(name: str) -> str:
    """`memory_bytes` → `memoryBytes`, `p99_latency` → `p99Latency`."""
    return _UNDERSCORE.sub(lambda match: match.group(1).upper(), name)


def iso_time(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and `Z`, e.g. `2026-11-23T09:40:22.123Z`. Raises ValueError if naive."""
    if moment.tzinfo is None:
        raise ValueError(f"A naive datetime cannot be serialized: {moment!r}.")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def to_wire(value: object) -> object:
    """Dataclasses become objects with camelCase keys; mappings keep their keys; NaN and infinity become null.

    Raises TypeError for any other type.
    """
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int)):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {camel_case(field.name): to_wire(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return iso_time(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): to_wire(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_wire(item) for item in value]
    raise TypeError(f"{type(value).__name__} cannot be serialized: {value!r}.")
