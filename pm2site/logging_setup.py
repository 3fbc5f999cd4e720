"""Configures structured logging: one line per event, as console text or JSON, and a rotated file in DATA_DIR/logs."""

from __future__ import annotations

import logging.config
import sys
from pathlib import Path
from typing import Any

import structlog

FILE_BYTES = 10 * 2**20
FILES_KEPT = 5

_shared: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]


def logging_config(style: str, level: str, *, color: bool = False) -> dict[str, Any]:
    """A `logging.config.dictConfig` that formats all records, ours and the libraries', in one style."""
    # Values are untrusted (process names, headers): the console renderer prints their repr.
    renderer = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=color, pad_event_to=0)
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _shared,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            }
        },
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


def with_log_file(config: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The configuration with a rotated file in addition to stderr."""
    handler = {
        "class": "logging.handlers.RotatingFileHandler",
        "filename": str(folder / "server.log"),
        "maxBytes": FILE_BYTES,
        "backupCount": FILES_KEPT,
        "formatter": "line",
        "encoding": "utf-8",
        "errors": "backslashreplace",
    }
    return {
        **config,
        "handlers": {**config["handlers"], "file": handler},
        "root": {**config["root"], "handlers": ["stderr", "file"]},
    }


def start(style: str, level: str, folder: Path) -> None:
    """Starts logging to stderr (in colour on a terminal) and to `folder`/server.log."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    config = logging_config(style, level, color=sys.stderr.isatty())
    logging.config.dictConfig(with_log_file(config, folder))
