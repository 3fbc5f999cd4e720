"""Actions on one process, on all of a name, on all processes, and on files, by the mouse."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.browser.actions.steps import choose_in_menu, confirm, fill_number, open_menu, wait_for_outcome
from tests.browser.conftest import OpenPage
from tests.browser.content import SLEEP, call, processes, running_server, start_apps, statuses, write_apps
from tests.browser.elements import Element
from tests.browser.page import Page
from tests.fixtures.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.real]
TALKER = """console.log("ready"); setInterval(() => {}, 1000);
process.on("SIGUSR2", () => console.log("received SIGUSR2"));"""
ALL, ROWS, APPS = "More actions on all processes", "Processes under PM2", "Processes by name"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as started:
        yield started


@pytest.fixture
def talker(server: Server) -> Iterator[int]:
    """The number of a process."""
    start_apps(server, {"name": "talker", "source": TALKER})
    yield processes(server)[0]["pmId"]
    call(server, "POST /api/pm2/deleteAll")


@pytest.fixture
def pair(server: Server) -> Iterator[None]:
    """Two processes of a name, and one of another."""
    start_apps(server, {"name": "pair", "instances": 2, "exec_mode": "fork", **SLEEP}, {"name": "single", **SLEEP})
    yield
    call(server, "POST /api/pm2/deleteAll")


def rows(page: Page, filter_text: str) -> Element:
    page.open(f"/processes?filter={filter_text}")
    return page.element("region", ROWS)


@pytest.mark.performs("pm2.stop", "pm2.start", "pm2.restart", "pm2.reset", "pm2.flush", "pm2.delete")
def test_a_process_by_its_row(open_page: OpenPage, server: Server, talker: int) -> None:
    page = open_page(server.url)
    table = rows(page, "talker")
    menu = f"More actions on talker ({talker})"

    page.click("button", "Stop", table)
    assert f"{talker} talker, pid" in confirm(page, "Stop", title=f"Stop talker ({talker})?")
    page.wait_for_text("Stopped talker: 1 process", "status")
    assert statuses(server, "talker") == ["stopped"]
    page.click("button", "Start", table)
    wait_for_outcome(page, server, "pm2.start", "Started talker: 1 process", times=2)
    page.click("button", "Restart", table)
    confirm(page, "Restart")
    wait_for_outcome(page, server, "pm2.restart", "Restarted talker: 1 process")
    assert (processes(server)[0]["status"], processes(server)[0]["restarts"]) == ("online", 1)
    choose_in_menu(page, menu, "Reset counter")
    wait_for_outcome(page, server, "pm2.reset", "Reset PM2's counters of talker: 1 process")
    logs = server.folder / "pm2" / "logs" / "talker-out.log"
    page.wait_until(lambda: "ready" in logs.read_text(), "a line in the log")
    choose_in_menu(page, menu, "Empty logs")
    confirm(page, "Empty logs", title=f"Empty the log files of talker ({talker})?")
    wait_for_outcome(page, server, "pm2.flush", "talker")
    assert logs.read_text() == ""
    choose_in_menu(page, menu, "Delete")
    confirm(page, "Delete")
    page.wait_for_text("No process has “talker”", "region", ROWS)
    wait_for_outcome(page, server, "pm2.delete", "Deleted talker: 1 process")
    assert processes(server) == []


@pytest.mark.performs("pm2.signal")
def test_a_signal_reaches_the_process(open_page: OpenPage, server: Server, talker: int) -> None:
    page = open_page(server.url)
    page.open(f"/processes/{talker}")
    page.wait_for_text("ready", "log", "Log lines")

    menu = open_menu(page, f"More actions on talker ({talker})")
    page.choose("combobox", "Signal", "SIGUSR2")
    page.click("button", "Send signal", menu)
    confirm(page, "Send signal", title=f"Send SIGUSR2 to talker ({talker})?")

    page.wait_for_text("received SIGUSR2", "log", "Log lines")


@pytest.mark.performs("pm2.start.framework", "pm2.reload", "pm2.reload.app", "pm2.reload.all")
def test_cluster_mode_is_reloaded(open_page: OpenPage, server: Server) -> None:
    page = open_page(server.url)
    page.open("/processes")
    card = next(item for item in page.elements("listitem") if "Fastify" in item.text())
    fill_number(page, "Instances of fastify", 1, card)
    page.click("button", "Start", card)
    wait_for_outcome(page, server, "pm2.start", "Started fastify: 1 instance")
    page.wait_for_text("fastify", "region", ROWS)
    pids = [processes(server)[0]["pid"]]

    choose_in_menu(page, re.compile(r"More actions on fastify \(\d+\)"), "Reload")
    confirm(page, "Reload", title="Reload fastify without downtime?")
    wait_for_outcome(page, server, "pm2.reload", "Reloaded fastify: 1 instance")
    pids.append(processes(server)[0]["pid"])
    page.click("checkbox", "Group by name")
    choose_in_menu(page, "More actions on fastify", "Reload")
    confirm(page, "Reload", title="Reload fastify without downtime?")
    wait_for_outcome(page, server, "pm2.reload", "Reloaded fastify: 1 instance", times=2)
    pids.append(processes(server)[0]["pid"])
    choose_in_menu(page, ALL, "Reload all")
    confirm(page, "Reload all")
    wait_for_outcome(page, server, "pm2.reloadAll", "fastify")
    pids.append(processes(server)[0]["pid"])

    assert len(set(pids)) == 4
    call(server, "POST /api/pm2/deleteAll")


@pytest.mark.performs(
    "pm2.stop.app", "pm2.start.app", "pm2.restart.app", "pm2.rolling-restart.app", "pm2.scale.app", "pm2.delete.app"
)
@pytest.mark.usefixtures("pair")
def test_all_processes_of_a_name(open_page: OpenPage, server: Server) -> None:
    page = open_page(server.url)
    page.open("/processes?filter=pair")
    page.click("checkbox", "Group by name")
    table, menu = page.element("region", APPS), "More actions on pair"

    page.click("button", "Stop", table)
    assert confirm(page, "Stop").count(" pair, pid") == 2
    wait_for_outcome(page, server, "pm2.stop", "Stopped pair: 2 processes")
    page.click("button", "Start", table)
    wait_for_outcome(page, server, "pm2.start", "Started pair: 2 processes")
    page.click("button", "Restart", table)
    confirm(page, "Restart")
    wait_for_outcome(page, server, "pm2.restart", "Restarted pair: 2 processes")
    choose_in_menu(page, menu, "One by one")
    confirm(page, "One by one", title="One by one pair: restart one by one?")
    wait_for_outcome(page, server, "pm2.rolling-restart", "pair")
    assert sorted(process["restarts"] for process in processes(server)) == [0, 2, 2]
    fill_number(page, "Instances of pair", 3, table)
    page.click("button", "Scale", table)
    wait_for_outcome(page, server, "pm2.scale", "pair")
    assert statuses(server, "pair") == ["online"] * 3
    page.wait_for_text("3/3", "region", APPS)
    fill_number(page, "Instances of pair", 1, table)
    page.click("button", "Scale", table)
    confirm(page, "Scale", title="pair: 3 → 1 instances; the newest go first")
    wait_for_outcome(page, server, "pm2.scale", "pair", times=2)
    assert statuses(server, "pair") == ["online"]
    choose_in_menu(page, menu, "Delete")
    confirm(page, "Delete")
    wait_for_outcome(page, server, "pm2.delete", "Deleted pair: 1 process")
    assert [process["name"] for process in processes(server)] == ["single"]


@pytest.mark.performs(
    "pm2.save", "pm2.restart.all", "pm2.reset.all", "pm2.flush.all", "pm2.stop.all", "pm2.delete.all", "pm2.resurrect"
)
@pytest.mark.usefixtures("pair")
def test_all_processes(open_page: OpenPage, server: Server) -> None:
    page = open_page(server.url)
    page.open("/processes")

    page.click("button", "Save list")
    wait_for_outcome(page, server, "pm2.save", "")
    page.click("button", "Restart all")
    assert confirm(page, "Restart all").count(", pid ") == 3
    wait_for_outcome(page, server, "pm2.restartAll", "pair")
    assert [process["restarts"] for process in processes(server)] == [1, 1, 1]
    for button, action in (("Reset counters", "resetAll"), ("Empty logs", "flushAll"), ("Stop all", "stopAll")):
        choose_in_menu(page, ALL, button)
        confirm(page, button)
        wait_for_outcome(page, server, f"pm2.{action}", "")
    assert {process["status"] for process in processes(server)} == {"stopped"}
    choose_in_menu(page, ALL, "Delete all")
    confirm(page, "Delete all", word="delete")
    page.wait_for_text("PM2's list is empty.", "region", ROWS)
    wait_for_outcome(page, server, "pm2.deleteAll", "pair")
    page.wait_until(lambda: call(server, "GET /api/pm2/stats")["dump"]["extra"], "what is saved and not listed")
    choose_in_menu(page, ALL, "Start saved")
    confirm(page, "Start saved", title="start pair, as it was saved")
    wait_for_outcome(page, server, "pm2.resurrect", "")
    assert [process["name"] for process in processes(server)] == ["pair", "pair", "single"]


@pytest.mark.performs("pm2.start.file.preview", "pm2.start.file")
def test_an_ecosystem_file_is_previewed_and_started(open_page: OpenPage, server: Server) -> None:
    file = write_apps(server, "shop.json", [{"name": "shop", **SLEEP}, {"name": "other", **SLEEP}])
    page = open_page(server.url)
    page.open("/processes")

    page.click("DisclosureTriangle", "Start an ecosystem file")
    page.fill("textbox", "File on the server", str(file))
    page.fill("textbox", "Only these apps", "shop")
    page.click("button", "Preview and start")
    text = confirm(page, "Start", title=f"Start {file}?")

    assert "start shop as " in text
    assert ": /bin/sleep 100000, in " in text
    wait_for_outcome(page, server, "pm2.start", "Started shop: 1 process")
    assert [process["name"] for process in processes(server)] == ["shop"]
    call(server, "POST /api/pm2/deleteAll")
