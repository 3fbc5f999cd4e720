"""Commands about the history of metrics: one metric as picture, table, CSV or JSON; and which metrics there are."""

from __future__ import annotations

import json
import os
import shutil
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from dashboard_client.commands.progress import Waiting, print_status
from dashboard_client.errors import ClientError, Refused, Unsupported
from dashboard_client.formatting.figures import DASH, date_time, duration, measure
from dashboard_client.formatting.table import table
from dashboard_client.formatting.width import wrapped
from dashboard_client.network.api import Api
from dashboard_client.network.calls import Json
from dashboard_client.tui.screen import chart
from dashboard_client.tui.screen.theme import Glyphs, select_glyphs
from dashboard_client.wire.decode import clean, convert
from dashboard_client.wire.metric_history import Interval, MetricHistory, Metrics, band, in_columns, summary

HEIGHT = 5  # of the picture
PERIODS = 6  # of the table
MAX_WIDTH = 400
MIN_WIDTH = 40
MAX_POINTS = 2000  # of the server
NO_HISTORY = "has no history of metrics: its version is too old for this command."


def show_history(api: Api, options: Namespace) -> int:
    """Without a metric, the list of them."""
    if options.metric is None:
        return list_metrics(api, options)
    width = max(MIN_WIDTH, min(MAX_WIDTH, shutil.get_terminal_size().columns))
    is_picture = not options.json and not options.csv
    payload = _fetch(api, options, points=min(MAX_POINTS, 2 * width) if is_picture else None)
    if options.json:
        print(json.dumps(payload))
        return 0
    history = convert(MetricHistory, payload)
    intervals = history.intervals()
    if options.csv:
        print("\n".join(_csv_lines(intervals)))
        return 0
    if not intervals:
        where = f"{history.metric} {history.subject or ''}".strip()
        print_status(f"No samples of {where} from {date_time(history.from_)} to {date_time(history.to)}.")
    glyphs = select_glyphs(sys.stdout.encoding or "", os.environ.get("TERM", ""))
    print("\n".join(history_lines(history, glyphs, width)))
    return 0


def _fetch(api: Api, options: Namespace, points: int | None) -> Json:
    """Raises ClientError with what to do."""
    try:
        with Waiting(f"Reading {options.metric}"):
            return api.history(
                options.metric, options.subject, start=_moment(options.start), end=_moment(options.end),
                points=options.points or points,
            )  # fmt: skip
    except Unsupported as error:
        raise ClientError(f"{api.config.server} {NO_HISTORY}") from error
    except Refused as error:
        raise _with_fields(error) from error


def _with_fields(error: Refused) -> ClientError:
    """With what the server says about each parameter, unless its message says it already."""
    details: list[str] = []
    for value in error.fields.values():
        texts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        details += [clean(text) for text in texts if isinstance(text, str) and text not in str(error)]
    return ClientError(" ".join([str(error), *details]))


def _moment(text: str | None) -> str | None:
    """`1h` is short for `-1h`."""
    return f"-{text}" if text and text[:-1].isdigit() and text[-1] in "smhdw" else text


def list_metrics(api: Api, options: Namespace) -> int:
    try:
        payload = api.history_metrics()
    except Unsupported as error:
        raise ClientError(f"{api.config.server} {NO_HISTORY}") from error
    if options.json:
        print(json.dumps(payload))
        return 0
    known = convert(Metrics, payload)
    rows = [(one.metric, one.unit, ", ".join(one.subjects) or DASH, one.description) for one in known.metrics]
    print("\n".join(table("metric unit subjects description", rows)))
    since = "since no time yet" if known.oldest is None else f"since {date_time(known.oldest)}"
    print_status(f"Recorded {since}." if known.recording else f"Not recording; recorded {since}.")
    return 0


def _csv_lines(intervals: Sequence[Interval]) -> Iterator[str]:
    yield "time,min,mean,max"
    for interval in intervals:
        yield f"{_iso(interval.start_s)},{interval.low!r},{interval.mean!r},{interval.high!r}"


def _iso(at_s: float) -> str:
    text = datetime.fromtimestamp(at_s, UTC).isoformat(timespec="seconds" if at_s == int(at_s) else "milliseconds")
    return text.replace("+00:00", "Z")


def history_lines(history: MetricHistory, glyphs: Glyphs, width: int) -> Iterator[str]:
    """A picture as wide as the terminal, a table of parts of the time, and what happened meanwhile. Times are local."""
    intervals = history.intervals()
    start_s, end_s = _bounds(history, intervals)
    title = f"{history.metric} {history.subject or ''}".strip()
    yield f"{title}   {_local(start_s)} to {_local(end_s)}   {duration(history.resolution_s)} a point"
    total = summary(intervals)
    if total is not None:
        yield ""
        yield from _picture(history, intervals, total, glyphs, width)
        yield ""
        yield from table("from to >min >mean >max", list(_rows(history, intervals, start_s, end_s)))
    if history.annotations:
        yield ""
    if history.annotations_left_out > 0:
        yield f"{history.annotations_left_out} older ones; a shorter time has them:"
    for annotation in history.annotations:
        head = f"{date_time(annotation.at)}  {annotation.kind:<8} "
        first, *more = wrapped(annotation.text, max(20, width - len(head)))
        yield f"{head}{first}".rstrip()
        yield from (f"{'':{len(head)}}{line}" for line in more)


def _bounds(history: MetricHistory, intervals: Sequence[Interval]) -> tuple[float, float]:
    """As the server states them, else those of the data."""
    first = intervals[0].start_s if intervals else 0.0
    last = intervals[-1].start_s + history.resolution_s if intervals else first
    start_s = history.from_.timestamp() if history.from_ else first
    end_s = history.to.timestamp() if history.to else last
    return start_s, max(end_s, start_s + history.resolution_s)


def _picture(
    history: MetricHistory, intervals: Sequence[Interval], total: Interval, glyphs: Glyphs, width: int
) -> Iterator[str]:
    start_s, end_s = _bounds(history, intervals)
    labels = {0: measure(total.high, history.unit), HEIGHT - 1: measure(total.low, history.unit)}
    gutter = max(map(len, labels.values())) + 1
    cells = width - gutter
    columns = in_columns(intervals, history.resolution_s, start_s, end_s, cells * (2 if glyphs.dots else 1))
    for index, row in enumerate(chart.band(band(columns), HEIGHT, cells, total.low, total.high, glyphs)):
        text = "".join(character for character, _ in row)
        yield f"{labels.get(index, ''):>{gutter - 1}} {text}".rstrip()
    left, right = _local(start_s), _local(end_s)
    yield f"{'':{gutter}}{left}{right:>{max(0, cells - len(left))}}"


def _rows(
    history: MetricHistory, intervals: Sequence[Interval], start_s: float, end_s: float
) -> Iterator[tuple[str, ...]]:
    """Equal parts of the time, then the whole."""
    length_s = (end_s - start_s) / PERIODS
    for index in range(PERIODS):
        begins_s, ends_s = start_s + index * length_s, start_s + (index + 1) * length_s
        part = summary([one for one in intervals if begins_s <= one.start_s < ends_s])
        yield (_local(begins_s), _local(ends_s), *_figures(part, history.unit))
    yield (_local(start_s), _local(end_s), *_figures(summary(intervals), history.unit))


def _figures(part: Interval | None, unit: str) -> tuple[str, str, str]:
    return (measure(part.low, unit), measure(part.mean, unit), measure(part.high, unit)) if part else (DASH, DASH, DASH)


def _local(at_s: float) -> str:
    return date_time(datetime.fromtimestamp(at_s, UTC))
