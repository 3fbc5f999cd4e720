"""Typing: the palette, prompts, the run form, filters, searches, and the words of dangerous dialogs. [pure]"""

from __future__ import annotations

from dataclasses import replace

from dashboard_client.tui.model.actions import TYPE
from dashboard_client.tui.model.prompts import MAX_ANSWER
from dashboard_client.tui.model.state import State
from dashboard_client.tui.model.windows import Confirm, Form, History, Logs, Palette, Prompt
from dashboard_client.tui.update.requests import Outcome, closed, on_top

ERASE = {"backspace", "delete"}


def typed(state: State, name: str) -> Outcome | None:
    """None when the key is no text here. `ctrl-u` empties the line, `ctrl-w` takes a word away."""
    before = text_of(state)
    if before is None:
        return None
    if _is_text(name):
        after = (_kept(state, before) + name)[:MAX_ANSWER]
    elif name in ERASE:
        after = before[:-1]
    elif name == "ctrl-u":
        after = ""
    elif name == "ctrl-w":
        after = before.rstrip().rpartition(" ")[0]
    elif name in ("enter", "escape", "ctrl-c") and _is_filter(state):
        return _filter_done(state, keep=name == "enter"), ()
    else:
        return None
    return with_text(state, after), ()


def pasted(state: State, text: str) -> Outcome:
    """Only into a line of text, and only what can be seen: a pasted newline must not answer a question."""
    before = text_of(state)
    if before is None or isinstance(state.top, Confirm):
        return state, ()
    seen = "".join(each for each in text if each.isprintable())
    return with_text(state, (_kept(state, before) + seen)[:MAX_ANSWER]), ()


def _kept(state: State, before: str) -> str:
    """What typing adds to: not to an answer that was only proposed."""
    return "" if isinstance(state.top, Prompt) and state.top.is_untouched else before


def _is_text(name: str) -> bool:
    return len(name) == 1 and name.isprintable()


def _is_filter(state: State) -> bool:
    return state.filtering if state.top is None else getattr(state.top, "is_typing", False)


def text_of(state: State) -> str | None:
    """The line that is typed into, None when there is none."""
    match state.top:
        case None:
            return state.filters.get(state.focus, "") if state.filtering else None
        case Palette(text=text) | Prompt(text=text):
            return text
        case Form(values=values, cursor=cursor):
            return values[cursor]
        case Confirm(act=act, typed=text):
            return text if act.tier == TYPE else None
        case History(is_typing=True, text=text):
            return text
        case Logs(is_typing=True, search=text):
            return text
    return None


def with_text(state: State, text: str) -> State:
    match state.top:
        case None:
            return replace(state, filters={**state.filters, state.focus: text})
        case Palette() as palette:
            return on_top(state, replace(palette, text=text, cursor=0))
        case Prompt() as prompt:
            return on_top(state, replace(prompt, text=text, problem="", is_untouched=False))
        case Form() as form:
            values = (*form.values[: form.cursor], text, *form.values[form.cursor + 1 :])
            return on_top(state, replace(form, values=values, problem=""))
        case Confirm() as confirm:
            return on_top(state, replace(confirm, typed=text))
        case History() as history:
            return on_top(state, replace(history, text=text))
        case Logs() as logs:
            return on_top(state, replace(logs, search=text))
    return state


def _filter_done(state: State, *, keep: bool) -> State:
    if not keep:
        state = with_text(state, "")
    match state.top:
        case None:
            return replace(state, filtering=False)
        case (History() | Logs()) as overlay:
            return on_top(state, replace(overlay, is_typing=False))
    return closed(state)
