"""Windows over the panels: menu, palette, prompts, confirmations, pages, logs. [pure]"""

from __future__ import annotations

from dataclasses import dataclass

from dashboard_client.tui.model.charts import NO_CHART, Chart
from dashboard_client.tui.model.menu_items import MenuItem
from dashboard_client.tui.model.prompts import RUN_DEFAULTS, RUN_FIELDS, RunField
from dashboard_client.tui.model.server_requests import ServerRequest
from dashboard_client.wire.benchmarks import BenchmarkResult, BenchmarkRun, Comparison
from dashboard_client.wire.host_and_pm2 import LogLine, Process, ProcessPage
from dashboard_client.wire.redis import RedisNode
from dashboard_client.wire.system_config import ANY_NUMBER, Limit

MAX_LOG_LINES = 5000


@dataclass(frozen=True, slots=True)
class Menu:
    """Items grouped by section. `cursor`: index into `items`."""

    items: tuple[MenuItem, ...]
    cursor: int = 0


@dataclass(frozen=True, slots=True)
class Palette:
    """Searches menu items and key bindings. `cursor`: index into the matches."""

    items: tuple[MenuItem, ...]
    text: str = ""
    cursor: int = 0


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question with a one-line answer; Enter on an empty line cancels. `kind`: server, nodes, start, scale or file.
    `subject`: the framework; `limit`: of the number. `is_untouched`: `text` is still the default, which the first typed
    character replaces."""

    kind: str
    title: str
    text: str = ""
    subject: str = ""
    limit: Limit = ANY_NUMBER
    problem: str = ""
    is_untouched: bool = True


@dataclass(frozen=True, slots=True)
class Confirm:
    """`request` is kept as it was when the dialog opened. `typed`: the text so far, of `request.word`."""

    request: ServerRequest
    server: str
    typed: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """The parameters of a benchmark to run. `framework`: what is measured, of the `kind` that `run_benchmark` takes, or
    a `process` that becomes a target; `cursor`: index of the focused field. `sent`: the run that was requested: the
    form stays open until the server has accepted it."""

    framework: str
    endpoint: str
    method: str
    fields: tuple[RunField, ...] = RUN_FIELDS
    values: tuple[str, ...] = RUN_DEFAULTS  # in the order of `fields`
    cursor: int = 0
    problem: str = ""
    kind: str = "framework"
    sent: ServerRequest | None = None


@dataclass(frozen=True, slots=True)
class History:
    """The benchmark history. `results`: None until the server has responded; `selected`: a result's id."""

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
    first_line: int = 0


@dataclass(frozen=True, slots=True)
class ProcessDetails:
    process: Process
    response: ProcessPage | None = None
    problem: str = ""
    first_line: int = 0
    chart: Chart = NO_CHART


@dataclass(frozen=True, slots=True)
class NodeDetails:
    """A Redis node as it is; once it is gone, its last values."""

    node: RedisNode
    first_line: int = 0
    chart: Chart = NO_CHART


@dataclass(frozen=True, slots=True)
class Compare:
    """Two results side by side. `comparison`: None until the server has responded, or if it cannot compare them."""

    base: BenchmarkResult
    new: BenchmarkResult
    comparison: Comparison | None = None


@dataclass(frozen=True, slots=True)
class Logs:
    """`source`: a framework or process name, empty for all; `lines_back`: lines scrolled up from the end, 0 follows."""

    source: str = ""
    lines: tuple[LogLine, ...] = ()
    lines_back: int = 0
    search: str = ""
    is_typing: bool = False
    is_wrapped: bool = False
    has_times: bool = True
    missed: int = 0
    problem: str = ""
    pm_id: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Plain text: help, advice, the result of a check. `first_line`: the first visible line."""

    title: str
    lines: tuple[str, ...]
    first_line: int = 0


Window = (
    Menu | Palette | Prompt | Confirm | Form | History | RunPage | ProcessDetails | NodeDetails | Compare | Logs | Page
)
