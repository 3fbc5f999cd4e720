"""What Chromium logged, and which of that a test does not permit. [pure]"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

REMOTE_SCHEMES = ("http", "https", "ws", "wss", "ftp")
POLICY = re.compile("content security policy", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ConsoleEntry:
    """`level`: SEVERE, WARNING, INFO or DEBUG; `source`: such as javascript, network, security."""

    level: str
    source: str
    message: str


@dataclass(frozen=True, slots=True)
class NetworkEvent:
    """An event of the DevTools protocol's domain Network. `target`: the tab."""

    target: str
    method: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Transfer:
    """What a tab received by HTTP: bytes with heads and as compressed, and the number of responses by network."""

    received_bytes: int
    requests: int


def console_entry(entry: Mapping[str, Any]) -> ConsoleEntry:
    return ConsoleEntry(str(entry["level"]), str(entry.get("source", "")), str(entry["message"]))


def network_event(entry: Mapping[str, Any]) -> NetworkEvent | None:
    """From an entry of chromedriver's log `performance`; None for an event of another domain."""
    content = json.loads(entry["message"])
    method = content["message"]["method"]
    if not method.startswith("Network."):
        return None
    return NetworkEvent(content["webview"], method.removeprefix("Network."), content["message"]["params"])


def requested_url(event: NetworkEvent) -> str | None:
    match event.method:
        case "requestWillBeSent":
            return str(event.parameters["request"]["url"])
        case "webSocketCreated":
            return str(event.parameters["url"])
    return None


def transfer(events: Iterable[NetworkEvent]) -> Transfer:
    """https://chromedevtools.github.io/devtools-protocol/tot/Network/#event-loadingFinished"""
    sizes = [int(event.parameters["encodedDataLength"]) for event in events if event.method == "loadingFinished"]
    return Transfer(sum(sizes), sum(1 for size in sizes if size > 0))


def problems(
    console: Sequence[ConsoleEntry],
    network: Sequence[NetworkEvent],
    origins: Iterable[str],
    permitted: Sequence[re.Pattern[str]] = (),
) -> list[str]:
    """Errors in the console, violations of the policy, and requests to other hosts than `origins`, which are URLs.

    `permitted`: patterns of messages that the test caused, such as the 401 of a wrong key.
    """
    wrong = [
        f"console: {entry.level} {entry.source}: {entry.message}"
        for entry in console
        if entry.level == "SEVERE" or POLICY.search(entry.message)
        if not any(pattern.search(entry.message) for pattern in permitted)
    ]
    hosts = {urlsplit(origin).netloc for origin in origins}
    urls = (url for event in network if (url := requested_url(event)))
    foreign = {url for url in urls if urlsplit(url).scheme in REMOTE_SCHEMES and urlsplit(url).netloc not in hosts}
    return wrong + [f"request to another host: {url}" for url in sorted(foreign)]
