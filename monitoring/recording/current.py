"""This server's recorder, and ranges of its history: from memory where it has them, else from the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from monitoring.errors import HistoryOff, HistoryUnreadable
from monitoring.recording.recorder import Recorder
from monitoring.series import resolution
from monitoring.series.catalogue import CATALOGUE, SeriesKey
from monitoring.series.points import Point
from monitoring.series.resolution import FINE
from monitoring.store import metrics_file, reader
from monitoring.store.step_row import MAX_SERIES

WireTuple = tuple[float, float, float, float]  # start of the interval in unix seconds, minimum, mean, maximum
_recorders: dict[Path, Recorder] = {}


@dataclass(frozen=True, slots=True)
class Range:
    """Points of one series, in ascending times. A gap is the absence of points."""

    seconds: float
    points: tuple[WireTuple, ...]


def recorder() -> Recorder:
    folder = Path(settings.DATA_DIR)
    if folder not in _recorders:
        _recorders[folder] = Recorder(folder / metrics_file.NAME, folder / "locks" / "metrics")
    return _recorders[folder]


def check_on() -> None:
    """Raises HistoryOff."""
    if not settings.HISTORY:
        raise HistoryOff


@contextmanager
def reading() -> Iterator[Path]:
    """The file's path. If it cannot be read, the recorder checks it before it writes again."""
    ours = recorder()
    try:
        yield ours.path
    except HistoryUnreadable:
        ours.is_suspect = True
        raise


def read_range(key: SeriesKey, from_s: float, to_s: float, points: int, now_s: float) -> Range:
    """About `points` points of [from_s, to_s). Raises HistoryUnreadable."""
    if (to_s - from_s) / points < FINE.step_s:
        recent = _recent(key, from_s, to_s, points)
        if recent is not None:
            return recent
    chosen = resolution.choose(from_s, to_s, points, now_s)
    with reading() as path:
        rows = reader.read_points(path, key, chosen, from_s, to_s)
    quantum = CATALOGUE[key.metric].quantum
    places = max(0, len(f"{quantum:g}".partition(".")[2]))
    return Range(chosen.seconds, tuple(_wire_point(row, chosen.seconds, quantum, places) for row in rows))


def _wire_point(row: Point, seconds: int, quantum: float, places: int) -> WireTuple:
    slot, low, mean, high = row
    return (
        float(slot * seconds),
        round(low * quantum, places),
        round(mean * quantum, places),
        round(high * quantum, places),
    )


def _recent(key: SeriesKey, from_s: float, to_s: float, points: int) -> Range | None:
    """Single values by the second; None if nobody has watched the stream since `from_s`."""
    for values in recorder().recent.values():
        samples = values.between(key, from_s, to_s) if values.covers(from_s) else []
        if samples:
            return _by_seconds(samples, max(1, -int(-(to_s - from_s) // points)))
    return None


def _by_seconds(samples: list[tuple[float, float]], seconds: int) -> Range:
    groups: dict[int, list[float]] = {}
    for at, value in samples:
        groups.setdefault(int(at // seconds), []).append(value)
    rows = ((slot * seconds, min(values), sum(values) / len(values), max(values)) for slot, values in groups.items())
    return Range(seconds, tuple((float(start), low, mean, high) for start, low, mean, high in rows))


def condition() -> tuple[bool, str]:
    """Whether the history is being recorded without a problem, and a sentence with its size."""
    ours = recorder()
    size = f"{metrics_file.size_bytes(ours.path) / 2**20:.1f} MiB"
    parts = (
        [size, f"{ours.series} series"] if ours.is_recording else [size, "another server with this DATA_DIR records"]
    )
    if ours.problem:
        parts.append(f"cannot be written: {ours.problem}")
    if ours.lost_steps:
        parts.append(f"{ours.lost_steps} steps of 10 s are lost")
    if ours.dropped_series:
        parts.append(f"only {MAX_SERIES} series are recorded")
    parts += [f"a damaged file was put aside: {path.name}" for path in metrics_file.put_asides(ours.path)]
    return ours.problem is None, ", ".join(parts)
