"""Logs of real processes: in order, complete, searchable, including lines from before the subscription."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings

from pm2.actions import start_steps
from pm2.daemon import rpc_client
from pm2.errors import ProcessNotFound
from pm2.logs import live_logs, log_search
from pm2.logs.log_files import read_last_lines
from pm2.logs.log_search import LogQuery
from pm2.monitor import current_monitor
from pm2.monitor.daemon_monitor import DaemonMonitor
from tests.fixtures.pm2_apps import IDLE, run_app, until


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


@pytest.mark.parametrize("exec_mode", ["fork_mode", "cluster_mode"])
@pytest.mark.parametrize(
    "options",
    [
        {"log_date_format": "DD.MM.YYYY HH:mm:ss.SSS Z"},
        {"log_type": "json"},
        {"log_date_format": "YYYY-MM-DDTHH:mm:ss"},
    ],
)
async def test_times_and_json_of_pm2_are_read_live_and_from_files(
    monitor: DaemonMonitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exec_mode: str, options: dict[str, str]
) -> None:
    source = f"""const waiting = setInterval(() => {{
        if (!require('fs').existsSync({json.dumps(str(tmp_path / "go"))})) return
        clearInterval(waiting); console.log('one\\ntwo'); console.error('three')
    }}, 20); {IDLE}"""
    await run_app(tmp_path, "timed", source, exec_mode=exec_mode, **options)
    await until(lambda: monitor.logs.formats, lambda formats: ("timed", 0) in formats)
    (tmp_path / "go").touch()
    started = datetime.now(UTC) - timedelta(seconds=1)
    live = await until(lambda: live_logs.feed.newest(), lambda lines: len(lines) >= 3)
    expected = [("out", "one"), ("out", "two"), ("err", "three")]

    assert sorted((line.stream, line.text) for line in live) == sorted(expected)
    assert len((await find(name="timed")).lines) == 3
    monkeypatch.setattr(live_logs.feed, "_kept", type(live_logs.feed._kept)())  # as after a restart of the server
    page = await until(lambda: find(name="timed", since=started), lambda page: len(page.lines) == 3)
    assert sorted((line.stream, line.text) for line in page.lines) == sorted(expected)
    assert [source.message for source in page.sources] == [None, None]


@pytest.mark.parametrize("is_live", [True, False])
async def test_logs_of_a_namespace_and_of_a_pm_id(monitor: DaemonMonitor, tmp_path: Path, is_live: bool) -> None:
    for name, namespace in (("one", "shop"), ("two", "shop"), ("three", "ñs"), ("2", "other")):
        await run_app(tmp_path, name, f"console.log(process.env.name); {IDLE}", namespace=namespace)
    await until(lambda: live_logs.feed.newest(), lambda lines: len(lines) == 4)
    if not is_live:
        await until(find, lambda page: all(source.size_bytes for source in page.sources if source.stream == "out"))
        live_logs.feed._kept.clear()
    lines_of = {
        word: sorted(texts(await current_monitor.search_logs(LogQuery(), word)))
        for word in ("shop", "ñs", "2", "1", "one")
    }

    assert lines_of == {"shop": ["one", "two"], "ñs": ["three"], "2": ["2"], "1": ["two"], "one": ["one"]}
    with pytest.raises(ProcessNotFound, match="'nobody'"):
        await current_monitor.search_logs(LogQuery(), "nobody")


async def test_out_and_error_in_one_file_are_read_once(monitor: DaemonMonitor, tmp_path: Path) -> None:
    both = str(Path(settings.PM2_HOME) / "logs/both.log")
    source = f"console.log('one'); setTimeout(() => console.error('two'), 300); {IDLE}"
    await run_app(tmp_path, "both", source, pm_out_log_path=both, pm_err_log_path=both)
    live = await until(lambda: find(name="both"), lambda page: len(page.lines) == 2)
    live_logs.feed._kept.clear()
    read = await until(lambda: find(name="both"), lambda page: len(page.lines) == 2)

    assert [(line.stream, line.text) for line in live.lines] == [("out", "one"), ("err", "two")]
    assert [(line.stream, line.text) for line in read.lines] == [(None, "one"), (None, "two")]
    assert [(source.name, source.stream, source.path) for source in read.sources] == [("both", None, both)]
