"""Charts: metrics over a range of time that ends now or earlier, with one cursor for all of them. [pure]

Times are of three kinds: `at_s` is monotonic, by this machine; `start_s`, `end_s` and `cursor_s` are Unix times by the
server's clock, as the history has them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from dashboard_client.wire.host_and_pm2 import Process
from dashboard_client.wire.metric_history import Annotation, Interval, MetricHistory
from dashboard_client.wire.redis import RedisNode

RANGES: tuple[tuple[str, float], ...] = (
    ("60 s", 60.0), ("15 min", 900.0), ("1 h", 3600.0), ("6 h", 21600.0), ("1 d", 86400.0), ("7 d", 604800.0),
    ("14 d", 1209600.0),
)  # fmt: skip
LIVE_S = 900.0  # how long samples of streams are kept
POINTS = 400  # of a request; the server chooses the resolution
KEPT_S = 366 * 86400.0  # by the server
RETRY_S = 30.0
AFTER_EVENT_S = 5.0  # between two requests, however much happens
SETTLED_S = 60.0  # after that, the server has written all samples of a time
WITHOUT_STREAM = ("eventLoopMs",)  # metrics that no stream carries
UNITS: Mapping[str, str] = {"cpu": "percent", "memory": "bytes", "eventLoopMs": "milliseconds", "ops": "perSecond"}
TITLES: Mapping[str, str] = {"cpu": "CPU", "memory": "memory", "eventLoopMs": "event loop", "ops": "operations"}


@dataclass(frozen=True, slots=True)
class Point:
    at_s: float
    value: float


@dataclass(frozen=True, slots=True)
class Past:
    """A response of the history."""

    intervals: tuple[Interval, ...] = ()
    resolution_s: float = 60.0
    annotations: tuple[Annotation, ...] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """One metric. `live`: the newest samples of its stream; `answered`: the purpose of the call that was answered last,
    at `checked_s`, by `past` or with a `problem`."""

    metric: str
    subject: str | None = None
    live: tuple[Point, ...] = ()
    past: Past | None = None
    answered: str = ""
    checked_s: float | None = None
    problem: str = ""

    @property
    def figure(self) -> str:
        """Of which figure: cpu, memory, …"""
        return self.metric.partition(".")[2]

    @property
    def title(self) -> str:
        kind = {"redis": "node"}.get(self.metric.partition(".")[0], self.metric.partition(".")[0])
        return f"{TITLES.get(self.figure, self.figure)} of {kind} {self.subject or ''}".rstrip()


@dataclass(frozen=True, slots=True)
class Chart:
    """`group`: how many consecutive series are drawn together; `selected`: the index of a series, whose group is drawn;
    `range`: index into `RANGES`; `end_s`: the right edge, None while it moves with the time. A cursor stops it."""

    series: tuple[Series, ...] = ()
    group: int = 1
    selected: int = 0
    range: int = 0
    end_s: float | None = None
    cursor_s: float | None = None

    @property
    def range_s(self) -> float:
        return RANGES[self.range][1]

    @property
    def range_label(self) -> str:
        return RANGES[self.range][0]

    @property
    def is_default(self) -> bool:
        """The last minute, which the streams alone fill."""
        return self.range == 0 and self.end_s is None

    @property
    def visible(self) -> tuple[Series, ...]:
        first = self.selected // self.group * self.group
        return self.series[first : first + self.group]


NO_CHART = Chart()
HOST_CHART = Chart((Series("host.cpu"), Series("host.memory")), group=2)


def process_chart(process: Process) -> Chart:
    """Of the instance, then of its app."""
    figures = ("cpu", "memory", "eventLoopMs")
    subjects = {"instance": f"{process.name}:{process.pm_id}", "app": process.name}
    return Chart(
        tuple(Series(f"{kind}.{figure}", subject) for kind, subject in subjects.items() for figure in figures),
        group=len(figures),
    )


def node_chart(node: RedisNode) -> Chart:
    return Chart((Series("redis.ops", str(node.port)), Series("redis.memory", str(node.port))), group=2)


def process_samples(process: Process, processes: Sequence[Process]) -> dict[str, float]:
    """The current values by metric; none of what is not online."""
    app = [one for one in processes if one.name == process.name and one.status == "online"]
    samples: dict[str, float] = {}
    for kind, members in (("instance", [process] if process.status == "online" else []), ("app", app)):
        if members:
            samples[f"{kind}.cpu"] = sum(one.cpu for one in members)
            samples[f"{kind}.memory"] = sum(one.memory_bytes or one.memory * 2**20 for one in members)
    return samples


def node_samples(node: RedisNode) -> dict[str, float]:
    figures = {"redis.ops": node.ops_per_second, "redis.memory": node.memory_bytes}
    return {metric: float(value) for metric, value in figures.items() if value is not None}


def with_samples(chart: Chart, samples: Mapping[str, float], at_s: float) -> Chart:
    """Metrics without a sample get a gap."""
    series = tuple(replace(one, live=with_point(one.live, at_s, samples.get(one.metric))) for one in chart.series)
    return replace(chart, series=series)


def with_point(points: tuple[Point, ...], at_s: float, value: float | None) -> tuple[Point, ...]:
    kept = tuple(point for point in points if at_s - point.at_s <= LIVE_S)
    return kept if value is None else (*kept, Point(at_s, value))


def purpose(chart: Chart, series: Series) -> str:
    """Of the call that fills the series; calls of one series begin alike."""
    end = "now" if chart.end_s is None else f"{chart.end_s:.3f}"
    return f"{stem(series)}{chart.range_s:.0f} {end}"


def stem(series: Series) -> str:
    return f"chart {series.metric} {series.subject!r} "


def arguments(chart: Chart, series: Series) -> dict[str, object]:
    """Of `Endpoints.history`."""
    query: dict[str, object] = {"metric": series.metric, "subject": series.subject, "points": POINTS}
    if chart.end_s is None:
        return {**query, "start": f"-{chart.range_s:.0f}s"}
    return {**query, "start": _iso(chart.end_s - chart.range_s), "end": _iso(chart.end_s)}


def _iso(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_due(
    chart: Chart, series: Series, points: tuple[Point, ...], now_s: float, offset_s: float, happened_s: float
) -> bool:
    """Whether the history has to be fetched: for the first time, for another time, after a failure, or because it has
    something newer than the response. `points`: samples of the stream; `happened_s`: when the streams reported
    something that the history annotates."""
    if series.checked_s is None or series.answered != purpose(chart, series):
        return True
    age_s = now_s - series.checked_s
    if series.problem:
        return age_s >= RETRY_S
    if chart.end_s is not None:
        return series.checked_s + offset_s < chart.end_s + SETTLED_S and age_s >= RETRY_S
    if happened_s > series.checked_s and age_s >= AFTER_EVENT_S:
        return True
    if chart.range_s > LIVE_S or series.figure in WITHOUT_STREAM:
        return age_s >= max(10.0, min(600.0, chart.range_s / 120))
    # The newest intervals before the first sample of the stream are complete a little later.
    return bool(points) and series.checked_s - points[0].at_s < RETRY_S / 2 <= age_s


def filled(series: Series, history: MetricHistory, answered: str, now_s: float) -> Series:
    past = Past(history.intervals(), history.resolution_s, history.annotations)
    return replace(series, past=past, answered=answered, checked_s=now_s, problem="")


def resampled(
    points: tuple[Point, ...], columns: int, now_s: float, span_s: float, gap_s: float = 2.5
) -> list[float | None]:
    """Distribute points over columns by time, `now_s` at the right edge. Gaps of `gap_s` or more stay empty."""
    values: list[float | None] = [None] * columns
    if columns <= 0:
        return values
    per_column = span_s / columns
    previous: tuple[int, Point] | None = None
    for point in points[bisect_left(points, now_s - span_s, key=lambda point: point.at_s) :]:
        column = columns - 1 - int(max(0.0, now_s - point.at_s) / per_column)
        if column < 0:
            continue
        values[column] = max(point.value, values[column] or 0.0)
        if previous and point.at_s - previous[1].at_s < gap_s:
            gap = column - previous[0]
            for step in range(1, gap):
                values[previous[0] + step] = previous[1].value + (point.value - previous[1].value) * step / gap
        previous = (column, point)
    return values
