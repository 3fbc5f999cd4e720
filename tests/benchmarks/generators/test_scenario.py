import pytest

from benchmarks.generators.scenario import (
    default_connections,
    default_workers,
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
