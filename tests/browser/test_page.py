"""The harness itself, on a page with everything that a test must notice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.browser.chromium import Chromium
from tests.browser.conftest import OpenPage
from tests.browser.page import Page
from tests.browser.records import problems

CONTENT = """<!doctype html><html lang=en><title>harness</title><link rel=icon href=data:,>
<style>.cover { position: fixed; inset: 0 } [hidden] { display: none } p { color: light-dark(black, white) }</style>
<main><h1>Harness</h1><p id=text>first</p><button id=late disabled>Late</button><button hidden>Hidden</button>
<button id=covered>Covered</button><label>Name <input></label>
<label>Colour <select><option>red<option>green</select></label>
<a download=a.txt href="data:text/plain,abc">Save</a></main><script src=/script.js></script>"""
SCRIPT = """const text = document.getElementById("text"), late = document.getElementById("late");
const show = (event) => { text.textContent = event.type + " " + event.target.textContent + event.target.value; };
late.onclick = covered.onclick = show;
document.querySelector("input").oninput = document.querySelector("select").onchange = show;
onkeydown = (event) => { if (event.ctrlKey && event.key === "k") { text.textContent = "Control " + event.key; event.preventDefault(); } };
setTimeout(() => { late.disabled = false; }, 300);
document.onvisibilitychange = () => { document.title = document.visibilityState; };"""
WRONG = "<img src=//example.org/a.png><script>1</script><p style=color:#999>grey</p>"
POLICY = "style-src 'self' 'unsafe-inline'; default-src 'self' data:"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        is_script = self.path == "/script.js"
        body = (SCRIPT if is_script else CONTENT + WRONG * (self.path == "/wrong")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if is_script else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY + " http:" * (self.path == "/wrong"))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_mouse_and_keyboard_reach_what_they_name(open_page: OpenPage, origin: str) -> None:
    page = open_page(origin)
    page.open("/")

    page.click("button", "Late")
    assert page.text("paragraph") == "click Late"
    page.fill("textbox", "Name", "abc")
    page.fill("textbox", "Name", "de")
    assert page.element("textbox", "Name").value == "de"
    page.choose("combobox", "Colour", "green")
    page.wait_for_text("change", "paragraph")
    page.press("Control+k")
    assert page.text("paragraph") == "Control k"
    page.press("Shift+Tab")
    assert page.tab_to("link", "Save").name == "Save"
    page.press("Enter")
    assert page.wait_for_download().read_text() == "abc"
    assert [button.name for button in page.elements("button")] == ["Late", "Covered"]


def test_a_covered_button_is_not_clicked(open_page: OpenPage, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.browser.page.DEADLINE_S", 0.5)
    page = open_page(origin)
    page.open("/")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<div class=cover></div>')")

    with pytest.raises(AssertionError, match=r"covered by <div class=.cover.></div>"):
        page.click("button", "Covered")
    with pytest.raises(AssertionError, match=r"one button Other, not \['Late', 'Covered'\]"):
        page.click("button", "Other")
    assert page.text("paragraph") == "first"


def test_what_a_test_must_notice_is_noticed(chromium: Chromium, origin: str) -> None:
    chromium.forget_logs()
    page = Page(chromium, origin)
    page.open("/wrong")
    violations = page.axe()
    chromium.read_logs()
    chromium.close_context(page.context)

    rules = [violation.split(" at ")[0] for violation in violations]
    assert rules == ["color-contrast (serious)", "image-alt (critical)"]
    wrong = problems(chromium.console, chromium.network, [origin])
    assert [line.split(":")[0] for line in wrong] == ["console", "console", "request to another host"]
    assert {"ERR_NAME_NOT_RESOLVED" in line for line in wrong[:2]} == {True, False}
    assert wrong[2] == "request to another host: http://example.org/a.png"
    assert any("inline script" in line for line in wrong[:2])


def test_a_tab_can_be_dark_narrow_hidden_and_measured(open_page: OpenPage, origin: str, tmp_path: Path) -> None:
    page = open_page(origin)
    page.set_size(320, 640)
    page.emulate_dark()
    page.open("/")

    assert page.evaluate("innerWidth") == 320
    assert page.axe() == []
    page.screenshot(tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    page.hide()
    page.wait_until(lambda: page.title == "hidden", "a hidden tab")
    page.unhide()
    page.wait_until(lambda: page.title == "visible", "a visible tab")
    received = page.transfer()
    assert received.requests == 2
    assert received.received_bytes > len(CONTENT) + len(SCRIPT)
    assert 100_000 < page.heap_bytes() < 10_000_000
    before_s = page.task_time_s()
    page.evaluate("(() => { for (const end = performance.now() + 50; performance.now() < end;); })()")
    assert before_s < page.task_time_s() < 30


def test_two_persons_have_cookies_of_their_own(open_page: OpenPage, origin: str) -> None:
    first, second = open_page(origin), open_page(origin)
    first.open("/")
    second.open("/")
    first.evaluate("document.cookie = 'name=first'")
    tab = first.new_tab()
    tab.open("/")

    cookies = [page.evaluate("document.cookie") for page in (first, tab, second)]

    assert cookies == ["name=first", "name=first", ""]
