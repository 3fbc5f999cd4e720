"""Takes pictures of the page's views in Chromium: every view of VIEWS, light and dark, as PNG."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.browser.chromium import HEIGHT, WIDTH, Chromium
from tests.browser.page import Page

THEMES = ("light", "dark")
# Until charts are drawn and the last value of each stream has arrived; ticks are one second long.
SETTLING_S = 2.5
IS_COMPLETE = """document.readyState === "complete" && !!document.querySelector("main")
  && !document.querySelector("[aria-busy=true]")"""


@dataclass(frozen=True, slots=True)
class View:
    """`path`: with names of `subjects` in braces; `name`: of the file, before the theme."""

    name: str
    path: str
    width: int = WIDTH
    height: int = HEIGHT


VIEWS = (
    View("overview", "/"),
    View("overview-400", "/", 400),
    View("processes", "/processes"),
    View("process", "/processes/{process}"),
    View("exit", "/processes/exits/{exit}"),
    View("logs", "/logs"),
    View("redis", "/redis"),
    View("redis-node", "/redis/{node}"),
    View("benchmarks", "/benchmarks"),
    View("run", "/benchmarks/runs/{run}"),
    View("run-in-progress", "/benchmarks/runs/{active_run}"),
    View("targets", "/benchmarks/targets"),
    View("comparison", "/benchmarks/compare?base={base}&new={new}"),
    View("rankings", "/benchmarks/rankings"),
    View("activity", "/activity"),
    View("access", "/access"),
)


def take_pictures(url: str, subjects: Mapping[str, object], folder: Path) -> Iterator[Path]:
    """Yields each file that was written. A view that the server does not have gets no picture."""
    chromium = Chromium(is_logging=False)
    try:
        for view in VIEWS:
            path = view.path.format_map(subjects)
            if not requests.get(url + path, timeout=60).ok:
                continue
            for theme in THEMES:
                yield _take_picture(chromium, url, view, path, theme, folder)
    finally:
        chromium.quit()


def _take_picture(chromium: Chromium, url: str, view: View, path: str, theme: str, folder: Path) -> Path:
    page = Page(chromium, url)
    page.set_size(view.width, view.height)
    page.emulate(prefers_color_scheme=theme)
    page.open(path)
    page.wait_until(lambda: page.evaluate(IS_COMPLETE), "a complete page")
    time.sleep(SETTLING_S)
    page.wait_until(lambda: page.evaluate(IS_COMPLETE), "a complete page")
    file = folder / f"{view.name}-{theme}.png"
    page.screenshot(file)
    chromium.close_context(page.context)
    return file
