"""The REST client: every endpoint of the real server, and every kind of failed response."""

from __future__ import annotations

import inspect
import io
import re
import time
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
import requests
import yaml

from dashboard_client.config import Config
from dashboard_client.errors import NotAuthenticated, Refused, ResponseTimeout, Unreachable, Unsupported, WireError
from dashboard_client.network.api import Api
from dashboard_client.network.calls import Json
from dashboard_client.network.endpoints import Endpoints
from tests.dashboard_client.fakes import http_server, reply
from tests.fixtures.ports import free_port
from tests.fixtures.server import Server, StartServer


def api(url: str, secret: str = "", timeout_s: float = 10.0) -> Api:
    return Api(Config(server=url, secret=secret, timeout_s=timeout_s))


class Recording(Endpoints):
    """Records calls instead of sending them."""

    def __init__(self) -> None:
        self.calls: set[tuple[str, str]] = set()

    def call(self, method: str, path: str, **options: object) -> Json:
        self.calls.add((method, path))
        return {}

    def download(self, path: str, query: object, media_type: str, file: object) -> int:
        self.calls.add(("GET", path))
        return 0


def sample(name: str, kind: str) -> Any:
    return {"int": 7000, "Mapping[str, object]": {}, "BinaryIO": io.BytesIO()}.get(kind, name)


def calls_of_all_methods() -> set[tuple[str, str]]:
    recording = Recording()
    for name, method in inspect.getmembers(recording, inspect.ismethod):
        if name.startswith("_") or name in ("call", "download"):
            continue
        needed = [
            parameter for parameter in inspect.signature(method).parameters.values()
            if parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        ]  # fmt: skip
        method(*(sample(parameter.name, str(parameter.annotation)) for parameter in needed))
    return recording.calls


def test_every_endpoint_of_the_server_has_a_method(shared_server: Server) -> None:
    schema = yaml.safe_load(requests.get(shared_server.url + "/api/schema", timeout=20).text)
    server_calls = {(method.upper(), path) for path, operations in schema["paths"].items() for method in operations}
    client_calls = calls_of_all_methods()

    def is_covered(method: str, path: str) -> bool:
        pattern = re.sub(r"\{[^}]+\}", "[^/]+", path)
        return any(verb == method and re.fullmatch(pattern, client_path) for verb, client_path in client_calls)

    assert sorted(call for call in server_calls if not is_covered(*call)) == [
        *(("GET", f"/metrics{part}") for part in ("", "/redis", "/targets")),  # for Prometheus
        ("POST", "/api/benchmark/compare"),  # the client uses GET, which a read-only key may, too
        ("POST", "/api/pm2/logs"),  # for queries too long for a URL; the client uses GET
    ]


def test_a_response_is_returned_as_raw_json(shared_server: Server) -> None:
    assert api(shared_server.url).health()["status"] == "ok"
    assert api(shared_server.url).pm2_stats()["counts"] == {"online": 0, "total": 0}


def test_an_error_carries_the_servers_message_and_code(shared_server: Server) -> None:
    with pytest.raises(Refused, match="No framework is named 'koa'") as caught:
        api(shared_server.url).pm2_start("koa")

    error = caught.value
    assert (error.status, error.code, sorted(error.fields)) == (404, "unknown_framework", ["framework"])
    assert re.fullmatch("[0-9a-f]{16}", error.request_id)
    assert not isinstance(error, Unsupported)


def test_an_endpoint_missing_on_an_older_server_raises_unsupported(shared_server: Server) -> None:
    with pytest.raises(Unsupported, match="There is nothing at /api/tomorrow"):
        api(shared_server.url).call("GET", "/api/tomorrow")


def test_ready_returns_the_checks_of_a_server_that_is_not_ready() -> None:
    body = b'{"status":"not ready","checks":{"database":{"ok":false,"message":"locked"}}}'

    with http_server(lambda handler: reply(handler, body, 503)) as url:
        assert api(url).ready()["checks"]["database"]["message"] == "locked"
        with pytest.raises(Refused):
            api(url).health()


def test_an_export_of_any_size_goes_into_a_file(shared_server: Server) -> None:
    file = io.BytesIO()

    size = api(shared_server.url).benchmark_export(file, format="csv")

    assert len(file.getvalue()) == size
    assert file.getvalue().startswith(b"id,")


