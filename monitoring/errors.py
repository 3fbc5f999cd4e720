"""Errors of the monitoring app. [pure]"""

from __future__ import annotations

from collections.abc import Sequence

from system.lib.errors import Invalid, NotFound, ReportedError, Unavailable
from system.lib.text import printable

SHOWN_LENGTH = 80


class MonitoringError(ReportedError):
    """The base of this app's errors."""


class TargetMissing(MonitoringError, Invalid):
    """A scrape of a Redis node does not name it."""

    def __init__(self) -> None:
        super().__init__("Name the node: ?target=127.0.0.1:7000.", target=["This parameter is required."])


class TargetUnknown(MonitoringError, NotFound):
    """The target of a scrape is no Redis node of this machine that this server samples."""

    def __init__(self, target: str, known: Sequence[str]) -> None:
        text = printable(target[:SHOWN_LENGTH])
        nodes = ", ".join(known[:5]) + (", …" if len(known) > 5 else "") if known else "none"
        super().__init__(f"{text!r} is no Redis node that this server knows. Known: {nodes}.")


class NothingSampled(MonitoringError, Unavailable):
    """The first sample after the start is being taken."""

    retry_after_s = 5.0

    def __init__(self) -> None:
        super().__init__("No sample has been taken yet. The next scrape finds one.")


class HistoryOff(MonitoringError, Unavailable):
    def __init__(self) -> None:
        super().__init__("The history of metrics is off. Start the server with HISTORY=1 to record it.")


class HistoryUnreadable(MonitoringError, Unavailable):
    """The file is damaged, or cannot be opened."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The history of metrics cannot be read: {reason}.")
