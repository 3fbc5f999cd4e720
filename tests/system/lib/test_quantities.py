from __future__ import annotations

import math

import pytest

from system.lib.quantities import significant


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0, 6, "0"), (100.0, 2, "100"), (12.3456, 2, "12"), (0.012345, 2, "0.012"), (1234567.8, 6, "1,234,568"),
        (1_000_000.0, 6, "1,000,000"), (0.00001, 6, "0.00001"), (999.99, 3, "1,000"), (1.5, 6, "1.5"), (-2500.25, 6, "-2,500.25"),
        (1e-30, 3, "0"), (math.inf, 3, "inf"),
    ],
)  # fmt: skip
def test_a_number_for_people_has_no_exponent(value: float, digits: int, text: str) -> None:
    assert significant(value, digits) == text


def test_a_number_for_programs_has_no_separator() -> None:
    assert significant(1234567.891, 15, separator="") == "1234567.891"