def test_a_wrong_key_raises_not_authenticated(start_server: StartServer) -> None:
    server = start_server(API_KEY="right")

    assert api(server.url, "right").pm2_stats()["processes"] == []
    with pytest.raises(NotAuthenticated):
        api(server.url, "wrong").pm2_stats()
    with pytest.raises(NotAuthenticated):
        api(server.url).pm2_stats()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:{port}", "connection refused"),
        ("http://no-such-host.invalid:3100", "unknown host"),
        ("http://" + "x" * 64 + ".example:3100", "unknown host"),
    ],
)
def test_a_failed_connection_has_a_readable_reason(url: str, reason: str) -> None:
    server = url.format(port=free_port())

    with pytest.raises(Unreachable) as caught:
        api(server).health()

    assert str(caught.value) == f"Cannot connect to API server {server}: {reason}"


def test_https_to_an_http_server_suggests_http(shared_server: Server) -> None:
    with pytest.raises(Unreachable, match="the server does not use TLS: use http:// instead of https://"):
        api(shared_server.url.replace("http:", "https:")).health()


def trickle(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def trickle_head(handler: BaseHTTPRequestHandler) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nX-Filler: " + b"x" * 100:
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        time.sleep(0.05)


def hang(handler: BaseHTTPRequestHandler) -> None:
    handler.rfile.read(1)  # until the client gives up


def break_off(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b"{")


@pytest.mark.parametrize("handler", [trickle, trickle_head, hang])
def test_the_deadline_covers_the_whole_response(handler: Any) -> None:
    with (
        http_server(handler) as url,
        pytest.raises(ResponseTimeout, match=r"did not answer within 0\.5 s \(API_TIMEOUT\)"),
    ):
        api(url, timeout_s=0.5).health()


def test_a_deadline_for_all_calls_covers_them_together() -> None:
    def answer_late(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.3)
        reply(handler, b"{}")

    with http_server(answer_late) as url:
        limited = Api(Config(server=url), for_all_s=1.0)
        with pytest.raises(ResponseTimeout, match=r"did not answer within 1 s \(API_TIMEOUT\)"):
            [limited.health() for _ in range(100)]


def test_a_download_of_another_type_is_not_written() -> None:
    file = io.BytesIO()

    with (
        http_server(lambda handler: reply(handler, b"<html>", Content_Type="text/html; charset=utf-8")) as url,
        pytest.raises(WireError, match=r"^GET /api/benchmark/export: the response is text/html, not text/csv\.$"),
    ):
        api(url).benchmark_export(file, "csv")

    assert file.getvalue() == b""


def test_a_truncated_response_raises_unreachable() -> None:
    with http_server(break_off) as url, pytest.raises(Unreachable, match="lost during the response"):
        api(url).health()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"[1, 2]", "GET /health: the response is not a JSON object."),
        (b"<html>", "The response is not JSON."),
        (b"[" * 100_000, "The response is not JSON."),
        (b"\xff\xfe", "The response is not JSON."),
    ],
)
def test_a_response_that_is_not_a_json_object_raises_wire_error(body: bytes, message: str) -> None:
    with http_server(lambda handler: reply(handler, body)) as url, pytest.raises(WireError) as caught:
        api(url).health()

    assert str(caught.value) == message


def test_an_oversized_response_is_not_read() -> None:
    def flood(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b" " * 2**20)

    with http_server(flood) as url, pytest.raises(WireError, match="larger than 64 MiB"):
        api(url).health()


def test_a_proxys_error_page_names_the_proxy() -> None:
    def proxy(handler: BaseHTTPRequestHandler) -> None:
        handler.server_version, handler.sys_version = "squid/6", ""
        reply(handler, b"<html>\x1b[2JBad Gateway</html>", 502, Content_Type="text/html")

    with http_server(proxy) as url, pytest.raises(Refused) as caught:
        api(url).health()

    assert str(caught.value) == f"{url}/health answered 502, not an API server's response (squid/6)"


def test_redirects_are_not_followed_with_the_key() -> None:
    requested_paths: list[str] = []

    def note(handler: BaseHTTPRequestHandler) -> None:
        requested_paths.append(handler.path)
        reply(handler, b"{}")

    with (
        http_server(note) as elsewhere,
        http_server(lambda handler: reply(handler, b"", 302, Location=elsewhere)) as url,
        pytest.raises(Refused, match="redirects to"),
    ):
        api(url, "secret").pm2_stats()

    assert requested_paths == []


def test_a_proxy_from_the_environment_is_bypassed_for_this_machine(
    shared_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")

    assert api(shared_server.url).health()["status"] == "ok"
