"""Every key of the dashboard, in one table: dispatch, key bar, help and palette are drawn from it. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from dashboard_client.tui.model.actions import TYPE
from dashboard_client.tui.model.state import LISTS, State
from dashboard_client.tui.model.windows import Confirm


@dataclass(frozen=True, slots=True)
class Binding:
    """`help`: what it does, in help and palette; `bar`: short, in the key bar, empty keeps it out of there."""

    context: str
    keys: tuple[str, ...]
    action: str
    help: str
    bar: str = ""


SHOWN: Mapping[str, str] = {
    "up": "↑", "down": "↓", "left": "←", "right": "→", "enter": "Enter", "escape": "Esc", "tab": "Tab",
    "backtab": "Shift-Tab", "pageup": "PgUp", "pagedown": "PgDn", "home": "Home", "end": "End", "f1": "F1",
    " ": "Space", "backspace": "Backspace", "delete": "Del",
}  # fmt: skip
CONTEXTS: Mapping[str, str] = {
    "global": "Everywhere", "list": "Lists", "pm2": "PM2 panel", "redis": "Redis panel",
    "benchmarks": "Benchmarks panel", "run": "Run panel", "activity": "Activity panel", "overlay": "Any window",
    "menu": "Menu", "palette": "Commands", "prompt": "Questions", "confirm": "Confirmations",
    "word": "Grave confirmations",
    "form": "Run form",
    "history": "Benchmark history", "runpage": "Run details", "process": "Process details",
    "compare": "Comparison", "logs": "Logs", "page": "Text", "typing": "While typing",
}  # fmt: skip

TABLE: tuple[Binding, ...] = (
    Binding("global", ("m",), "menu", "open the menu", "menu"),
    Binding("global", ("b", "B"), "history", "benchmark history", "benchmarks"),
    Binding("global", ("/",), "filter", "filter the list of the focused panel", "filter"),
    Binding("global", (":",), "palette", "find any command by typing", "command"),
    *(Binding("global", (str(n),), f"panel_{n}", f"go to panel {n}") for n in range(1, 6)),
    Binding("global", ("left", "h", "backtab"), "panel_before", "panel before"),
    Binding("global", ("right", "l", "tab"), "panel_after", "next panel"),
    Binding("global", ("e",), "zoom", "this panel alone, and back", "zoom"),
    Binding("global", ("p", "Z"), "pause", "hold the picture still while data goes on arriving", "pause"),
    Binding("global", ("r", "ctrl-r"), "refresh", "ask for everything anew; reconnect now when offline"),
    Binding("global", ("T",), "theme", "colours for a dark or for a light background"),
    Binding("global", ("ctrl-l",), "redraw", "paint the screen again"),
    Binding("global", ("ctrl-z",), "suspend", "back to the shell; fg returns"),
    Binding("global", ("?", "f1"), "help", "all keys", "help"),
    Binding("global", ("escape",), "back", "clear the filter, leave zoom and pause"),
    Binding("global", ("q", "ctrl-c"), "quit", "quit; what runs goes on", "quit"),
    Binding("list", ("up", "k"), "up", "row above"),
    Binding("list", ("down", "j"), "down", "row below"),
    Binding("list", ("pageup", "ctrl-u"), "page_up", "ten rows up"),
    Binding("list", ("pagedown", "ctrl-d"), "page_down", "ten rows down"),
    Binding("list", ("home", "g"), "first", "first row"),
    Binding("list", ("end", "G"), "last", "last row"),
    Binding("list", ("enter",), "open", "details of the row"),
    Binding("list", ("o",), "sort", "sort by the next column"),
    Binding("list", ("O",), "reverse", "sort the other way around"),
    Binding("pm2", ("R",), "restart", "restart the process", "restart"),
    Binding("pm2", ("S",), "stop", "stop the process", "stop"),
    Binding("pm2", ("D",), "delete", "delete the process", "delete"),
    Binding("pm2", ("L",), "row_logs", "logs of the process", "logs"),
    Binding("redis", ("n",), "ask_nodes", "set up a cluster", "set up"),
    Binding("redis", ("I",), "node_info", "INFO of the node, by section", "info"),
    Binding("redis", ("W",), "slow_log", "slow log of the node", "slow log"),
    Binding("redis", ("F",), "failover", "let a replica take over the node's shard", "failover"),
    Binding("benchmarks", ("n",), "ask_run_here", "run this benchmark again", "run again"),
    Binding("benchmarks", ("x",), "mark", "mark a run, or compare it with the marked one", "compare"),
    Binding("run", ("enter",), "open", "details of the run"),
    Binding("run", ("C",), "cancel_run", "cancel the run", "cancel"),
    Binding("activity", ("s",), "select_text", "leave the mouse to the terminal, to select text", "select"),
    Binding("activity", ("c", "y"), "copy", "copy the lines", "copy"),
    Binding("overlay", ("escape", "ctrl-c"), "close", "close the window", "close"),
    Binding("overlay", ("ctrl-l",), "redraw", "paint the screen again"),
    Binding("overlay", ("ctrl-z",), "suspend", "back to the shell; fg returns"),
    Binding("menu", ("up", "k"), "up", "entry above"),
    Binding("menu", ("down", "j"), "down", "entry below"),
    Binding("menu", ("left", "h", "pageup"), "section_before", "section above"),
    Binding("menu", ("right", "l", "tab", "pagedown"), "section_after", "section below", "section"),
    Binding("menu", ("home", "g"), "first", "first entry"),
    Binding("menu", ("end", "G"), "last", "last entry"),
    Binding("menu", ("enter",), "choose", "do it", "choose"),
    Binding("menu", ("m", "q"), "close", "close the menu"),
    Binding("palette", ("up",), "up", "entry above"),
    Binding("palette", ("down", "tab"), "down", "entry below"),
    Binding("palette", ("enter",), "choose", "do it", "do it"),
    Binding("prompt", ("enter",), "choose", "take the answer; an empty one cancels", "OK"),
    Binding("form", ("up", "backtab"), "up", "field above"),
    Binding("form", ("down", "tab"), "down", "field below", "next field"),
    Binding("form", ("left",), "choice_before", "choice before, of profile and generator"),
    Binding("form", ("right",), "choice_after", "next choice, of profile and generator", "choose"),
    Binding("form", ("enter",), "choose", "run it", "run"),
    Binding("confirm", ("y",), "yes", "yes, do it", "yes"),
    Binding("confirm", ("n", "q", "enter"), "close", "no: cancel", "cancel"),
    Binding("word", ("enter",), "entered", "do it when the word is complete, else cancel", "do it, or cancel"),
    Binding("history", ("up", "k"), "up", "run above"),
    Binding("history", ("down", "j"), "down", "run below"),
    Binding("history", ("pageup", "ctrl-u"), "page_up", "ten rows up"),
    Binding("history", ("pagedown", "ctrl-d"), "page_down", "ten rows down"),
    Binding("history", ("home", "g"), "first", "newest run"),
    Binding("history", ("end", "G"), "last", "oldest run"),
    Binding("history", ("enter",), "open", "details of the run", "details"),
    Binding("history", ("x",), "mark", "mark a run, or compare it with the marked one", "compare"),
    Binding("history", ("/",), "filter", "filter", "filter"),
    Binding("history", ("o",), "sort", "sort by the next column", "sort"),
    Binding("history", ("y",), "copy", "copy the run", "copy"),
    Binding("history", ("l",), "latest_of_each", "latest of each framework, by endpoint", "latest"),
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
    Binding("process", ("L",), "row_logs", "its logs", "logs"),
    Binding("runpage", ("C",), "cancel_run", "cancel the run", "cancel run"),
    Binding("runpage", ("B",), "baseline", "hold later runs against this one, or no longer", "baseline"),
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
    Binding("logs", ("N",), "match_before", "match before, downwards"),
    Binding("logs", ("w",), "wrap", "wrap long lines", "wrap"),
    Binding("logs", ("t",), "times", "show times or not", "times"),
    Binding("logs", ("c", "y"), "copy", "copy what is shown", "copy"),
    Binding("logs", ("W",), "save", "save all lines to a file", "save"),
    Binding("logs", ("s",), "select_text", "leave the mouse to the terminal, to select text"),
    Binding("logs", ("q",), "close", "close the logs"),
    Binding("typing", ("enter",), "accept", "keep the filter", "keep"),
    Binding("typing", ("escape", "ctrl-c"), "forget", "clear it", "clear"),
)


# Actions that lead to a change of the server: --readonly does not show them.
CHANGING = frozenset({
    "restart", "stop", "delete", "ask_nodes", "ask_instances", "ask_scale", "ask_run", "ask_run_here", "failover",
    "cancel_run", "clear_history", "baseline", "say",  # an act that is not needed
})  # fmt: skip


@lru_cache(maxsize=64)
def bindings(contexts: tuple[str, ...]) -> Mapping[str, Binding]:
    """Key → binding; an earlier context wins."""
    found: dict[str, Binding] = {}
    for context in contexts:
        for binding in TABLE:
            if binding.context == context:
                for key in binding.keys:
                    found.setdefault(key, binding)
    return found


def contexts(state: State) -> tuple[str, ...]:
    """Where a key is looked up now, the nearest first."""
    if state.top is not None:
        if getattr(state.top, "is_typing", False):
            return ("typing",)
        if isinstance(state.top, Confirm) and state.top.act.tier == TYPE:
            return ("word", "overlay")
        return (CONTEXT_OF[type(state.top).__name__], "overlay")
    if state.filtering:
        return ("typing",)
    lists = ("list",) if state.focus in LISTS else ()
    return (state.focus, *lists, "global")


CONTEXT_OF: Mapping[str, str] = {
    "Menu": "menu", "Palette": "palette", "Prompt": "prompt", "Confirm": "confirm", "Form": "form",
    "History": "history", "RunPage": "runpage", "ProcessDetails": "process", "Compare": "compare", "Logs": "logs",
    "Page": "page",
}  # fmt: skip


def shown(key: str) -> str:
    """A key as people call it."""
    return f"Ctrl-{key[5:].upper()}" if key.startswith("ctrl-") else SHOWN.get(key, key)


def key_shown_as(state: State, text: str) -> str | None:
    """The key behind an entry of the key bar, None behind a range of them."""
    return next((key for key in bindings(contexts(state)) if shown(key) == text), None)


def bar(state: State) -> tuple[tuple[str, str], ...]:
    """Of the key bar: keys as shown, and what they do. The last two are those that must always be seen."""
    here = contexts(state)
    order = ("global", *(each for each in here if each != "global")) if "global" in here else here
    found = [
        (shown(binding.keys[0]), binding.bar)
        for context in order
        for binding in TABLE
        if binding.context == context and binding.bar and not (state.is_readonly and binding.action in CHANGING)
    ]
    if "global" not in here:
        return tuple(found)
    offline = [] if state.link.is_up else [("Ctrl-R", "reconnect")]
    last = [each for each in found if each[1] in ("help", "quit")]
    rest = [each for each in found if each not in last]
    rest.insert(4, ("1–5", "panel"))
    return (*offline, *rest, *last)


def help_lines() -> tuple[str, ...]:
    """All of the table, by context."""
    lines: list[str] = []
    for context, title in CONTEXTS.items():
        rows = [each for each in TABLE if each.context == context]
        if rows:
            lines += ["", title]
            lines += [f"  {' '.join(map(shown, each.keys)):<18} {each.help}" for each in rows]
    clicks = (
        "Clicks focus, select, and press the key bar's keys; the wheel scrolls; Shift leaves the mouse to the terminal."
    )
    return (*lines[1:], "", clicks)
