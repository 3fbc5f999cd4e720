"""Several files in one search: each once, each with its share of the lines and of the time."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm2.daemon.process import Key
from pm2.logs import log_files, log_search
from pm2.logs.file_search import choose_newest, count_overlap
from pm2.logs.line_formats import LineFormat
from pm2.logs.log_files import LogFiles
from pm2.logs.log_lines import LogLine
from pm2.logs.log_search import LogPage, LogQuery
from pm2.logs.log_sources import LogSource
from system.lib.feed import Feed

AT = datetime(2026, 11, 3, 14, 5, 9, tzinfo=UTC)
WITHOUT_TIMES = "Lines without times: PM2 writes them for apps that are started with --time."
ISO = LineFormat("YYYY-MM-DDTHH:mm:ssZ")


@pytest.fixture(autouse=True)
def _without_live_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pm2.logs.live_logs.feed", Feed[LogLine]("lines", max_items=100, max_bytes=10_000))


def search(files: Mapping[Key, LogFiles], **query: object) -> LogPage:
    return log_search._search(LogQuery(**query), files, lambda name, stream: (1.0, 10.0))  # type: ignore[arg-type]


def write(file: Path, *lines: str) -> str:
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(file)


def texts(page: LogPage) -> list[tuple[str | None, str]]:
    return [(line.stream, line.text) for line in page.lines]


def in_iso(seconds: int, text: str) -> str:
    return f"{AT + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S+00:00}: {text}"


@pytest.mark.parametrize(
    ("file", "live", "expected"),
    [
        ("", "", 0), ("cba", "", 0), ("", "cba", 3), ("dcba", "dc", 2), ("dcba", "edc", 2), ("aaa", "aa", 2), ("zyx", "cb", 2),
        ("dcba", "cb", 3), ("dcba", "ba", 4), ("ba", "a", 2),
    ],
)  # fmt: skip
def test_live_lines_are_aligned_with_the_file(file: str, live: str, expected: int) -> None:
    assert count_overlap(list(file), list(live)) == expected


def test_files_without_times_get_the_same_share(tmp_path: Path) -> None:
    out = write(tmp_path / "out", *(f"out {number}" for number in range(15)))
    err = write(tmp_path / "err", *(f"err {number}" for number in range(5)))
    page = search({("app", 0): LogFiles(out, err)}, count=4)

    assert page.lines == tuple(
        LogLine(None, 0, "app", stream, text)
        for stream, text in (("out", "out 13"), ("out", "out 14"), ("err", "err 3"), ("err", "err 4"))
    )
    assert page.sources == (
        LogSource("app", 0, "out", out, 95, 1.0, 10.0, WITHOUT_TIMES),
        LogSource("app", 0, "err", err, 30, 1.0, 10.0, WITHOUT_TIMES),
    )
    assert page.complete
    assert [text for _, text in texts(search({("app", 0): LogFiles(out, err)}, count=18))][:14] == [
        f"out {number}" for number in range(2, 15)
    ] + ["err 0"]


def test_files_with_times_are_merged_and_share_with_those_without(tmp_path: Path) -> None:
    first = write(tmp_path / "first", *(in_iso(number, f"first {number}") for number in range(0, 20, 2)))
    second = write(tmp_path / "second", *(in_iso(number, f"second {number}") for number in range(1, 20, 2)))
    third = write(tmp_path / "third", *(f"third {number}" for number in range(10)))
    dated = {("a", 0): LogFiles(first, "", ISO), ("b", 1): LogFiles(second, "", ISO)}

    assert [text for _, text in texts(search(dated, count=5))] == [
        "second 15", "first 16", "second 17", "first 18", "second 19",
    ]  # fmt: skip
    page = search(dated | {("c", 2): LogFiles(third, "")}, count=6)
    assert [text for _, text in texts(page)] == [
        "third 8", "third 9", "first 16", "second 17", "first 18", "second 19",
    ]  # fmt: skip
    since = search(dated | {("c", 2): LogFiles(third, "")}, since=AT + timedelta(seconds=18))
    assert [text for _, text in texts(since)] == ["first 18", "second 19"]
    assert [source.message for source in since.sources if source.path] == [
        None, None, WITHOUT_TIMES + " since leaves them out.",
    ]  # fmt: skip


def test_a_file_that_several_write_to_is_read_once(tmp_path: Path) -> None:
    both = write(tmp_path / "both", "o 1", "e 1")
    (tmp_path / "link").symlink_to(both)
    files = {
        ("b", 1): LogFiles(both, str(tmp_path / "link")), ("a", 0): LogFiles(both, both), ("c", 2): LogFiles("", ""),
    }  # fmt: skip
    page = search(files)

    lines = tuple(LogLine(None, None, "a, b", None, text) for text in ("o 1", "e 1"))
    assert (page.lines, page.sources[0]) == (
        lines,
        LogSource("a, b", None, None, both, 8, 4.0, 40.0, WITHOUT_TIMES),
    )
    assert [source.name for source in page.sources] == ["a, b", "c", "c"]
    for query in ({"stream": "err"}, {"name": "a"}, {"pm_id": 1, "stream": "out"}):
        assert search(files, **query).lines == lines
    assert search(files, name="c").lines == ()


def test_a_line_without_a_time_gets_that_of_the_write_it_belongs_to(tmp_path: Path) -> None:
    out = write(tmp_path / "out", "old", in_iso(0, "Error"), "  at x", "  at y", in_iso(5, "next"))
    read = search({("app", 0): LogFiles(out, "", ISO)}).lines
    since = search({("app", 0): LogFiles(out, "", ISO)}, since=AT)

    expected = [(AT, "Error"), (AT, "  at x"), (AT, "  at y"), (AT + timedelta(seconds=5), "next")]
    assert [(line.at, line.text) for line in read] == [(None, "old"), *expected]
    assert [(line.at, line.text) for line in since.lines] == expected
    # PM2 writes no times now: when the newest lines were written cannot be known.
    assert [line.at for line in search({("app", 0): LogFiles(out, "")}).lines] == [
        None, AT, None, None, AT + timedelta(seconds=5),
    ]  # fmt: skip


def test_json_and_own_formats_are_found_by_time(tmp_path: Path) -> None:
    out = write(
        tmp_path / "out",
        '{"message":"one\\ntwo\\n","timestamp":"2026-11-03T14:05:09.000Z","type":"out","process_id":0,"app_name":"j"}',
    )
    err = write(tmp_path / "err", "03.11.2026 14:05:08 +00:00: before", "03.11.2026 14:05:10 +00:00: after")
    hours = write(tmp_path / "hours", "14:05:10: at some day")
    files = {
        ("j", 0): LogFiles(out, "", LineFormat(is_json=True)),
        ("o", 1): LogFiles(err, "", LineFormat("DD.MM.YYYY HH:mm:ss Z")),
        ("h", 2): LogFiles(hours, "", LineFormat("HH:mm:ss")),
    }
    page = search(files, since=AT)

    assert [(line.at, line.name, line.text) for line in page.lines] == [
        (AT, "j", "one"), (AT, "j", "two"), (AT + timedelta(seconds=1), "o", "after"),
    ]  # fmt: skip
    assert {source.name: source.message for source in page.sources if source.path} == {
        "j": None,
        "o": None,
        "h": "Lines without times: log_date_format 'HH:mm:ss' does not state a date and a time of day."
        " since leaves them out.",
    }


def test_a_slow_file_does_not_use_up_the_time_of_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_backwards = log_files.read_backwards

    def read_slowly(path: Path, deadline_s: float) -> Iterator[str]:
        yield from read_backwards(path, deadline_s)
        while path.name == "slow":
            time.sleep(0.01)
            if time.monotonic() > deadline_s:
                raise TimeoutError

    monkeypatch.setattr(log_files, "read_backwards", read_slowly)
    slow, quick = write(tmp_path / "slow", "slow 1", "slow 2"), write(tmp_path / "quick", "quick 1", "quick 2")
    page = search({("a", 0): LogFiles(slow, ""), ("b", 1): LogFiles(quick, "")}, count=3)

    assert ([text for _, text in texts(page)], page.complete) == (["slow 2", "quick 1", "quick 2"], False)


def test_a_slow_matcher_ends_with_the_time_of_the_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_search, "SEARCH_TIMEOUT_S", 0.3)
    out = write(tmp_path / "out", *("x" * 1000))
    matched: list[str] = []

    def match_slowly(text: str) -> bool:
        time.sleep(0.02)  # 20 s for all lines
        matched.append(text)
        return False

    monkeypatch.setattr(log_search, "compile_matcher", lambda search, is_regex: match_slowly)
    page = search({("app", 0): LogFiles(out, "")})

    assert (page.lines, page.complete) == ((), False)
    assert 0 < len(matched) < 100


def test_the_lines_of_a_page_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_search, "PAGE_CHARACTERS", 100)
    out = write(tmp_path / "out", *(f"{number:020}" for number in range(1000)))
    page = search({("app", 0): LogFiles(out, out)}, count=5000)

    assert ([text for _, text in texts(page)], page.complete) == (
        [f"{number:020}" for number in range(994, 1000)],
        False,
    )


def test_a_log_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    out, none = write(tmp_path / "out", "x"), str(tmp_path / "none")
    os.mkfifo(tmp_path / "pipe")
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    page = search({("app", 0): LogFiles(none, str(loop)), ("b", 1): LogFiles(out, str(tmp_path / "pipe"))})

    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert texts(page) == [("out", "x")]
    assert [(source.size_bytes, source.message) for source in page.sources] == [
        (None, "No such file or directory."), (None, "Too many levels of symbolic links."), (2, WITHOUT_TIMES), (0, None),
    ]  # fmt: skip


@given(st.lists(st.integers(0, 30), max_size=6), st.integers(1, 40))
def test_as_many_lines_as_possible_are_chosen_in_equal_shares(sizes: list[int], count: int) -> None:
    files = [
        [LogLine(None, index, "app", "out", str(number)) for number in range(size)] for index, size in enumerate(sizes)
    ]
    chosen = choose_newest(files, count)
    shares = [sum(line.pm_id == index for line in chosen) for index in range(len(sizes))]

    assert len(chosen) == min(count, sum(sizes))
    assert chosen == [line for lines, share in zip(files, shares, strict=True) if share for line in lines[-share:]]
    cut = [share for share, size in zip(shares, sizes, strict=True) if share < size]
    assert not cut or max(shares) - min(cut) <= 1


def test_lines_after_the_clock_was_set_back_are_the_newest() -> None:
    one, other = (
        [LogLine(AT + timedelta(minutes=minute), pm_id, "app", "out", "") for minute in minutes]
        for pm_id, minutes in ((0, (50, 60, 1, 2)), (1, (58, 59, 3)))
    )

    assert choose_newest([one, other], 3) == [one[2], one[3], other[2]]
    assert choose_newest([one, other], 7) == [one[0], *other[:2], *one[1:], other[2]]


@given(st.lists(st.lists(st.integers(0, 50)), max_size=5), st.integers(1, 60))
def test_the_newest_of_files_with_times_are_chosen(times: list[list[int]], count: int) -> None:
    files = [
        [LogLine(AT + timedelta(seconds=second), None, "app", "out", "") for second in sorted(seconds)]
        for seconds in times
    ]
    chosen = choose_newest(files, count)

    every = sorted(second for seconds in times for second in seconds)
    assert [line.at for line in chosen] == [AT + timedelta(seconds=second) for second in every[-count:]]
