"""Times that were read from the database, where a row may hold something else. [pure]"""

from __future__ import annotations

from datetime import UTC, datetime

# What is read of a stored text that is no time. It is long ago, so that whatever ends at such a time has ended.
NO_TIME = datetime(1, 1, 1, tzinfo=UTC)


def is_time(at: object) -> bool:
    """False for None, which is what SQLite's driver reads of an empty text."""
    return isinstance(at, datetime) and at > NO_TIME


def format_time(at: datetime | None) -> str:
    """To the second."""
    return f"{at or NO_TIME:%Y-%m-%d %H:%M:%S}"
