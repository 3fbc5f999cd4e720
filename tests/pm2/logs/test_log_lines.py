"""Assembles lines from chunks of PM2's bus."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from pm2.daemon.bus_events import LogChunk
from pm2.logs.log_lines import MAX_LINE_CHARACTERS, LineAssembler, LogLine

AT = 1_795_000_000_000.0  # the daemon's wall clock, which has no say in what is overdue
NOW_S = 5000.0
MOMENT = datetime.fromtimestamp(AT / 1000, UTC)


def chunk(data: str, stream: str = "out", pm_id: int = 0, at_ms: float = AT) -> LogChunk:
    return LogChunk(pm_id, "app", stream, at_ms, data)


def test_lines_are_assembled_for_each_process_and_stream() -> None:
    assembler = LineAssembler()
    assembled = [
        assembler.add_chunk(piece, NOW_S)
        for piece in (
            chunk("one\ntw"),
            chunk("ERR", "err"),
            chunk("other\n", pm_id=1),
            chunk("o\r\n\n"),
            chunk("OR\n", "err"),
        )
    ]

    assert [[(line.pm_id, line.stream, line.text) for line in lines] for lines in assembled] == [
        [(0, "out", "one")], [], [(1, "out", "other")], [(0, "out", "two"), (0, "out", "")], [(0, "err", "ERROR")],
    ]  # fmt: skip
    assert assembler.take_overdue(NOW_S + 10) == []


def test_a_partial_line_is_published_after_a_timeout() -> None:
    assembler = LineAssembler()
    assert assembler.add_chunk(chunk("Continue? "), NOW_S) == []

    assert assembler.take_overdue(NOW_S + 0.1) == []
    assert assembler.take_overdue(NOW_S + 0.301) == [LogLine(MOMENT, 0, "app", "out", "Continue? ")]
    assert assembler.take_overdue(NOW_S + 0.999) == []


def test_a_line_without_an_end_is_split_and_memory_stays_bounded() -> None:
    assembler = LineAssembler()
    lines = [line for _ in range(100) for line in assembler.add_chunk(chunk("x" * 10_000), NOW_S)]

    assert {len(line.text) for line in lines} <= {16 * 1024, 3616, 10_000} or max(
        len(line.text) for line in lines
    ) <= 16 * 1024
    assert sum(len(line.text) for line in lines) >= 100 * 10_000 - 16 * 1024


@given(st.lists(st.text(alphabet="ab\r\n", max_size=8), max_size=12))
def test_lines_do_not_depend_on_where_chunks_are_split(pieces: list[str]) -> None:
    assembler = LineAssembler()
    lines = [line.text for piece in pieces for line in assembler.add_chunk(chunk(piece), NOW_S)]
    rest = [line.text for line in assembler.take_overdue(NOW_S + 1)]

    *complete, last = "".join(pieces).split("\n")
    assert lines == [line.removesuffix("\r") for line in complete]
    assert rest == ([last.removesuffix("\r")] if last else [])


@given(st.lists(st.tuples(st.sampled_from("ab\n"), st.integers(1, 3 * MAX_LINE_CHARACTERS)), max_size=6))
def test_long_lines_are_split_and_lose_no_character(runs: list[tuple[str, int]]) -> None:
    assembler = LineAssembler()
    lines = [line.text for text, count in runs for line in assembler.add_chunk(chunk(text * count), NOW_S)]
    lines += [line.text for line in assembler.take_overdue(NOW_S + 1)]

    assert "".join(lines) == "".join(text * count for text, count in runs).replace("\n", "")
    assert all(len(line) <= MAX_LINE_CHARACTERS for line in lines)
