"""HTTP by bytes, for requests that no client library sends."""

from __future__ import annotations

import json
import socket
from typing import Any

from tests.fixtures.server import Server

Answer = tuple[int, Any]


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=60)


def read_answer(connection: socket.socket) -> Answer:
    """Status and JSON body, or text, of a response that ends with the connection; 0 if the server only closes."""
    received = bytearray()
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionResetError:
        pass
    if not received:
        return 0, None
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    is_json = b"application/json" in head.lower()
    return int(head.split()[1]), json.loads(body) if is_json and body else body


def exchange(server: Server, request: bytes) -> Answer:
    """Sends the bytes and reads until the server closes."""
    with connect(server) as connection:
        connection.sendall(request)
        return read_answer(connection)


def code(answer: Answer) -> tuple[int, str | None]:
    """Status, and code of the error."""
    return answer[0], answer[1].get("code") if isinstance(answer[1], dict) else None
