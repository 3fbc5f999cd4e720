"""The outermost wall, called as the ASGI application that it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pytest_django import Settings

from pm2site.http import gate

SENT = list[dict[str, Any]]


async def ask(
    headers: dict[str, str] | list[tuple[str, str]] | None = None, *, method: str = "GET", kind: str = "http",
    path: str = "/api/pm2/stats", body: tuple[bytes, ...] = (b"",), query: bytes = b"",
) -> tuple[int | str, Any]:  # fmt: skip
    """Status and code of the answer; `through` with the body when the application was reached."""
    sent: SENT = []
    reached: list[bytes] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        reached.append(message.get("body", b""))

    pieces = [
        {"type": "http.request", "body": piece, "more_body": index < len(body) - 1} for index, piece in enumerate(body)
    ]

    async def receive() -> dict[str, Any]:
        return pieces.pop(0) if kind == "http" else {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    pairs = (
        list((headers if headers is not None else {"host": "localhost"}).items())
        if not isinstance(headers, list)
        else headers
    )
    scope = {
        "type": kind, "method": method, "path": path, "raw_path": path.encode(), "query_string": query,
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in pairs],
    }  # fmt: skip
    await gate.Gate(application)(scope, receive, send)
    if reached:
        return "through", reached[0]
    if kind == "websocket":
        return "refused", sent[0]["type"]
    return sent[0]["status"], json.loads(sent[1]["body"])["code"]


ALLOWED = ["localhost", "localhost:3100", "LOCALHOST", "127.0.0.1", "127.0.0.1:3100", "[::1]:3100", "192.168.1.9:8000"]
FOREIGN = [
    "evil.com",
    "127.0.0.1.evil.com",
    "localhost.evil.com",
    "",
    "a b",
    "localhost:x",
    "evil.com:3100",
    "[::1",
    "local\xadhost",
]


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("host", ALLOWED)
async def test_a_host_of_ours_comes_in(kind: str, host: str) -> None:
    assert (await ask({"host": host}, kind=kind))[0] == "through"


@pytest.mark.parametrize("host", FOREIGN)
async def test_a_foreign_host_does_not(host: str) -> None:
    assert await ask({"host": host}) == (400, "host_not_allowed")
    assert await ask({"host": host}, kind="websocket") == ("refused", "websocket.close")


@pytest.mark.parametrize("headers", [[], [("host", "localhost"), ("host", "localhost")]])
async def test_there_is_one_host(headers: list[tuple[str, str]]) -> None:
    assert await ask(headers) == (400, "host_not_allowed")


async def test_a_named_host_comes_in(settings: Settings) -> None:
    settings.API_ALLOWED_HOSTS = ("bench.example",)

    assert (await ask({"host": "Bench.example:3100"}))[0] == "through"


OTHER_ORIGINS = [
    "http://evil.com",
    "null",
    "http://localhost:9999",
    "http://localhost:3100.evil.com",
    "https://localhost",
    "file://",
    "http://localhost:3100/x",
]


@pytest.mark.parametrize("origin", OTHER_ORIGINS)
async def test_a_foreign_page_may_read_but_not_act(origin: str) -> None:
    headers = {"host": "localhost:3100", "origin": origin}

    assert await ask(headers, method="POST") == (403, "origin_not_allowed")
    assert await ask(headers, method="DELETE") == (403, "origin_not_allowed")
    assert await ask(headers, kind="websocket") == ("refused", "websocket.close")
    assert (await ask(headers))[0] == "through"


@pytest.mark.parametrize("origin", ["http://localhost:3100", "https://localhost:3100", "https://my.page"])
async def test_our_own_page_and_a_named_one_may_act(settings: Settings, origin: str) -> None:
    settings.API_ALLOWED_ORIGINS = ("https://my.page",)

    assert (await ask({"host": "localhost:3100", "origin": origin}, method="POST"))[0] == "through"


async def test_a_script_sends_no_origin() -> None:
    assert await ask({"host": "localhost"}, method="POST", body=(b"a", b"b")) == ("through", b"ab")


async def test_a_body_has_an_end() -> None:
    big = b"x" * 200_000

    assert await ask(method="POST", body=(big, big)) == (413, "body_too_large")
    assert await ask({"host": "localhost", "content-length": "300000"}, method="POST") == (413, "body_too_large")
    assert await ask({"host": "localhost", "content-length": "many"}, method="POST") == (413, "body_too_large")


async def test_paths() -> None:
    assert await ask(path="/a\0b") == (400, "bad_path")
    assert await ask(path="/" + "a" * 9000) == (414, "url_too_long")
    assert await ask(query=b"q" * 9000) == (414, "url_too_long")
