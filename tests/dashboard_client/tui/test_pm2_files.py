"""Ecosystem files and the saved list in the dashboard: the title, the menu, the prompt and its confirmation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard_client.tui.model import effects, events
from dashboard_client.tui.model.menu_items import menu_items
from dashboard_client.tui.model.server_requests import ServerRequest
from dashboard_client.tui.model.state import State
from dashboard_client.tui.model.windows import Confirm
from dashboard_client.tui.screen.theme import BRAILLE
from dashboard_client.tui.view.render import render
from dashboard_client.wire.action_result import ActionResult, PlannedApp, StartPreview
from dashboard_client.wire.decode import convert
from dashboard_client.wire.host_and_pm2 import Dump
from tests.dashboard_client.tui import scenes
from tests.dashboard_client.tui.scenes import keys, play

DUMP = Dump("/home/.pm2/dump.pm2")


def with_dump(dump: Dump | None, width: int = 160) -> State:
    stats = replace(scenes.PM2, dump=dump)
    state, _ = play(scenes.live(width), events.StreamData("pm2:stats", stats, scenes.NOW_S))
    return state


@pytest.mark.parametrize(
    ("dump", "expected"),
    [
        (None, ""),
        (DUMP, ""),
        (replace(DUMP, startup="enabled"), ""),
        (replace(DUMP, missing=("api",)), "◐ not saved: api"),
        (replace(DUMP, missing=("api", "b", "c"), startup="missing"), "◐ not saved: api +2"),
        (replace(DUMP, startup="missing"), "◐ no pm2 startup"),
        (replace(DUMP, extra=("old",)), ""),
    ],
)
def test_the_title_tells_what_a_reboot_would_not_bring_back(dump: Dump | None, expected: str) -> None:
    title = render(with_dump(dump), BRAILLE).rows()[0]
    parts = [part.strip() for part in title.split("   ")]

    assert [part for part in parts if "saved" in part or "startup" in part] == ([expected] if expected else [])


def test_a_long_name_leaves_the_state_of_pm2_in_the_title() -> None:
    title = render(with_dump(replace(DUMP, missing=("n" * 80,))), BRAILLE).rows()[0]

    assert ("PM2 ● 7.0.4" in title, "not saved" in title) == (True, False)


def test_an_empty_list_has_nothing_to_lose() -> None:
    assert replace(DUMP, startup="missing").loss(0) == ""


def test_a_file_is_evaluated_then_confirmed_then_started() -> None:
    state, _ = keys(scenes.live(), ":", *"start an ecosystem", "enter", *"/srv/api/ecosystem.config.js")
    state, sent = keys(state, "enter")
    [call] = [effect for effect in sent if isinstance(effect, effects.Call)]
    assert (call.api_method, dict(call.arguments), call.response_type) == (
        "pm2_start", {"ecosystem": "/srv/api/ecosystem.config.js", "preview": True}, StartPreview,
    )  # fmt: skip

    app = PlannedApp("api", 2, "/srv/api/server.js", ("--port", "80"), "/srv/api", "node", "www-data")
    state, sent = play(state, events.ApiSucceeded(call.call_id, StartPreview("Would start …", (app,))))
    assert sent == []
    assert isinstance(state.top_window, Confirm)
    assert state.top_window.request.affected == (
        "start 2 × api as www-data", "  node /srv/api/server.js --port 80", "  in /srv/api",
    )  # fmt: skip

    state, sent = keys(state, "y")
    assert [(one.api_method, dict(one.arguments)) for one in sent if isinstance(one, effects.Call)] == [
        ("pm2_start", {"ecosystem": "/srv/api/ecosystem.config.js"})
    ]


def test_a_preview_is_read_from_the_answer_of_the_server() -> None:
    app = {
        "name": "w",
        "instances": 1,
        "script": "/w.sh",
        "cwd": "/",
        "interpreter": "none",
        "user": "u",
        "restarts": True,
    }
    preview = convert(StartPreview, {"message": "m", "apps": [app], "processes": []})

    assert [str(one) for one in preview.apps] == ["restart w as u: /w.sh, in /"]
    assert convert(ActionResult, {"message": "m"}).apps == ()


def test_the_menu_offers_what_there_is_to_do() -> None:
    processes = (
        replace(scenes.PROCESSES[0], pm_id=1, name="api", status="stopped"),
        replace(scenes.PROCESSES[0], pm_id=2, name="half", status="stopped"),
        replace(scenes.PROCESSES[0], pm_id=3, name="half", status="online"),
    )
    items = {item.title: item.does for item in menu_items(None, processes, None, replace(DUMP, extra=("old",)))}
    requests = {
        title: (does.api_method, dict(does.arguments), does.affected)
        for title, does in items.items()
        if isinstance(does, ServerRequest)
        and does.api_method in ("pm2_start", "pm2_save", "pm2_resurrect", "pm2_flush_all")
    }

    assert requests == {
        "Start api, which is stopped": ("pm2_start", {"name": "api"}, ()),
        "Save the list, for a reboot": ("pm2_save", {}, ()),
        "Start what is saved and not listed…": ("pm2_resurrect", {}, ("start old, as it was saved",)),
        "Empty all log files…": (
            "pm2_flush_all", {}, ("1 api (stopped)", "2 half (stopped)", "3 half (online)"),
        ),
    }  # fmt: skip


def test_readonly_evaluates_nothing() -> None:
    state, sent = keys(replace(scenes.live(), is_read_only=True), ":", *"start an ecosystem", "enter")

    assert [effect for effect in sent if isinstance(effect, effects.Call)] == []
    assert not isinstance(state.top_window, Confirm)
