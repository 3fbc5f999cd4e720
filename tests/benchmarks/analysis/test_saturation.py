import pytest

from benchmarks.analysis.saturation import Load, is_lower_bound, saturation, saturation_of


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
def test_saturation_names_who_was_at_the_limit(
    generator: float | None, target: float | None, host: float, expected: str
) -> None:
    assert saturation(Load(generator, target, host)) == expected


def test_what_most_trials_say_is_the_runs() -> None:
    served, full = Load(0.2, 0.95, 0.6), Load(0.3, 0.6, 0.99)

    assert [saturation_of(each) for each in ([served, full, full], [served, full], [])] == [
        "contended", "server-bound", "",
    ]  # fmt: skip


def test_only_a_lower_bound_reads_at_least() -> None:
    classes = ("server-bound", "generator-bound", "contended", "under-driven", "")

    assert [each for each in classes if is_lower_bound(each)] == ["generator-bound", "contended"]
