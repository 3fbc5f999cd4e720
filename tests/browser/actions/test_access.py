"""Tokens by the mouse, and the log-out and log-in of a person."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import requests

from tests.browser.actions.steps import confirm
from tests.browser.conftest import OpenPage
from tests.browser.content import running_server
from tests.fixtures.server import PASSWORD, Server

pytestmark = [pytest.mark.browser, pytest.mark.real]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as started:
        yield started.add_admin()


def status_with(server: Server, token: str) -> int:
    return requests.get(server.url + "/api/access/me", headers={"X-API-Key": token}, timeout=30).status_code


@pytest.mark.performs("access.token.create", "access.token.revoke")
def test_a_token_works_until_it_is_revoked(open_page: OpenPage, server: Server) -> None:
    page = open_page(server.url)
    page.open("/access")

    page.fill("textbox", "Name", "ci")
    page.click("button", "Create token")
    secret = page.element("group", "Token of ci")
    page.click("button", "Copy token", secret)
    page.element("button", "Copy token", secret)
    page.wait_until(lambda: page.clipboard() != "", "a copied token")
    token = page.clipboard()
    assert token in secret.text()
    assert status_with(server, token) == 200
    page.click("button", "Done, I have copied it")
    page.wait_until_absent("group", "Token of ci")
    assert token not in page.text()

    page.click("button", "Revoke", page.element("table", "Tokens"))
    confirm(page, "Revoke", title=f"ci, {token[:4]}")
    page.wait_for_text("No token yet.", "main")
    assert status_with(server, token) == 401


@pytest.mark.performs("page.logout", "page.login")
def test_a_person_logs_out_and_in(open_page: OpenPage, server: Server) -> None:
    page = open_page(server.url)
    page.open("/access")
    page.click("button", "Log in")
    page.wait_for_path("/login?next=%2Faccess")
    for name, text in (("Username", server.admin_name), ("Password", PASSWORD)):
        page.fill("textbox", re.compile(name), text)
    page.press("Enter")
    page.wait_for_path("/access")
    page.wait_for_text("tester", "banner")

    page.click("button", "Log out", page.element("banner"))

    page.wait_until_absent("button", "Log out")
    assert page.path.startswith("/login")
    page.open("/access")
    page.wait_for_text("this machine, without a credential", "region", "You")
