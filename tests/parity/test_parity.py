"""docs/parity.md is complete, its names exist, and it is what the tables of actions say."""

from __future__ import annotations

from itertools import chain

import pytest

from dashboard_client.tui.model.action import Action
from pm2site.web.views import VIEWS
from tests.parity import actions, browser, commands, document, terminal, views
from tests.parity.api import operations
from tests.parity.row import Empty, Row, names

pytestmark = pytest.mark.real  # node
DONE = tuple(chain.from_iterable(actions.TOPICS.values()))
SEEN = tuple(chain.from_iterable(views.TOPICS.values()))
SHOWING_CONTEXTS = {  # those that show something of the server
    "pm2", "redis", "benchmarks", "run", "activity", "chart", "history", "runpage", "process", "node", "compare", "logs",
    "cpu", "memory",
}  # fmt: skip


def named(rows: tuple[Row, ...], column: str) -> set[Action | str]:
    return {name for row in rows for name in names(getattr(row, column))}


def test_the_document_is_what_the_tables_say() -> None:
    """After a change: `python -m tests.parity`."""
    text = (browser.ROOT / "docs/parity.md").read_text(encoding="utf-8")

    assert text.splitlines() == document.render(browser.actions(), browser.performed()).splitlines()


def test_every_name_exists() -> None:
    known_endpoints = {" ".join(operation) for operation in operations()}

    assert [name for name in named(DONE + SEEN, "terminal") if not terminal.exists(name)] == []
    assert named(DONE, "browser") - set(browser.actions()) == set()
    assert named(SEEN, "browser") - {view.name for view in VIEWS} == set()
    assert [name for name in named(DONE + SEEN, "command") if not commands.exists(str(name))] == []
    assert named(DONE + SEEN, "api") - known_endpoints == set()


def test_every_action_of_the_page_has_a_row() -> None:
    assert set(browser.actions()) - named(DONE, "browser") == set()


def test_every_view_of_the_page_has_a_row() -> None:
    assert {view.name for view in VIEWS} - named(SEEN, "browser") == set()


def test_whatever_changes_the_server_from_the_terminal_has_a_row() -> None:
    assert terminal.mutating() - named(DONE, "terminal") == set()
    assert {Action.RESTART_PROCESS, "Stop all processes"} <= terminal.mutating()


def test_every_panel_and_window_that_shows_something_has_a_row() -> None:
    typing = {"global", "list", "window", "menu", "palette", "prompt", "confirm", "word", "form", "page", "typing"}

    assert set(terminal.panels_and_windows()) - typing == SHOWING_CONTEXTS
    assert SHOWING_CONTEXTS - named(SEEN, "terminal") == set()


def test_every_command_has_a_row() -> None:
    bare = {str(name).partition(" --")[0] for name in named(DONE + SEEN, "command")}

    assert set(commands.commands()) - bare == set()
    assert {"manage.py pm2 stop", "run bench target save", "manage.py token", "benchmarks"} <= set(commands.commands())


def test_every_operation_of_the_api_has_a_row() -> None:
    named_operations = named(DONE + SEEN, "api")

    assert {" ".join(operation) for operation in operations()} - named_operations == set()
    reading = {name for name in named(SEEN, "api") if not str(name).startswith("GET ")}
    assert reading == {"POST /api/pm2/logs", "POST /api/benchmark/compare"}  # a query in a body changes nothing


def test_no_empty_cell_is_unexplained() -> None:
    cells = [
        (row.title, cell) for row in DONE + SEEN for cell in (row.terminal, row.browser, row.command, row.api)
    ]  # fmt: skip

    assert [title for title, cell in cells if not (cell.reason if isinstance(cell, Empty) else cell)] == []


def test_titles_are_unique_and_fit_a_table() -> None:
    titles = [row.title for row in DONE + SEEN]
    lines = document.render(browser.actions(), browser.performed()).splitlines()

    assert [title for title in titles if titles.count(title) > 1] == []
    assert {line.count("|") for line in lines if line.startswith("|")} == {6}


def test_the_endpoints_of_the_pages_actions_exist() -> None:
    known = {"", *(" ".join(operation) for operation in operations())}

    assert {id: action.endpoint for id, action in browser.actions().items() if action.endpoint not in known} == {}


def test_a_row_with_an_action_of_the_page_names_its_endpoint() -> None:
    wrong = [
        (row.title, id)
        for row in DONE
        for id in names(row.browser)
        if (endpoint := browser.actions()[str(id)].endpoint) and endpoint not in set(names(row.api))
    ]

    assert wrong == []


def test_the_ids_and_keys_of_the_pages_actions_are_unique() -> None:
    keys = [key for action in browser.actions().values() for key in action.keys]

    assert len(browser.actions()) > 60
    assert [key for key in keys if keys.count(key) > 1] == []


def test_the_tests_in_chromium_name_actions_that_exist() -> None:
    assert browser.performed() - set(browser.actions()) == set()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('@pytest.mark.performs("pm2.stop", "pm2.start")\ndef test_a(): ...', {"pm2.stop", "pm2.start"}),
        ('pytestmark = [pytest.mark.real, pytest.mark.performs("go.logs")]', {"go.logs"}),
        ('def test_a(performs):\n    performs("pm2.stop")', set()),
        ("# pytest.mark.performs('pm2.stop')", set()),
    ],
)
def test_marks_of_actions_are_read(source: str, expected: set[str]) -> None:
    assert browser.performed_in(source) == expected


def test_an_action_without_a_test_is_an_empty_cell() -> None:
    table = browser.actions()
    text = document.render(table, {"pm2.stop", "go.logs"})

    assert "| Stop `pm2.stop` |" in text
    assert "`g l` `go.logs`" in text
    assert "– *no test* `pm2.restart`" in text
    assert document.untested(table, set(table) - {"pm2.stop"}) == ["pm2.stop"]
