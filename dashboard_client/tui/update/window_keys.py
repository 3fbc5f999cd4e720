"""Carries out keymap actions on the top window. [pure]"""

from __future__ import annotations

from dataclasses import replace

from dashboard_client.tui.model import actions, effects, prompts
from dashboard_client.tui.model.actions import ApiAction, Confirmation, MenuItem
from dashboard_client.tui.model.matching import find_log_match, palette_matches
from dashboard_client.tui.model.rows import history_rows, position
from dashboard_client.tui.model.state import State
from dashboard_client.tui.model.windows import (
    Compare,
    Confirm,
    Form,
    History,
    Logs,
    Menu,
    Page,
    Palette,
    ProcessDetails,
    Prompt,
    RunPage,
)
from dashboard_client.tui.text.window_text import compare_lines, page_lines
from dashboard_client.tui.update.api_calls import (
    Outcome,
    pop_window,
    replace_top_window,
    request_action,
    send_action,
    show_toast,
)
from dashboard_client.tui.update.text_input import replace_text
from dashboard_client.tui.update.ui_actions import handle_action, mark_or_compare, open_run_page
from dashboard_client.wire.benchmarks import BenchmarkResult

STEPS = {"up": -1, "down": 1, "page_up": -10, "page_down": 10, "first": -1_000_000, "last": 1_000_000}


def handle_window_action(state: State, action: str) -> Outcome:
    """Actions unknown to the top window go to `ui_actions.handle_action`."""
    if action == "close":
        return close_window(state)
    window = state.top_window
    match window:
        case Menu():
            return _on_menu(state, window, action)
        case Palette():
            return _on_palette(state, window, action)
        case Prompt():
            return _submit_prompt(state, window)
        case Form():
            return _on_form(state, window, action)
        case Confirm():
            return _on_confirm(state, window, action)
        case History():
            return _on_history(state, window, action)
        case Logs():
            return _on_logs(state, window, action)
        case Compare() if action == "copy":
            return state, (effects.Copy("\n".join(compare_lines(window))),)
        case RunPage() | ProcessDetails() | Page():
            return _on_page(state, window, action)
    return handle_action(state, action, ())


def close_window(state: State) -> Outcome:
    """Close the top window. Closing the last log window ends the log subscription."""
    was_logs = isinstance(state.top_window, Logs)
    state = pop_window(state)
    if was_logs and not any(isinstance(window, Logs) for window in state.windows):
        return state, (effects.Unsubscribe("pm2:logs"),)
    return state, ()


def choose_item(state: State, item: MenuItem) -> Outcome:
    if isinstance(item.action, ApiAction):
        return request_action(state, item.action)
    return handle_action(state, item.action.name, item.action.arguments)


def _clamp(index: int, count: int) -> int:
    return max(0, min(index, count - 1))


def _on_menu(state: State, menu: Menu, action: str) -> Outcome:
    if action in STEPS:
        return replace_top_window(state, replace(menu, cursor=_clamp(menu.cursor + STEPS[action], len(menu.items)))), ()
    if action in ("previous_section", "next_section"):
        sections = list(dict.fromkeys(item.section for item in menu.items))
        step = 1 if action == "next_section" else -1
        section = sections[(sections.index(menu.items[menu.cursor].section) + step) % len(sections)]
        first = next(index for index, item in enumerate(menu.items) if item.section == section)
        return replace_top_window(state, replace(menu, cursor=first)), ()
    if action == "choose":
        return choose_item(pop_window(state), menu.items[menu.cursor])
    return state, ()


def _on_palette(state: State, palette: Palette, action: str) -> Outcome:
    """`keys` handles choosing, because an item may be a panel action."""
    matches = palette_matches(palette.items, palette.text)
    if action in STEPS:
        return replace_top_window(
            state, replace(palette, cursor=_clamp(palette.cursor + STEPS[action], len(matches)))
        ), ()
    return state, ()


def selected_palette_item(palette: Palette) -> MenuItem | None:
    matches = palette_matches(palette.items, palette.text)
    return matches[_clamp(palette.cursor, len(matches))] if matches else None


def _submit_prompt(state: State, prompt: Prompt) -> Outcome:
    """An empty answer cancels; an invalid one stays open with an error message."""
    text = prompt.text.strip()
    if not text:
        return pop_window(state), ()
    if prompt.kind == "server":
        return pop_window(state), (effects.SwitchServer(text),)
    if prompt.kind == "nodes":
        topology = prompts.parse_topology(text)
        if isinstance(topology, str):
            return replace_top_window(state, replace(prompt, problem=topology)), ()
        return request_action(pop_window(state), _set_up_redis(*topology))
    count = prompts.parse_instances(text)
    if isinstance(count, str):
        return replace_top_window(state, replace(prompt, problem=count)), ()
    arguments = {"framework": prompt.subject, "instances": count}
    if prompt.kind == "scale":
        scale = ApiAction(f"Scale {prompt.subject} to {count}", "pm2_scale", arguments)
        return request_action(pop_window(state), scale)
    return request_action(pop_window(state), ApiAction(f"Start {prompt.subject}", "pm2_start", arguments))


