from __future__ import annotations

import pytest
from rest_framework import serializers

from system.lib.fields import NameField, StrictIntegerField


def accepts(field: serializers.Field, value: object) -> bool:  # type: ignore[type-arg]
    try:
        return bool(field.run_validation(value) == value)
    except serializers.ValidationError:
        return False


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, True),
        (9, True),
        (0, False),
        (10, False),
        ("6", False),
        (1.0, False),
        (True, False),
        (None, False),
        ([], False),
    ],
)
def test_integers(value: object, expected: bool) -> None:
    assert accepts(StrictIntegerField(min_value=1, max_value=9), value) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("fastify", True), ("名前 🚀", True), ("; rm -rf /", True), ("a" * 200, True), ("a" * 201, False), ("", False),
        ("-rf", False), ("a\0b", False), ("a\nb", False), ("\x1b[2J", False), ("\ud800", False), ("\u202eabc", False), ("a\u2028b", False),
        (5, False), (None, False),
    ],
)  # fmt: skip
def test_names(value: object, expected: bool) -> None:
    assert accepts(NameField(), value) is expected
