"""Steps that many actions have in common."""

from __future__ import annotations

from tests.browser.content import call
from tests.browser.elements import Element, Name
from tests.browser.page import Page
from tests.fixtures.server import Server


def wait_for_outcome(page: Page, server: Server, action: str, message: str, times: int = 1) -> None:
    """Until the server has completed the action. Until then it would refuse the next one on the same processes."""

    def entries() -> list[dict[str, str]]:
        newest: list[dict[str, str]] = call(server, "GET /api/activity?limit=20")["entries"]
        return newest

    def is_complete() -> bool:
        done = [entry for entry in entries() if entry["action"] == action and message in entry["message"]]
        return [entry["outcome"] for entry in done[:times]] == ["ok"] * times

    page.wait_until(is_complete, lambda: f"{action} {message!r}, but {entries()[:3]}")


def confirm(page: Page, button: str, *, word: str = "", title: str = "") -> str:
    """Answers the question before an action; `word`: what has to be typed first. Returns the dialog's text."""
    dialog = page.element("dialog")
    text = dialog.text()
    assert title in text, text
    if word:
        page.click("textbox", None, dialog)
        page.type(word)
    page.click("button", button, dialog)
    page.wait_until_absent("dialog")
    return text


def open_menu(page: Page, menu: Name, within: Element | None = None) -> Element:
    """Returns the menu with its buttons, which is there while it is open."""
    page.click("DisclosureTriangle", menu, within)
    groups = [group for group in page.elements("group") if page.elements("DisclosureTriangle", menu, group)]
    return groups[-1]


def choose_in_menu(page: Page, menu: Name, button: str, within: Element | None = None) -> None:
    page.click("button", button, open_menu(page, menu, within))


def fill_number(page: Page, name: str, number: int, within: Element | None = None) -> None:
    page.click("spinbutton", name, within)
    page.press("Control+a")
    page.type(str(number))


def choose_in_palette(page: Page, title: str) -> None:
    """By its keys."""
    page.press("Control+k")
    page.element("combobox", "Command")
    page.type(title)
    page.wait_until(lambda: len(page.elements("option")) >= 1, "a command")
    page.press("Enter")
