import pytest

from benchmarks.generators.scenario import (
    burst_duration_s,
    default_connections,
    default_workers,
    is_steady,
    max_warmup_s,
    resolve_profile,
)


@pytest.mark.parametrize(
    ("instances", "connections", "workers"), [(1, 100, 4), (2, 100, 4), (3, 150, 4), (9, 450, 5), (100, 5000, 16)]
)
def test_defaults_scale_with_the_instances(instances: int, connections: int, workers: int) -> None:
    assert (default_connections(instances), default_workers(instances)) == (connections, workers)


@pytest.mark.parametrize(
    ("profile", "trials", "duration", "expected"),
    [
        (None, None, None, (1, 20)),
        (None, None, 5, (1, 5)),
        (None, 3, None, (3, 20)),
        ("quick", None, None, (1, 10)),
        ("standard", None, None, (5, 10)),
        ("rigorous", None, 2, (10, 2)),
    ],
)
def test_explicit_values_override_the_profile(
    profile: str | None, trials: int | None, duration: int | None, expected: tuple[int, int]
) -> None:
    assert resolve_profile(profile, trials, duration) == expected


def test_the_warm_up_is_no_longer_than_a_trial() -> None:
    assert (burst_duration_s(1), max_warmup_s(1), burst_duration_s(10), max_warmup_s(10), max_warmup_s(60)) == (
        1,
        1,
        2,
        10,
        30,
    )


@pytest.mark.parametrize(
    ("rates", "expected"),
    [([], False), ([100, 100], False), ([50, 100, 98, 99], True), ([100, 98, 96], False), ([100, 100, 100, 90], False)],
)
def test_three_bursts_that_agree_are_steady(rates: list[float], expected: bool) -> None:
    assert is_steady(rates) is expected
