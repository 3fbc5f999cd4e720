"""Lays out the panels for any terminal size: all of them, the focused one, or a single line. [pure]"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dashboard_client.tui.screen.frame import Rect

FULL_SIZE = (32, 120)  # minimum rows and columns for all panels
COMPACT_SIZE = (24, 80)
SINGLE_PANEL_SIZE = (8, 32)
WIDE = 100  # the largest width of a window of text
PANEL_GUTTER, WINDOW_GUTTER = 5, 9  # columns left of a chart, for its labels


class Panel(StrEnum):
    CPU = "cpu"
    MEMORY = "memory"
    PM2 = "pm2"
    REDIS = "redis"
    BENCHMARKS = "benchmarks"
    RUN = "run"
    ACTIVITY = "activity"


@dataclass(frozen=True, slots=True)
class Layout:
    """`title`, `keys` and `tabs` are single rows, None without room. `line`: set if only one line fits."""

    panels: dict[Panel, Rect]
    title: Rect | None = None
    keys: Rect | None = None
    tabs: Rect | None = None
    line: Rect | None = None

    def panel_at(self, y: int, x: int) -> Panel | None:
        return next((panel for panel, rect in self.panels.items() if rect.within(y, x)), None)


def solve(height: int, width: int, focus: Panel = Panel.PM2, *, is_zoomed: bool = False) -> Layout:
    """Fits any size: panels are dropped as it shrinks."""
    if is_one_line(height, width):
        return Layout({}, line=Rect(0, 0, min(1, height), width))
    title, keys = Rect(0, 0, 1, width), Rect(height - 1, 0, 1, width)
    body = Rect(1, 0, height - 2, width)
    if is_zoomed:
        return Layout({focus: body}, title, keys)
    if height >= FULL_SIZE[0] and width >= FULL_SIZE[1]:
        return Layout(_full(body), title, keys)
    if height >= COMPACT_SIZE[0] and width >= COMPACT_SIZE[1]:
        return Layout(_compact(body, focus), title, keys)
    rest = Rect(body.y + 1, 0, body.height - 1, width)
    return Layout({focus: rest}, title, keys, tabs=Rect(1, 0, 1, width))


def is_one_line(height: int, width: int) -> bool:
    """Too small for any panel or window: a question would be invisible."""
    return height < SINGLE_PANEL_SIZE[0] or width < SINGLE_PANEL_SIZE[1]


def _full(body: Rect) -> dict[Panel, Rect]:
    """Two columns: charts, lists, run and activity. Half of the spare rows goes to the lists."""
    left = body.width // 2
    spare = body.height - (FULL_SIZE[0] - 2)
    top, bottom = 9 + spare // 4, 8 + spare // 4
    middle = body.height - top - bottom
    redis = min(7 + spare // 3, middle - 5)
    y, x, right = body.y, left, body.width - left
    return {
        Panel.CPU: Rect(y, 0, top, left),
        Panel.MEMORY: Rect(y, x, top, right),
        Panel.PM2: Rect(y + top, 0, middle, left),
        Panel.REDIS: Rect(y + top, x, redis, right),
        Panel.BENCHMARKS: Rect(y + top + redis, x, middle - redis, right),
        Panel.RUN: Rect(y + top + middle, 0, bottom, left),
        Panel.ACTIVITY: Rect(y + top + middle, x, bottom, right),
    }


def _compact(body: Rect, focus: Panel) -> dict[Panel, Rect]:
    """Like `_full`, smaller; the run panel replaces the activity panel while focused."""
    left = body.width // 2
    spare = body.height - (COMPACT_SIZE[0] - 2)
    top, bottom = 7 + spare // 4, 6 + spare // 4
    middle = body.height - top - bottom
    redis = 5 + spare // 4
    y, x, right = body.y, left, body.width - left
    bottom_panel = Panel.RUN if focus is Panel.RUN else Panel.ACTIVITY
    return {
        Panel.CPU: Rect(y, 0, top, left),
        Panel.MEMORY: Rect(y, x, top, right),
        Panel.PM2: Rect(y + top, 0, middle, left),
        Panel.REDIS: Rect(y + top, x, redis, right),
        Panel.BENCHMARKS: Rect(y + top + redis, x, middle - redis, right),
        bottom_panel: Rect(y + top + middle, 0, bottom, body.width),
    }


def window_width(width: int) -> int:
    """Columns inside a window of text, without its border and margin."""
    return max(1, min(WIDE, width) - 4)


def centred(outer: Rect, height: int, width: int) -> Rect:
    """A rectangle in the middle of `outer`, at most `height` by `width`."""
    height, width = min(height, outer.height), min(width, outer.width)
    return Rect(outer.y + (outer.height - height) // 2, outer.x + (outer.width - width) // 2, height, width)
