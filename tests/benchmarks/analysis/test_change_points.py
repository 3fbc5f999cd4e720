from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from rest_framework.test import APIClient

from benchmarks.analysis.change_points import steps
from benchmarks.models import Run, RunState, Validity


def level(around: float, points: int) -> list[float]:
    """Figures that waver by 1 % in a pattern of seven."""
    return [around * (1 + (index * 3 % 7 - 3) / 300) for index in range(points)]


def found(values: list[float]) -> list[tuple[int, float, float]]:
    return [(step.index, round(step.before), round(step.after)) for step in steps(values)]


def test_each_new_level_is_found_at_its_first_point() -> None:
    assert found(level(1000, 21) + level(900, 21) + level(1200, 21)) == [(21, 1000, 900), (42, 900, 1200)]


def test_a_wavering_an_outlier_and_a_small_step_are_none() -> None:
    assert found(level(1000, 500)) == []
    assert found([*level(1000, 21), 100.0, *level(1000, 21)]) == []
    assert found(level(1000, 21) + level(970, 21)) == []


def test_too_few_points_tell_nothing() -> None:
    assert (steps([]), steps([1.0, 1.0, 1.0, 9.0, 9.0, 9.0]), steps([5.0] * 50)) == ([], [], [])


def test_the_chance_is_pettitts() -> None:
    # 2 exp(-6 · 144² / (24³ + 24²)) = 2 exp(-8.64)
    assert [(step.index, f"{step.p:.2e}") for step in steps([1.0] * 12 + [2.0] * 12)] == [(12, "3.54e-04")]


@pytest.mark.django_db
def test_the_history_of_a_framework_tells_its_steps() -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    rates = [*level(1000, 14), *level(900, 14)]
    for day, rate in enumerate([*rates, 5000.0, 9000.0]):
        Run.objects.create(
            framework="fastify", endpoint="/simple", generator="wrk", state=RunState.DONE, req_per_sec=rate,
            at=first + timedelta(days=day), connections=50 if rate == 5000.0 else 100,
            validity=Validity.INVALID if rate == 9000.0 else Validity.VALID,
        )  # fmt: skip
    Run.objects.filter(req_per_sec=5000.0).update(at=first - timedelta(days=1))
    answer = APIClient(headers={"host": "127.0.0.1"}).get("/api/benchmark/change-points?framework=fastify").json()

    (point,) = answer["changePoints"]
    assert (answer["count"], point["at"], point["text"]) == (
        28, "2026-01-15T00:00:00.000Z", "10.0 % slower: 1,000 to 900 requests/s.",
    )  # fmt: skip
    assert point["id"] == str(Run.objects.get(at=first + timedelta(days=14)).pk)
