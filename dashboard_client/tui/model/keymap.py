"""All key bindings, in one table that drives dispatch, key bar, help and palette. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from dashboard_client.tui.model.actions import Confirmation
from dashboard_client.tui.model.state import LISTS, State
from dashboard_client.tui.model.windows import Confirm


@dataclass(frozen=True, slots=True)
class Binding:
    """`action`: the name that `update.keys` and `update.window_keys` dispatch on. `help`: text for help and palette;
    `bar`: short text for the key bar, empty to leave it out."""

    context: str
    keys: tuple[str, ...]
    action: str
    help: str
    bar: str = ""


KEY_LABELS: Mapping[str, str] = {
    "up": "↑", "down": "↓", "left": "←", "right": "→", "enter": "Enter", "escape": "Esc", "tab": "Tab",
    "backtab": "Shift-Tab", "pageup": "PgUp", "pagedown": "PgDn", "home": "Home", "end": "End", "f1": "F1",
    " ": "Space", "backspace": "Backspace", "delete": "Del",
}  # fmt: skip
CONTEXT_TITLES: Mapping[str, str] = {
    "global": "Everywhere", "list": "Lists", "pm2": "PM2 panel", "redis": "Redis panel",
    "benchmarks": "Benchmarks panel", "run": "Run panel", "activity": "Activity panel", "window": "Any window",
    "menu": "Menu", "palette": "Commands", "prompt": "Questions", "confirm": "Confirmations",
    "word": "Typed confirmations",
    "form": "Run form",
    "history": "Benchmark history", "runpage": "Run details", "process": "Process details",
    "compare": "Comparison", "logs": "Logs", "page": "Text", "typing": "While typing",
}  # fmt: skip

BINDINGS: tuple[Binding, ...] = (
    Binding("global", ("m",), "menu", "open the menu", "menu"),
    Binding("global", ("b", "B"), "history", "benchmark history", "benchmarks"),
    Binding("global", ("/",), "filter", "filter the list of the focused panel", "filter"),
    Binding("global", (":",), "palette", "find any command by typing", "command"),
    *(Binding("global", (str(n),), f"focus_panel_{n}", f"go to panel {n}") for n in range(1, 6)),
    Binding("global", ("left", "h", "backtab"), "focus_panel_previous", "previous panel"),
    Binding("global", ("right", "l", "tab"), "focus_panel_next", "next panel"),
    Binding("global", ("e",), "zoom", "show only this panel, and back", "zoom"),
    Binding("global", ("p", "Z"), "pause", "pause the display; data keeps arriving", "pause"),
    Binding("global", ("r", "ctrl-r"), "refresh", "fetch everything again; reconnect now if offline"),
    Binding("global", ("T",), "theme", "switch between dark and light colours"),
    Binding("global", ("ctrl-l",), "redraw", "repaint the screen"),
    Binding("global", ("ctrl-z",), "suspend", "suspend to the shell; fg resumes"),
    Binding("global", ("?", "f1"), "help", "all keys", "help"),
    Binding("global", ("escape",), "back", "clear the filter, leave zoom or pause"),
    Binding("global", ("q", "ctrl-c"), "quit", "quit; everything keeps running", "quit"),
    Binding("list", ("up", "k"), "up", "row above"),
    Binding("list", ("down", "j"), "down", "row below"),
    Binding("list", ("pageup", "ctrl-u"), "page_up", "ten rows up"),
    Binding("list", ("pagedown", "ctrl-d"), "page_down", "ten rows down"),
    Binding("list", ("home", "g"), "first", "first row"),
    Binding("list", ("end", "G"), "last", "last row"),
    Binding("list", ("enter",), "open_row", "details of the row"),
    Binding("list", ("o",), "sort", "sort by the next column"),
    Binding("list", ("O",), "reverse", "reverse the sort order"),
    Binding("pm2", ("R",), "restart", "restart the process", "restart"),
    Binding("pm2", ("S",), "stop", "stop the process", "stop"),
    Binding("pm2", ("D",), "delete", "delete the process", "delete"),
    Binding("pm2", ("L",), "process_logs", "logs of the process", "logs"),
    Binding("redis", ("n",), "prompt_nodes", "set up a cluster", "set up"),
    Binding("redis", ("I",), "node_info", "INFO of the node, by section", "info"),
    Binding("redis", ("W",), "slow_log", "slow log of the node", "slow log"),
    Binding("redis", ("F",), "failover", "promote a replica of the node's shard", "failover"),
    Binding("benchmarks", ("n",), "run_again", "run this benchmark again", "run again"),
    Binding("benchmarks", ("x",), "mark_run", "mark a run, or compare it with the marked one", "compare"),
    Binding("run", ("enter",), "open_row", "details of the run"),
    Binding("run", ("C",), "cancel_run", "cancel the run", "cancel"),
    Binding("activity", ("s",), "select_text", "release the mouse, to select text", "select"),
    Binding("activity", ("c", "y"), "copy", "copy the lines", "copy"),
    Binding("window", ("escape", "ctrl-c"), "close", "close the window", "close"),
    Binding("window", ("ctrl-l",), "redraw", "repaint the screen"),
    Binding("window", ("ctrl-z",), "suspend", "suspend to the shell; fg resumes"),
    Binding("menu", ("up", "k"), "up", "entry above"),
    Binding("menu", ("down", "j"), "down", "entry below"),
    Binding("menu", ("left", "h", "pageup"), "previous_section", "section above"),
    Binding("menu", ("right", "l", "tab", "pagedown"), "next_section", "section below", "section"),
    Binding("menu", ("home", "g"), "first", "first entry"),
    Binding("menu", ("end", "G"), "last", "last entry"),
    Binding("menu", ("enter",), "choose", "run the entry", "choose"),
    Binding("menu", ("m", "q"), "close", "close the menu"),
    Binding("palette", ("up",), "up", "entry above"),
    Binding("palette", ("down", "tab"), "down", "entry below"),
    Binding("palette", ("enter",), "choose", "run the entry", "run"),
    Binding("prompt", ("enter",), "choose", "submit the line; an empty line cancels", "OK"),
    Binding("form", ("up", "backtab"), "up", "field above"),
    Binding("form", ("down", "tab"), "down", "field below", "next field"),
    Binding("form", ("left",), "previous_choice", "previous choice, of profile and generator"),
    Binding("form", ("right",), "next_choice", "next choice, of profile and generator", "choose"),
    Binding("form", ("enter",), "choose", "run the benchmark", "run"),
    Binding("confirm", ("y",), "confirm", "yes, confirm", "yes"),
    Binding("confirm", ("n", "q", "enter"), "close", "no: cancel", "cancel"),
    Binding("word", ("enter",), "submit_word", "confirm if the word matches, else cancel", "confirm, or cancel"),
    Binding("history", ("up", "k"), "up", "run above"),
    Binding("history", ("down", "j"), "down", "run below"),
    Binding("history", ("pageup", "ctrl-u"), "page_up", "ten rows up"),
    Binding("history", ("pagedown", "ctrl-d"), "page_down", "ten rows down"),
    Binding("history", ("home", "g"), "first", "newest run"),
    Binding("history", ("end", "G"), "last", "oldest run"),
    Binding("history", ("enter",), "open_row", "details of the run", "details"),
    Binding("history", ("x",), "mark_run", "mark a run, or compare it with the marked one", "compare"),
    Binding("history", ("/",), "filter", "filter", "filter"),
    Binding("history", ("o",), "sort", "sort by the next column", "sort"),
    Binding("history", ("y",), "copy", "copy the run", "copy"),
    Binding("history", ("l",), "latest_by_framework", "latest result of each framework, by endpoint", "latest"),
    Binding("history", ("c",), "clear_history", "clear the history", "clear"),
    Binding("history", ("b", "q"), "close", "close the history"),
    *(
        Binding(context, keys, action, text)
        for context in ("runpage", "process", "page")
        for keys, action, text in (
            (("up", "k"), "up", "line up"),
            (("down", "j"), "down", "line down"),
            (("pageup", "ctrl-u"), "page_up", "ten lines up"),
            (("pagedown", "ctrl-d"), "page_down", "ten lines down"),
            (("home", "g"), "first", "to the top"),
            (("y",), "copy", "copy the text"),
            (("q", "enter"), "close", "close"),
        )
    ),
    Binding("process", ("R",), "restart", "restart the process", "restart"),
    Binding("process", ("S",), "stop", "stop the process", "stop"),
    Binding("process", ("D",), "delete", "delete the process", "delete"),
    Binding("process", ("L",), "process_logs", "its logs", "logs"),
    Binding("runpage", ("C",), "cancel_run", "cancel the run", "cancel run"),
    Binding("runpage", ("B",), "toggle_baseline", "set this run as the baseline, or remove it", "baseline"),
    Binding("compare", ("q", "enter", "x"), "close", "close"),
    Binding("compare", ("y",), "copy", "copy the text", "copy"),
    Binding("logs", ("up", "k"), "up", "older line"),
    Binding("logs", ("down", "j"), "down", "newer line"),
    Binding("logs", ("pageup", "ctrl-u"), "page_up", "ten lines up"),
    Binding("logs", ("pagedown", "ctrl-d"), "page_down", "ten lines down"),
    Binding("logs", ("home", "g"), "first", "oldest line"),
    Binding("logs", ("f", "end", "G"), "follow", "follow the newest line", "follow"),
    Binding("logs", ("/",), "filter", "search", "search"),
    Binding("logs", ("n",), "next_match", "next match, upwards", "next"),
    Binding("logs", ("N",), "previous_match", "previous match, downwards"),
    Binding("logs", ("w",), "toggle_wrap", "wrap long lines", "wrap"),
    Binding("logs", ("t",), "toggle_times", "show or hide times", "times"),
    Binding("logs", ("c", "y"), "copy", "copy the lines", "copy"),
    Binding("logs", ("W",), "save", "save all lines to a file", "save"),
    Binding("logs", ("s",), "select_text", "release the mouse, to select text"),
    Binding("logs", ("q",), "close", "close the logs"),
    Binding("typing", ("enter",), "keep_filter", "keep the filter", "keep"),
    Binding("typing", ("escape", "ctrl-c"), "clear_filter", "clear the filter", "clear"),
)


# Actions that change the server, hidden with --readonly. `show_message` stands in for one with nothing left to do.
MUTATING_ACTIONS = frozenset({
    "restart", "stop", "delete", "prompt_nodes", "prompt_instances", "prompt_scale", "run_form", "run_again",
    "failover", "cancel_run", "clear_history", "toggle_baseline", "show_message",
})  # fmt: skip


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
        if isinstance(state.top_window, Confirm) and state.top_window.action.confirmation is Confirmation.WORD:
            return ("word", "window")
        return (WINDOW_CONTEXTS[type(state.top_window).__name__], "window")
    if state.is_filtering:
        return ("typing",)
    lists = ("list",) if state.focus in LISTS else ()
    return (state.focus, *lists, "global")


WINDOW_CONTEXTS: Mapping[str, str] = {
    "Menu": "menu", "Palette": "palette", "Prompt": "prompt", "Confirm": "confirm", "Form": "form",
    "History": "history", "RunPage": "runpage", "ProcessDetails": "process", "Compare": "compare", "Logs": "logs",
    "Page": "page",
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
        return tuple(entries)
    offline = [] if state.link.is_up else [("Ctrl-R", "reconnect")]
    last = [entry for entry in entries if entry[1] in ("help", "quit")]
    rest = [entry for entry in entries if entry not in last]
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
