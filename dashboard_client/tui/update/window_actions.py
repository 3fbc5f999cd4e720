"""Actions on the top window, one function each. [pure]"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace

from dashboard_client.tui.model import effects, prompts, server_requests
from dashboard_client.tui.model.matching import find_log_match, palette_matches
from dashboard_client.tui.model.menu_items import MenuItem
from dashboard_client.tui.model.rows import history_rows, position
from dashboard_client.tui.model.server_requests import ServerRequest
from dashboard_client.tui.model.state import State
from dashboard_client.tui.model.windows import (
    Compare,
    Confirm,
    Form,
    History,
    Logs,
    Menu,
    NodeDetails,
    Page,
    Palette,
    ProcessDetails,
    Prompt,
    RunPage,
)
from dashboard_client.tui.text.window_text import compare_lines, page_lines
from dashboard_client.tui.update.api_calls import (
    Transition,
    confirm_or_send,
    pop_window,
    replace_top_window,
    send,
    show_toast,
)
from dashboard_client.tui.update.open_windows import open_run_page
from dashboard_client.tui.update.row_actions import mark_or_compare
from dashboard_client.tui.update.text_input import replace_text
from dashboard_client.wire.benchmarks import BenchmarkResult
from dashboard_client.wire.system_config import ROOT, Limit, target_name


def close_window(state: State) -> Transition:
    """Close the top window. Closing the last log window ends the log subscription."""
    was_logs = isinstance(state.top_window, Logs)
    state = pop_window(state)
    if was_logs and not any(isinstance(window, Logs) for window in state.windows):
        return state, (effects.Unsubscribe("pm2:logs"),)
    return state, ()


def _clamp(index: int, count: int) -> int:
    return max(0, min(index, count - 1))


def move_in_menu(state: State, menu: Menu, step: int) -> State:
    return replace_top_window(state, replace(menu, cursor=_clamp(menu.cursor + step, len(menu.items))))


def go_to_section(state: State, menu: Menu, step: int) -> State:
    """The first item of the section `step` sections away, wrapping around."""
    sections = list(dict.fromkeys(item.section for item in menu.items))
    section = sections[(sections.index(menu.items[menu.cursor].section) + step) % len(sections)]
    first = next(index for index, item in enumerate(menu.items) if item.section == section)
    return replace_top_window(state, replace(menu, cursor=first))


def move_in_palette(state: State, palette: Palette, step: int) -> State:
    matches = palette_matches(palette.items, palette.text)
    return replace_top_window(state, replace(palette, cursor=_clamp(palette.cursor + step, len(matches))))


def selected_palette_item(palette: Palette) -> MenuItem | None:
    matches = palette_matches(palette.items, palette.text)
    return matches[_clamp(palette.cursor, len(matches))] if matches else None


def submit_prompt(state: State, prompt: Prompt) -> Transition:
    """An empty answer cancels; an invalid one stays open with an error message."""
    text = prompt.text.strip()
    if not text:
        return pop_window(state), ()
    if prompt.kind == "server":
        return pop_window(state), (effects.SwitchServer(text),)
    if prompt.kind == "file":
        return confirm_or_send(pop_window(state), server_requests.preview_file(text))
    request = _set_up_redis(text, prompt.limit) if prompt.kind == "nodes" else _set_instances(prompt, text)
    if isinstance(request, str):
        return replace_top_window(state, replace(prompt, problem=request)), ()
    return confirm_or_send(pop_window(state), request)


def _set_up_redis(text: str, limit: Limit) -> ServerRequest | str:
    """The request, or an error message. Without replicas, the server requires an opt-in."""
    topology = prompts.parse_topology(text, limit)
    if isinstance(topology, str):
        return topology
    nodes, replicas = topology
    replicas_per_master = prompts.default_replicas(nodes) if replicas is None else replicas
    opt_in: dict[str, object] = {} if replicas_per_master else {"allowNoFailover": True}
    return server_requests.set_up_redis(nodes, replicas=replicas, **opt_in)


def _set_instances(prompt: Prompt, text: str) -> ServerRequest | str:
    """The request that starts or scales the framework, or an error message."""
    count = prompts.parse_instances(text, prompt.limit)
    if isinstance(count, str):
        return count
    title = f"Scale {prompt.subject} to {count}" if prompt.kind == "scale" else f"Start {prompt.subject}"
    return server_requests.pm2_request(prompt.kind, title, framework=prompt.subject, instances=count)


def move_in_form(state: State, form: Form, step: int) -> State:
    return replace_top_window(state, replace(form, cursor=(form.cursor + step) % len(form.values)))


def cycle_choice(state: State, form: Form, step: int) -> State:
    return replace_text(state, prompts.cycle_choice(form.fields[form.cursor], form.values[form.cursor], step))


def submit_form(state: State, form: Form) -> Transition:
    """The form closes once the server has accepted the run, so that nothing is lost of what was typed."""
    parameters = prompts.parse_run_form(form.fields, form.values)
    requests = parameters if isinstance(parameters, str) else _form_requests(state, form, parameters)
    if isinstance(requests, str):
        return replace_top_window(state, replace(form, problem=requests)), ()
    if form.sent:
        return show_toast(state, f"{form.sent.title}: already in progress", "warn"), ()
    state, calls = confirm_or_send(state, server_requests.chain_requests(requests))
    return replace_top_window(state, replace(form, problem="", sent=requests[-1] if calls else None)), calls


def _form_requests(state: State, form: Form, parameters: Mapping[str, object]) -> tuple[ServerRequest, ...] | str:
    """The run, after the target that a process becomes of which it cannot be seen where it listens; or an error
    message."""
    if form.kind != "process":
        scenario = {"endpoint": form.endpoint or ROOT.path, "method": form.method, **parameters}
        return (server_requests.run_benchmark(form.framework, scenario, form.kind),)
    name, place = target_name(form.framework), prompts.parse_place(str(parameters["place"]))
    if isinstance(place, str):
        return place
    if state.config and state.config.is_of_another(name, form.framework):
        how = f"run bench target save NAME --pm2 {shlex.quote(form.framework)} --port N"
        return f"{name} is the name of another target. Give it a name by: {how}"
    of = {"pm2": form.framework} if "ports" in place else {}
    scenario = {key: value for key, value in parameters.items() if key != "place"}
    return server_requests.save_target(name, **of, **place), server_requests.run_benchmark(name, scenario, "target")


def submit_word(state: State, confirm: Confirm) -> Transition:
    """Enter in a dialog that requires a typed word: sends if the word is complete, else cancels."""
    return send_confirmed(state, confirm) if confirm.typed == confirm.request.word else close_window(state)


def send_confirmed(state: State, confirm: Confirm) -> Transition:
    state = pop_window(state)
    if not state.link.is_up or state.server != confirm.server:
        return show_toast(state, f"{confirm.request.title}: not sent, the connection has changed", "warn"), ()
    return send(state, confirm.request)


def move_in_history(state: State, history: History, step: int) -> State:
    runs = history_rows(history)
    if not runs:
        return state
    index = _clamp(position(runs, history.selected) + step, len(runs))
    return replace_top_window(state, replace(history, selected=runs[index].identity))


def sort_history(state: State, history: History) -> State:
    return replace_top_window(state, replace(history, sort=history.sort + 1))


def edit_filter(state: State, window: History | Logs) -> State:
    return replace_top_window(state, replace(window, is_typing=True))


def open_history_row(state: State, history: History) -> Transition:
    result = _selected_result(history)
    return open_run_page(state, result.id, result) if result else (state, ())


def mark_history_row(state: State, history: History) -> Transition:
    return mark_or_compare(state, _selected_result(history), history.results or ())


def copy_history_row(state: State, history: History) -> Transition:
    result = _selected_result(history)
    return copy_page(state, RunPage(result.id, result=result)) if result else (state, ())


def _selected_result(history: History) -> BenchmarkResult | None:
    runs = history_rows(history)
    item = runs[position(runs, history.selected)].item if runs else None
    return item if isinstance(item, BenchmarkResult) else None


def move_in_logs(state: State, logs: Logs, step: int) -> State:
    return replace_top_window(state, replace(logs, lines_back=_clamp(logs.lines_back - step, len(logs.lines) + 1)))


def follow_logs(state: State, logs: Logs) -> State:
    return replace_top_window(state, replace(logs, lines_back=0))


def go_to_match(state: State, logs: Logs, *, is_upwards: bool) -> State:
    return replace_top_window(state, replace(logs, lines_back=find_log_match(logs, upwards=is_upwards)))


def toggle_wrap(state: State, logs: Logs) -> State:
    return replace_top_window(state, replace(logs, is_wrapped=not logs.is_wrapped))


def toggle_times(state: State, logs: Logs) -> State:
    return replace_top_window(state, replace(logs, has_times=not logs.has_times))


def copy_logs(state: State, logs: Logs) -> Transition:
    return copy_page(state, logs) if logs.lines else (show_toast(state, "Nothing to copy", "warn"), ())


def save_logs(state: State, logs: Logs) -> Transition:
    text = "\n".join(page_lines(logs))
    return state, (effects.SaveFile(f"{_safe_file_name(logs.source)}.log", text),)


def _safe_file_name(name: str) -> str:
    """At most 60 ASCII letters, digits, `_` and `-`, so that it names neither a folder nor an option."""
    safe = "".join(
        character if character.isascii() and (character.isalnum() or character == "_") else "-" for character in name
    )
    return safe[:60].strip("-") or "pm2"


def scroll_page(state: State, page: RunPage | ProcessDetails | NodeDetails | Page, step: int) -> State:
    first_line = max(0, min(page.first_line + step, len(page_lines(page)) - 1))
    return replace_top_window(state, replace(page, first_line=first_line))


def copy_page(state: State, page: RunPage | ProcessDetails | NodeDetails | Page | Logs) -> Transition:
    return state, (effects.Copy("\n".join(page_lines(page))),)


def copy_comparison(state: State, compare: Compare) -> Transition:
    return state, (effects.Copy("\n".join(compare_lines(compare))),)
