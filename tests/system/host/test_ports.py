from __future__ import annotations

import socket

import pytest

from system.host import ports
from tests.fixtures.ports import free_port


def test_a_port_is_listening_or_bindable() -> None:
    port = free_port()
    before = (ports.is_listening(port), ports.is_bindable("127.0.0.1", port))
    with socket.create_server(("127.0.0.1", port)):
        during = (ports.is_listening(port), ports.is_bindable("127.0.0.1", port), ports.is_bindable("0.0.0.0", port))
    after = (ports.is_listening(port), ports.is_bindable("127.0.0.1", port))

    assert (before, during, after) == ((False, True), (True, False, False), (False, True))


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70_000), ("a" * 70 + ".example", 80), ("192.0.2.1", 80)])
def test_an_impossible_or_foreign_address_is_neither(host: str, port: int) -> None:
    assert (ports.is_listening(port, host), ports.is_bindable(host, port)) == (False, False)


def test_a_port_is_waited_for_until_it_is_released() -> None:
    answers = iter([True, True, False])

    assert ports.is_released(lambda: next(answers)) is True
    assert list(answers) == []


def test_a_port_that_stays_taken_is_not_released(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "RELEASE_TIMEOUT_S", 0.05)

    assert ports.is_released(lambda: True) is False
