from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from rest_framework.test import APIClient

from benchmarks.analysis.change_points import find_steps
from benchmarks.models import Run, RunState, Validity


def level(mean: float, points: int) -> list[float]:
    """Figures that vary by 1 % in a pattern of seven."""
    return [mean * (1 + (index * 3 % 7 - 3) / 300) for index in range(points)]


def step_levels(values: list[float]) -> list[tuple[int, float, float]]:
    return [(step.index, round(step.before), round(step.after)) for step in find_steps(values)]


def test_each_new_level_is_reported_at_its_first_point() -> None:
    assert step_levels(level(1000, 21) + level(900, 21) + level(1200, 21)) == [(21, 1000, 900), (42, 900, 1200)]


def test_noise_an_outlier_and_a_small_step_are_no_change_points() -> None:
    assert step_levels(level(1000, 500)) == []
    assert step_levels([*level(1000, 21), 100.0, *level(1000, 21)]) == []
    assert step_levels(level(1000, 21) + level(970, 21)) == []


def test_too_few_points_yield_no_change_point() -> None:
    assert (find_steps([]), find_steps([1.0, 1.0, 1.0, 9.0, 9.0, 9.0]), find_steps([5.0] * 50)) == ([], [], [])


def test_the_p_value_is_pettitts_approximation() -> None:
    # 2 exp(-6 · 144² / (24³ + 24²)) = 2 exp(-8.64)
    assert [(step.index, f"{step.p:.2e}") for step in find_steps([1.0] * 12 + [2.0] * 12)] == [(12, "3.54e-04")]


@pytest.mark.django_db
def test_the_endpoint_lists_the_change_points_of_a_framework() -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    rates = [*level(1000, 14), *level(900, 14)]
    for day, rate in enumerate([*rates, 5000.0, 9000.0]):
        Run.objects.create(
            framework="fastify", endpoint="/simple", generator="wrk", state=RunState.DONE, req_per_sec=rate,
            at=first + timedelta(days=day), connections=50 if rate == 5000.0 else 100,
            validity=Validity.INVALID if rate == 9000.0 else Validity.VALID,
        )  # fmt: skip
    Run.objects.filter(req_per_sec=5000.0).update(at=first - timedelta(days=1))
    response = APIClient(headers={"host": "127.0.0.1"}).get("/api/benchmark/change-points?framework=fastify").json()

    (point,) = response["changePoints"]
    assert (response["count"], point["at"], point["text"]) == (
        28, "2026-01-15T00:00:00.000Z", "10.0 % slower: 1,000 to 900 requests/s.",
    )  # fmt: skip
    assert point["id"] == str(Run.objects.get(at=first + timedelta(days=14)).pk)
