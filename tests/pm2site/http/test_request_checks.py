"""The gate, called directly as an ASGI application."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pytest_django import Settings

from pm2site.http import request_checks


async def request(
    headers: dict[str, str] | list[tuple[str, str]] | None = None, *, method: str = "GET", kind: str = "http",
    path: str = "/api/pm2/stats", body: tuple[bytes, ...] = (b"",), query: bytes = b"",
) -> tuple[int | str, Any]:  # fmt: skip
    """Status and code of the response, or `through` and the body if the request reached the application."""
    sent: list[dict[str, Any]] = []
    reached: list[bytes] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        reached.append(message.get("body", b""))

    messages = [
        {"type": "http.request", "body": chunk, "more_body": index < len(body) - 1} for index, chunk in enumerate(body)
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if kind == "http" else {"type": "websocket.connect"}

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
    await request_checks.RequestChecks(application)(scope, receive, send)
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
async def test_an_own_host_is_allowed(kind: str, host: str) -> None:
    assert (await request({"host": host}, kind=kind))[0] == "through"


@pytest.mark.parametrize("host", FOREIGN)
async def test_a_foreign_host_is_refused(host: str) -> None:
    assert await request({"host": host}) == (400, "host_not_allowed")
    assert await request({"host": host}, kind="websocket") == ("refused", "websocket.close")


@pytest.mark.parametrize("headers", [[], [("host", "localhost"), ("host", "localhost")]])
async def test_exactly_one_host_header_is_required(headers: list[tuple[str, str]]) -> None:
    assert await request(headers) == (400, "host_not_allowed")


async def test_a_host_of_the_setting_is_allowed(settings: Settings) -> None:
    settings.API_ALLOWED_HOSTS = ("bench.example",)

    assert (await request({"host": "Bench.example:3100"}))[0] == "through"


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
async def test_a_foreign_origin_may_read_but_not_act(origin: str) -> None:
    headers = {"host": "localhost:3100", "origin": origin}

    assert await request(headers, method="POST") == (403, "origin_not_allowed")
    assert await request(headers, method="DELETE") == (403, "origin_not_allowed")
    assert await request(headers, kind="websocket") == ("refused", "websocket.close")
    assert (await request(headers))[0] == "through"


@pytest.mark.parametrize("origin", ["http://localhost:3100", "https://localhost:3100", "https://my.page"])
async def test_an_own_origin_and_one_of_the_setting_may_act(settings: Settings, origin: str) -> None:
    settings.API_ALLOWED_ORIGINS = ("https://my.page",)

    assert (await request({"host": "localhost:3100", "origin": origin}, method="POST"))[0] == "through"


async def test_a_request_without_origin_may_act() -> None:
    assert await request({"host": "localhost"}, method="POST", body=(b"a", b"b")) == ("through", b"ab")


async def test_a_body_above_the_limit_is_refused() -> None:
    big = b"x" * 200_000

    assert await request(method="POST", body=(big, big)) == (413, "body_too_large")
    assert await request({"host": "localhost", "content-length": "300000"}, method="POST") == (413, "body_too_large")
    assert await request({"host": "localhost", "content-length": "many"}, method="POST") == (413, "body_too_large")


async def test_control_characters_and_long_urls_are_refused() -> None:
    assert await request(path="/a\0b") == (400, "bad_path")
    assert await request(path="/" + "a" * 9000) == (414, "url_too_long")
    assert await request(query=b"q" * 9000) == (414, "url_too_long")


@pytest.mark.parametrize("framing", [("content-length", "8"), ("transfer-encoding", "chunked")])
async def test_a_body_has_a_length_however_it_was_framed(framing: tuple[str, str]) -> None:
    scope = {"type": "http", "headers": [(b"host", b"localhost"), (framing[0].encode(), framing[1].encode())]}

    async def receive() -> dict[str, Any]:
        raise AssertionError("the body has been read")

    framed, replay = request_checks.with_body(scope, receive, b'{"a": 1}')

    assert framed == {"type": "http", "headers": [(b"host", b"localhost"), (b"content-length", b"8")]}
    assert await replay() == {"type": "http.request", "body": b'{"a": 1}', "more_body": False}
