"""What the screen asks for, as far as it needs no network."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from dashboard_client.config import Config
from dashboard_client.tui.effect_runner import Performer
from dashboard_client.tui.inbox import Inbox
from dashboard_client.tui.model import events


class Offline(Performer):
    """One that connects to nothing."""

    def start(self) -> None: ...

    def copy(self, text: str) -> None: ...


@pytest.mark.parametrize(
    ("address", "expected"),
    [("http://127.0.0.1:3100", "secret"), ("127.0.0.1:3200", ""), ("http://elsewhere:3100", "")],
)
def test_a_key_is_shown_to_no_other_server(address: str, expected: str) -> None:
    inbox = Inbox()
    with ThreadPoolExecutor(1) as pool:
        performer = Offline(Config("http://127.0.0.1:3100", "secret"), inbox, pool, None)  # type: ignore[arg-type]
        performer._switch(address)
    (event,) = inbox.take(10)
    inbox.close()

    assert isinstance(event, events.Switched)
    assert (performer.config.server, performer.config.secret) == (event.server, expected)
