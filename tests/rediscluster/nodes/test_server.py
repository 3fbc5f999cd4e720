from __future__ import annotations

import socket
import threading

import pytest

from rediscluster.errors import PortTaken
from rediscluster.nodes import server
from system.host import process_lookup
from system.host.ports import is_bindable
from tests.fixtures.ports import BUS_OFFSET, free_port, free_ports


@pytest.fixture(autouse=True)
def _unseen_holder(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a killed process, which has left /proc, or one of another user."""
    monkeypatch.setattr(process_lookup, "find_listener", lambda port: None)


def test_a_port_of_a_process_that_was_just_killed_is_waited_for() -> None:
    port = next(port for port in free_ports(20) if is_bindable("0.0.0.0", port + BUS_OFFSET))
    listener = socket.create_server(("127.0.0.1", port))
    closing = threading.Timer(0.2, listener.close)
    closing.start()

    server.check_ports((port,))
    closing.join()


def test_a_port_that_stays_taken_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(PortTaken, match=f"Port {port} is in use by another program"):
            server.check_ports((port,))
