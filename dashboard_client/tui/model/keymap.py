"""All key bindings, in one table that drives dispatch, key bar, help and palette. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from dashboard_client.tui.model import windows
from dashboard_client.tui.model.action import MUTATING_ACTIONS, Action
from dashboard_client.tui.model.server_requests import Confirmation
from dashboard_client.tui.model.state import CHARTS, LISTS, State


@dataclass(frozen=True, slots=True)
class Binding:
    """`help`: text for help and palette; `bar`: short text for the key bar, empty to leave it out."""

    context: str
    keys: tuple[str, ...]
    action: Action
    help: str
    bar: str = ""


KEY_LABELS: Mapping[str, str] = {
    "up": "↑", "down": "↓", "left": "←", "right": "→", "enter": "Enter", "escape": "Esc", "tab": "Tab",
    "backtab": "Shift-Tab", "pageup": "PgUp", "pagedown": "PgDn", "home": "Home", "end": "End", "f1": "F1",
    " ": "Space", "backspace": "Backspace", "delete": "Del",
}  # fmt: skip
CONTEXT_TITLES: Mapping[str, str] = {
    "global": "Everywhere", "list": "Lists", "pm2": "PM2 panel", "redis": "Redis panel",
    "chart": "Charts",
    "benchmarks": "Benchmarks panel", "run": "Run panel", "activity": "Activity panel", "window": "Any window",
    "menu": "Menu", "palette": "Commands", "prompt": "Questions", "confirm": "Confirmations",
    "word": "Typed confirmations",
    "form": "Run form",
    "history": "Benchmark history", "runpage": "Run details", "process": "Process details", "node": "Redis node",
    "compare": "Comparison", "logs": "Logs", "page": "Text", "typing": "While typing",
}  # fmt: skip

CHART_ENTRIES = (("← →", "time"), ("[ ]", "range"))  # of the key bar; the last one is kept longer
CHART_WINDOWS = ("process", "node")  # whose Home leads to now
BINDINGS: tuple[Binding, ...] = (
    Binding("global", ("m",), Action.OPEN_MENU, "open the menu", "menu"),
    Binding("global", ("b", "B"), Action.OPEN_HISTORY, "benchmark history", "benchmarks"),
    Binding("global", ("/",), Action.EDIT_FILTER, "filter the list of the focused panel", "filter"),
    Binding("global", (":",), Action.OPEN_PALETTE, "find any command by typing", "command"),
    Binding("global", ("1",), Action.FOCUS_PM2, "go to panel 1"),
    Binding("global", ("2",), Action.FOCUS_REDIS, "go to panel 2"),
    Binding("global", ("3",), Action.FOCUS_BENCHMARKS, "go to panel 3"),
    Binding("global", ("4",), Action.FOCUS_RUN, "go to panel 4"),
    Binding("global", ("5",), Action.FOCUS_ACTIVITY, "go to panel 5"),
    Binding("global", ("6",), Action.FOCUS_CPU, "go to the chart of the CPU"),
    Binding("global", ("7",), Action.FOCUS_MEMORY, "go to the chart of the memory"),
    Binding("global", ("left", "h", "backtab"), Action.FOCUS_PREVIOUS, "previous panel"),
    Binding("global", ("right", "l", "tab"), Action.FOCUS_NEXT, "next panel"),
    Binding("global", ("e",), Action.TOGGLE_ZOOM, "show only this panel, and back", "zoom"),
    Binding("global", ("p", "Z"), Action.TOGGLE_PAUSE, "pause the display; data keeps arriving", "pause"),
    Binding("global", ("r", "ctrl-r"), Action.REFRESH, "fetch everything again; reconnect now if offline"),
    Binding("global", ("T",), Action.TOGGLE_THEME, "switch between dark and light colours"),
    Binding("global", ("ctrl-l",), Action.REDRAW, "repaint the screen"),
    Binding("global", ("ctrl-z",), Action.SUSPEND, "suspend to the shell; fg resumes"),
    Binding("global", ("?", "f1"), Action.OPEN_HELP, "all keys", "help"),
    Binding("global", ("escape",), Action.GO_BACK, "clear the filter, leave zoom or pause"),
    Binding("global", ("q", "ctrl-c"), Action.QUIT, "quit; everything keeps running", "quit"),
    Binding("list", ("up", "k"), Action.UP, "row above"),
    Binding("list", ("down", "j"), Action.DOWN, "row below"),
    Binding("list", ("pageup", "ctrl-u"), Action.PAGE_UP, "ten rows up"),
    Binding("list", ("pagedown", "ctrl-d"), Action.PAGE_DOWN, "ten rows down"),
    Binding("list", ("home", "g"), Action.FIRST, "first row"),
    Binding("list", ("end", "G"), Action.LAST, "last row"),
    Binding("list", ("enter",), Action.OPEN_ROW, "details of the row"),
    Binding("list", ("o",), Action.SORT, "sort by the next column"),
    Binding("list", ("O",), Action.REVERSE, "reverse the sort order"),
    Binding("pm2", ("R",), Action.RESTART_PROCESS, "restart the process", "restart"),
    Binding("pm2", ("S",), Action.STOP_PROCESS, "stop the process", "stop"),
    Binding("pm2", ("D",), Action.DELETE_PROCESS, "delete the process", "delete"),
    Binding("pm2", ("L",), Action.OPEN_PROCESS_LOGS, "logs of the process", "logs"),
    Binding("pm2", ("B",), Action.OPEN_PROCESS_RUN_FORM, "benchmark the process", "bench"),
    Binding("redis", ("n",), Action.PROMPT_NODES, "set up a cluster", "set up"),
    Binding("redis", ("I",), Action.OPEN_NODE_INFO, "INFO of the node, by section", "info"),
    Binding("redis", ("W",), Action.OPEN_SLOW_LOG, "slow log of the node", "slow log"),
    Binding("redis", ("F",), Action.FAIL_OVER_NODE, "promote a replica of the node's shard", "failover"),
    Binding("benchmarks", ("n",), Action.OPEN_RUN_FORM_AGAIN, "run this benchmark again", "run again"),
    Binding("benchmarks", ("x",), Action.MARK_RUN, "mark a run, or compare it with the marked one", "compare"),
    Binding("run", ("enter",), Action.OPEN_ROW, "details of the run"),
    Binding("run", ("C",), Action.CANCEL_RUN, "cancel the run", "cancel"),
    Binding("activity", ("s",), Action.TOGGLE_TEXT_SELECTION, "release the mouse, to select text", "select"),
    Binding("activity", ("c", "y"), Action.COPY, "copy the lines", "copy"),
    Binding("chart", ("[", "-"), Action.SHORTER_RANGE, "shorter range of charts, down to a minute"),
    Binding("chart", ("]", "+"), Action.LONGER_RANGE, "longer range of charts, up to 14 days"),
    Binding("chart", ("left",), Action.CURSOR_EARLIER, "values and marks at an earlier time"),
    Binding("chart", ("right",), Action.CURSOR_LATER, "values and marks at a later time"),
    Binding("chart", ("<",), Action.MOVE_EARLIER, "charts half a range back"),
    Binding("chart", (">",), Action.MOVE_LATER, "charts half a range forward"),
    Binding("chart", ("home",), Action.MOVE_TO_NOW, "charts back to now"),
    Binding("window", ("escape", "ctrl-c"), Action.CLOSE, "close the window", "close"),
    Binding("window", ("ctrl-l",), Action.REDRAW, "repaint the screen"),
    Binding("window", ("ctrl-z",), Action.SUSPEND, "suspend to the shell; fg resumes"),
    Binding("menu", ("up", "k"), Action.UP, "entry above"),
    Binding("menu", ("down", "j"), Action.DOWN, "entry below"),
    Binding("menu", ("left", "h", "pageup"), Action.PREVIOUS_SECTION, "section above"),
    Binding("menu", ("right", "l", "tab", "pagedown"), Action.NEXT_SECTION, "section below", "section"),
    Binding("menu", ("home", "g"), Action.FIRST, "first entry"),
    Binding("menu", ("end", "G"), Action.LAST, "last entry"),
    Binding("menu", ("enter",), Action.CHOOSE_ITEM, "run the entry", "choose"),
    Binding("menu", ("m", "q"), Action.CLOSE, "close the menu"),
    Binding("palette", ("up",), Action.UP, "entry above"),
    Binding("palette", ("down", "tab"), Action.DOWN, "entry below"),
    Binding("palette", ("enter",), Action.CHOOSE_ITEM, "run the entry", "run"),
    Binding("prompt", ("enter",), Action.SUBMIT, "submit the line; an empty line cancels", "OK"),
    Binding("form", ("up", "backtab"), Action.UP, "field above"),
    Binding("form", ("down", "tab"), Action.DOWN, "field below", "next field"),
    Binding("form", ("left",), Action.PREVIOUS_CHOICE, "previous choice, of profile and generator"),
    Binding("form", ("right",), Action.NEXT_CHOICE, "next choice, of profile and generator", "choose"),
    Binding("form", ("enter",), Action.SUBMIT, "run the benchmark", "run"),
    Binding("confirm", ("y",), Action.CONFIRM, "yes, confirm", "yes"),
    Binding("confirm", ("n", "q", "enter"), Action.CLOSE, "no: cancel", "cancel"),
    Binding("word", ("enter",), Action.SUBMIT, "confirm if the word matches, else cancel", "confirm, or cancel"),
    Binding("history", ("up", "k"), Action.UP, "run above"),
    Binding("history", ("down", "j"), Action.DOWN, "run below"),
    Binding("history", ("pageup", "ctrl-u"), Action.PAGE_UP, "ten rows up"),
    Binding("history", ("pagedown", "ctrl-d"), Action.PAGE_DOWN, "ten rows down"),
    Binding("history", ("home", "g"), Action.FIRST, "newest run"),
    Binding("history", ("end", "G"), Action.LAST, "oldest run"),
    Binding("history", ("enter",), Action.OPEN_ROW, "details of the run", "details"),
    Binding("history", ("x",), Action.MARK_RUN, "mark a run, or compare it with the marked one", "compare"),
    Binding("history", ("/",), Action.EDIT_FILTER, "filter", "filter"),
    Binding("history", ("o",), Action.SORT, "sort by the next column", "sort"),
    Binding("history", ("y",), Action.COPY, "copy the run", "copy"),
    Binding("history", ("l",), Action.OPEN_LATEST, "latest result of each framework, by endpoint", "latest"),
    Binding("history", ("c",), Action.CLEAR_HISTORY, "clear the history", "clear"),
    Binding("history", ("b", "q"), Action.CLOSE, "close the history"),
    *(
        Binding(context, keys, action, text)
        for context in ("runpage", "process", "node", "page")
        for keys, action, text in (
            (("up", "k"), Action.UP, "line up"),
            (("down", "j"), Action.DOWN, "line down"),
            (("pageup", "ctrl-u"), Action.PAGE_UP, "ten lines up"),
            (("pagedown", "ctrl-d"), Action.PAGE_DOWN, "ten lines down"),
            (("g",) if context in CHART_WINDOWS else ("home", "g"), Action.FIRST, "to the top"),
            (("y",), Action.COPY, "copy the text"),
            (("q", "enter"), Action.CLOSE, "close"),
        )
    ),
    *(
        Binding(context, keys, action, text, bar)
        for context in CHART_WINDOWS
        for keys, action, text, bar in (
            (("tab",), Action.NEXT_CHART, "next chart", "chart"),
            (("backtab",), Action.PREVIOUS_CHART, "previous chart", ""),
        )
    ),
    Binding("process", ("R",), Action.RESTART_PROCESS, "restart the process", "restart"),
    Binding("process", ("S",), Action.STOP_PROCESS, "stop the process", "stop"),
    Binding("process", ("D",), Action.DELETE_PROCESS, "delete the process", "delete"),
    Binding("process", ("L",), Action.OPEN_PROCESS_LOGS, "its logs", "logs"),
    Binding("process", ("B",), Action.OPEN_PROCESS_RUN_FORM, "benchmark the process", "bench"),
    Binding("runpage", ("C",), Action.CANCEL_RUN, "cancel the run", "cancel run"),
    Binding("runpage", ("B",), Action.TOGGLE_BASELINE, "set this run as the baseline, or remove it", "baseline"),
    Binding("compare", ("q", "enter", "x"), Action.CLOSE, "close"),
    Binding("compare", ("y",), Action.COPY, "copy the text", "copy"),
    Binding("logs", ("up", "k"), Action.UP, "older line"),
    Binding("logs", ("down", "j"), Action.DOWN, "newer line"),
    Binding("logs", ("pageup", "ctrl-u"), Action.PAGE_UP, "ten lines up"),
    Binding("logs", ("pagedown", "ctrl-d"), Action.PAGE_DOWN, "ten lines down"),
    Binding("logs", ("home", "g"), Action.FIRST, "oldest line"),
    Binding("logs", ("f", "end", "G"), Action.FOLLOW, "follow the newest line", "follow"),
    Binding("logs", ("/",), Action.EDIT_FILTER, "search", "search"),
    Binding("logs", ("n",), Action.NEXT_MATCH, "next match, upwards", "next"),
    Binding("logs", ("N",), Action.PREVIOUS_MATCH, "previous match, downwards"),
    Binding("logs", ("w",), Action.TOGGLE_WRAP, "wrap long lines", "wrap"),
    Binding("logs", ("t",), Action.TOGGLE_TIMES, "show or hide times", "times"),
    Binding("logs", ("c", "y"), Action.COPY, "copy the lines", "copy"),
    Binding("logs", ("W",), Action.SAVE, "save all lines to a file", "save"),
    Binding("logs", ("s",), Action.TOGGLE_TEXT_SELECTION, "release the mouse, to select text"),
    Binding("logs", ("q",), Action.CLOSE, "close the logs"),
    Binding("typing", ("enter",), Action.KEEP_FILTER, "keep the filter", "keep"),
    Binding("typing", ("escape", "ctrl-c"), Action.CLEAR_FILTER, "clear the filter", "clear"),
)


@lru_cache(maxsize=64)
def bindings_by_key(contexts: tuple[str, ...]) -> Mapping[str, Binding]:
    """Key → binding; an earlier context wins."""
    by_key: dict[str, Binding] = {}
    for context in contexts:
        for binding in BINDINGS:
            if binding.context == context:
                for key in binding.keys:
                    by_key.setdefault(key, binding)
    return by_key


def active_contexts(state: State) -> tuple[str, ...]:
    """The contexts in which a key is looked up, the innermost first."""
    if state.top_window is not None:
        if getattr(state.top_window, "is_typing", False):
            return ("typing",)
        if isinstance(state.top_window, windows.Confirm) and state.top_window.request.confirmation is Confirmation.WORD:
            return ("word", "window")
        context = WINDOW_CONTEXTS[type(state.top_window)]
        return (context, "chart", "window") if context in CHART_WINDOWS else (context, "window")
    if state.is_filtering:
        return ("typing",)
    shared = ("list",) if state.focus in LISTS else ("chart",) if state.focus in CHARTS else ()
    return (state.focus, *shared, "global")


WINDOW_CONTEXTS: Mapping[type[windows.Window], str] = {
    windows.Menu: "menu", windows.Palette: "palette", windows.Prompt: "prompt", windows.Confirm: "confirm",
    windows.Form: "form", windows.History: "history", windows.RunPage: "runpage", windows.ProcessDetails: "process",
    windows.NodeDetails: "node",
    windows.Compare: "compare", windows.Logs: "logs", windows.Page: "page",
}  # fmt: skip


def key_label(key: str) -> str:
    return f"Ctrl-{key[5:].upper()}" if key.startswith("ctrl-") else KEY_LABELS.get(key, key)


def key_with_label(state: State, label: str) -> str | None:
    """The key of a key bar entry; None for a range such as 1–5."""
    return next((key for key in bindings_by_key(active_contexts(state)) if key_label(key) == label), None)


def bar_entries(state: State) -> tuple[tuple[str, str], ...]:
    """The key bar's entries: key label, short text. Over the panels, the last two are the ones that must stay visible:
    help and quit."""
    contexts = active_contexts(state)
    if "global" in contexts:
        contexts = ("global", *(context for context in contexts if context != "global"))
    entries = [
        (key_label(binding.keys[0]), binding.bar)
        for context in contexts
        for binding in BINDINGS
        if binding.context == context
        and binding.bar
        and not (state.is_read_only and binding.action in MUTATING_ACTIONS)
    ]
    if "global" not in contexts:
        return (*entries[:-1], *(CHART_ENTRIES if "chart" in contexts else ()), *entries[-1:])
    offline = [] if state.link.is_up else [("Ctrl-R", "reconnect")]
    last = [entry for entry in entries if entry[1] in ("help", "quit")]
    rest = [entry for entry in entries if entry not in last]
    if "chart" in contexts:  # instead of the filter, of which charts have none
        rest = [entry for entry in rest if entry[1] != "filter"]
        rest[2:2] = reversed(CHART_ENTRIES)
    rest.insert(4, ("1–5", "panel"))
    return (*offline, *rest, *last)


def help_lines() -> tuple[str, ...]:
    """Every binding, grouped by context."""
    lines: list[str] = []
    for context, title in CONTEXT_TITLES.items():
        bindings = [binding for binding in BINDINGS if binding.context == context]
        if bindings:
            lines += ["", title]
            lines += [f"  {' '.join(map(key_label, binding.keys)):<18} {binding.help}" for binding in bindings]
    mouse = (
        "Click to focus, to select, or on the key bar; the wheel scrolls; hold Shift to select text in the terminal."
    )
    return (*lines[1:], "", mouse)
