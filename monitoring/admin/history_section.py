"""The history of an instance as a section of its page and of the pages of its exits. [io: database, SQLite]"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from monitoring.admin import ranges
from monitoring.admin.ranges import DEFAULT, PARAMETER, RANGES, Window
from monitoring.api import timeline
from monitoring.api.timeline import Annotation
from monitoring.charts.axes import describe_range
from monitoring.charts.marks import Mark
from monitoring.charts.timeline import NOTHING, Series, render_series
from monitoring.errors import HistoryOff, HistoryUnreadable
from monitoring.recording import current
from monitoring.recording.scalars import MAX_SUBJECT
from monitoring.series.catalogue import CATALOGUE, SeriesKey
from monitoring.store import reader
from pm2.models import Exit, Instance
from system.stored_times import is_time

TEMPLATE = "admin/monitoring/history_section.html"
POINTS = 365  # an interval is about 1.5 pixels wide: 10 s of an hour, 4 min of a day, a day of a year
LIST_ID = "what-happened"
OPEN_LIST = 20  # rows of what happened that are shown without a click
# Metric, what it measures, what its unit relates to, and why it may have no values while others do.
CHARTS = (
    ("instance.cpu", "CPU", "of one core", NOTHING),
    ("instance.memory", "Memory", "", NOTHING),
    (
        "instance.eventLoopMs",
        "Event loop latency",
        "",
        "only programs with PM2's agent report it.",
    ),
)
PAGES = {"exit": "admin:pm2_exit_change", "restart": "admin:pm2_exit_change", "run": "admin:benchmarks_run_change"}


@dataclass(frozen=True, slots=True)
class Event:
    """A row of what happened."""

    at: str
    kind: str
    text: str
    link: str
    is_subject: bool


def render_section(request: HttpRequest, instance: Instance, ended: Exit | None) -> SafeString:
    """Charts of CPU, memory and event loop with what happened: over the range of the request, or around an exit. A
    history that cannot be read is a sentence in their place."""
    context: dict[str, Any] = {"list_id": LIST_ID, "notes": []}
    if ended is None:
        name, note = _chosen_range(request)
        context |= {"links": _range_links(request, name), "notes": [note] if note else []}
        window = ranges.up_to_end(name, instance.gone_at, time.time())
    elif ranges.is_usable(ended.at):
        window = ranges.around_exit(ended.at, time.time())
    else:
        return _render({**context, "problem": "The time of this exit cannot be read, so its history is not known."})
    try:
        return _render({**context, **_history(instance, ended, window)})
    except (HistoryOff, HistoryUnreadable) as error:
        return _render({**context, "problem": str(error)})


def _render(context: dict[str, Any]) -> SafeString:
    return render_to_string(TEMPLATE, context)


def _chosen_range(request: HttpRequest) -> tuple[str, str]:
    """Its name, and a sentence if the request has another."""
    name = request.GET.get(PARAMETER, DEFAULT)
    if name in RANGES:
        return name, ""
    return DEFAULT, f"{PARAMETER} must be one of {', '.join(RANGES)}; this is {RANGES[DEFAULT][0]}."


def _range_links(request: HttpRequest, chosen: str) -> list[tuple[str, str, bool]]:
    """Label, address, and whether it is the one that is drawn. Other parameters of the page are kept."""
    links = []
    for name, (label, _) in RANGES.items():
        query = request.GET.copy()
        query[PARAMETER] = name
        links.append((label, f"?{query.urlencode()}", name == chosen))
    return links


def _history(instance: Instance, ended: Exit | None, window: Window) -> dict[str, Any]:
    """Raises HistoryOff, HistoryUnreadable."""
    current.check_on()
    subject, now_s = f"{instance.name[:MAX_SUBJECT]}:{instance.pm_id}", time.time()
    keys = [SeriesKey(metric, subject) for metric, *_ in CHARTS]
    series = [(key, current.read_range(key, window.from_s, window.to_s, POINTS, now_s)) for key in keys]
    if not any(range_.points for _, range_ in series):
        return {"problem": _why_empty(keys, instance, window)}
    annotations, left_out = timeline.collect(keys[0], window.from_s, window.to_s)
    marks = _marks(annotations, ended)
    charts = [
        render_series(
            Series(str(instance), quantity, CATALOGUE[key.metric].unit, range_.seconds, range_.points, of),
            marks, window.from_s, window.to_s, list_link=f"#{LIST_ID}", reason=reason,
        )
        for (key, range_), (_, quantity, of, reason) in zip(series, CHARTS, strict=True)
    ]  # fmt: skip
    first_s = min(range_.points[0][0] + range_.seconds for _, range_ in series if range_.points)
    return {
        "charts": [mark_safe(chart) for chart in charts],  # noqa: S308 - charts escape all text themselves
        "events": _events(marks),
        "is_open": len(marks) <= OPEN_LIST,
        "left_out": left_out,
        "earlier": _earlier_instance(instance, first_s),
    }


def _why_empty(keys: Iterable[SeriesKey], instance: Instance, window: Window) -> str:
    """Raises HistoryUnreadable."""
    with current.reading() as path:
        recorded = reader.read_contents(path).keys
    if set(keys).isdisjoint(recorded):
        problem = current.recorder().problem
        reason = f": it cannot be written: {problem}" if problem else ""
        return f"No history of {instance} has been recorded{reason}."
    return f"Nothing of {instance} is recorded from {describe_range(window.from_s, window.to_s)}."


def _earlier_instance(instance: Instance, first_s: float) -> str:
    """A sentence if the charts begin before the instance: PM2 reuses names and ids."""
    if not is_time(instance.first_seen) or instance.first_seen.timestamp() <= first_s:
        return ""
    first_seen = f"{instance.first_seen:%Y-%m-%d %H:%M}"
    return f"This instance was first seen at {first_seen}; before, another one had its name and id."


def _marks(annotations: Iterable[Annotation], ended: Exit | None) -> list[Mark]:
    """In the order of their times, with the exit that the page is about, whatever was left out."""
    marks = [
        Mark(one.at.timestamp(), one.kind, one.text, _link(one))
        for one in annotations
        if not (ended is not None and one.kind in ("exit", "restart") and one.id == str(ended.pk))
    ]
    if ended is not None:
        kind = timeline.kind_of(ended)
        marks.append(Mark(ended.at.timestamp(), kind, f"{ended.instance}: {ended.text}", label="this exit"))
    return sorted(marks, key=lambda mark: mark.at)


def _link(annotation: Annotation) -> str:
    page = PAGES.get(annotation.kind)
    return reverse(page, args=(annotation.id,)) if page and annotation.id else ""


def _events(marks: Sequence[Mark]) -> list[Event]:
    """Newest first."""
    times = (datetime.fromtimestamp(mark.at, UTC) for mark in marks)
    events = [
        Event(f"{at:%Y-%m-%d %H:%M:%S}", mark.kind, mark.text, mark.link, bool(mark.label))
        for at, mark in zip(times, marks, strict=True)
    ]
    return events[::-1]
