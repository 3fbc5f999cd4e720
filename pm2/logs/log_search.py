"""Searches logs, ordered by time: lines received from the bus first, then PM2's log files for older ones."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from pm2.daemon.process import Key
from pm2.errors import ProcessNotFound
from pm2.logs import file_search, live_logs
from pm2.logs.file_search import FileMatches, FileSearch
from pm2.logs.line_matcher import compile_matcher
from pm2.logs.log_files import LogFiles
from pm2.logs.log_lines import LogLine
from pm2.logs.log_sources import LogFile, LogSource, RateLookup, list_files

# For all files together. Each gets an equal part of the time that is left: a slow one does not use up the others'.
SEARCH_TIMEOUT_S = 2.0
PAGE_CHARACTERS = 8 * 2**20  # of the lines from files, as many as the live ones have at most

# Own threads: a search may take its whole time, and must not block the default executor.
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="log search")


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Which lines to return. `name`, `pm_id` and `keys`: None for all processes. `search`: text or a regular
    expression."""

    count: int = 200
    name: str | None = None
    pm_id: int | None = None
    stream: str | None = None
    search: str = ""
    is_regex: bool = False
    since: datetime | None = None
    keys: frozenset[Key] | None = None


@dataclass(frozen=True, slots=True)
class LogPage:
    """`complete`: False if the search ended before the files were read."""

    lines: tuple[LogLine, ...]
    sources: tuple[LogSource, ...]
    complete: Annotated[bool, "false: the search ran out of time or space before all files were read"]
    timestamp: datetime


async def search_files(query: LogQuery, files: Mapping[Key, LogFiles], rates: RateLookup) -> LogPage:
    """Searches the live lines, then `files`, the log files of all processes. Raises ProcessNotFound, InvalidPattern."""
    is_limited = query.name is not None or query.pm_id is not None
    if is_limited and not any(_is_selected(query, key) for key in files):
        selection = f"named {query.name!r}" if query.name is not None else f"number {query.pm_id}"
        raise ProcessNotFound(selection, query.name)
    measured = {(name, stream): rates(name, stream) for name, _ in files for stream in ("out", "err")}
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads, _search, query, files, lambda *key: measured[key])


def _is_selected(query: LogQuery, key: Key) -> bool:
    return (
        (query.name is None or key[0] == query.name)
        and (query.pm_id is None or key[1] == query.pm_id)
        and (query.keys is None or key in query.keys)
    )


def _search(query: LogQuery, files: Mapping[Key, LogFiles], rates: RateLookup) -> LogPage:
    """Blocks for `SEARCH_TIMEOUT_S` at most, and the time for one block and one line. Raises InvalidPattern."""
    matcher = compile_matcher(query.search, query.is_regex)
    listed = list_files(files, rates, partial(_is_selected, query), query.stream)
    live_lines = live_logs.feed.newest()
    search = FileSearch(
        matcher, query.count, query.since, time.monotonic() + SEARCH_TIMEOUT_S, PAGE_CHARACTERS // max(1, len(listed))
    )
    matches, complete = _search_live([line for line in live_lines if is_selected(line, query)], search)
    missing = query.count - len(matches)
    results = [FileMatches(file.source, (), complete) for file in listed]
    if missing and complete:
        results = _search_each(listed, live_lines, replace(search, count=missing))
    older = file_search.choose_newest([file.lines for file in results], missing)
    complete = complete and all(file.complete for file in results)
    return LogPage((*older, *matches), tuple(file.source for file in results), complete, datetime.now(UTC))


def is_selected(line: LogLine, query: LogQuery) -> bool:
    """Whether a live line is of the processes and the stream of the query."""
    key = (line.name, -1 if line.pm_id is None else line.pm_id)
    return _is_selected(query, key) and (query.stream is None or line.stream == query.stream)


def _search_live(lines: Sequence[LogLine], search: FileSearch) -> tuple[list[LogLine], bool]:
    """The newest matching lines, oldest first, and whether the time was enough."""
    matches: list[LogLine] = []
    for line in reversed(lines):
        if len(matches) == search.count:
            break
        if search.since is not None and (line.at is None or line.at < search.since):
            continue
        if time.monotonic() > search.deadline_s:
            return matches[::-1], False
        if search.matcher(line.text):
            matches.append(line)
    return matches[::-1], True


def _search_each(files: Sequence[LogFile], live_lines: Sequence[LogLine], search: FileSearch) -> list[FileMatches]:
    results = []
    for index, file in enumerate(files):
        live = [line.text for line in live_lines if (line.name, line.pm_id, line.stream) in file.writers]
        now_s = time.monotonic()
        share_s = (search.deadline_s - now_s) / (len(files) - index)
        results.append(file_search.search_file(file, live, replace(search, deadline_s=now_s + share_s)))
    return results
