"""Types for the history of metrics, and its intervals in columns of a chart. [pure]"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

MAX_TIME_S = datetime(9000, 1, 1, tzinfo=UTC).timestamp()
# Kinds of annotations, the most important first: where several share a column, the first is its mark.
KINDS = ("exit", "restart", "clock", "server", "deploy", "run")


@dataclass(frozen=True, slots=True)
class Interval:
    """`start_s`: Unix time of the server; minimum, mean and maximum in the unit of the metric."""

    start_s: float
    low: float
    mean: float
    high: float


Columns = list[Interval | None]  # one for each column of a chart, None where nothing was recorded


@dataclass(frozen=True, slots=True)
class Annotation:
    """What happened. `kind`: one of `KINDS`; `subject`: the name under PM2; `id`: of the exit or run."""

    at: datetime
    kind: str = ""
    text: str = ""
    id: str | None = None
    subject: str | None = None

    @property
    def at_s(self) -> float:
        return self.at.timestamp()


@dataclass(frozen=True, slots=True)
class MetricHistory:
    """`from_`, `to`: the requested time, by the server's clock; `points`: as sent, [start of the interval, min, mean,
    max]; intervals without data are missing. `annotations_left_out`: older ones of the same time."""

    metric: str
    subject: str | None = None
    unit: str = ""
    resolution_seconds: float = 60.0
    from_: datetime | None = None
    to: datetime | None = None
    points: tuple[tuple[float, ...], ...] = ()
    annotations: tuple[Annotation, ...] = ()
    annotations_left_out: int = 0
    timestamp: datetime | None = None

    @property
    def resolution_s(self) -> float:
        """The length of an interval, at least a millisecond."""
        return max(0.001, self.resolution_seconds)

    def intervals(self) -> tuple[Interval, ...]:
        """The readable points in the order of time."""
        readable = (Interval(*point) for point in self.points if len(point) == 4 and 0 <= point[0] < MAX_TIME_S)
        return tuple(sorted(readable, key=lambda interval: interval.start_s))


@dataclass(frozen=True, slots=True)
class Metric:
    """`subjects`: empty for a metric of the host or of the server itself."""

    metric: str
    unit: str = ""
    description: str = ""
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Metrics:
    """`recording`: whether new samples are added; `oldest`: of the first sample, None without one."""

    metrics: tuple[Metric, ...]
    recording: bool = True
    oldest: datetime | None = None


def band(columns: Columns) -> list[tuple[float, float, float] | None]:
    """Low, mean and high, for drawing."""
    return [None if one is None else (one.low, one.mean, one.high) for one in columns]


def in_columns(
    intervals: Sequence[Interval], resolution_s: float, start_s: float, end_s: float, columns: int
) -> Columns:
    """Minimum, mean and maximum of the intervals that overlap each of `columns` equal parts of the time. An interval
    that is longer than a column fills several, so that only missing ones are gaps. `intervals`: by time."""
    span_s = end_s - start_s
    if columns <= 0 or span_s <= 0:
        return [None] * max(0, columns)
    lows, highs = [math.inf] * columns, [-math.inf] * columns
    sums, counts = [0.0] * columns, [0] * columns
    per_second, last_column = columns / span_s, columns - 1
    begin = bisect_left(intervals, start_s - resolution_s, key=_start_s)
    end = bisect_left(intervals, end_s, key=_start_s)
    for interval in intervals[begin:end]:
        from_s = interval.start_s - start_s
        if from_s + resolution_s <= 0:
            continue
        first = max(0, min(last_column, int(from_s * per_second)))
        last = max(first, min(last_column, int((from_s + resolution_s) * per_second - 1e-9)))
        for column in range(first, last + 1):
            lows[column] = min(lows[column], interval.low)
            highs[column] = max(highs[column], interval.high)
            sums[column] += interval.mean
            counts[column] += 1
    return [
        Interval(start_s + column / per_second, lows[column], sums[column] / count, highs[column]) if count else None
        for column, count in enumerate(counts)
    ]


def _start_s(interval: Interval) -> float:
    return interval.start_s


def summary(intervals: Sequence[Interval]) -> Interval | None:
    """Of all of them; None without any."""
    if not intervals:
        return None
    mean = sum(interval.mean for interval in intervals) / len(intervals)
    return Interval(
        intervals[0].start_s,
        min(interval.low for interval in intervals),
        mean,
        max(interval.high for interval in intervals),
    )


def in_order_of_importance(annotations: Sequence[Annotation]) -> list[Annotation]:
    """By kind as in `KINDS`, unknown ones last; of one kind by time."""
    return sorted(annotations, key=lambda one: (KINDS.index(one.kind) if one.kind in KINDS else len(KINDS), one.at_s))
