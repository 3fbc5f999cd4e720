"""The table of open connections: who is closed when there are too many."""

from __future__ import annotations

import resource
from dataclasses import dataclass

import pytest

from pm2site.transport import daphne_limits
from pm2site.transport.connections import ConnectionTable, accepts_per_turn, max_connections


@dataclass(eq=False)
class Connection:
    is_aborted: bool = False

    def abortConnection(self) -> None:
        self.is_aborted = True


def opened(table: ConnectionTable, address: str, count: int) -> list[Connection]:
    connections = [Connection() for _ in range(count)]
    for connection in connections:
        assert table.admit(address)
        table.add(connection, address)
    return connections


def aborted(connections: list[Connection]) -> list[int]:
    return [number for number, connection in enumerate(connections) if connection.is_aborted]


def test_the_longest_waiting_of_an_address_above_its_share_is_closed() -> None:
    table = ConnectionTable(10)
    other = opened(table, "10.0.0.2", 1)
    connections = opened(table, "10.0.0.1", 7)

    assert (aborted(connections), aborted(other), len(table)) == ([0, 1], [], 6)


def test_the_longest_waiting_of_all_is_closed_when_all_places_are_taken() -> None:
    table = ConnectionTable(4)
    first, second, third = (opened(table, f"10.0.0.{number}", 2) for number in (1, 2, 3))

    assert (aborted(first), aborted(second), aborted(third)) == ([0, 1], [], [])


def test_a_connection_with_a_request_stays_and_newcomers_are_refused() -> None:
    table = ConnectionTable(4)
    for address in ("10.0.0.1", "10.0.0.2"):
        for connection in opened(table, address, 2):
            table.stop_waiting(connection)

    assert not table.admit("10.0.0.3")


def test_a_socket_that_is_closing_makes_room_first() -> None:
    table = ConnectionTable(6)
    connections = opened(table, "10.0.0.1", 3)
    for connection in connections[1:]:
        table.stop_waiting(connection)  # a socket whose client is known
    table.start_closing(connections[2])

    opened(table, "10.0.0.1", 1)
    assert aborted(connections) == [2]
    opened(table, "10.0.0.1", 1)
    assert aborted(connections) == [0, 2]


def test_a_closed_connection_is_forgotten() -> None:
    table = ConnectionTable(4)
    [connection] = opened(table, "10.0.0.1", 1)
    table.start_closing(connection)
    table.remove(connection)
    table.start_waiting(connection)
    table.start_closing(connection)

    assert (len(table), opened(table, "10.0.0.1", 2), aborted([connection])) == (0, [*table._waiting], [])


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("tcp:port=3100:interface=127.0.0.1", "tcp:port=3100:interface=127.0.0.1:backlog=4096"),
        ("unix:/run/pm2site.sock", "unix:/run/pm2site.sock:backlog=4096"),
        ("tcp:port=3100:backlog=7", "tcp:port=3100:backlog=7"),
        ("fd:fileno=3", "fd:fileno=3"),
    ],
)
def test_the_backlog_holds_a_burst_of_connections(description: str, expected: str) -> None:
    listen = daphne_limits._with_backlog(lambda reactor, text: (reactor, text))

    assert listen("reactor", description) == ("reactor", expected)


@pytest.mark.parametrize(
    ("files", "expected"),
    [(65_536, (65_176, 100)), (1024, (664, 100)), (300, (64, 38)), (128, (64, 1)), (100, (64, 1))],
)
def test_there_are_files_for_all_that_are_accepted_until_evicted_ones_are_closed(
    monkeypatch: pytest.MonkeyPatch, files: int, expected: tuple[int, int]
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (files, files))

    assert (max_connections(), accepts_per_turn()) == expected
