"""Bodies of `/api/history`. [pure]"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from monitoring.api.timeline import Annotation
from monitoring.recording.current import WireTuple
from monitoring.series.catalogue import Unit
from system.lib.wire import Key


@dataclass(frozen=True)
class HistoryRange:
    """Body of `GET /api/history`."""

    metric: str
    subject: str | None
    unit: Unit
    resolution_seconds: Annotated[float, "Length of the interval of each point"]
    from_: Annotated[datetime, Key("from")]
    to: datetime
    points: Annotated[
        tuple[WireTuple, ...], "Start of the interval in unix seconds, minimum, mean, maximum. A gap has no points"
    ]
    annotations: tuple[Annotation, ...]
    annotations_left_out: Annotated[int, "Older ones of the same time"]
    timestamp: datetime


@dataclass(frozen=True)
class MetricSubjects:
    metric: str
    unit: Unit
    description: str
    subjects: Annotated[tuple[str, ...], "Names under PM2, `NAME:ID`, or ports; empty for a metric without subjects"]


@dataclass(frozen=True)
class HistoryMetrics:
    """Body of `GET /api/history/metrics`."""

    metrics: tuple[MetricSubjects, ...]
    recording: Annotated[bool, "This server records; false if another one with the same DATA_DIR does"]
    oldest: Annotated[datetime | None, "Time of the oldest point"]
    timestamp: datetime
