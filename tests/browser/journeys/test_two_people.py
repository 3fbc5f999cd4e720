"""What others do appears with their name, in a second tab and for a second person; tokens and the end of sessions."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import requests

from tests.browser.conftest import OpenPage
from tests.browser.journeys.steps import close_messages, confirm, run_server
from tests.browser.page import DEADLINE_S
from tests.fixtures.server import ADMIN, Server

KEY = "correct-horse-battery-staple-0123456789"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with run_server(API_KEY=KEY) as started:
        yield started.add_admin()


def status_of(server: Server, token: str) -> int:
    answer = requests.get(f"{server.url}/api/pm2/stats", headers={"X-API-Key": token}, timeout=DEADLINE_S)
    return answer.status_code


@pytest.mark.performs("pm2.start.framework", "pm2.restart", "pm2.delete", "pm2.save")
def test_what_another_person_does_appears_with_the_name(open_page: OpenPage, server: Server) -> None:
    ann, other = open_page(server.url), open_page(server.url)
    ann.log_in(username=ADMIN, password=server.admin_password)
    other.log_in(key=KEY)
    ann.open("/processes")
    second_tab = ann.new_tab()
    second_tab.open("/")
    other.open("/processes")

    ann.fill("spinbutton", "Instances of fastify", "1")
    ann.click("button", "Start", description="Start fastify with 1 instances")
    other.wait_for_text(re.compile(rf"^{ADMIN}: .*fastify", re.MULTILINE), "status")
    for page in (ann, other):
        page.wait_for_text("● online", "region", "Processes under PM2")
    second_tab.wait_for_text("● online", "region", "Processes under PM2, the worst first")
    assert ADMIN not in "".join(element.text() for element in second_tab.elements("status"))

    other.click("button", "Save list")
    ann.wait_for_text(re.compile("^api-key: Saved 1 process", re.MULTILINE), "status")
    # The target of a question stays what it was, whatever others do meanwhile.
    close_messages(other)
    # The note above the table goes, and the rows move up.
    other.wait_until(lambda: "A reboot would not bring back" not in other.text(), "no note on what is not saved")
    other.click("DisclosureTriangle", "More actions on fastify (0)")
    other.click("button", "Delete", description="Delete fastify (0)")
    pid = re.search(r"pid (\d+)", other.text("dialog"))
    ann.click("button", "Restart", description="Restart fastify (0)")
    confirm(ann, "Restart fastify (0)", "Restart")
    ann.wait_for_text(re.compile("^Restarted ", re.MULTILINE), "status")
    assert pid
    assert f"0 fastify, pid {pid[1]}, online" in other.text("dialog")
    confirm(other, "Delete fastify (0)", "Delete")
    for page in (ann, other):
        page.wait_for_text("PM2's list is empty.")

    other.click("link", "Activity")
    for line in (f"{ADMIN} .*pm2.restart", "api-key .*pm2.delete", "api-key .*pm2.save"):
        other.wait_for_text(re.compile(line), "region", "Activity, newest first")


@pytest.mark.performs("access.token.create", "access.token.revoke")
def test_a_token_is_created_used_and_revoked(open_page: OpenPage, server: Server) -> None:
    page = open_page(server.url)
    page.log_in(username=ADMIN, password=server.admin_password)
    page.open("/access")
    page.fill("textbox", "Name", "ci")
    page.click("button", "Create token")
    secret = page.element("group", "Token of ci")
    page.click("button", "Copy token", secret)
    token = page.clipboard()
    page.click("button", "Done, I have copied it")
    page.wait_until(lambda: token not in page.text(), "a page without the token")

    assert status_of(server, token) == 200
    page.reload()
    page.wait_for_text(re.compile(r"ci\t.*…\tread-only\t(?!never)"), "region", "Tokens")
    page.click("button", "Revoke", description="Revoke the token of ci")
    confirm(page, "Revoke the token of ci", "Revoke")
    page.wait_for_text("No token yet.", "region", "Tokens")
    assert status_of(server, token) == 401


@pytest.mark.performs("page.logout")
def test_the_end_of_a_session_is_reported_and_the_login_returns(open_page: OpenPage, server: Server) -> None:
    page = open_page(server.url)
    page.permit_console("401|403|WebSocket")
    page.log_in(username=ADMIN, password=server.admin_password)
    page.open("/processes?filter=api")
    tab = page.new_tab()
    tab.open("/")
    tab.click("button", "Log out")
    tab.wait_until(lambda: tab.path.startswith("/login"), "the login")

    page.wait_for_text("Your session has ended", "alert")
    page.click("link", "Log in", page.element("alert"))
    page.fill("textbox", "Username", ADMIN)
    page.fill("textbox", "Password", server.admin_password)
    page.click("button", "Log in")
    page.wait_for_path("/processes?filter=api")
    page.wait_for_text("● live", "group", "State")
