"""Which panel stands where, for any size: all of them, the one in focus, or a single line. [pure]"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dashboard_client.tui.screen.frame import Rect

FULL = (32, 120)  # rows, columns from which on everything is shown
COMPACT = (24, 80)
SINGLE = (8, 32)


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
    """`title`, `keys` and `tabs` are single rows, None where there is no room; `line`: nothing but one line fits."""

    panels: dict[Panel, Rect]
    title: Rect | None = None
    keys: Rect | None = None
    tabs: Rect | None = None
    line: Rect | None = None

    def panel_at(self, y: int, x: int) -> Panel | None:
        """The panel under a cell."""
        return next((panel for panel, rect in self.panels.items() if rect.within(y, x)), None)


def solve(height: int, width: int, focus: Panel = Panel.PM2, *, is_zoomed: bool = False) -> Layout:
    """Never a refusal: what does not fit gives way."""
    if is_one_line(height, width):
        return Layout({}, line=Rect(0, 0, min(1, height), width))
    title, keys = Rect(0, 0, 1, width), Rect(height - 1, 0, 1, width)
    body = Rect(1, 0, height - 2, width)
    if is_zoomed:
        return Layout({focus: body}, title, keys)
    if height >= FULL[0] and width >= FULL[1]:
        return Layout(_full(body), title, keys)
    if height >= COMPACT[0] and width >= COMPACT[1]:
        return Layout(_compact(body, focus), title, keys)
    rest = Rect(body.y + 1, 0, body.height - 1, width)
    return Layout({focus: rest}, title, keys, tabs=Rect(1, 0, 1, width))


def is_one_line(height: int, width: int) -> bool:
    """No panel and no window has room: nothing that is asked could be seen."""
    return height < SINGLE[0] or width < SINGLE[1]


def _full(body: Rect) -> dict[Panel, Rect]:
    """Charts, lists, and what goes on, in two columns. What is over goes to the lists first."""
    left = body.width // 2
    over = body.height - (FULL[0] - 2)
    top, bottom = 9 + over // 4, 8 + over // 4
    middle = body.height - top - bottom
    redis = min(7 + over // 3, middle - 5)
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
    """The same in less: the run takes the place of the activity while it is looked at."""
    left = body.width // 2
    over = body.height - (COMPACT[0] - 2)
    top, bottom = 7 + over // 4, 6 + over // 4
    middle = body.height - top - bottom
    redis = 5 + over // 4
    y, x, right = body.y, left, body.width - left
    lowest = Panel.RUN if focus is Panel.RUN else Panel.ACTIVITY
    return {
        Panel.CPU: Rect(y, 0, top, left),
        Panel.MEMORY: Rect(y, x, top, right),
        Panel.PM2: Rect(y + top, 0, middle, left),
        Panel.REDIS: Rect(y + top, x, redis, right),
        Panel.BENCHMARKS: Rect(y + top + redis, x, middle - redis, right),
        lowest: Rect(y + top + middle, 0, bottom, body.width),
    }


def centred(outer: Rect, height: int, width: int) -> Rect:
    """Room for an overlay in the middle, as large as is asked for and fits."""
    height, width = min(height, outer.height), min(width, outer.width)
    return Rect(outer.y + (outer.height - height) // 2, outer.x + (outer.width - width) // 2, height, width)
