"""Edits the current text field: filter, search, palette, prompt, run form, confirmation word. [pure]"""

from __future__ import annotations

from dataclasses import replace

from dashboard_client.tui.model.prompts import MAX_ANSWER_CHARACTERS
from dashboard_client.tui.model.server_requests import Confirmation
from dashboard_client.tui.model.state import State
from dashboard_client.tui.model.windows import Confirm, Form, History, Logs, Palette, Prompt
from dashboard_client.tui.update.api_calls import Transition, replace_top_window

ERASE_KEYS = {"backspace", "delete"}


def handle_text_key(state: State, name: str) -> Transition | None:
    """None if the key does not edit text. `ctrl-u` clears the line, `ctrl-w` deletes the last word."""
    before = edited_text(state)
    if before is None:
        return None
    if _is_character(name):
        after = (_text_to_extend(state, before) + name)[:MAX_ANSWER_CHARACTERS]
    elif name in ERASE_KEYS:
        after = before[:-1]
    elif name == "ctrl-u":
        after = ""
    elif name == "ctrl-w":
        after = before.rstrip().rpartition(" ")[0]
    else:
        return None
    return replace_text(state, after), ()


def handle_paste(state: State, text: str) -> Transition:
    """Insert printable characters only, so that a pasted newline cannot submit; never into a confirmation."""
    before = edited_text(state)
    if before is None or isinstance(state.top_window, Confirm):
        return state, ()
    printable = "".join(character for character in text if character.isprintable())
    return replace_text(state, (_text_to_extend(state, before) + printable)[:MAX_ANSWER_CHARACTERS]), ()


def _text_to_extend(state: State, before: str) -> str:
    """Empty for a prompt's default, which typing replaces."""
    return "" if isinstance(state.top_window, Prompt) and state.top_window.is_untouched else before


def _is_character(name: str) -> bool:
    return len(name) == 1 and name.isprintable()


def edited_text(state: State) -> str | None:
    """The content of the current text field; None if there is none."""
    match state.top_window:
        case None:
            return state.filters.get(state.focus, "") if state.is_filtering else None
        case Palette(text=text) | Prompt(text=text):
            return text
        case Form(values=values, cursor=cursor):
            return values[cursor]
        case Confirm(request=request, typed=text):
            return text if request.confirmation is Confirmation.WORD else None
        case History(is_typing=True, text=text):
            return text
        case Logs(is_typing=True, search=text):
            return text
    return None


def replace_text(state: State, text: str) -> State:
    match state.top_window:
        case None:
            return replace(state, filters={**state.filters, state.focus: text})
        case Palette() as palette:
            return replace_top_window(state, replace(palette, text=text, cursor=0))
        case Prompt() as prompt:
            return replace_top_window(state, replace(prompt, text=text, problem="", is_untouched=False))
        case Form() as form:
            values = (*form.values[: form.cursor], text, *form.values[form.cursor + 1 :])
            return replace_top_window(state, replace(form, values=values, problem=""))
        case Confirm() as confirm:
            return replace_top_window(state, replace(confirm, typed=text))
        case History() as history:
            return replace_top_window(state, replace(history, text=text))
        case Logs() as logs:
            return replace_top_window(state, replace(logs, search=text))
    return state


def clear_filter(state: State) -> State:
    return keep_filter(replace_text(state, ""))


def keep_filter(state: State) -> State:
    match state.top_window:
        case None:
            return replace(state, is_filtering=False)
        case (History() | Logs()) as window:
            return replace_top_window(state, replace(window, is_typing=False))
    return state
