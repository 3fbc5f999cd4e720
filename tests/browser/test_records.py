"""Which entries of Chromium's logs fail a test, and how much a tab received."""

from __future__ import annotations

import json
import re

from tests.browser.records import ConsoleEntry, NetworkEvent, Transfer, network_event, problems, transfer

ORIGIN = "http://127.0.0.1:3100"


def request(url: str) -> NetworkEvent:
    return NetworkEvent("tab", "requestWillBeSent", {"request": {"url": url}})


def finished(size: int) -> NetworkEvent:
    return NetworkEvent("tab", "loadingFinished", {"encodedDataLength": size})


def test_errors_violations_and_foreign_requests_are_problems() -> None:
    console = [
        ConsoleEntry("SEVERE", "javascript", "a is not defined"),
        ConsoleEntry("SEVERE", "network", "/login - 401 (Unauthorized)"),
        ConsoleEntry("WARNING", "security", "Refused by the Content Security Policy"),
        ConsoleEntry("WARNING", "deprecation", "old"),
    ]
    network = [
        request(ORIGIN + "/"), request("data:image/png;base64,"), request("http://127.0.0.1:3101/"),
        NetworkEvent("tab", "webSocketCreated", {"url": "ws://127.0.0.1:3100/ws"}),
        NetworkEvent("tab", "webSocketCreated", {"url": "wss://example.org/ws"}),
    ]  # fmt: skip

    assert problems(console, network, [ORIGIN], [re.compile("401")]) == [
        "console: SEVERE javascript: a is not defined",
        "console: WARNING security: Refused by the Content Security Policy",
        "request to another host: http://127.0.0.1:3101/",
        "request to another host: wss://example.org/ws",
    ]


def test_an_event_is_read_from_the_log_with_its_tab() -> None:
    content = {"webview": "tab", "message": {"method": "Network.loadingFinished", "params": {"encodedDataLength": 7}}}

    assert network_event({"message": json.dumps(content)}) == finished(7)
    content["message"] = {"method": "Page.frameNavigated", "params": {}}
    assert network_event({"message": json.dumps(content)}) is None


def test_responses_of_the_cache_are_no_requests() -> None:
    assert transfer([finished(300), finished(0), finished(500), request(ORIGIN)]) == Transfer(800, 2)
