"""Searches logs, ordered by time: lines received from the bus first, then PM2's log files for older ones."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pm2.daemon.process import Key
from pm2.errors import ProcessNotFound
from pm2.logs import live_logs, log_files
from pm2.logs.line_matcher import LineMatcher, compile_matcher
from pm2.logs.log_files import LogFiles
from pm2.logs.log_lines import LogLine

SEARCH_TIMEOUT_S = 2.0  # for all lines together; files of any size are read until then
ALIGN_LINES = 20
MAX_LAG_LINES = 200  # how many lines the file may lag behind the bus

RateLookup = Callable[[str, str], tuple[float, float]]  # (name, stream) → lines and bytes per second
# Own threads: a search may take its whole time, and must not block the default executor.
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="log search")


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Which lines to return. `name` and `pm_id`: None for all processes. `search`: text or a regular expression."""

    count: int = 200
    name: str | None = None
    pm_id: int | None = None
    stream: str | None = None
    search: str = ""
    is_regex: bool = False
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class LogSource:
    """A log file that PM2 writes. `pm_id`: None if several instances share it. Rates cover the last ten seconds."""

    name: str
    pm_id: int | None
    stream: Annotated[str, ("out", "err")]
    path: str
    size_bytes: int | None
    lines_per_second: float
    bytes_per_second: float


@dataclass(frozen=True, slots=True)
class LogPage:
    """`complete`: False if the time for the search ran out before the files were read."""

    lines: tuple[LogLine, ...]
    sources: tuple[LogSource, ...]
    complete: Annotated[bool, "false: the search timed out before all files were read"]
    timestamp: datetime


async def search_files(query: LogQuery, files: Mapping[Key, LogFiles], rates: RateLookup) -> LogPage:
    """Searches the live lines, then `files`, the log files of all processes. Raises ProcessNotFound, InvalidPattern."""
    selected = {key: paths for key, paths in files.items() if _is_selected(key, query)}
    if not selected and (query.name is not None or query.pm_id is not None):
        raise ProcessNotFound(f"named {query.name!r}" if query.name is not None else f"number {query.pm_id}")
    sources = tuple(_list_sources(selected, rates, query.stream))
    loop = asyncio.get_running_loop()
    lines, complete = await loop.run_in_executor(_threads, _search_sources, query, sources)
    return LogPage(tuple(lines), sources, complete, datetime.now(UTC))


def _is_selected(key: Key, query: LogQuery) -> bool:
    return (query.name is None or key[0] == query.name) and (query.pm_id is None or key[1] == query.pm_id)


def _list_sources(files: Mapping[Key, LogFiles], rates: RateLookup, stream: str | None) -> Iterable[LogSource]:
    pm_ids_by_file: dict[tuple[str, str, str], list[int]] = {}
    for (name, pm_id), paths in files.items():
        for file_stream, path in (("out", paths.out), ("err", paths.err)):
            if stream in (None, file_stream):
                pm_ids_by_file.setdefault((name, file_stream, path), []).append(pm_id)
    for (name, file_stream, path), pm_ids in pm_ids_by_file.items():
        lines, size = rates(name, file_stream)
        only_pm_id = pm_ids[0] if len(pm_ids) == 1 else None
        size_bytes = log_files.file_size(Path(path)) if path else None
        yield LogSource(name, only_pm_id, file_stream, path, size_bytes, lines, size)


def _search_sources(query: LogQuery, sources: Sequence[LogSource]) -> tuple[list[LogLine], bool]:
    """Matching lines, oldest first, and whether the search was completed in time. Raises InvalidPattern."""
    matcher = compile_matcher(query.search, query.is_regex)
    live_lines = [line for line in live_logs.feed.newest() if _is_line_selected(line, query)]
    deadline_s = time.monotonic() + SEARCH_TIMEOUT_S
    matches: list[LogLine] = []
    complete = True
    for line in reversed(live_lines):
        if len(matches) == query.count:
            break
        if query.since is not None and (line.at is None or line.at < query.since):
            continue
        is_match = _match_in_time(matcher, line.text, deadline_s)
        if is_match is None:
            complete = False
            break
        if is_match:
            matches.append(line)
    matches.reverse()
    older: list[LogLine] = []
    if len(matches) < query.count and complete:
        for source in sources:
            live = [line.text for line in live_lines if line.name == source.name and line.stream == source.stream]
            lines, is_complete = _search_file(source, live, query, matcher, deadline_s)
            older, complete = older + lines, complete and is_complete
    older.sort(key=lambda line: line.at or datetime.min.replace(tzinfo=UTC))
    return (older + matches)[-query.count :], complete


def _match_in_time(matcher: LineMatcher, text: str, deadline_s: float) -> bool | None:
    """None if the time for the search has run out."""
    return matcher(text) if time.monotonic() < deadline_s else None


def _is_line_selected(line: LogLine, query: LogQuery) -> bool:
    return (
        (query.name is None or line.name == query.name)
        and (query.pm_id is None or line.pm_id == query.pm_id)
        and (query.stream is None or line.stream == query.stream)
    )


def _search_file(
    source: LogSource, live: Sequence[str], query: LogQuery, matcher: LineMatcher, deadline_s: float
) -> tuple[list[LogLine], bool]:
    """Matching lines of a file that are older than the `live` ones, oldest first, and whether the search was completed
    in time."""
    lines = log_files.read_backwards(Path(source.path)) if source.path else iter(())
    newest = [line for _, line in zip(range(ALIGN_LINES), lines, strict=False)]
    skip = count_overlap([log_files.split_timestamp(line)[1] for line in newest], live[::-1])
    matches: list[LogLine] = []
    for index, raw in enumerate(_chain(newest, lines)):
        if len(matches) == query.count:
            return matches[::-1], True
        if index < skip:
            continue
        at, text = log_files.split_timestamp(raw)
        if query.since is not None and (at is None or at < query.since):
            break
        is_match = _match_in_time(matcher, text, deadline_s)
        if is_match is None:
            return matches[::-1], False
        if is_match:
            matches.append(LogLine(at, source.pm_id, source.name, source.stream, text))
    return matches[::-1], True


def _chain(first: Iterable[str], rest: Iterable[str]) -> Iterable[str]:
    yield from first
    yield from rest


def count_overlap(file_lines: Sequence[str], live: Sequence[str]) -> int:
    """How many of a file's newest lines to skip because the bus delivers them, both newest first. The bus may be some
    lines ahead of the file, or the file ahead of the bus; if the two cannot be aligned, all live lines count as being
    in the file."""
    for ahead in range(min(MAX_LAG_LINES, len(live))):
        length = min(len(file_lines), len(live) - ahead)
        if list(file_lines[:length]) == list(live[ahead : ahead + length]):
            return len(live) - ahead
    for behind in range(1, len(file_lines) if live else 0):
        length = min(len(file_lines) - behind, len(live))
        if list(file_lines[behind : behind + length]) == list(live[:length]):
            return len(live) + behind
    return len(live)
