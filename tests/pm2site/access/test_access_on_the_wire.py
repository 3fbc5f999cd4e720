"""Who may come in, for every route of a started server, whether a view or the newest sample answers it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as connect_websocket

from tests.fixtures.server import Server, StartServer, new_server

pytestmark = pytest.mark.real
KEY, READ_KEY = "k" * 20, "r" * 20
OPEN = {"/health"}
OF_ACTORS = {"/api/access/tokens"}  # reads for those who may act
CHANGE_PASSWORD = """
from django.contrib.auth.models import User
user = User.objects.get(username="tester")
user.set_password("another one")
user.save()
"""


@pytest.fixture(scope="module")
def guarded() -> Iterator[Server]:
    """A server with keys, whose every client seems to come through a trusted proxy on this machine."""
    server = new_server(
        API_KEY=KEY, API_KEY_READONLY=READ_KEY, TRUSTED_PROXIES="127.0.0.1", API_ALLOWED_HOSTS="pm.example"
    )
    server.start()
    server.add_admin()
    yield server
    server.clean()


def operations(server: Server) -> list[tuple[str, str]]:
    """Method and path of every operation of the schema, with a value for each parameter."""
    schema = requests.get(server.url + "/api/schema?format=json", headers={"X-API-Key": KEY}, timeout=60).json()
    return [(verb.upper(), re.sub(r"{[^}]+}", "1", path)) for path, verbs in schema["paths"].items() for verb in verbs]


def call(server: Server, method: str, path: str, **headers: str) -> tuple[int, str | None]:
    """Status, and code of an error. The caller has an address of its own, so that refusals add up to no limit."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = requests.request(method, server.url + path, headers=named, timeout=60, allow_redirects=False)
    is_json = response.headers.get("Content-Type", "").startswith("application/json")
    body = response.json() if is_json and response.content else {}
    return response.status_code, body.get("code") if isinstance(body, dict) else None


def test_every_route_applies_the_same_rules(guarded: Server) -> None:
    revoked, reader = guarded.manage("token", "gone").strip(), guarded.manage("token", "eve", "--readonly").strip()
    guarded.manage("token", "gone", "--revoke")
    routes = [*operations(guarded), ("GET", "/"), ("GET", "/api/schema"), ("GET", "/api/docs")]
    assert len(routes) > 50
    for number, (method, path) in enumerate(routes):
        if path in OPEN:
            continue
        address = f"192.0.2.{number % 250}"
        proxied = {"X_Forwarded_For": address, "Accept": "application/json"}
        label = f"{method} {path}"

        assert call(guarded, method, path, **proxied) == (401, "not_authenticated"), label
        assert call(guarded, method, path, X_API_Key="wrong", **proxied) == (401, "invalid_credential"), label
        assert call(guarded, method, path, Authorization=f"Token {revoked}", **proxied)[0] == 401, label
        assert call(guarded, method, path, Host="evil.example", X_API_Key=KEY) == (400, "host_not_allowed"), label
        if path in OF_ACTORS and method == "GET":
            assert call(guarded, method, path, X_API_Key=READ_KEY, **proxied) == (403, "forbidden"), label
            assert call(guarded, method, path, Authorization=f"Bearer {reader}") == (403, "forbidden"), label
        elif method == "GET":
            assert call(guarded, method, path, X_API_Key=READ_KEY, **proxied)[0] not in (401, 403, 500), label
            assert call(guarded, method, path, Authorization=f"Bearer {reader}")[0] not in (401, 403, 500), label
        else:
            assert call(guarded, method, path, X_API_Key=READ_KEY, **proxied) == (403, "forbidden"), label
            assert call(guarded, method, path, X_API_Key=reader, **proxied) == (403, "forbidden"), label
            foreign = call(guarded, method, path, X_API_Key=KEY, Origin="http://evil.example")
            assert foreign == (403, "origin_not_allowed"), label


def logged_in(server: Server, **headers: str) -> requests.Session:
    """A browser after its login, as it appears behind a proxy that ends TLS."""
    browser = requests.Session()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    page = browser.get(server.url + "/login", headers=named, timeout=60)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token
    form = {"username": server.admin_name, "password": server.admin_password, "csrfmiddlewaretoken": token[1]}
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies)
    response = browser.post(
        server.url + "/login", form, headers=named | {"Cookie": cookies}, timeout=60, allow_redirects=False
    )
    assert response.status_code == 302, response.text
    browser.headers["Cookie"] = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies)
    browser.secure = [cookie.secure for cookie in response.cookies]  # type: ignore[attr-defined]
    return browser


