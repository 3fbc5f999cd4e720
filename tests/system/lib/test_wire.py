from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from uuid import UUID

import pytest

from system.lib.wire import camel_case, iso_time, to_wire


class Color(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Inner:
    memory_bytes: int
    p99_latency: float


@dataclass(frozen=True)
class Outer:
    pm_id: int
    inner: tuple[Inner, ...]
    color: Color
    at: datetime
    own: dict[str, object]


def test_a_value_becomes_camel_case_json() -> None:
    value = Outer(
        1, (Inner(2, float("nan")),), Color.RED, datetime(2026, 1, 2, 3, 4, 5, 6789, UTC), {"my_key": UUID(int=1)}
    )

    assert to_wire(value) == {
        "pmId": 1,
        "inner": [{"memoryBytes": 2, "p99Latency": None}],
        "color": "red",
        "at": "2026-01-02T03:04:05.006Z",
        "own": {"my_key": "00000000-0000-0000-0000-000000000001"},
    }


@pytest.mark.parametrize(("name", "expected"), [("non_2xx", "non2xx"), ("p50_latency", "p50Latency"), ("cpu", "cpu")])
def test_names(name: str, expected: str) -> None:
    assert camel_case(name) == expected


def test_times_are_utc() -> None:
    assert iso_time(datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))) == "2026-01-01T00:00:00.000Z"
    with pytest.raises(ValueError, match="naive"):
        iso_time(datetime(2026, 1, 1))


def test_a_value_without_a_json_form_raises() -> None:
    with pytest.raises(TypeError, match="object cannot be serialized"):
        to_wire(object())
