"""What can lie over the panels: menu, palette, prompts, confirmations, pages, logs. [pure]"""

from __future__ import annotations

from dataclasses import dataclass

from dashboard_client.tui.model.actions import Act, Offer
from dashboard_client.tui.model.prompts import RUN_DEFAULTS
from dashboard_client.wire.benchmarks import BenchmarkResult, BenchmarkRun, Comparison
from dashboard_client.wire.host_and_pm2 import LogLine, Process, ProcessPage

MAX_LOG_LINES = 5000


@dataclass(frozen=True, slots=True)
class Menu:
    """Offers by section. `cursor`: index into `offers`."""

    offers: tuple[Offer, ...]
    cursor: int = 0


@dataclass(frozen=True, slots=True)
class Palette:
    """Every offer and every key's action, found by typing."""

    offers: tuple[Offer, ...]
    text: str = ""
    cursor: int = 0


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question with one line of answer; empty cancels. `kind`: server, nodes, instances or scale.
    `is_untouched`: `text` is our proposal still, the first character typed takes its place."""

    kind: str
    title: str
    text: str = ""
    subject: str = ""
    problem: str = ""
    is_untouched: bool = True


@dataclass(frozen=True, slots=True)
class Confirm:
    """`act` holds its targets as they were when the dialog opened. `typed`: towards `act.word`, of tier 2."""

    act: Act
    server: str
    typed: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """A benchmark to run: fields by name, the focused one."""

    framework: str
    endpoint: str
    method: str
    values: tuple[str, ...] = RUN_DEFAULTS  # in the order of `prompts.RUN_FIELDS`
    cursor: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """The benchmark history; the selection is a result's id. `results`: None until the server answered."""

    results: tuple[BenchmarkResult, ...] | None = None
    selected: str = ""
    text: str = ""  # the filter
    is_typing: bool = False
    sort: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class RunPage:
    run_id: str
    run: BenchmarkRun | None = None
    result: BenchmarkResult | None = None
    problem: str = ""
    top: int = 0


@dataclass(frozen=True, slots=True)
class ProcessDetails:
    process: Process
    page: ProcessPage | None = None
    problem: str = ""
    top: int = 0


@dataclass(frozen=True, slots=True)
class Compare:
    """Of two results; `word` is the server's verdict on them, None until it answered or when it cannot."""

    base: BenchmarkResult
    new: BenchmarkResult
    word: Comparison | None = None


@dataclass(frozen=True, slots=True)
class Logs:
    """`of`: a framework or process name, empty for all; `back`: lines scrolled up from the end, 0 follows."""

    of: str = ""
    lines: tuple[LogLine, ...] = ()
    back: int = 0
    search: str = ""
    is_typing: bool = False
    is_wrapped: bool = False
    has_times: bool = True
    missed: int = 0
    problem: str = ""
    pm_id: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Plain text: help, advice, the answer of a check. `kind` says whose keys stand in the key bar."""

    title: str
    lines: tuple[str, ...]
    top: int = 0


Overlay = Menu | Palette | Prompt | Confirm | Form | History | RunPage | ProcessDetails | Compare | Logs | Page
