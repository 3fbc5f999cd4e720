"""The one map from actions to the functions that carry them out. [pure]"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from dashboard_client.tui.model import effects, windows
from dashboard_client.tui.model.action import Action
from dashboard_client.tui.model.menu_items import MenuItem
from dashboard_client.tui.model.state import State
from dashboard_client.tui.update import chart_actions, open_windows, panel_actions, row_actions, window_actions
from dashboard_client.tui.update.api_calls import Transition, confirm_or_send, pop_window, show_toast
from dashboard_client.tui.update.network_events import refresh
from dashboard_client.tui.update.text_input import clear_filter, keep_filter

PAGE = 10
STEPS: Mapping[Action, int] = {
    Action.UP: -1, Action.DOWN: 1, Action.PAGE_UP: -PAGE, Action.PAGE_DOWN: PAGE,
    Action.FIRST: -1_000_000, Action.LAST: 1_000_000,
}  # fmt: skip
# Called with the state, the top window (in WINDOW_HANDLERS) and the arguments of a menu item.
Handler = Callable[..., State | Transition]


def run_action(state: State, action: Action, arguments: tuple[str, ...] = ()) -> Transition:
    """Carry out an action, in the way of the top window if it has one of its own."""
    window = state.top_window
    of_window = WINDOW_HANDLERS[type(window)].get(action) if window is not None else None
    result = of_window(state, window) if of_window else HANDLERS[action](state, *arguments)
    return (result, ()) if isinstance(result, State) else result


def _choose_menu_item(state: State, menu: windows.Menu) -> Transition:
    return _choose(pop_window(state), menu.items[menu.cursor])


def _choose_palette_item(state: State, palette: windows.Palette) -> Transition:
    item = window_actions.selected_palette_item(palette)
    return _choose(pop_window(state), item) if item else (state, ())


def _choose(state: State, item: MenuItem) -> Transition:
    if isinstance(item.does, Action):
        return run_action(state, item.does, item.arguments)
    return confirm_or_send(state, item.does)


def _steps(move: Handler) -> dict[Action, Handler]:
    """The actions that move a selection or scroll, by `move` with a number of rows or lines."""
    return {action: partial(move, step=step) for action, step in STEPS.items()}


# Over the panels; and over a window, unless WINDOW_HANDLERS has an entry for it.
HANDLERS: Mapping[Action, Handler] = {
    **_steps(panel_actions.move_in_panel),
    Action.FOCUS_PM2: partial(panel_actions.focus_panel, panel="pm2"),
    Action.FOCUS_REDIS: partial(panel_actions.focus_panel, panel="redis"),
    Action.FOCUS_BENCHMARKS: partial(panel_actions.focus_panel, panel="benchmarks"),
    Action.FOCUS_RUN: partial(panel_actions.focus_panel, panel="run"),
    Action.FOCUS_ACTIVITY: partial(panel_actions.focus_panel, panel="activity"),
    Action.FOCUS_CPU: partial(panel_actions.focus_panel, panel="cpu"),
    Action.FOCUS_MEMORY: partial(panel_actions.focus_panel, panel="memory"),
    Action.FOCUS_PREVIOUS: partial(panel_actions.focus_neighbour, step=-1),
    Action.FOCUS_NEXT: partial(panel_actions.focus_neighbour, step=1),
    Action.TOGGLE_ZOOM: panel_actions.toggle_zoom,
    Action.TOGGLE_PAUSE: panel_actions.toggle_pause,
    Action.TOGGLE_THEME: lambda state: (state, (effects.SwitchTheme(),)),
    Action.TOGGLE_TEXT_SELECTION: panel_actions.toggle_text_selection,
    Action.SORT: panel_actions.sort_by_next_column,
    Action.REVERSE: panel_actions.reverse_sort,
    Action.EDIT_FILTER: panel_actions.edit_filter,
    Action.KEEP_FILTER: keep_filter,
    Action.CLEAR_FILTER: clear_filter,
    Action.GO_BACK: panel_actions.go_back,
    Action.REDRAW: lambda state: (state, (effects.Redraw(),)),
    Action.REFRESH: refresh,
    Action.SUSPEND: lambda state: (state, (effects.Suspend(),)),
    Action.QUIT: lambda state: (state, (effects.Quit(),)),
    Action.SHOW_MESSAGE: partial(show_toast, tone="plain"),
    Action.SHORTER_RANGE: partial(chart_actions.change_range, step=-1),
    Action.LONGER_RANGE: partial(chart_actions.change_range, step=1),
    Action.CURSOR_EARLIER: partial(chart_actions.move_cursor, step=-1),
    Action.CURSOR_LATER: partial(chart_actions.move_cursor, step=1),
    Action.MOVE_EARLIER: partial(chart_actions.move_by_half, step=-1),
    Action.MOVE_LATER: partial(chart_actions.move_by_half, step=1),
    Action.MOVE_TO_NOW: chart_actions.move_to_now,
    Action.PREVIOUS_CHART: partial(chart_actions.select_chart, step=-1),
    Action.NEXT_CHART: partial(chart_actions.select_chart, step=1),
    Action.OPEN_MENU: open_windows.open_menu,
    Action.OPEN_PALETTE: open_windows.open_palette,
    Action.OPEN_HELP: open_windows.open_help,
    Action.OPEN_HISTORY: open_windows.open_history,
    Action.OPEN_LATEST: open_windows.open_latest_by_framework,
    Action.OPEN_CONNECTION_ADVICE: open_windows.open_connection_advice,
    Action.OPEN_ROW: open_windows.open_selected_row,
    Action.OPEN_LOGS: open_windows.open_logs,
    Action.OPEN_PROCESS_LOGS: open_windows.open_process_logs,
    Action.OPEN_NODE_INFO: open_windows.open_node_info,
    Action.OPEN_SLOW_LOG: open_windows.open_slow_log,
    Action.OPEN_RUN_FORM: open_windows.open_run_form,
    Action.OPEN_RUN_FORM_AGAIN: open_windows.open_run_form_again,
    Action.OPEN_PROCESS_RUN_FORM: open_windows.open_process_run_form,
    Action.PROMPT_SERVER: open_windows.prompt_server,
    Action.PROMPT_NODES: open_windows.prompt_nodes,
    Action.PROMPT_INSTANCES: open_windows.prompt_instances,
    Action.PROMPT_SCALE: open_windows.prompt_scale,
    Action.PROMPT_FILE: open_windows.prompt_file,
    Action.CHECK_INSTALLATION: open_windows.check_installation,
    Action.CLOSE: window_actions.close_window,
    Action.RESTART_PROCESS: partial(row_actions.request_for_process, verb="restart"),
    Action.STOP_PROCESS: partial(row_actions.request_for_process, verb="stop"),
    Action.DELETE_PROCESS: partial(row_actions.request_for_process, verb="delete"),
    Action.FAIL_OVER_NODE: row_actions.fail_over_node,
    Action.MARK_RUN: row_actions.mark_run,
    Action.CANCEL_RUN: row_actions.cancel_run,
    Action.TOGGLE_BASELINE: row_actions.toggle_baseline,
    Action.CLEAR_HISTORY: row_actions.clear_history,
    Action.EXPORT_HISTORY: row_actions.export_history,
    Action.COPY: row_actions.copy_activity,
}

_PAGE_HANDLERS: Mapping[Action, Handler] = {
    **_steps(window_actions.scroll_page), Action.COPY: window_actions.copy_page,
}  # fmt: skip
WINDOW_HANDLERS: Mapping[type[windows.Window], Mapping[Action, Handler]] = {
    windows.Menu: {
        **_steps(window_actions.move_in_menu),
        Action.PREVIOUS_SECTION: partial(window_actions.go_to_section, step=-1),
        Action.NEXT_SECTION: partial(window_actions.go_to_section, step=1),
        Action.CHOOSE_ITEM: _choose_menu_item,
    },
    windows.Palette: {**_steps(window_actions.move_in_palette), Action.CHOOSE_ITEM: _choose_palette_item},
    windows.Prompt: {Action.SUBMIT: window_actions.submit_prompt},
    windows.Form: {
        **_steps(window_actions.move_in_form),
        Action.PREVIOUS_CHOICE: partial(window_actions.cycle_choice, step=-1),
        Action.NEXT_CHOICE: partial(window_actions.cycle_choice, step=1),
        Action.SUBMIT: window_actions.submit_form,
    },
    windows.Confirm: {Action.CONFIRM: window_actions.send_confirmed, Action.SUBMIT: window_actions.submit_word},
    windows.History: {
        **_steps(window_actions.move_in_history),
        Action.SORT: window_actions.sort_history,
        Action.EDIT_FILTER: window_actions.edit_filter,
        Action.OPEN_ROW: window_actions.open_history_row,
        Action.MARK_RUN: window_actions.mark_history_row,
        Action.COPY: window_actions.copy_history_row,
    },
    windows.RunPage: _PAGE_HANDLERS,
    windows.ProcessDetails: _PAGE_HANDLERS,
    windows.NodeDetails: _PAGE_HANDLERS,
    windows.Page: _PAGE_HANDLERS,
    windows.Compare: {Action.COPY: window_actions.copy_comparison},
    windows.Logs: {
        **_steps(window_actions.move_in_logs),
        Action.FOLLOW: window_actions.follow_logs,
        Action.PREVIOUS_MATCH: partial(window_actions.go_to_match, is_upwards=False),
        Action.NEXT_MATCH: partial(window_actions.go_to_match, is_upwards=True),
        Action.TOGGLE_WRAP: window_actions.toggle_wrap,
        Action.TOGGLE_TIMES: window_actions.toggle_times,
        Action.EDIT_FILTER: window_actions.edit_filter,
        Action.COPY: window_actions.copy_logs,
        Action.SAVE: window_actions.save_logs,
    },
}