def _set_up_redis(nodes: int, replicas: int | None) -> ApiAction:
    """`replicas`: per master; None leaves the number to the server. Without any, the server requires an opt-in."""
    replicas_per_master = prompts.default_replicas(nodes) if replicas is None else replicas
    opt_in: dict[str, object] = {} if replicas_per_master else {"allowNoFailover": True}
    arguments = {"node_count": nodes, "replicas": replicas, **opt_in}
    return ApiAction(f"Set up {nodes} Redis nodes", "redis_setup", arguments)


def _on_form(state: State, form: Form, action: str) -> Outcome:
    if action in STEPS:
        cursor = (form.cursor + STEPS[action]) % len(form.values)
        return replace_top_window(state, replace(form, cursor=cursor)), ()
    if action in ("previous_choice", "next_choice"):
        step = 1 if action == "next_choice" else -1
        text = prompts.cycle_choice(prompts.RUN_FIELDS[form.cursor], form.values[form.cursor], step)
        return replace_text(state, text), ()
    parameters = prompts.parse_run_form(form.values)
    if isinstance(parameters, str):
        return replace_top_window(state, replace(form, problem=parameters)), ()
    scenario = {"endpoint": form.endpoint, "method": form.method, **parameters}
    return request_action(pop_window(state), actions.run_benchmark(form.framework, scenario))


def _on_confirm(state: State, confirm: Confirm, action: str) -> Outcome:
    """Only `y` confirms; every other key leaves the dialog open or cancels it."""
    if action == "confirm" and confirm.action.confirmation is Confirmation.YES:
        return _send_confirmed(state, confirm)
    return state, ()


def submit_word(state: State, confirm: Confirm) -> Outcome:
    """Enter in a dialog that requires a typed word: sends if the word is complete, else cancels."""
    return _send_confirmed(state, confirm) if confirm.typed == confirm.action.word else close_window(state)


def _send_confirmed(state: State, confirm: Confirm) -> Outcome:
    state = pop_window(state)
    if not state.link.is_up or state.server != confirm.server:
        return show_toast(state, f"{confirm.action.title}: not sent, the connection has changed", "warn"), ()
    return send_action(state, confirm.action)


def _on_history(state: State, history: History, action: str) -> Outcome:
    runs = history_rows(history)
    index = position(runs, history.selected)
    if action in STEPS and runs:
        selected = runs[_clamp(index + STEPS[action], len(runs))].identity
        return replace_top_window(state, replace(history, selected=selected)), ()
    if action == "filter":
        return replace_top_window(state, replace(history, is_typing=True)), ()
    if action == "sort":
        return replace_top_window(state, replace(history, sort=history.sort + 1)), ()
    if action in ("clear_history", "latest_by_framework"):
        return handle_action(state, action, ())
    result = runs[index].item if runs else None
    if not isinstance(result, BenchmarkResult):
        return state, ()
    if action == "open_row":
        return open_run_page(state, result.id, result)
    if action == "mark_run":
        return mark_or_compare(state, result, history.results or ())
    if action == "copy":
        return state, (effects.Copy("\n".join(page_lines(RunPage(result.id, result=result)))),)
    return state, ()


def _on_logs(state: State, logs: Logs, action: str) -> Outcome:
    changed = _change_logs_view(logs, action)
    if changed is not None:
        return replace_top_window(state, changed), ()
    if action in STEPS:
        lines_back = _clamp(logs.lines_back - STEPS[action], len(logs.lines) + 1)
        return replace_top_window(state, replace(logs, lines_back=max(0, lines_back))), ()
    if action in ("next_match", "previous_match"):
        lines_back = find_log_match(logs, upwards=action == "next_match")
        return replace_top_window(state, replace(logs, lines_back=lines_back)), ()
    text = "\n".join(page_lines(logs))
    if action == "copy":
        return (state, (effects.Copy(text),)) if text else (show_toast(state, "Nothing to copy", "warn"), ())
    if action == "save":
        return state, (effects.SaveFile(f"{_safe_file_name(logs.source)}.log", text),)
    return handle_action(state, action, ())


def _change_logs_view(logs: Logs, action: str) -> Logs | None:
    match action:
        case "follow":
            return replace(logs, lines_back=0)
        case "toggle_wrap":
            return replace(logs, is_wrapped=not logs.is_wrapped)
        case "toggle_times":
            return replace(logs, has_times=not logs.has_times)
        case "filter":
            return replace(logs, is_typing=True)
    return None


def _safe_file_name(name: str) -> str:
    """At most 60 ASCII letters, digits, `_` and `-`, so that it names neither a folder nor an option."""
    safe = "".join(
        character if character.isascii() and (character.isalnum() or character == "_") else "-" for character in name
    )
    return safe[:60].strip("-") or "pm2"


def _on_page(state: State, page: RunPage | ProcessDetails | Page, action: str) -> Outcome:
    lines = page_lines(page)
    if action in STEPS:
        first_line = max(0, min(page.first_line + STEPS[action], len(lines) - 1))
        return replace_top_window(state, replace(page, first_line=first_line)), ()
    if action == "copy":
        return state, (effects.Copy("\n".join(lines)),)
    return handle_action(state, action, ())
