from __future__ import annotations

import pytest

from monitoring.exposition.labels import MAX_LENGTH, label_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("größe 日本", "größe 日本"),
        ('a"b\\', 'a"b\\'),
        ("two\nlines", "two\nlines"),
        ("\0a\r\t\x7f\x85", "\ufffda\ufffd\ufffd\ufffd\ufffd"),
        ("\ud800", "\ufffd"),
        ("n" * MAX_LENGTH, "n" * MAX_LENGTH),
    ],
)
def test_only_what_parsers_cannot_hold_is_replaced(text: str, expected: str) -> None:
    assert label_text(text) == expected
    assert label_text(text).encode().decode() == expected


def test_long_texts_with_the_same_beginning_stay_apart() -> None:
    long = [label_text("n" * 10_000 + end) for end in "ab"]

    assert len(set(long)) == 2
    assert {(len(text), text[:112]) for text in long} == {(MAX_LENGTH, "n" * 111 + "~")}
