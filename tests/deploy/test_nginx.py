"""What passes the sites of deploy/ and nginx's stock `proxy_pass`, plain and with TLS, as docs/deploy.md says."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
from collections.abc import Iterator

import pytest
import requests
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.deploy.browser import Browser
from tests.deploy.nginx_sites import DEADLINE_S, KEY, NAME, STOCK_NAME, Proxy, run_nginx

pytestmark = pytest.mark.real
EVIL = "https://evil.example"
STATS, STOP = "/api/pm2/stats", "/api/pm2/stop"
STOCK_SITES = pytest.mark.parametrize(("site", "scheme"), [("stock", "http"), ("stock_tls", "https")])


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    with run_nginx() as proxy:
        yield proxy


def code(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json().get("code", "")


def first_message(proxy: Proxy, url: str, **headers: str) -> tuple[int, str]:
    """Status of the handshake at the /ws of `url`, and the type of the first message, or the code of the refusal."""
    scheme, _, address = url.replace("http", "ws", 1).partition("://")
    host, _, port = address.partition(":")
    context = ssl.create_default_context(cafile=proxy.certificate) if scheme == "wss" else None
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection = socket.create_connection((host, int(port)), timeout=DEADLINE_S)
    try:
        with connect(f"{scheme}://{NAME}/ws", sock=connection, ssl=context, additional_headers=named) as ws:
            return 101, json.loads(ws.recv(DEADLINE_S))["type"]
    except InvalidStatus as refused:
        body = refused.response.body or b""
        return refused.response.status_code, json.loads(body)["code"] if body.startswith(b"{") else ""


@pytest.mark.parametrize("scheme", ["plain", "tls"])
def test_rest_needs_a_credential_and_acts_with_one(proxy: Proxy, scheme: str) -> None:
    url = getattr(proxy, scheme)
    nobody, owner = proxy.session(), proxy.session(**{"X-API-Key": KEY})
    action = {"url": url + "/api/pm2/stop", "json": {"name": "no-such"}, "timeout": DEADLINE_S}

    assert nobody.get(url + "/health", timeout=DEADLINE_S).status_code == 200
    assert code(nobody.get(url + "/api/pm2/stats", timeout=DEADLINE_S)) == (401, "not_authenticated")
    assert code(nobody.post(**action)) == (401, "not_authenticated")
    assert owner.get(url + "/api/pm2/stats", timeout=DEADLINE_S).json()["daemon"]["state"] == "down"
    assert code(owner.post(**action)) == (503, "daemon_down")
    chunked = iter([b'{"framework":"fastify",', b'"reqPerSec":5,"duration":1}'])
    added = owner.post(
        url + "/api/benchmark/add", data=chunked, headers={"Content-Type": "application/json"}, timeout=DEADLINE_S
    )
    assert added.status_code == 201
    large = owner.post(url + "/api/pm2/stop", data=b"x" * 300_000, timeout=DEADLINE_S)
    assert large.status_code == 413


@pytest.mark.parametrize(("scheme", "is_secure"), [("plain", False), ("tls", True)])
def test_a_browser_logs_in_acts_and_subscribes(proxy: Proxy, scheme: str, is_secure: bool) -> None:
    url = getattr(proxy, scheme)
    origin = f"{'https' if is_secure else 'http'}://{NAME}"
    browser = Browser(proxy, url, origin)

    assert browser.log_in(origin=EVIL).status_code == 403
    response = browser.log_in()
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    assert [("secure" in cookie.lower()) for cookie in browser.set_cookies] == [is_secure] * len(browser.set_cookies)

    assert browser.get("/api/pm2/stats").json()["daemon"]["state"] == "down"
    assert code(browser.act("restart")) == (503, "daemon_down")
    assert code(browser.act("restart", **{"X-CSRFToken": ""})) == (403, "forbidden")
    assert code(browser.act("restart", Origin=EVIL)) == (403, "origin_not_allowed")
    assert code(browser.act("restart", Cookie="")) == (401, "not_authenticated")

    assert first_message(proxy, url, Origin=origin, Cookie=browser.cookies) == (101, "connected")
    assert first_message(proxy, url, Origin=EVIL, Cookie=browser.cookies) == (403, "origin_not_allowed")
    assert first_message(proxy, url, Origin=origin) == (101, "auth_required")


@pytest.mark.parametrize("scheme", ["plain", "tls"])
def test_the_websocket_passes(proxy: Proxy, scheme: str) -> None:
    url = getattr(proxy, scheme).replace("http", "ws", 1) + "/ws"
    context = ssl.create_default_context(cafile=proxy.certificate) if scheme == "tls" else None
    headers = {"X-API-Key": KEY}

    with connect(url, additional_headers=headers, ssl=context, open_timeout=DEADLINE_S) as ws:
        assert json.loads(ws.recv(DEADLINE_S))["type"] == "connected"
        ws.send('{"type":"subscribe","stream":"system:metrics","interval":250}')
        kinds = [json.loads(ws.recv(DEADLINE_S))["type"] for _ in range(3)]
    assert kinds == ["subscribed", "metric", "metric"]


def test_the_plain_port_of_the_tls_site_redirects_with_method_and_body(proxy: Proxy) -> None:
    """By 308: after a 301, clients repeat a POST as a GET without its body."""
    visitor = proxy.session()
    for method, path in (("GET", "/api/docs?x=1"), ("POST", "/api/pm2/stop")):
        response = visitor.request(method, proxy.redirect + path, timeout=DEADLINE_S, allow_redirects=False)

        assert (response.status_code, response.headers["Location"]) == (308, f"https://{NAME}{path}")


def test_wrong_keys_of_one_address_do_not_lock_out_another(proxy: Proxy) -> None:
    guesser, other = proxy.session("127.0.0.2"), proxy.session("127.0.0.3")
    wrong, url = {"X-API-Key": "wrong"}, proxy.plain + "/api/pm2/stats"

    guesses = [guesser.get(url, headers=wrong, timeout=DEADLINE_S).status_code for _ in range(12)]
    assert guesses == [401] * 10 + [429] * 2
    forged = {**wrong, "X-Forwarded-For": "127.0.0.9"}
    assert guesser.get(url, headers=forged, timeout=DEADLINE_S).status_code == 429
    assert other.get(url, headers=wrong, timeout=DEADLINE_S).status_code == 401
    assert guesser.get(url, headers={"X-API-Key": KEY}, timeout=DEADLINE_S).status_code == 200


def test_wrong_passwords_of_one_address_do_not_lock_out_another(proxy: Proxy) -> None:
    """They are counted by the visitor's address, by whichever site they come."""
    plain, secure = (proxy.plain, f"http://{NAME}"), (proxy.tls, f"https://{NAME}")
    guessers = [Browser(proxy, *site, address="127.0.0.4") for site in (plain, secure)]

    guesses = [guessers[number % 2].log_in("wrong").status_code for number in range(12)]

    assert guesses == [401] * 10 + [429] * 2
    assert guessers[1].log_in().status_code == 429  # a right password waits
    assert Browser(proxy, *secure, address="127.0.0.5").log_in().status_code == 302


