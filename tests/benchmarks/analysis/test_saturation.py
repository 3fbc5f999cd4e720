import pytest

from benchmarks.analysis.saturation import CpuLoad, classify_saturation, is_lower_bound, overall_saturation


@pytest.mark.parametrize(
    ("generator", "target", "host", "expected"),
    [
        (0.2, 0.95, 0.6, "server-bound"),
        (0.85, 0.95, 0.7, "server-bound"),
        (0.85, 0.95, 0.99, "contended"),
        (0.95, 0.2, 0.6, "generator-bound"),
        (0.95, 0.95, 0.6, "contended"),
        (0.3, 0.6, 0.99, "contended"),
        (0.1, 0.1, 0.2, "under-driven"),
        (0.95, None, 0.5, "generator-bound"),
        (0.5, None, 0.5, ""),
        (None, 1, 1, ""),
    ],
)
def test_saturation_names_the_side_at_its_limit(
    generator: float | None, target: float | None, host: float, expected: str
) -> None:
    assert classify_saturation(CpuLoad(generator, target, host)) == expected


def test_a_run_has_the_most_frequent_class_of_its_trials() -> None:
    server_bound, contended = CpuLoad(0.2, 0.95, 0.6), CpuLoad(0.3, 0.6, 0.99)

    assert [
        overall_saturation(loads)
        for loads in ([server_bound, contended, contended], [server_bound, contended], [])
    ] == [
        "contended", "server-bound", "",
    ]  # fmt: skip


def test_only_a_lower_bound_reads_at_least() -> None:
    classes = ("server-bound", "generator-bound", "contended", "under-driven", "")

    assert [name for name in classes if is_lower_bound(name)] == ["generator-bound", "contended"]
