"""The text of docs/parity.md. [pure]"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping

from dashboard_client.tui.model.action import Action
from pm2site.web.views import VIEWS
from tests.parity import actions, views
from tests.parity.browser import BrowserAction
from tests.parity.row import Empty, Row, names
from tests.parity.terminal import text_of

INTRO = """\
# Parity of the clients

What the terminal dashboard, the page in the browser, the command lines and the API can do, and what each cannot.
`python -m tests.parity` writes this file from their own tables of actions, keys, commands and endpoints, and from the
rows in `tests/parity`; a test compares them.

* **Terminal**: a key of the dashboard with its panel or window, or an entry of its menu, in which NAME is a framework
  and APP another process.
* **Browser**: the word on the button and the action's id, or a key of the page. An action counts when a test performs
  it in Chromium; one without is *no test*. A link to the admin does not count. What can be seen has an
  address.
* **Command line**: `manage.py …` on the server's machine; `run …` after `python -m dashboard_client`, on any machine;
  `benchmarks` is `python -m benchmarks`. Selectors and options are in their `--help`.
* **–** with the reason: not offered there.
"""
HEADER = "| | terminal | browser | command line | API |\n| --- | --- | --- | --- | --- |"


def render(table: Mapping[str, BrowserAction], performed: Collection[str]) -> str:
    """`table`: the page's actions by id; `performed`: ids that a test performs in Chromium."""

    def browser_action(id: str) -> str:
        action = table[id]
        offer = "".join(f"`{key}` " for key in action.keys) or f"{action.verb} "
        return f"{offer}`{id}`" if id in performed else f"– *no test* `{id}`"

    return "\n".join(
        [
            INTRO,
            "## What can be done\n",
            *_sections(actions.TOPICS, browser_action),
            "## What can be seen\n",
            *_sections(views.TOPICS, _address),
        ]
    )


def untested(table: Mapping[str, BrowserAction], performed: Collection[str]) -> list[str]:
    """The ids of the page's actions, in the order of its table, that no test performs in Chromium."""
    return [id for id in table if id not in performed]


def _sections(topics: Mapping[str, tuple[Row, ...]], browser_text: Callable[[str], str]) -> Iterator[str]:
    for topic, rows in topics.items():
        yield f"### {topic}\n\n{HEADER}"
        yield from (_line(row, browser_text) for row in rows)
        yield ""


def _line(row: Row, browser_text: Callable[[str], str]) -> str:
    cells = (
        _cell(row.terminal, text_of),
        _cell(row.browser, lambda name: browser_text(str(name))),
        _cell(row.command, lambda name: f"`{name}`"),
        _cell(row.api, lambda name: f"`{name}`"),
    )
    return f"| {' | '.join((row.title, *cells))} |"


def _cell(cell: tuple[Action | str, ...] | Empty, text: Callable[[Action | str], str]) -> str:
    if isinstance(cell, Empty):
        return f"– {cell.reason}"
    return "<br>".join(text(name) for name in names(cell))


def _address(name: str) -> str:
    [view] = [view for view in VIEWS if view.name == name]
    return f"`/{re.sub('<(?:int|uuid):', '{', view.path).replace('>', '}')}`"
