"""How a request's body is framed on the wire makes no difference to the response."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess

import pytest

from tests.fixtures.server import Server

pytestmark = pytest.mark.real
BODY = b'{"name":"no-such","lines":1}'
POST = b"POST /api/pm2/logs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
EXPECTED = (404, "process_not_found", "No PM2 process is named 'no-such'.")
# Node sends a body without a length as chunks; so do the HTTP clients of Go, .NET and Java.
NODE = """
const request = require("http").request(process.argv[1] + "/api/pm2/logs",
  { method: "POST", headers: { "Content-Type": "application/json" } },
  (response) => {
    let text = "";
    response.on("data", (part) => { text += part; });
    response.on("end", () => console.log(JSON.stringify({ status: response.statusCode, body: JSON.parse(text) })));
  });
request.write(process.argv[2].slice(0, 9));
setTimeout(() => { request.write(process.argv[2].slice(9)); request.end(); }, 50);
"""


def exchange(server: Server, *parts: bytes) -> tuple[int, str, str]:
    """Status, code and message of the response to a request that is sent in parts."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        for part in parts:
            connection.sendall(part)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, content = received.partition(b"\r\n\r\n")
    body = json.loads(content)
    return int(head.split()[1]), body["code"], body["message"]


def test_the_framing_of_a_body_makes_no_difference(server: Server) -> None:
    with_length = POST + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
    chunked = POST + b"Transfer-Encoding: chunked\r\n\r\n"

    assert exchange(server, with_length) == EXPECTED
    assert (
        exchange(server, chunked, b"9\r\n" + BODY[:9] + b"\r\n", b"13;x=1\r\n" + BODY[9:] + b"\r\n0\r\n\r\n")
        == EXPECTED
    )
    node = shutil.which("node")
    assert node
    finished = subprocess.run(
        [node, "-e", NODE, server.url, BODY.decode()], capture_output=True, text=True, timeout=60, check=True
    )
    answer = json.loads(finished.stdout)
    assert (answer["status"], answer["body"]["code"], answer["body"]["message"]) == EXPECTED
