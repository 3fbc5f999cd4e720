import pytest

from benchmarks.scenario import default_connections, default_workers, plan, warmup_s


@pytest.mark.parametrize(
    ("instances", "connections", "workers"), [(1, 100, 4), (2, 100, 4), (3, 150, 4), (9, 450, 5), (100, 5000, 16)]
)
def test_defaults_follow_the_instances(instances: int, connections: int, workers: int) -> None:
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
def test_what_is_given_outweighs_the_profile(
    profile: str | None, trials: int | None, duration: int | None, expected: tuple[int, int]
) -> None:
    assert plan(profile, trials, duration) == expected


def test_the_warm_up_is_short() -> None:
    assert (warmup_s(1), warmup_s(60)) == (1, 3)
