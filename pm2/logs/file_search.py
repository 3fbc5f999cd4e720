"""Searches one log file backwards, and chooses the newest lines of several. [io: log files]"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from pm2.logs import log_files
from pm2.logs.line_formats import NO_FORMAT, LineFormat, ParsedLine
from pm2.logs.line_matcher import LineMatcher
from pm2.logs.log_lines import LogLine
from pm2.logs.log_sources import LogFile, LogSource

ALIGN_LINES = 20
MAX_LAG_LINES = 200  # how many lines the file may lag behind the bus
READING_SHARE = 0.75  # of the time: the rest is for matching what was read until then
MAX_UNDATED_LINES = 1000  # after so many lines without a time, none is expected

MAX_DISORDER = timedelta(minutes=1)  # of lines that several processes write to one file; a larger one is a set clock


@dataclass(frozen=True, slots=True)
class FileSearch:
    """What to find in a file. `deadline_s`: monotonic; `max_characters`: of all its lines together."""

    matcher: LineMatcher
    count: int
    since: datetime | None
    deadline_s: float
    max_characters: int


@dataclass(frozen=True, slots=True)
class FileMatches:
    """Matching lines, oldest first. `complete`: False if the time or the characters ran out before the file."""

    source: LogSource
    lines: tuple[LogLine, ...]
    complete: bool


@dataclass(slots=True)
class _Progress:
    """The matches so far, newest first."""

    lines: list[ParsedLine]
    has_undated: bool = False
    is_cut: bool = False


def search_file(file: LogFile, live: Sequence[str], search: FileSearch) -> FileMatches:
    """The newest matching lines that are older than the `live` ones, which the bus delivered (oldest first)."""
    source, progress = file.source, _Progress([])
    try:
        if source.path:
            now_s = time.monotonic()
            reading_s = READING_SHARE * (search.deadline_s - now_s)
            _collect(_read_older(file, live, now_s + reading_s), search, progress)
    except TimeoutError:
        progress.is_cut = True
    except OSError as error:
        source = replace(source, message=f"{error.strerror}.")
    if progress.has_undated:
        left_out = " since leaves them out." if search.since else ""
        source = replace(source, message=explain_undated(file.formats) + left_out)
    lines = [LogLine(line.at, source.pm_id, source.name, source.stream, line.text) for line in reversed(progress.lines)]
    return FileMatches(source, tuple(lines), not progress.is_cut)


def _collect(lines: Iterator[ParsedLine], search: FileSearch, progress: _Progress) -> None:
    characters = undated = 0
    for line in lines:
        if time.monotonic() > search.deadline_s or characters > search.max_characters:
            progress.is_cut = True
            return
        undated = undated + 1 if line.at is None else 0
        progress.has_undated = progress.has_undated or line.at is None
        if search.since is not None:
            if line.at is None and undated <= MAX_UNDATED_LINES:
                continue
            if line.at is None or line.at < search.since:
                return
        if search.matcher(line.text):
            progress.lines.append(line)
            characters += len(line.text)
            if len(progress.lines) == search.count:
                return


def explain_undated(formats: Sequence[LineFormat]) -> str:
    """Why lines of a file have no times, and what gives them times."""
    unreadable = [item.date_format for item in formats if item.date_format and not item.states_times()]
    if unreadable:
        return f"Lines without times: log_date_format {unreadable[0]!r} does not state a date and a time of day."
    if any(item.states_times() for item in formats):
        return "Lines without times, from before the app had a log_date_format."
    return "Lines without times: PM2 writes them for apps that are started with --time."


def _read_older(file: LogFile, live: Sequence[str], deadline_s: float) -> Iterator[ParsedLine]:
    """The lines that the bus did not deliver, newest first. Raises OSError, TimeoutError."""
    lines = read_parsed(Path(file.source.path), file.formats, deadline_s)
    newest: list[ParsedLine] = []
    is_late = False
    try:
        newest.extend(islice(lines, ALIGN_LINES))
    except TimeoutError:
        is_late = True
    skip = count_overlap([line.text for line in newest], live[::-1])
    yield from newest[skip:]
    if is_late:
        raise TimeoutError
    yield from islice(lines, max(0, skip - len(newest)), None)


def read_parsed(path: Path, formats: Sequence[LineFormat], deadline_s: float) -> Iterator[ParsedLine]:
    """The app's lines, newest first. Raises OSError, TimeoutError.

    Of several lines in one write PM2 states the time before the first (ProcessContainer.js): the others get it too, if
    the app has a format that states times.
    """
    inherits = any(item.states_times() for item in formats)
    waiting: list[ParsedLine] = []
    try:
        for raw in log_files.read_backwards(path, deadline_s):
            parsed = _parse(raw, formats)
            if parsed[0].at is None and inherits and len(waiting) < MAX_UNDATED_LINES:
                waiting += parsed[::-1]
                continue
            yield from (line._replace(at=parsed[0].at) for line in waiting)
            waiting.clear()
            yield from reversed(parsed)
    except TimeoutError:
        yield from waiting
        raise
    yield from waiting


def _parse(raw: str, formats: Sequence[LineFormat]) -> list[ParsedLine]:
    """By the first format that finds a time."""
    readings = [item.parse(raw) for item in formats or (NO_FORMAT,)]
    return next((reading for reading in readings if reading[0].at is not None), readings[0])


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


def choose_newest(files: Sequence[Sequence[LogLine]], count: int) -> list[LogLine]:
    """The newest lines of several files, at most `count`. All are given and returned oldest first, those without times
    before the others.

    Where not all fit, each file gets the same share, and what it does not need goes to the others: no time says which
    lines of two files are newer. The shares of files with times are one, from which the newest are taken.
    """
    shares = _divide(count, [len(lines) for lines in files])
    undated: list[LogLine] = []
    dated: list[tuple[tuple[int, datetime], LogLine]] = []
    dated_share = 0
    for lines, share in zip(files, shares, strict=True):
        if any(line.at for line in lines):
            dated += _by_time(lines)
            dated_share += share
        elif share:
            undated += lines[-share:]
    dated.sort(key=lambda pair: pair[0])
    return undated + [line for _, line in dated[len(dated) - dated_share :]]


def _by_time(lines: Sequence[LogLine]) -> list[tuple[tuple[int, datetime], LogLine]]:
    """Each with its time; one without a time stays behind the line before it. Before the time stands how often the
    clock was set back after the line, as a negative number: at the end of summer time, too, where times state no zone.
    """
    times = [datetime.min.replace(tzinfo=UTC)]
    for line in lines:
        times.append(line.at or times[-1])
    dated: list[tuple[tuple[int, datetime], LogLine]] = []
    steps, next_at = 0, times[-1]
    for at, line in zip(reversed(times[1:]), reversed(lines), strict=True):
        steps += at - next_at > MAX_DISORDER
        next_at = at
        dated.append(((-steps, at), line))
    return dated[::-1]


def _divide(count: int, sizes: Sequence[int]) -> list[int]:
    """Equal shares of `count`, none larger than its size."""
    shares = [0] * len(sizes)
    for position, index in enumerate(sorted(range(len(sizes)), key=lambda index: sizes[index])):
        shares[index] = min(sizes[index], count // (len(sizes) - position))
        count -= shares[index]
    return shares
