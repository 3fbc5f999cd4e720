"""A tab of Chromium, as its user sees it: waits, clicks, keys, text; and what the browser measures of it."""

from __future__ import annotations

import re
import time
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.action_builder import ActionBuilder

from tests.browser import axe
from tests.browser.chromium import Chromium
from tests.browser.elements import GROUP, Element, Name, elements_of, matches, query
from tests.browser.keys import KEYS
from tests.browser.records import Transfer, transfer

DEADLINE_S = 30.0
POLL_S = 0.03


class Page:
    """`origin`: the server's URL; `permitted`: patterns of console errors that the test causes on purpose.

    All waits poll, for at most DEADLINE_S, and fail with what the page has instead.
    """

    def __init__(self, chromium: Chromium, origin: str, context: str | None = None) -> None:
        self.chromium, self.origin = chromium, origin
        self.context = context or chromium.new_context()
        self.target = chromium.new_tab(self.context)
        self.permitted: list[re.Pattern[str]] = []

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the DevTools protocol."""
        return self.chromium.send(self.target, method, **parameters)

    def evaluate(self, expression: str) -> Any:
        """The JSON value of a JavaScript expression, after its promise. The page's policy does not apply."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    # ---- pages

    def open(self, path: str = "/") -> None:
        self.chromium.select(self.target).get(urljoin(self.origin, path))

    def reload(self) -> None:
        self.chromium.select(self.target).refresh()

    def back(self) -> None:
        self.chromium.select(self.target).back()

    def new_tab(self) -> Page:
        """Another tab of the same person: it has the same cookies and storage."""
        tab = Page(self.chromium, self.origin, self.context)
        tab.permitted = self.permitted
        return tab

    def log_in(self, *, key: str = "", username: str = "", password: str = "") -> None:
        """Sends the form of /login by itself, and gives its session to the browser; nothing is opened."""
        session, url = requests.Session(), urljoin(self.origin, "/login")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', session.get(url, timeout=DEADLINE_S).text)
        assert token, "The page of the login has no CSRF token."
        fields = {"csrfmiddlewaretoken": token[1], "api_key": key, "username": username, "password": password}
        answer = session.post(url, fields, headers={"Referer": url}, timeout=DEADLINE_S, allow_redirects=False)
        assert answer.status_code == 302, f"The login answered with {answer.status_code}."
        for cookie in session.cookies:
            self.send("Network.setCookie", name=cookie.name, value=cookie.value or "", url=self.origin)
        session.close()

    @property
    def path(self) -> str:
        """With query and fragment."""
        return str(self.evaluate("location.pathname + location.search + location.hash"))

    def wait_for_path(self, path: str) -> None:
        self.wait_until(lambda: self.path == path, f"the path {path}")

    @property
    def title(self) -> str:
        return str(self.evaluate("document.title"))

    def permit_console(self, pattern: str) -> None:
        """Errors that the test causes, such as `401` or `ERR_CONNECTION_REFUSED`, do not fail it."""
        self.permitted.append(re.compile(pattern))

    # ---- elements

    def elements(
        self, role: str, name: Name | None = None, within: Element | None = None, description: Name | None = None
    ) -> list[Element]:
        """Those that are there now, in the order of the document. `description`: of a button of an action, its title."""
        named = [element for element in query(self, role, within) if matches(element.name, name)]
        return [element for element in named if matches(element.description, description)]

    def element(
        self, role: str, name: Name | None = None, within: Element | None = None, description: Name | None = None
    ) -> Element:
        """Waits until exactly one matches."""
        seen: list[Element] = []

        def is_unique() -> bool:
            seen[:] = self.elements(role, name, within, description)
            return len(seen) == 1

        expected = f"{role} {name or ''} {description or ''}".rstrip()
        self.wait_until(is_unique, lambda: f"one {expected}, not {self._names_of(role, within)}")
        return seen[0]

    def wait_until_absent(self, role: str, name: Name | None = None, within: Element | None = None) -> None:
        self.wait_until(lambda: not self.elements(role, name, within), f"no {role} {name or ''}")

    def _names_of(self, role: str, within: Element | None) -> str:
        return str([element.name for element in query(self, role, within)])

    def focused(self) -> Element | None:
        """The element with the keyboard's focus; None if the document has it."""
        answer = self.send("Runtime.evaluate", expression="document.activeElement", objectGroup=GROUP)["result"]
        nodes = self.send("Accessibility.getPartialAXTree", objectId=answer["objectId"], fetchRelatives=False)["nodes"]
        return next((element for element in elements_of(self, nodes) if element.role != "RootWebArea"), None)

    def text(self, role: str = "main", name: Name | None = None) -> str:
        """The rendered text of a region, a dialog, a status …"""
        return self.element(role, name).text()

    def wait_for_text(self, text: Name, role: str = "main", name: Name | None = None) -> None:
        def has_text() -> bool:
            texts = [element.text() for element in self.elements(role, name)]
            return any(text in one if isinstance(text, str) else text.search(one) for one in texts)

        self.wait_until(has_text, lambda: f"{text!r} in {role} {name or ''}, which has: {self._texts_of(role, name)}")

    def _texts_of(self, role: str, name: Name | None) -> str:
        return str([element.text() for element in self.elements(role, name)])

    def wait_until(self, is_true: Callable[[], object], what: str | Callable[[], str]) -> None:
        """Fails with `what` was expected. Elements that were replaced between two commands are looked up again."""
        deadline_s, error = time.monotonic() + DEADLINE_S, ""
        while time.monotonic() < deadline_s:
            try:
                if is_true():
                    return
            except WebDriverException as failed:  # a navigation, or an element that is gone
                error = str(failed.msg)
            time.sleep(POLL_S)
        raise AssertionError(f"{self.path} has not: {what if isinstance(what, str) else what()} {error}")

    # ---- mouse and keyboard

    def click(
        self, role: str, name: Name | None = None, within: Element | None = None, description: Name | None = None
    ) -> None:
        """With the mouse, once the element is enabled and nothing covers it."""
        reason = ""

        def clicks() -> bool:
            nonlocal reason
            reason = self.click_once(self.element(role, name, within, description))
            return not reason

        self.wait_until(clicks, lambda: f"{role} {name or ''} {description or ''} to click: {reason}")

    def click_once(self, element: Element) -> str:
        """Returns why it cannot be clicked now; empty if it was."""
        point = "it is disabled" if element.is_disabled else element.point()
        if isinstance(point, str):
            return point
        mouse = ActionBuilder(self.chromium.select(self.target), duration=0)
        mouse.pointer_action.move_to_location(int(point[0]), int(point[1]))  # type: ignore[no-untyped-call]
        mouse.pointer_action.click()
        mouse.perform()
        return ""

    def fill(self, role: str, name: Name, text: str) -> None:
        """Clicks the field and replaces its content by typing."""
        self.click(role, name)
        self.press("Control+a")
        self.type(text or KEYS["Delete"])

    def choose(self, role: str, name: Name, label: str) -> None:
        """Selects an option of a list. Without mouse and keys: the list of a headless browser is not in the page."""
        self.element(role, name).choose(label)

    def type(self, text: str) -> None:
        """To the element that has the focus."""
        ActionChains(self.chromium.select(self.target), duration=0).send_keys(text).perform()

    def press(self, *combinations: str) -> None:
        """Keys, one after another: `press("g", "p")`, `press("Control+k")`, `press("Shift+Tab")`."""
        for combination in combinations:
            *modifiers, key = combination.split("+") if len(combination) > 1 else [combination]
            chain = ActionChains(self.chromium.select(self.target), duration=0)
            for modifier in modifiers:
                chain.key_down(KEYS[modifier])
            chain.send_keys(KEYS[key] if len(key) > 1 else key)
            for modifier in modifiers:
                chain.key_up(KEYS[modifier])
            chain.perform()

    def tab_to(
        self, role: str, name: Name | None = None, key: str = "Tab", at_most: int = 200, description: Name | None = None
    ) -> Element:
        """Presses Tab until the element has the focus, as one does without a mouse."""
        passed = []
        for _ in range(at_most):
            element = self.focused()
            if (
                element
                and element.role == role
                and matches(element.name, name)
                and matches(element.description, description)
            ):
                return element
            passed.append(f"{element.role} {element.name!r}" if element else "document")
            self.press(key)
        raise AssertionError(f"{key} does not reach {role} {name}: {passed}")

    def clipboard(self) -> str:
        return str(self.evaluate("navigator.clipboard.readText()"))

    def wait_for_download(self, pattern: str = "*") -> Path:
        """The complete file, whose name matches the glob."""
        folder, files = self.chromium.folder / self.context, list[Path]()

        def is_complete() -> bool:
            files[:] = [file for file in folder.glob(pattern) if file.suffix != ".crdownload"]
            return bool(files)

        self.wait_until(is_complete, f"a download {pattern}")
        return files[0]

    # ---- appearance

    def set_size(self, width: int, height: int) -> None:
        """In CSS pixels; also sizes that no window of a desktop can have."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def emulate(self, **features: str) -> None:
        """Media features, with _ for -: `emulate(prefers_color_scheme="dark")`; `emulate()` resets them."""
        values = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.send("Emulation.setEmulatedMedia", features=values)

    def emulate_dark(self) -> None:
        self.emulate(prefers_color_scheme="dark")

    def emulate_print(self) -> None:
        self.send("Emulation.setEmulatedMedia", media="print")

    def hide(self) -> None:
        """As behind another tab, by the window: a tab of a headless window is visible even behind another one."""
        self._set_window("minimized")

    def unhide(self) -> None:
        self._set_window("normal")

    def _set_window(self, state: str) -> None:
        window = self.send("Browser.getWindowForTarget")["windowId"]
        self.send("Browser.setWindowBounds", windowId=window, bounds={"windowState": state})

    def screenshot(self, file: Path) -> None:
        """A PNG of what the window shows."""
        file.write_bytes(b64decode(self.send("Page.captureScreenshot", format="png")["data"]))

    def axe(self) -> list[str]:
        """Violations of WCAG 2.1 A and AA, a sentence for each element."""
        return axe.violations(self.evaluate)

    # ---- measures of the browser's own protocol

    def heap_bytes(self) -> int:
        """What JavaScript's heap, its buffers and the document use, after a collection of garbage."""
        self.send("Runtime.releaseObjectGroup", objectGroup=GROUP)
        self.send("HeapProfiler.collectGarbage")
        usage = self.send("Runtime.getHeapUsage")
        return int(usage["usedSize"] + usage["embedderHeapUsedSize"] + usage["backingStorageSize"])

    def metrics(self) -> dict[str, float]:
        """TaskDuration, ScriptDuration, LayoutDuration … of the main thread, in seconds since the first call: its CPU
        time, to which other processes on the machine add nothing. Also numbers, such as Nodes and JSEventListeners."""
        self.send("Performance.enable", timeDomain="threadTicks")
        return {metric["name"]: float(metric["value"]) for metric in self.send("Performance.getMetrics")["metrics"]}

    def task_time_s(self) -> float:
        """The CPU time of the main thread for all its tasks since the first call."""
        return self.metrics()["TaskDuration"]

    def transfer(self) -> Transfer:
        """What was received by HTTP since the last call of `Chromium.forget_logs`, or since the test began."""
        self.chromium.read_logs()
        return transfer(event for event in self.chromium.network if event.target == self.target)
