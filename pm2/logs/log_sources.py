"""The log files of processes, each once, whichever processes and streams write to it. [io: log files]"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pm2.daemon.process import Key
from pm2.logs import log_files
from pm2.logs.line_formats import LineFormat
from pm2.logs.log_files import LogFiles

RateLookup = Callable[[str, str], tuple[float, float]]  # (name, stream) → lines and bytes per second


@dataclass(frozen=True, slots=True)
class LogSource:
    """A log file that PM2 writes. Rates cover the last ten seconds, of all that write to it."""

    name: Annotated[str, "Several names, with a comma between them, if their apps share the file"]
    pm_id: Annotated[int | None, "null: several instances share the file"]
    stream: Annotated[str | None, ("out", "err"), "null: both streams go to the file"]
    path: str
    size_bytes: Annotated[int | None, "null: missing or not accessible"]
    lines_per_second: float
    bytes_per_second: float
    message: Annotated[str | None, "Why lines or their times are missing"] = None


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file to read. `writers`: name, pm_id and stream of those that write to it; `formats`: how they write."""

    source: LogSource
    writers: frozenset[tuple[str, int | None, str | None]]
    formats: tuple[LineFormat, ...]


@dataclass(frozen=True, slots=True)
class _Writer:
    name: str
    pm_id: int
    stream: str
    path: str
    format: LineFormat


def list_files(
    files: Mapping[Key, LogFiles], rates: RateLookup, selected: Callable[[Key], bool], stream: str | None
) -> tuple[LogFile, ...]:
    """The files that the selected processes write, or one of their streams; but a file that both streams share is
    listed for either. The others count too for who shares a file."""
    groups: dict[object, list[_Writer]] = {}
    for (name, pm_id), paths in files.items():
        for file_stream, path in (("out", paths.out), ("err", paths.err)):
            writer = _Writer(name, pm_id, file_stream, path, paths.format)
            groups.setdefault(_identity(writer), []).append(writer)
    return tuple(
        _describe(writers, rates)
        for writers in groups.values()
        if any(selected((writer.name, writer.pm_id)) and stream in (None, writer.stream) for writer in writers)
    )


def _identity(writer: _Writer) -> object:
    """Equal for two paths of one file; where there is none, or a device, for the instances of one app."""
    file = log_files.identify(Path(writer.path)) if writer.path else None
    return file or (writer.name, writer.stream, writer.path)


def _describe(writers: list[_Writer], rates: RateLookup) -> LogFile:
    names, pm_ids = sorted({writer.name for writer in writers}), {writer.pm_id for writer in writers}
    streams = {writer.stream for writer in writers}
    measured = [rates(name, stream) for name, stream in sorted({(writer.name, writer.stream) for writer in writers})]
    path = writers[0].path
    source = LogSource(
        name=", ".join(names),
        pm_id=pm_ids.pop() if len(pm_ids) == 1 else None,
        stream=streams.pop() if len(streams) == 1 else None,
        path=path,
        size_bytes=log_files.file_size(Path(path)) if path else None,
        lines_per_second=round(sum(lines for lines, _ in measured), 1),
        bytes_per_second=round(sum(size for _, size in measured), 1),
    )
    keys = frozenset((writer.name, writer.pm_id, writer.stream) for writer in writers)
    return LogFile(source, keys, tuple(dict.fromkeys(writer.format for writer in writers)))
