"""Configures structured logging: one line per event, as console text or JSON, and a rotated file in DATA_DIR/logs."""

from __future__ import annotations

import logging.config
import logging.handlers
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import structlog

from system.lib import files
from system.lib.text import is_printable, printable

LOG_FILE = "server.log"
SINGLE_LINE = ("event", "level", "logger", "timestamp")  # the console renderer prints these as they are
TRACES = ("exception", "stack")  # of several lines

_shared: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]


def _formatter(style: str, *, color: bool) -> dict[str, Any]:
    # Keys and values are untrusted (process names, headers, paths): they must neither control a terminal nor look like
    # another line.
    rendering: list[Any] = (
        [structlog.processors.JSONRenderer()]  # escapes all but printable ASCII
        if style == "json"
        else [_escape, structlog.dev.ConsoleRenderer(colors=color, pad_event_to=0)]
    )
    return {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": _shared,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
    }


class _Quoted:
    """A value that is printed as this text, whatever the renderer does with others."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _escape(logger: object, method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """For the console renderer, which quotes text with spaces and prints all other text as it is."""
    return {printable(str(key)): _escape_value(str(key), value) for key, value in event.items()}


def _escape_value(key: str, value: object) -> object:
    if key in SINGLE_LINE:
        return printable(str(value))
    if key in TRACES:  # indented, since the text of an exception may have lines that look like entries
        return "\n".join("  " + printable(line) for line in str(value).split("\n"))
    if isinstance(value, str):
        return value if is_printable(value) else _Quoted(repr(value))
    text = repr(value)
    return value if is_printable(text) else _Quoted(printable(text))


def logging_config(style: str, level: str, *, color: bool = False) -> dict[str, Any]:
    """A `logging.config.dictConfig` that formats all records, ours and the libraries', in one style."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": _formatter(style, color=color)},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # pm2site.http.middleware logs each request; these would log it twice.
            "django.server": {"level": "WARNING"},
            "django.channels.server": {"level": "WARNING"},
            "django.request": {"level": "CRITICAL"},
            "daphne.server": {"level": "WARNING"},
            "daphne.http_protocol": {"level": "WARNING"},
            "daphne.ws_protocol": {"level": "WARNING"},
            "asyncio": {"level": "WARNING"},
        },
    }


def configure() -> None:
    """Routes structlog through the standard library's logging, so that one configuration applies to both."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


class RotatedFile(logging.handlers.WatchedFileHandler):
    """A log file of ours that several servers may write: each notices when another one has rotated it.

    A line that the disk refuses is dropped here; it is on stderr too.
    """

    def _open(self) -> TextIOWrapper:
        path = self.baseFilename
        return open(path, "a", encoding="utf-8", errors="backslashreplace", opener=files.open_private)

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError):
            files.rotate(Path(self.baseFilename))
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def with_log_file(style: str, level: str, folder: Path, *, color: bool) -> dict[str, Any]:
    """The configuration with a rotated file, never in colour, in addition to stderr."""
    config = logging_config(style, level, color=color)
    handler = {"()": RotatedFile, "filename": str(folder / LOG_FILE), "formatter": "file_line"}
    return {
        **config,
        "formatters": {**config["formatters"], "file_line": _formatter(style, color=False)},
        "handlers": {**config["handlers"], "file": handler},
        "root": {**config["root"], "handlers": ["stderr", "file"]},
    }


_started: dict[str, Any] = {}


def apply(config: dict[str, Any]) -> None:
    """Django's LOGGING_CONFIG. Once `start` was called, its configuration stays."""
    logging.config.dictConfig(_started or config)


def start(style: str, level: str, folder: Path) -> None:
    """Starts logging to stderr (in colour on a terminal) and to `folder`/server.log. Raises OSError."""
    global _started
    files.make_folder(folder)
    files.open_to_append(folder / LOG_FILE).close()  # `dictConfig` would make a ValueError of its OSError
    _started = with_log_file(style, level, folder, color=sys.stderr.isatty())
    apply(_started)
