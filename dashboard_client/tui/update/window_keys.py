"""What an action does to the window on top. [pure]"""

from __future__ import annotations

from dataclasses import replace

from dashboard_client.tui.model import actions, effects, prompts
from dashboard_client.tui.model.matching import found_in, palette_matches
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
from dashboard_client.tui.update.navigate import go, mark, open_run
from dashboard_client.tui.update.requests import Outcome, closed, on_top, perform, send, toast
from dashboard_client.tui.update.typing import with_text
from dashboard_client.wire.benchmarks import BenchmarkResult

STEPS = {"up": -1, "down": 1, "page_up": -10, "page_down": 10, "first": -1_000_000, "last": 1_000_000}


def in_overlay(state: State, action: str) -> Outcome:
    """Actions of the top window; the rest belong to the whole dashboard."""
    if action == "close":
        return close(state)
    top = state.top
    match top:
        case Menu():
            return _menu(state, top, action)
        case Palette():
            return _palette(state, top, action)
        case Prompt():
            return _prompt(state, top)
        case Form():
            return _form(state, top, action)
        case Confirm():
            return _confirm(state, top, action)
        case History():
            return _history(state, top, action)
        case Logs():
            return _logs(state, top, action)
        case Compare() if action == "copy":
            return state, (effects.Copy("\n".join(compare_lines(top))),)
        case RunPage() | ProcessDetails() | Page():
            return _page(state, top, action)
    return go(state, action, ())


def close(state: State) -> Outcome:
    """The window on top goes; with the last log view its stream."""
    is_log = isinstance(state.top, Logs)
    state = closed(state)
    more = (effects.Unsubscribe("pm2:logs"),) if is_log and not any(isinstance(x, Logs) for x in state.overlays) else ()
    return state, more


def choose(state: State, offer: actions.Offer) -> Outcome:
    if isinstance(offer.does, actions.Act):
        return perform(state, offer.does)
    return go(state, offer.does.action, offer.does.about)


def _clamped(at: int, count: int) -> int:
    return max(0, min(at, count - 1))


def _menu(state: State, menu: Menu, action: str) -> Outcome:
    if action in STEPS:
        return on_top(state, replace(menu, cursor=_clamped(menu.cursor + STEPS[action], len(menu.offers)))), ()
    if action.startswith("section_"):
        sections = list(dict.fromkeys(each.section for each in menu.offers))
        step = 1 if action == "section_after" else -1
        wanted = sections[(sections.index(menu.offers[menu.cursor].section) + step) % len(sections)]
        first = next(index for index, each in enumerate(menu.offers) if each.section == wanted)
        return on_top(state, replace(menu, cursor=first)), ()
    if action == "choose":
        return choose(closed(state), menu.offers[menu.cursor])
    return state, ()


def _palette(state: State, palette: Palette, action: str) -> Outcome:
    found = palette_matches(palette.offers, palette.text)
    if action in STEPS:
        return on_top(state, replace(palette, cursor=_clamped(palette.cursor + STEPS[action], len(found)))), ()
    return state, ()


def palette_choice(palette: Palette) -> actions.Offer | None:
    found = palette_matches(palette.offers, palette.text)
    return found[_clamped(palette.cursor, len(found))] if found else None


def _prompt(state: State, prompt: Prompt) -> Outcome:
    """Empty cancels; a wrong answer stays, with what is wrong about it."""
    text = prompt.text.strip()
    if not text:
        return closed(state), ()
    if prompt.kind == "server":
        return closed(state), (effects.SwitchServer(text),)
    if prompt.kind == "nodes":
        found = prompts.topology(text)
        if isinstance(found, str):
            return on_top(state, replace(prompt, problem=found)), ()
        nodes, replicas = found
        each = prompts.default_replicas(nodes) if replicas is None else replicas
        more: dict[str, object] = {} if each else {"allowNoFailover": True}
        arguments = {"node_count": nodes, "replicas": replicas, **more}
        return perform(closed(state), actions.Act(f"Set up {nodes} Redis nodes", "redis_setup", arguments))
    count = prompts.instances(text)
    if isinstance(count, str):
        return on_top(state, replace(prompt, problem=count)), ()
    arguments = {"framework": prompt.subject, "instances": count}
    if prompt.kind == "scale":
        return perform(closed(state), actions.Act(f"Scale {prompt.subject} to {count}", "pm2_scale", arguments))
    return perform(closed(state), actions.Act(f"Start {prompt.subject}", "pm2_start", arguments))


