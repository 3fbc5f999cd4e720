"""The checks of a request's head, and of its body."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from pm2site.access.request_head import head_of_scope
from pm2site.errors import Refusal
from pm2site.http import gateway, request_checks


def refusal(
    headers: dict[str, str] | list[tuple[str, str]] | None = None, *, method: str = "GET", kind: str = "http",
    path: str = "/api/pm2/stats", query: bytes = b"",
) -> tuple[int, str] | None:  # fmt: skip
    """Status and code of the refusal; None if the request is allowed."""
    pairs = headers if isinstance(headers, list) else list((headers or {"host": "localhost"}).items())
    scope = {
        "type": kind, "method": method, "path": path, "raw_path": path.encode(), "query_string": query,
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in pairs],
    }  # fmt: skip
    denied = request_checks.check_head(head_of_scope(scope))
    return (denied.status, denied.code) if denied else None


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
    "localhost:\xb2\xb3",
]


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("host", ALLOWED)
def test_an_own_host_is_allowed(kind: str, host: str) -> None:
    assert refusal({"host": host}, kind=kind) is None


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("host", FOREIGN)
def test_a_foreign_host_is_refused(kind: str, host: str) -> None:
    assert refusal({"host": host}, kind=kind) == (400, "host_not_allowed")


@pytest.mark.parametrize("headers", [[], [("host", "localhost"), ("host", "localhost")]])
def test_exactly_one_host_header_is_required_but_for_liveness(headers: list[tuple[str, str]]) -> None:
    assert refusal(headers) == (400, "host_not_allowed")
    assert refusal(headers, path="/health") is None
    assert refusal(headers, path="/health", method="POST") == (400, "host_not_allowed")


def test_a_host_of_the_setting_is_allowed(settings: Settings) -> None:
    settings.API_ALLOWED_HOSTS = ("bench.example",)

    assert refusal({"host": "Bench.example:3100"}) is None


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
def test_a_foreign_origin_may_open_pages_but_neither_act_nor_read_the_api(origin: str) -> None:
    headers = {"host": "localhost:3100", "origin": origin}

    assert refusal(headers, path="/api/pm2/logs") == (403, "origin_not_allowed")
    assert refusal(headers, method="POST") == (403, "origin_not_allowed")
    assert refusal(headers, method="DELETE") == (403, "origin_not_allowed")
    assert refusal(headers, kind="websocket") == (403, "origin_not_allowed")
    assert refusal(headers, path="/login") is None


@pytest.mark.parametrize(
    ("site", "mode", "expected"),
    [
        ("cross-site", "no-cors", (403, "origin_not_allowed")),  # an image
        ("same-site", "no-cors", (403, "origin_not_allowed")),  # of another port of this machine
        ("Cross-Site", "", (403, "origin_not_allowed")),
        ("cross-site", "navigate", None),  # a link
        ("same-origin", "cors", None),
        ("none", "navigate", None),  # typed
    ],
)
def test_an_image_of_a_foreign_page_does_not_read_the_api(
    site: str, mode: str, expected: tuple[int, str] | None
) -> None:
    headers = {"host": "localhost:3100", "sec-fetch-site": site, "sec-fetch-mode": mode}

    assert refusal(headers, path="/api/pm2/logs") == expected
    assert refusal(headers, path="/login") is None


@pytest.mark.parametrize(
    ("destination", "expected"),
    [("document", None), *((name, (403, "origin_not_allowed")) for name in ("iframe", "frame", "embed", "object"))],
)
def test_a_frame_of_a_foreign_page_does_not_read_the_api(destination: str, expected: tuple[int, str] | None) -> None:
    headers = {
        "host": "localhost:3100", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate",
        "sec-fetch-dest": destination,
    }  # fmt: skip

    assert refusal(headers, path="/api/pm2/logs") == expected


@pytest.mark.parametrize("origin", ["http://localhost:3100", "https://localhost:3100", "https://my.page"])
def test_an_own_origin_and_one_of_the_setting_may_act(settings: Settings, origin: str) -> None:
    settings.API_ALLOWED_ORIGINS = ("https://my.page",)

    assert refusal({"host": "localhost:3100", "origin": origin}, method="POST") is None


@pytest.mark.parametrize(
    ("host", "origin", "expected"),
    [
        ("localhost:443", "https://localhost", None), ("localhost", "https://localhost:443", None),
        ("localhost:80", "http://localhost", None), ("localhost:80", "https://localhost", (403, "origin_not_allowed")),
        ("localhost", "http://[::1", (403, "origin_not_allowed")),
    ],
)  # fmt: skip
def test_the_default_port_of_an_origin_may_be_left_out(
    host: str, origin: str, expected: tuple[int, str] | None
) -> None:
    assert refusal({"host": host, "origin": origin}, method="POST") == expected


def test_a_request_without_origin_may_act() -> None:
    assert refusal({"host": "localhost"}, method="POST") is None


@pytest.mark.parametrize("length", ["300000", "many", "-1", "\xb2", "9" * 5000])
def test_a_length_above_the_limit_is_refused(length: str) -> None:
    assert refusal({"host": "localhost", "content-length": length}, method="POST") == (413, "body_too_large")


@pytest.mark.parametrize("path", ["*", "localhost:3100", "health", "ws://localhost/health"])
def test_a_target_that_is_no_path_is_refused(path: str) -> None:
    assert refusal({"host": "localhost"}, path=path) == (400, "bad_path")


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("gzip", (415, "unsupported_content_encoding")),
        ("gzip, identity", (415, "unsupported_content_encoding")),
        ("identity", None),
        ("identity, identity", None),
    ],
)
def test_a_compressed_body_is_refused(encoding: str, expected: tuple[int, str] | None) -> None:
    assert refusal({"host": "localhost", "content-encoding": encoding}, method="POST") == expected


@pytest.mark.parametrize("path", ["/a\0b", "/a\x1b[31m", "/\x9b2J", "/\x7f"])
def test_control_characters_are_refused(path: str) -> None:
    assert refusal(path=path) == (400, "bad_path")


def test_long_urls_are_refused() -> None:
    assert refusal(path="/" + "a" * 9000) == (414, "url_too_long")
    assert refusal(query=b"q" * 9000) == (414, "url_too_long")


def test_a_raw_head_is_checked_like_a_parsed_one() -> None:
    host = [(b"host", b"localhost")]

    assert request_checks.check_raw_head("POST", b"/api/pm2/logs?x=1", host, "127.0.0.1") is None
    bad = request_checks.check_raw_head("GET", b"/%C2%9B2J", host, "127.0.0.1")
    assert bad == Refusal(400, "bad_path", "The path contains control characters.")


async def read(*chunks: bytes, is_cut: bool = False) -> tuple[bytes, str | None]:
    """The body, and the code of its refusal."""
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": "http.disconnect"} if is_cut else {"type": "http.request", "body": b""})

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    body, denied = await gateway.read_body(receive)
    return body, denied.code if denied else None


async def test_a_body_is_read_whole_up_to_the_limit() -> None:
    assert await read(b"a", b"b") == (b"ab", None)
    assert await read(b"x" * 200_000, b"x" * 200_000) == (b"", "body_too_large")
    assert await read(b"a", is_cut=True) == (b"", "bad_request")


@pytest.mark.parametrize("framing", [("content-length", "8"), ("transfer-encoding", "chunked")])
def test_a_body_has_a_length_however_it_was_framed(framing: tuple[str, str]) -> None:
    scope = {"type": "http", "headers": [(b"host", b"localhost"), (framing[0].encode(), framing[1].encode())]}

    assert gateway.with_length(scope, b'{"a": 1}') == {
        "type": "http",
        "headers": [(b"host", b"localhost"), (b"content-length", b"8")],
    }
