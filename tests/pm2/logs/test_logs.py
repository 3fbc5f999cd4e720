"""Logs of real processes: in order, complete, searchable, including lines from before the subscription."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings

from pm2.actions import start_steps
from pm2.daemon import rpc_client
from pm2.daemon.bus_events import LogChunk
from pm2.errors import ProcessNotFound
from pm2.logs import live_logs, log_search
from pm2.logs.log_files import read_backwards, read_last_lines, split_timestamp
from pm2.logs.log_lines import LineAssembler, LogLine
from pm2.logs.log_search import LogQuery, count_overlap
from pm2.monitor import current_monitor
from pm2.monitor.daemon_monitor import DaemonMonitor
from tests.fixtures.pm2_apps import IDLE, run_app, until

AT = 1_795_000_000_000.0
MOMENT = datetime.fromtimestamp(AT / 1000, UTC)


def chunk(data: str, stream: str = "out", pm_id: int = 0, at_ms: float = AT) -> LogChunk:
    return LogChunk(pm_id, "app", stream, at_ms, data)


def test_lines_are_assembled_for_each_process_and_stream() -> None:
    assembler = LineAssembler()
    assembled = [
        assembler.add_chunk(piece)
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
    assert assembler.take_overdue(AT + 10_000) == []


def test_a_partial_line_is_published_after_a_timeout() -> None:
    assembler = LineAssembler()
    assert assembler.add_chunk(chunk("Continue? ")) == []

    assert assembler.take_overdue(AT + 100) == []
    assert assembler.take_overdue(AT + 301) == [LogLine(MOMENT, 0, "app", "out", "Continue? ")]
    assert assembler.take_overdue(AT + 999) == []


def test_a_line_without_an_end_is_split_and_memory_stays_bounded() -> None:
    assembler = LineAssembler()
    lines = [line for _ in range(100) for line in assembler.add_chunk(chunk("x" * 10_000))]

    assert {len(line.text) for line in lines} <= {16 * 1024, 3616, 10_000} or max(
        len(line.text) for line in lines
    ) <= 16 * 1024
    assert sum(len(line.text) for line in lines) >= 100 * 10_000 - 16 * 1024


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []), (b"\n", [""]), (b"one", ["one"]), (b"one\ntwo\n", ["two", "one"]), (b"one\n\ntwo", ["two", "", "one"]),
        (b"\xff\xfe\n", ["��"]), (b"a\r\nb\r\n", ["b", "a"]),
    ],
)  # fmt: skip
def test_a_file_is_read_backwards(tmp_path: Path, content: bytes, expected: list[str]) -> None:
    (tmp_path / "log").write_bytes(content)

    assert list(read_backwards(tmp_path / "log")) == expected


def test_a_file_larger_than_a_block_loses_no_line(tmp_path: Path) -> None:
    lines = [f"{number} " + "x" * (number % 300) for number in range(5000)]
    (tmp_path / "log").write_text("\n".join(lines) + "\n")

    assert list(read_backwards(tmp_path / "log")) == lines[::-1]
    assert read_last_lines(tmp_path / "log", 2) == lines[-2:]
    assert read_last_lines(tmp_path / "none", 2) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("2026-11-23T10:00:00Z: hi", (datetime(2026, 11, 23, 10, tzinfo=UTC), "hi")),
        ("2026-11-23 10:00:00 +02:00: hi", (datetime(2026, 11, 23, 8, tzinfo=UTC), "hi")),
        ("2026-13-23T10:00:00Z: hi", (None, "2026-13-23T10:00:00Z: hi")),
        ("hi: 2026-11-23T10:00:00Z: x", (None, "hi: 2026-11-23T10:00:00Z: x")),
    ],
)
def test_a_leading_timestamp_is_split_off(line: str, expected: tuple[datetime | None, str]) -> None:
    assert split_timestamp(line) == expected


@pytest.mark.parametrize(
    ("file", "live", "expected"),
    [
        ("", "", 0), ("cba", "", 0), ("", "cba", 3), ("dcba", "dc", 2), ("dcba", "edc", 2), ("aaa", "aa", 2), ("zyx", "cb", 2),
        ("dcba", "cb", 3), ("dcba", "ba", 4), ("ba", "a", 2),
    ],
)  # fmt: skip
def test_live_lines_are_aligned_with_the_file(file: str, live: str, expected: int) -> None:
    assert count_overlap(list(file), list(live)) == expected


def test_a_slow_matcher_does_not_exceed_the_time_limit_of_the_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_search, "SEARCH_TIMEOUT_S", 0.3)
    file = tmp_path / "out.log"
    file.write_text("x\n" * 1000)
    source = log_search.LogSource("slow", 0, "out", str(file), 2000, 0.0, 0.0)
    started_s = time.monotonic()

    def slow(text: str) -> bool:
        time.sleep(0.02)  # for one line; 20 s for all of them
        return False

    monkeypatch.setattr(log_search, "compile_matcher", lambda search, is_regex: slow)
    assert log_search._search_sources(LogQuery(name="slow"), [source]) == ([], False)
    assert time.monotonic() - started_s < 10


@pytest.fixture
async def monitor(pm2_home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DaemonMonitor]:
    await start_steps.ensure_daemon()
    monkeypatch.setattr(live_logs.feed, "_kept", type(live_logs.feed._kept)())
    started = current_monitor.start()
    await until(lambda: started.is_listening, bool)
    yield started
    await current_monitor.stop()


def texts(page: log_search.LogPage) -> list[str]:
    return [line.text for line in page.lines]


async def find(**query: object) -> log_search.LogPage:
    return await current_monitor.search_logs(LogQuery(**query))  # type: ignore[arg-type]


async def test_lines_of_all_streams_are_ordered_by_time(monitor: DaemonMonitor, tmp_path: Path) -> None:
    source = "let n = 0; setInterval(() => { (n % 2 ? console.error : console.log)(process.pid + ' ' + n++) }, 20);"
    await run_app(tmp_path, "talks", source)
    await run_app(tmp_path, "other", source)
    await until(lambda: live_logs.feed.last, lambda count: count > 50)
    page = await find(count=5000)

    assert {line.name for line in page.lines} == {"talks", "other"}
    times = [line.at for line in page.lines if line.at]
    assert len(times) == len(page.lines)
    for name in ("talks", "other"):
        numbers = [int(line.text.split()[1]) for line in page.lines if line.name == name]
        assert numbers == list(range(len(numbers)))
    assert texts(await find(name="talks", stream="err", count=2, search="1"))[-1].endswith(("1", "3", "5", "7", "9"))
    since = times[-1] - timedelta(milliseconds=100)
    assert all(line.at and line.at >= since for line in (await find(since=since)).lines)
    rates = {(source.name, source.stream): source.lines_per_second for source in page.sources}
    assert set(rates) == {("talks", "out"), ("talks", "err"), ("other", "out"), ("other", "err")}
    assert all(rate > 0 for rate in rates.values())


async def test_lines_from_before_the_subscription_are_read_from_the_files_once(pm2_home: Path, tmp_path: Path) -> None:
    await run_app(tmp_path, "older", f"for (let n = 0; n < 1000; n++) console.log('line ' + n); process.stdin.on('data', (d) => console.log('new ' + d)); {IDLE}")  # fmt: skip
    await until(lambda: asyncio.to_thread(read_last_lines, _out(), 1), lambda lines: lines == ["line 999"])
    started = current_monitor.start()
    await until(lambda: started.is_listening, bool)
    async with rpc_client.connect() as daemon:
        await daemon.call("sendLineToStdin", {"pm_id": 0, "line": "a"})
    await until(lambda: asyncio.to_thread(read_last_lines, _out(), 1), lambda lines: lines[0].startswith("new"))
    page = await until(lambda: find(name="older", count=5000), lambda page: "new a" in texts(page))
    await current_monitor.stop()

    assert [text for text in texts(page) if text] == [f"line {number}" for number in range(1000)] + ["new a"]
    assert texts(await find(name="older", search="^line 9..$", is_regex=True, count=3)) == [
        "line 997",
        "line 998",
        "line 999",
    ]


def _out() -> Path:
    return next((Path(settings.PM2_HOME) / "logs").glob("*-out.log"))


async def test_an_unknown_process_is_an_error(pm2_home: Path) -> None:
    with pytest.raises(ProcessNotFound, match="'koa'"):
        await find(name="koa")


@pytest.fixture
def dropped(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The counts of lines that the bus dropped. Request it before `monitor`, which starts to read the bus."""
    counts: list[int] = []
    count_dropped = live_logs.feed.count_dropped

    def record(count: int) -> None:
        counts.append(count)
        count_dropped(count)

    monkeypatch.setattr(live_logs.feed, "count_dropped", record)
    return counts


async def test_a_flood_is_bounded_and_counted_without_blocking_the_daemon(
    dropped: list[int], monitor: DaemonMonitor, tmp_path: Path
) -> None:
    flood = "const text = ('x'.repeat(90) + '\\n').repeat(500); setInterval(() => process.stdout.write(text), 5);"
    await run_app(tmp_path, "quiet", "setInterval(() => console.log('tick'), 200)")
    await run_app(tmp_path, "flood", flood)
    await until(lambda: sum(dropped), lambda lost: lost > 100_000)

    lines = live_logs.feed.newest()
    assert len(lines) <= live_logs.MAX_LINES
    assert sum(len(line.text) + live_logs.LINE_OVERHEAD_BYTES for line in lines) <= live_logs.MAX_BYTES
    await until(lambda: live_logs.feed.after(0, 10, 2**20).missed, lambda missed: missed > 100_000)
    assert (await current_monitor.sample()).counts.online == 2
