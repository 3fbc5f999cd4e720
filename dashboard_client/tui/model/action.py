"""The actions of the dashboard: what a key, a menu item or a palette item does. [pure]

`keymap` binds keys to them, `menu_items` offers them, and `update.handlers` carries them out.
"""

from __future__ import annotations

from enum import StrEnum, auto


class Action(StrEnum):
    # Moving the selection, or scrolling.
    UP = auto()
    DOWN = auto()
    PAGE_UP = auto()
    PAGE_DOWN = auto()
    FIRST = auto()
    LAST = auto()
    PREVIOUS_SECTION = auto()
    NEXT_SECTION = auto()
    PREVIOUS_MATCH = auto()
    NEXT_MATCH = auto()
    FOLLOW = auto()
    # The screen and its panels.
    FOCUS_PM2 = auto()
    FOCUS_REDIS = auto()
    FOCUS_BENCHMARKS = auto()
    FOCUS_RUN = auto()
    FOCUS_ACTIVITY = auto()
    FOCUS_CPU = auto()
    FOCUS_MEMORY = auto()
    FOCUS_PREVIOUS = auto()
    FOCUS_NEXT = auto()
    TOGGLE_ZOOM = auto()
    TOGGLE_PAUSE = auto()
    TOGGLE_THEME = auto()
    TOGGLE_TEXT_SELECTION = auto()
    TOGGLE_WRAP = auto()
    TOGGLE_TIMES = auto()
    SORT = auto()
    REVERSE = auto()
    EDIT_FILTER = auto()
    KEEP_FILTER = auto()
    CLEAR_FILTER = auto()
    GO_BACK = auto()
    REDRAW = auto()
    REFRESH = auto()
    SUSPEND = auto()
    QUIT = auto()
    SHOW_MESSAGE = auto()
    # Charts.
    SHORTER_RANGE = auto()
    LONGER_RANGE = auto()
    CURSOR_EARLIER = auto()
    CURSOR_LATER = auto()
    MOVE_EARLIER = auto()
    MOVE_LATER = auto()
    MOVE_TO_NOW = auto()
    PREVIOUS_CHART = auto()
    NEXT_CHART = auto()
    # Windows.
    OPEN_MENU = auto()
    OPEN_PALETTE = auto()
    OPEN_HELP = auto()
    OPEN_HISTORY = auto()
    OPEN_LATEST = auto()
    OPEN_CONNECTION_ADVICE = auto()
    OPEN_ROW = auto()
    OPEN_LOGS = auto()
    OPEN_PROCESS_LOGS = auto()
    OPEN_NODE_INFO = auto()
    OPEN_SLOW_LOG = auto()
    OPEN_RUN_FORM = auto()
    OPEN_RUN_FORM_AGAIN = auto()
    OPEN_PROCESS_RUN_FORM = auto()
    PROMPT_SERVER = auto()
    PROMPT_NODES = auto()
    PROMPT_INSTANCES = auto()
    PROMPT_SCALE = auto()
    PROMPT_FILE = auto()
    CHECK_INSTALLATION = auto()
    CLOSE = auto()
    CHOOSE_ITEM = auto()
    PREVIOUS_CHOICE = auto()
    NEXT_CHOICE = auto()
    SUBMIT = auto()
    CONFIRM = auto()
    # What the rows and pages show.
    RESTART_PROCESS = auto()
    STOP_PROCESS = auto()
    DELETE_PROCESS = auto()
    FAIL_OVER_NODE = auto()
    MARK_RUN = auto()
    CANCEL_RUN = auto()
    TOGGLE_BASELINE = auto()
    CLEAR_HISTORY = auto()
    EXPORT_HISTORY = auto()
    COPY = auto()
    SAVE = auto()


# Hidden with --readonly, since they change the server. `SHOW_MESSAGE` stands in for one with nothing left to do.
MUTATING_ACTIONS = frozenset({
    Action.RESTART_PROCESS, Action.STOP_PROCESS, Action.DELETE_PROCESS, Action.PROMPT_NODES, Action.PROMPT_INSTANCES,
    Action.PROMPT_SCALE, Action.PROMPT_FILE, Action.OPEN_RUN_FORM, Action.OPEN_RUN_FORM_AGAIN,
    Action.OPEN_PROCESS_RUN_FORM, Action.FAIL_OVER_NODE, Action.CANCEL_RUN, Action.CLEAR_HISTORY,
    Action.TOGGLE_BASELINE, Action.SHOW_MESSAGE,
})  # fmt: skip
