"""The newest lines of logs, in the order of their time: what has been heard, and before that PM2's files."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import regex

from pm2.daemon.process import Key
from pm2.errors import PatternTooSlow, ProcessNotFound
from pm2.logs import live_logs, log_files
from pm2.logs.log_files import LogFiles
from pm2.logs.log_lines import LogLine

SEARCH_S = 2.0  # for all lines together; a file of any size is read as far as this goes
LINE_S = 0.1  # for one line: a pattern that runs away does so on one
ALIGN_LINES = 20
LAG_LINES = 200  # how many lines the bus may be ahead of the file

Rates = Callable[[str, str], tuple[float, float]]  # of (name, stream): lines and bytes per second
Matches = Callable[[str, float], bool]  # of a line, within so many seconds
# Threads of their own: a search may take its whole time, and nobody else shall wait for it.
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="log search")


class OutOfTimeError(Exception):
    """The time of the whole search ended within a line."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which lines. `name` and `pm_id`: both empty for everything under PM2. `search`: text, or a regular expression."""

    count: int = 200
    name: str | None = None
    pm_id: int | None = None
    stream: str | None = None
    search: str = ""
    is_regex: bool = False
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A file that PM2 writes. `pm_id`: None where several instances share it. Rates: of the last ten seconds."""

    name: str
    pm_id: int | None
    stream: str
    path: str
    size_bytes: int | None
    lines_per_second: float
    bytes_per_second: float


@dataclass(frozen=True, slots=True)
class LogPage:
    """`complete`: False when the time for searching ended before the files did."""

    lines: tuple[LogLine, ...]
    sources: tuple[Source, ...]
    complete: bool
    timestamp: datetime


def matcher(search: str, is_regex: bool) -> Matches:
    """What a line has to satisfy; texts regardless of case. Raises PatternTooSlow; while it is used that or
    OutOfTimeError."""
    if not is_regex:
        return lambda text, left_s: search.lower() in text.lower()
    try:
        pattern = regex.compile(search)
    except (regex.error, RecursionError, OverflowError, MemoryError) as error:
        raise PatternTooSlow(search, str(error)) from error

    def found(text: str, left_s: float) -> bool:
        try:
            return pattern.search(text, timeout=min(LINE_S, left_s), concurrent=True) is not None
        except TimeoutError:
            if left_s < LINE_S:
                raise OutOfTimeError from None
            raise PatternTooSlow(search, f"it took more than {LINE_S:g} s on one line") from None

    return found


async def find(query: Query, files: Mapping[Key, LogFiles], rates: Rates) -> LogPage:
    """Search `files`, the log files of everything under PM2. Raises ProcessNotFound, PatternTooSlow."""
    matches = matcher(query.search, query.is_regex)
    meant = {key: paths for key, paths in files.items() if _is_meant(key, query)}
    if not meant and (query.name is not None or query.pm_id is not None):
        raise ProcessNotFound(f"named {query.name!r}" if query.name is not None else f"number {query.pm_id}")
    sources = tuple(_sources(meant, rates, query.stream))
    lines, complete = await asyncio.get_running_loop().run_in_executor(_threads, _collect, query, sources, matches)
    return LogPage(tuple(lines), sources, complete, datetime.now(UTC))


def _is_meant(key: Key, query: Query) -> bool:
    return (query.name is None or key[0] == query.name) and (query.pm_id is None or key[1] == query.pm_id)


def _sources(files: Mapping[Key, LogFiles], rates: Rates, stream: str | None) -> Iterable[Source]:
    owners: dict[tuple[str, str, str], list[int]] = {}
    for (name, pm_id), paths in files.items():
        for each, path in (("out", paths.out), ("err", paths.err)):
            if stream in (None, each):
                owners.setdefault((name, each, path), []).append(pm_id)
    for (name, each, path), pm_ids in owners.items():
        lines, size = rates(name, each)
        only = pm_ids[0] if len(pm_ids) == 1 else None
        yield Source(name, only, each, path, log_files.size(Path(path)) if path else None, lines, size)


def _collect(query: Query, sources: Sequence[Source], matches: Matches) -> tuple[list[LogLine], bool]:
    heard = [line for line in live_logs.feed.newest() if _is_line_meant(line, query)]
    ends = time.monotonic() + SEARCH_S
    found: list[LogLine] = []
    complete = True
    for line in reversed(heard):
        if len(found) == query.count:
            break
        if query.since is not None and (line.at is None or line.at < query.since):
            continue
        is_match = _in_time(matches, line.text, ends)
        if is_match is None:
            complete = False
            break
        if is_match:
            found.append(line)
    found.reverse()
    older: list[LogLine] = []
    if len(found) < query.count and complete:
        for source in sources:
            known = [line.text for line in heard if line.name == source.name and line.stream == source.stream]
            lines, is_whole = _from_file(source, known, query, matches, ends)
            older, complete = older + lines, complete and is_whole
    older.sort(key=lambda line: line.at or datetime.min.replace(tzinfo=UTC))
    return (older + found)[-query.count :], complete


def _in_time(matches: Matches, text: str, ends_s: float) -> bool | None:
    """None when the time for searching is over. Raises PatternTooSlow."""
    left_s = ends_s - time.monotonic()
    try:
        return matches(text, left_s) if left_s > 0 else None
    except OutOfTimeError:
        return None


def _is_line_meant(line: LogLine, query: Query) -> bool:
    return (
        (query.name is None or line.name == query.name)
        and (query.pm_id is None or line.pm_id == query.pm_id)
        and (query.stream is None or line.stream == query.stream)
    )


def _from_file(
    source: Source, known: Sequence[str], query: Query, matches: Matches, ends_s: float
) -> tuple[list[LogLine], bool]:
    """Matching lines of a file that are older than those that were heard, oldest first; whether it was read as far
    as was needed."""
    lines = log_files.backwards(Path(source.path)) if source.path else iter(())
    newest = [line for _, line in zip(range(ALIGN_LINES), lines, strict=False)]
    skip = overlap([log_files.split_time(line)[1] for line in newest], known[::-1])
    found: list[LogLine] = []
    for index, raw in enumerate(_chain(newest, lines)):
        if len(found) == query.count:
            return found[::-1], True
        if index < skip:
            continue
        at, text = log_files.split_time(raw)
        if query.since is not None and (at is None or at < query.since):
            break
        is_match = _in_time(matches, text, ends_s)
        if is_match is None:
            return found[::-1], False
        if is_match:
            found.append(LogLine(at, source.pm_id, source.name, source.stream, text))
    return found[::-1], True


def _chain(first: Iterable[str], rest: Iterable[str]) -> Iterable[str]:
    yield from first
    yield from rest


def overlap(file: Sequence[str], heard: Sequence[str]) -> int:
    """How many of a file's newest lines have been heard, both newest first. The bus may be ahead of the file by
    some lines; where the two do not fit together, all that was heard counts as being in the file."""
    for ahead in range(min(LAG_LINES, len(heard))):
        length = min(len(file), len(heard) - ahead)
        if list(file[:length]) == list(heard[ahead : ahead + length]):
            return len(heard) - ahead
    return len(heard)
