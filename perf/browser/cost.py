"""Measures the page in Chromium with 100 processes: weight, first state, time on the main thread, heap, a log flood.

`python -m perf browser`, about ten minutes; `python -m perf.browser.cost 60` observes the heap for an hour. All
figures are those of the browser's own protocol.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from perf.finding import Finding, print_findings
from perf.pm2_load import run_pm2
from perf.served import ServerProcess, run_server
from tests.browser.chromium import Chromium
from tests.browser.page import Page
from tests.browser.records import Transfer

PROCESS_COUNT = 100
LOADS = 5
MEASUREMENT_S, HIDDEN_S = 60.0, 30.0
MINUTES = 3
SETTLING_S = 120.0  # of the document's heap: it grows in steps until its pools are full
FLOOD = "flood"
PROCESS_PAGE = "/processes/{pm_id}"  # with the live log; the overview, if the server has no such page
# About a thousandth of a core and some garbage, so that the figures of every process change between two samples.
APP = """let kept = [];
setInterval(() => {
  kept = Array.from({ length: Math.random() * 20000 }, () => ({}));
  for (const end = performance.now() + Math.random() * 2; performance.now() < end;);
}, 1000);"""
# 100 lines in 20 ms: 5,000 lines/s, as an access log with colours.
FLOOD_APP = r"""let n = 0;
const line = () => `\x1b[3${n++ % 8}m${new Date().toISOString()}\x1b[0m GET /items/${n} 200 ${"x".repeat(n % 80)}\n`;
let due = Date.now();
setInterval(() => {
  for (; due <= Date.now(); due += 20) process.stdout.write(Array.from({ length: 100 }, line).join(""));
}, 20);"""
# Before the page's own scripts: counts messages of sockets, keeps the longest task (of more than 50 ms), and records
# when the name of a process is first in the document, and painted.
OBSERVER = """(() => {
  const seen = (window.__seen = { messages: 0, longest: 0, row: null });
  const Native = WebSocket;
  window.WebSocket = class extends Native {
    constructor(...values) { super(...values); this.addEventListener("message", () => { seen.messages += 1; }); }
  };
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) seen.longest = Math.max(seen.longest, duration);
  }).observe({ type: "longtask", buffered: true });
  const observer = new MutationObserver(() => {
    if (!document.querySelector("main")?.innerText.includes("app-")) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => { seen.row = performance.now(); }));
  });
  observer.observe(document, { childList: true, subtree: true, characterData: true });
})()"""
PARTS = ("Task", "Script", "Layout", "RecalcStyle")
FIRST_BYTE = "performance.getEntriesByType('navigation')[0].responseStart"
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"


@dataclass(frozen=True, slots=True)
class Usage:
    """Per second of a measurement: CPU time of the main thread in tasks, its parts, and messages; and the longest task
    of more than 50 ms, by the clock."""

    task_ms: float
    parts_ms: dict[str, float]
    messages: float
    longest_ms: float

    def __str__(self) -> str:
        parts = ", ".join(f"{name} {spent_ms:.1f}" for name, spent_ms in self.parts_ms.items())
        longest = f"longest task {self.longest_ms:.0f} ms" if self.longest_ms else "no task over 50 ms"
        return f"{self.task_ms:.1f} ms/s ({parts}), {longest}, {self.messages:.1f} messages/s"


@contextmanager
def open_browser(*, is_logging: bool) -> Iterator[Chromium]:
    chromium = Chromium(is_logging=is_logging)
    try:
        yield chromium
    finally:
        chromium.quit()


def open_observed(chromium: Chromium, server: ServerProcess, path: str = "/") -> Page:
    """A new person's tab, once a process is painted."""
    page = Page(chromium, server.url)
    page.send("Page.enable")
    page.send("Page.addScriptToEvaluateOnNewDocument", source=OBSERVER)
    page.open(path)
    page.wait_until(lambda: page.evaluate("__seen.row") is not None, "the name of a process")
    return page


def observe(page: Page, seconds: float) -> Usage:
    page.evaluate("__seen.messages = __seen.longest = 0")
    page.metrics()  # the first call starts the counters
    before, began_s = page.metrics(), time.monotonic()
    time.sleep(seconds)
    after, elapsed_s = page.metrics(), time.monotonic() - began_s
    per_second = {name: 1000 * (after[f"{name}Duration"] - before[f"{name}Duration"]) / elapsed_s for name in PARTS}
    seen = page.evaluate("__seen")
    parts_ms = {name.lower(): per_second[name] for name in PARTS[1:]}
    return Usage(per_second["Task"], parts_ms, seen["messages"] / elapsed_s, seen["longest"])


def start_processes(server: ServerProcess, folder: Path) -> None:
    (folder / "app.js").write_text(APP)
    (folder / "flood.js").write_text(FLOOD_APP)
    app = {"script": str(folder / "app.js"), "pmx": False}
    apps = [{"name": f"app-{number:02}", **app} for number in range(PROCESS_COUNT)]
    (folder / "many.json").write_text(json.dumps({"apps": apps}))
    run_pm2(server, "start", str(folder / "many.json"))


