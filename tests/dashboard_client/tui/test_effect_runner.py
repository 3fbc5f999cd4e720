"""Effects that need no network."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from dashboard_client.config import Config
from dashboard_client.tui.effect_runner import EffectRunner
from dashboard_client.tui.inbox import Inbox
from dashboard_client.tui.model import events


class Offline(EffectRunner):
    """Does not connect."""

    def start(self) -> None: ...

    def copy(self, text: str) -> None: ...


@pytest.mark.parametrize(
    ("address", "expected"),
    [("http://127.0.0.1:3100", "secret"), ("127.0.0.1:3200", ""), ("http://elsewhere:3100", "")],
)
def test_the_key_is_not_sent_to_another_server(address: str, expected: str) -> None:
    inbox = Inbox()
    with ThreadPoolExecutor(1) as pool:
        runner = Offline(Config("http://127.0.0.1:3100", "secret"), inbox, pool, None)  # type: ignore[arg-type]
        runner._switch(address)
    (event,) = inbox.take(10)
    inbox.close()

    assert isinstance(event, events.Switched)
    assert (runner.config.server, runner.config.secret) == (event.server, expected)
