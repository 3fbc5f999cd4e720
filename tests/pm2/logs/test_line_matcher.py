"""Searches by text and by pattern: what matches, and which patterns are refused before they cost anything."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm2.errors import InvalidPattern
from pm2.logs import line_matcher, log_search
from pm2.logs.line_matcher import compile_matcher
from pm2.logs.log_search import LogQuery

TOO_OFTEN = "it repeats too often: counted repeats, multiplied where they are nested, are at most 1000"
TOO_LARGE = "it is too large: compiled, a pattern has at most 1 MiB"


@pytest.mark.parametrize(
    ("search", "is_regex", "line", "expected"),
    [
        ("", False, "", True), ("ERR", False, "an error", True), ("a.c", False, "abc", False),
        ("ÄÖ", False, "äöü", True), ("Σ", False, "ΑΣ", True), ("(((a{99}){99}", False, "(((A{99}){99}){99}", True),
        ("^a.c$", True, "abc", True), ("ERR", True, "an error", False), ("(?i)ERR", True, "an error", True),
        (r"\d+ ms", True, "12 ms", True), ("é$", True, "café", True), ("x", True, "\ud83d x", True),
        ("(a{10}){100}", True, "a" * 1000, True), ("(a{10}){100}", True, "a" * 999, False),
        # Both take longer than the age of the universe with backtracking.
        (r"^(([a-z])+.)+[A-Z]([a-z])+$", True, "a" * 2000, False), ("(a*)*b", True, "a" * 16_000, False),
        ("b", False, "a" * 16_384 + "b", False), ("b", True, "a" * 16_384 + "b", False),
    ],
)  # fmt: skip
def test_a_line_is_matched(search: str, is_regex: bool, line: str, expected: bool) -> None:
    assert compile_matcher(search, is_regex)(line) is expected


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(((a{99}){99}){99}){99}", TOO_OFTEN), ("a{1001}", TOO_OFTEN), ("(a{0,40}){26}", TOO_OFTEN),
        ("((((((((((a{2}){2}){2}){2}){2}){2}){2}){2}){2}){2})", TOO_OFTEN), (r"\pL{1000}", TOO_LARGE),
        (r"(?:\w|\pL){900}", TOO_LARGE), ("(", "missing ): ("), ("a(?=b)", "invalid perl operator: (?="),
        (r"(a)\1", r"invalid escape sequence: \1"), ("*", "no argument for repetition operator: *"),
        ("[b-a]", "invalid character class range: b-a"),
    ],
)  # fmt: skip
def test_a_pattern_is_refused_with_the_limit_that_it_exceeds(pattern: str, reason: str) -> None:
    with pytest.raises(InvalidPattern) as refused:
        compile_matcher(pattern, is_regex=True)

    assert str(refused.value) == f"The pattern {pattern!r} cannot be used: {reason}."
    assert refused.value.fields == {"search": [reason]}


@given(st.text(max_size=200), st.text())
def test_any_text_is_a_pattern_or_refused(pattern: str, line: str) -> None:
    with suppress(InvalidPattern):
        assert compile_matcher(pattern, is_regex=True)(line) in (True, False)


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_a_text_is_found_in_a_line_that_contains_it(before: str, search: str, after: str) -> None:
    assert compile_matcher(search, is_regex=False)(before + search + after)


async def test_a_pattern_is_compiled_outside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []

    def compile_and_record(search: str, is_regex: bool) -> line_matcher.LineMatcher:
        threads.append(threading.current_thread())
        return compile_matcher(search, is_regex)

    monkeypatch.setattr(log_search, "compile_matcher", compile_and_record)
    page = await log_search.search_files(LogQuery(search="a{9}", is_regex=True), {}, lambda name, stream: (0.0, 0.0))

    assert (page.sources, page.complete, len(threads)) == ((), True, 1)
    assert threads[0] is not threading.main_thread()
