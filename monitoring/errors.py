"""Errors of the history of metrics."""

from __future__ import annotations

from system.lib.errors import Unavailable


class HistoryOff(Unavailable):
    def __init__(self) -> None:
        super().__init__("The history of metrics is off. Start the server with HISTORY=1 to record it.")


class HistoryUnreadable(Unavailable):
    """The file is damaged, or cannot be opened."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The history of metrics cannot be read: {reason}.")
