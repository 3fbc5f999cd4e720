from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system.lib.storable_json import storable_json

STORABLE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
    max_leaves=10,
).filter(lambda value: "\\u0000" not in json.dumps(value))


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ({"a\0": ["\0b", "\ud800"]}, {"a\ufffd": ["\ufffdb", "\ufffd"]}),
        ([float("nan"), float("inf"), float("-inf")], ["NaN", "Infinity", "-Infinity"]),
        (r"C:\u0000", r"C:\u0000"),  # a backslash before u0000 is no NUL
        ("\\\0", "\\\ufffd"),
    ],
)
def test_what_a_database_refuses_is_replaced(value: Any, stored: Any) -> None:
    assert storable_json(value) == stored


@given(STORABLE)
def test_all_else_is_kept(value: Any) -> None:
    assert storable_json(value) == value