def _form(state: State, form: Form, action: str) -> Outcome:
    if action in STEPS:
        cursor = (form.cursor + STEPS[action]) % len(form.values)
        return on_top(state, replace(form, cursor=cursor)), ()
    if action.startswith("choice_"):
        step = 1 if action == "choice_after" else -1
        text = prompts.next_choice(prompts.RUN_FIELDS[form.cursor], form.values[form.cursor], step)
        return with_text(state, text), ()
    found = prompts.scenario(form.values)
    if isinstance(found, str):
        return on_top(state, replace(form, problem=found)), ()
    scenario = {"endpoint": form.endpoint, "method": form.method, **found}
    return perform(closed(state), actions.run_benchmark(form.framework, scenario))


def _confirm(state: State, confirm: Confirm, action: str) -> Outcome:
    """`y` for a simple one; the whole word and then Enter for a dangerous one. Enter alone cancels."""
    if action == "yes" and confirm.act.tier == actions.ASK:
        return _sent(state, confirm)
    return state, ()


def entered(state: State, confirm: Confirm) -> Outcome:
    """Enter in a dialog that wants a word."""
    return _sent(state, confirm) if confirm.typed == confirm.act.word else close(state)


def _sent(state: State, confirm: Confirm) -> Outcome:
    state = closed(state)
    if not state.link.is_up or state.server != confirm.server:
        return toast(state, f"{confirm.act.title}: not sent, the connection is not what it was", "warn"), ()
    return send(state, confirm.act)


def _history(state: State, history: History, action: str) -> Outcome:
    found = history_rows(history)
    at = position(found, history.selected)
    if action in STEPS and found:
        return on_top(state, replace(history, selected=found[_clamped(at + STEPS[action], len(found))].identity)), ()
    if action == "filter":
        return on_top(state, replace(history, is_typing=True)), ()
    if action == "sort":
        return on_top(state, replace(history, sort=history.sort + 1)), ()
    item = found[at].item if found else None
    if action in ("clear_history", "latest_of_each"):
        return go(state, action, ())
    if not isinstance(item, BenchmarkResult):
        return state, ()
    if action == "open":
        return open_run(state, item.id, item)
    if action == "mark":
        return mark(state, item, history.results or ())
    if action == "copy":
        return state, (effects.Copy("\n".join(page_lines(RunPage(item.id, result=item)))),)
    return state, ()


def _logs(state: State, logs: Logs, action: str) -> Outcome:
    changed = _switched(logs, action)
    if changed is not None:
        return on_top(state, changed), ()
    if action in STEPS:
        back = _clamped(logs.back - STEPS[action], len(logs.lines) + 1)
        return on_top(state, replace(logs, back=max(0, back))), ()
    if action in ("next_match", "match_before"):
        return on_top(state, replace(logs, back=found_in(logs, upwards=action == "next_match"))), ()
    text = "\n".join(page_lines(logs))
    if action == "copy":
        return (state, (effects.Copy(text),)) if text else (toast(state, "Nothing to copy", "warn"), ())
    if action == "save":
        return state, (effects.SaveFile(f"{_file_name(logs.of)}.log", text),)
    return go(state, action, ())


def _switched(logs: Logs, action: str) -> Logs | None:
    match action:
        case "follow":
            return replace(logs, back=0)
        case "wrap":
            return replace(logs, is_wrapped=not logs.is_wrapped)
        case "times":
            return replace(logs, has_times=not logs.has_times)
        case "filter":
            return replace(logs, is_typing=True)
    return None


def _file_name(name: str) -> str:
    """Nothing that means a folder or an option."""
    safe = "".join(each if each.isascii() and (each.isalnum() or each in "_") else "-" for each in name)[:60]
    return safe.strip("-") or "pm2"


def _page(state: State, page: RunPage | ProcessDetails | Page, action: str) -> Outcome:
    lines = page_lines(page)
    if action in STEPS:
        top = max(0, min(page.top + STEPS[action], len(lines) - 1))
        return on_top(state, replace(page, top=top)), ()
    if action == "copy":
        return state, (effects.Copy("\n".join(lines)),)
    return go(state, action, ())