def test_a_login_behind_a_proxy_that_ends_tls_works(guarded: Server) -> None:
    proxied = {"Host": "pm.example", "X_Forwarded_Proto": "https", "X_Forwarded_For": "198.51.100.7"}
    browser = logged_in(guarded, Origin="https://pm.example", **proxied)

    assert set(browser.secure) == {True}  # type: ignore[attr-defined]
    assert browser.get(guarded.url + "/admin/", headers={"Host": "pm.example"}, timeout=60).status_code == 200
    foreign = browser.post(
        guarded.url + "/login", {}, headers={"Host": "pm.example", "Origin": "https://evil.example"}, timeout=60
    )
    assert (foreign.status_code, foreign.json()["code"]) == (403, "origin_not_allowed")


def test_a_key_in_a_header_is_the_identity_even_beside_a_session(guarded: Server) -> None:
    browser = logged_in(guarded)
    reader = {"X-API-Key": READ_KEY}

    assert browser.get(guarded.url + "/admin/", timeout=60).url.endswith("/admin/")
    refused = browser.get(guarded.url + "/admin/", headers=reader, timeout=60, allow_redirects=False)
    assert (refused.status_code, refused.headers["Location"]) == (302, "/admin/login/?next=/admin/")
    stop = browser.post(guarded.url + "/api/pm2/stop", json={"framework": "fastify"}, headers=reader, timeout=60)
    assert stop.status_code == 403


def test_twelve_passwords_at_once_are_counted_before_they_are_hashed(guarded: Server) -> None:
    headers = {"X-Forwarded-For": "198.51.100.99"}
    browser = requests.Session()
    page = browser.get(guarded.url + "/login", headers=headers, timeout=60)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token
    form = {"username": "tester", "password": "wrong", "csrfmiddlewaretoken": token[1]}
    paths = ["/login", "/admin/login/"] * 6
    statuses = [browser.post(guarded.url + path, form, headers=headers, timeout=60).status_code for path in paths]

    assert statuses == [401] * 10 + [429] * 2


def close_code(socket: ClientConnection) -> int | None:
    """The code with which the server closes the socket, whatever it sends before."""
    try:
        while True:
            socket.recv(timeout=30)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


@pytest.mark.parametrize("event", ["logout", "password"])  # last: the password is another one afterwards
def test_a_session_that_ends_closes_its_sockets(guarded: Server, event: str) -> None:
    browser = logged_in(guarded)
    with connect_websocket(guarded.ws_url, additional_headers={"Cookie": str(browser.headers["Cookie"])}) as socket:
        assert json.loads(socket.recv(timeout=30))["type"] == "connected"
        if event == "logout":
            cookies = str(browser.headers["Cookie"])
            token = re.search(r"pm2site_csrf=(\w+)", cookies)
            assert token
            response = browser.post(guarded.url + "/logout", {"csrfmiddlewaretoken": token[1]}, timeout=60)
            assert response.ok
        else:
            guarded.manage("shell", "-c", CHANGE_PASSWORD)
        started_s = time.monotonic()

        assert close_code(socket) == 4401
        assert time.monotonic() - started_s < 5


def test_pages_of_allowed_origins_get_cors_headers(start_server: StartServer) -> None:
    server = start_server(API_ALLOWED_ORIGINS="https://my.page")
    requested = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key"}

    def preflight(origin: str) -> requests.Response:
        return requests.options(server.url + "/api/pm2/start", headers=requested | {"Origin": origin}, timeout=60)

    allowed, foreign = preflight("https://my.page"), preflight("https://evil.example")
    stats = requests.get(server.url + "/api/pm2/stats", headers={"Origin": "https://my.page"}, timeout=60)

    assert allowed.status_code == 204
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://my.page"
    assert allowed.headers["Access-Control-Allow-Headers"].lower().split(", ")[3] == "x-api-key"
    assert stats.headers["Access-Control-Allow-Origin"] == "https://my.page"
    assert "Access-Control-Allow-Origin" not in foreign.headers
    static = requests.get(server.url + "/static/pm2site/main.js", timeout=60)
    assert (static.status_code, "Access-Control-Allow-Origin" in static.headers) == (200, False)


def test_a_database_that_is_gone_is_a_503_that_is_logged(start_server: StartServer) -> None:
    server = start_server(API_KEY=KEY, NODE_ENV="development")
    for file in Path(server.env["DATA_DIR"]).glob("pm2site.sqlite3*"):
        file.write_bytes(b"no database" * 100)
    status, code = call(server, "GET", "/api/benchmark/stats", X_API_Key="wrong")

    assert (status, code) == (503, "database_error")
    deadline_s = time.monotonic() + 60  # the line follows the response
    while "status=503" not in server.log.read_text():
        assert time.monotonic() < deadline_s, server.log.read_text()
        time.sleep(0.05)
