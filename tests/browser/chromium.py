"""A headless Chromium, driven by chromedriver: its tabs, its logs, and commands of its DevTools protocol."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from websockets.sync.client import connect

from tests.browser.records import ConsoleEntry, NetworkEvent, console_entry, network_event

WIDTH, HEIGHT = 1280, 800
COMMAND_S = 60
# Without these, a new profile requests updates, lists and experiments from elsewhere.
QUIET = (
    "--disable-background-networking", "--disable-client-side-phishing-detection", "--disable-component-update",
    "--disable-default-apps", "--disable-domain-reliability", "--disable-sync", "--no-default-browser-check",
    "--no-first-run", "--no-pings", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)  # fmt: skip


class ChromiumMissing(Exception):
    """Debian's packages of the browser or of its driver are not installed."""


def require_program(*names: str) -> str:
    """The path of the first of these programs that is on PATH. Raises ChromiumMissing."""
    path = next((path for name in names if (path := shutil.which(name))), None)
    if path is None:
        raise ChromiumMissing(
            f"{names[0]} is not on PATH. On Debian: apt-get install --no-install-recommends chromium chromium-driver"
        )
    return path


class Chromium:
    """A browser with a profile of its own, removed by `quit`. `is_logging`: whether requests are recorded, which costs a
    measurable page a little of its time."""

    def __init__(self, *, is_logging: bool = True) -> None:
        browser, driver = require_program("chromium", "google-chrome"), require_program("chromedriver")
        self.folder = Path(tempfile.mkdtemp(prefix="pm2site-chromium-"))
        options = webdriver.ChromeOptions()
        options.binary_location = browser
        for argument in self._arguments():
            options.add_argument(argument)
        levels = {"browser": "ALL", "performance": "ALL"} if is_logging else {"browser": "ALL"}
        options.set_capability("goog:loggingPrefs", levels)
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8", "TZ": "UTC"}
        self.driver = webdriver.Chrome(options, Service(driver, env=environment))
        self._log_names, self._target = sorted(levels), self.driver.current_window_handle
        # Open until the end: the browser resets the folder of downloads and permissions when their socket closes.
        self._resources = ExitStack()
        # Without pings: their thread takes numbers of `random`, which Hypothesis holds fixed in tests of this process.
        connection = connect(self._browser_url(), open_timeout=COMMAND_S, ping_interval=None)
        self._socket = self._resources.enter_context(connection)
        self.console: list[ConsoleEntry] = []
        self.network: list[NetworkEvent] = []

    def _arguments(self) -> list[str]:
        # The sandbox needs namespaces that root in a container lacks; /dev/shm is too small there.
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        profile = [f"--user-data-dir={self.folder / 'profile'}", f"--window-size={WIDTH},{HEIGHT}"]
        return ["--headless=new", "--disable-dev-shm-usage", "--lang=en-US", *QUIET, *sandbox, *profile]

    def _browser_url(self) -> str:
        address = self.driver.capabilities["goog:chromeOptions"]["debuggerAddress"]
        with urllib.request.urlopen(f"http://{address}/json/version", timeout=COMMAND_S) as response:
            return str(json.load(response)["webSocketDebuggerUrl"])

    def new_context(self) -> str:
        """A browser context: cookies, storage, cache, clipboard permission and folder of downloads of its own."""
        context = str(self.send_to_browser("Target.createBrowserContext")["browserContextId"])
        (self.folder / context).mkdir()
        self.send_to_browser(
            "Browser.setDownloadBehavior",
            behavior="allow", browserContextId=context, downloadPath=str(self.folder / context),
        )  # fmt: skip
        self.send_to_browser(
            "Browser.grantPermissions",
            permissions=["clipboardReadWrite", "clipboardSanitizedWrite"], browserContextId=context,
        )  # fmt: skip
        return context

    def new_tab(self, context: str) -> str:
        """Returns its target id."""
        return str(self.send_to_browser("Target.createTarget", url="about:blank", browserContextId=context)["targetId"])

    def close_context(self, context: str) -> None:
        self.send_to_browser("Target.disposeBrowserContext", browserContextId=context)

    def select(self, target: str) -> webdriver.Chrome:
        """Makes a tab the driver's; the driver's own commands are for one tab at a time."""
        if target != self._target:
            self.driver.switch_to.window(target)
            self._target = target
        return self.driver

    def send(self, target: str, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the DevTools protocol to a tab. Raises selenium's WebDriverException."""
        answer: dict[str, Any] = self.select(target).execute_cdp_cmd(method, parameters)
        return answer

    def send_to_browser(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command that only the browser itself accepts; chromedriver sends all of its own to tabs."""
        self._socket.send(json.dumps({"id": 1, "method": method, "params": parameters}))
        while (answer := json.loads(self._socket.recv(timeout=COMMAND_S))).get("id") != 1:
            pass  # an event
        assert "result" in answer, f"{method}: {answer}"
        result: dict[str, Any] = answer["result"]
        return result

    def read_logs(self) -> None:
        """Appends what was logged since the last call to `console` and `network`."""
        if "performance" in self._log_names:
            events = (network_event(entry) for entry in self._entries("performance"))
            self.network += [event for event in events if event]
        self.console += [console_entry(entry) for entry in self._entries("browser")]

    def _entries(self, log: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.driver.get_log(log)  # type: ignore[no-untyped-call]
        return entries

    def forget_logs(self) -> None:
        self.read_logs()
        self.console.clear()
        self.network.clear()

    def quit(self) -> None:
        self._resources.close()
        self.driver.quit()
        shutil.rmtree(self.folder, ignore_errors=True)