def test_without_a_key_nobody_passes_for_this_machine_unless_nginx_is_of_the_servers_user(proxy: Proxy) -> None:
    visitor = proxy.session(Host=STOCK_NAME)
    answers = [
        code(visitor.get(proxy.stock_keyless + STATS, timeout=DEADLINE_S)),
        code(visitor.post(proxy.stock_keyless + STOP, json={"name": "x"}, timeout=DEADLINE_S)),
    ]

    # nginx gives root up for a user of its own; another user it remains, and is then the one who runs the server.
    is_another_user = os.geteuid() == 0
    assert answers == ([(401, "not_authenticated")] * 2 if is_another_user else [(200, ""), (503, "daemon_down")])


def test_this_machine_needs_no_key_whatever_nginx_does(proxy: Proxy) -> None:
    direct = requests.get(proxy.keyless.url + STATS, timeout=DEADLINE_S)
    assert (direct.status_code, direct.json()["daemon"]["state"]) == (200, "down")
    curl = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", proxy.keyless.url + STATS]
    assert subprocess.run(curl, capture_output=True, text=True, timeout=DEADLINE_S).stdout == "200"


@STOCK_SITES
def test_rest_through_a_stock_proxy_needs_a_credential(proxy: Proxy, site: str, scheme: str) -> None:
    url = getattr(proxy, site)
    nobody, owner = proxy.session(Host=STOCK_NAME), proxy.session(Host=STOCK_NAME, **{"X-API-Key": KEY})

    assert code(nobody.get(url + STATS, timeout=DEADLINE_S)) == (401, "not_authenticated")
    assert code(nobody.post(url + STOP, json={"name": "x"}, timeout=DEADLINE_S)) == (401, "not_authenticated")
    assert owner.get(url + STATS, timeout=DEADLINE_S).json()["daemon"]["state"] == "down"
    assert code(owner.post(url + STOP, json={"name": "x"}, timeout=DEADLINE_S)) == (503, "daemon_down")
    large = owner.post(url + STOP, data=b"x" * 300_000, timeout=DEADLINE_S)
    assert code(large) == (413, "body_too_large")


@STOCK_SITES
def test_a_browser_behind_a_stock_proxy_needs_its_origin_in_the_settings(proxy: Proxy, site: str, scheme: str) -> None:
    browser = Browser(proxy, getattr(proxy, site), f"{scheme}://{STOCK_NAME}", host=STOCK_NAME)

    assert browser.log_in(origin=f"{scheme}://other.example").status_code == 403
    assert browser.log_in().status_code == 302
    assert [cookie for cookie in browser.set_cookies if "secure" in cookie.lower()] == []  # nginx does not name TLS
    assert code(browser.act("restart")) == (503, "daemon_down")
    assert code(browser.act("restart", Origin=f"{scheme}://other.example")) == (403, "origin_not_allowed")


@STOCK_SITES
def test_a_stock_proxy_drops_the_upgrade(proxy: Proxy, site: str, scheme: str) -> None:
    status, _ = first_message(proxy, getattr(proxy, site), X_API_Key=KEY)

    assert status in (400, 404, 426)


def test_all_visitors_of_a_stock_proxy_share_one_limit_on_invalid_credentials(proxy: Proxy) -> None:
    """Last of this file: for a minute, the limit holds for all who come through a stock proxy."""
    url, wrong = proxy.stock_tls + STATS, {"X-API-Key": "wrong", "Host": STOCK_NAME}
    sessions = [proxy.session(f"127.0.0.{6 + number % 2}") for number in range(12)]

    assert {session.get(url, headers=wrong, timeout=DEADLINE_S).status_code for session in sessions} == {401, 429}
    assert proxy.session("127.0.0.8").get(url, headers=wrong, timeout=DEADLINE_S).status_code == 429
    right = {"X-API-Key": KEY, "Host": STOCK_NAME}
    assert proxy.session("127.0.0.8").get(url, headers=right, timeout=DEADLINE_S).status_code == 200