def first_load(server: ServerProcess) -> list[Finding]:
    """Medians of loads with an empty cache."""
    answers_ms: list[float] = []
    paints_ms: list[float] = []
    rows_ms: list[float] = []
    transfers: list[Transfer] = []
    with open_browser(is_logging=True) as chromium:
        for _ in range(LOADS):
            chromium.forget_logs()
            page = open_observed(chromium, server)
            page.wait_until(lambda: page.evaluate("__seen.messages") > 0, "a message")  # noqa: B023
            time.sleep(2)  # what is loaded later is part of the weight
            answers_ms.append(float(page.evaluate(FIRST_BYTE)))
            paints_ms.append(float(page.evaluate(FIRST_PAINT) or page.evaluate("__seen.row")))
            rows_ms.append(float(page.evaluate("__seen.row")))
            transfers.append(page.transfer())
            chromium.close_context(page.context)
    answer_ms, paint_ms, row_ms = (statistics.median(times) for times in (answers_ms, paints_ms, rows_ms))
    size = statistics.median(transfer.received_bytes for transfer in transfers)
    return [
        Finding(
            "page, weight",
            f"{size / 1000:.1f} kB by network in {transfers[-1].requests} requests",
            "< 120 kB",
            size < 120_000,
        ),
        Finding(
            "page, first contentful paint",
            f"{paint_ms:.0f} ms (at most {max(paints_ms):.0f} ms), of which {answer_ms:.0f} ms for the first byte",
            "< 500 ms",
            paint_ms < 500,
        ),
        Finding("page, first process", f"{row_ms:.0f} ms (at most {max(rows_ms):.0f} ms)", "< 500 ms", row_ms < 500),
    ]


def open_tab(server: ServerProcess, minutes: float) -> list[Finding]:
    """A tab in front, the same for so many minutes, and hidden."""
    with open_browser(is_logging=False) as chromium:
        page = open_observed(chromium, server)
        time.sleep(5)
        usage = observe(page, MEASUREMENT_S)
        first = page.heap_bytes()
        time.sleep(SETTLING_S)
        heaps, began_s = [(0.0, page.heap_bytes())], time.monotonic()
        while (elapsed_s := time.monotonic() - began_s) < 60 * minutes:
            time.sleep(min(20.0, 60 * minutes - elapsed_s))
            heaps.append(((time.monotonic() - began_s) / 60, page.heap_bytes()))
        slope = statistics.linear_regression(*zip(*heaps, strict=True)).slope / 1024
        page.hide()
        time.sleep(2)
        hidden = observe(page, HIDDEN_S)
    growth = f"{first / 2**20:.2f} MB after a minute; later {slope:+.1f} KiB a minute for {minutes:g} minutes"
    return [
        Finding(f"page, {PROCESS_COUNT} processes, 1 s ticks", str(usage), "< 30 ms/s", usage.task_ms < 30),
        Finding("page, heap", f"{growth}; {heaps[-1][1] / 2**20:.2f} MB at the end", "< 10 KiB a minute", slope < 10),
        Finding("page, hidden", str(hidden), "no messages, < 1 ms/s", hidden.messages == 0 and hidden.task_ms < 1),
    ]


def log_flood(server: ServerProcess, folder: Path) -> list[Finding]:
    """On the page of the process that writes 5,000 lines a second."""
    run_pm2(server, "start", str(folder / "flood.js"), "--name", FLOOD)
    processes = server.call("/api/pm2/stats")["processes"]
    pm_id = next(process["pmId"] for process in processes if process["name"] == FLOOD)
    path = PROCESS_PAGE.format(pm_id=pm_id)
    path = path if requests.get(server.url + path, timeout=60).ok else "/"
    with open_browser(is_logging=False) as chromium:
        page = Page(chromium, server.url)
        page.send("Page.enable")
        page.send("Page.addScriptToEvaluateOnNewDocument", source=OBSERVER)
        page.open(path)
        page.wait_until(lambda: page.evaluate("__seen.messages") > 0, "a message")
        time.sleep(10)  # until the bounded buffers are full
        before = page.heap_bytes()
        usage = observe(page, MEASUREMENT_S)
        after = page.heap_bytes()
    run_pm2(server, "delete", FLOOD)
    figure = f"{before / 2**20:.2f} MB, {(after - before) / 2**20:+.2f} MB in {MEASUREMENT_S:g} s"
    is_responsive = usage.longest_ms < 200 and usage.task_ms < 300
    return [
        Finding(f"log flood on {path}", str(usage), "no task over 200 ms, < 300 ms/s", is_responsive),
        Finding("log flood, heap", figure, "< +1 MB", after - before < 2**20),
    ]


def findings(minutes: float = MINUTES) -> list[Finding]:
    with run_server() as server:
        folder = Path(server.environment["DATA_DIR"])
        start_processes(server, folder)
        time.sleep(5)
        return [*first_load(server), *open_tab(server, minutes), *log_flood(server, folder)]


if __name__ == "__main__":
    sys.exit(print_findings(findings(*map(float, sys.argv[1:2]))))
