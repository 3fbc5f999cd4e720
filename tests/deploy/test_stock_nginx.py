"""What nginx's stock `proxy_pass` lets through, plain and with TLS, as docs/deploy.md says."""

from __future__ import annotations

import os
import subprocess

import pytest
import requests

from tests.deploy.browser import Browser
from tests.deploy.nginx_sites import DEADLINE_S, KEY, STOCK_NAME, Proxy
from tests.deploy.test_nginx import code, first_message

pytestmark = pytest.mark.real
STATS, STOP = "/api/pm2/stats", "/api/pm2/stop"
SCHEMES = pytest.mark.parametrize(("site", "scheme"), [("stock", "http"), ("stock_tls", "https")])


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


@SCHEMES
def test_rest_needs_a_credential_and_acts_with_one(proxy: Proxy, site: str, scheme: str) -> None:
    url = getattr(proxy, site)
    nobody, owner = proxy.session(Host=STOCK_NAME), proxy.session(Host=STOCK_NAME, **{"X-API-Key": KEY})

    assert code(nobody.get(url + STATS, timeout=DEADLINE_S)) == (401, "not_authenticated")
    assert code(nobody.post(url + STOP, json={"name": "x"}, timeout=DEADLINE_S)) == (401, "not_authenticated")
    assert owner.get(url + STATS, timeout=DEADLINE_S).json()["daemon"]["state"] == "down"
    assert code(owner.post(url + STOP, json={"name": "x"}, timeout=DEADLINE_S)) == (503, "daemon_down")
    large = owner.post(url + STOP, data=b"x" * 300_000, timeout=DEADLINE_S)
    assert code(large) == (413, "body_too_large")


@SCHEMES
def test_a_browser_needs_its_origin_in_the_settings(proxy: Proxy, site: str, scheme: str) -> None:
    browser = Browser(proxy, getattr(proxy, site), f"{scheme}://{STOCK_NAME}", host=STOCK_NAME)

    assert browser.log_in(origin=f"{scheme}://other.example").status_code == 403
    assert browser.log_in().status_code == 302
    assert [cookie for cookie in browser.set_cookies if "secure" in cookie.lower()] == []  # nginx does not name TLS
    assert code(browser.act("restart")) == (503, "daemon_down")
    assert code(browser.act("restart", Origin=f"{scheme}://other.example")) == (403, "origin_not_allowed")


@SCHEMES
def test_websockets_are_refused_because_nginx_drops_the_upgrade(proxy: Proxy, site: str, scheme: str) -> None:
    status, _ = first_message(proxy, getattr(proxy, site), X_API_Key=KEY)

    assert status in (400, 404, 426)


def test_all_visitors_share_one_limit_on_invalid_credentials(proxy: Proxy) -> None:
    """Last of this file: for a minute, the limit holds for all who come through a stock proxy."""
    url, wrong = proxy.stock_tls + STATS, {"X-API-Key": "wrong", "Host": STOCK_NAME}
    sessions = [proxy.session(f"127.0.0.{6 + number % 2}") for number in range(12)]

    assert {session.get(url, headers=wrong, timeout=DEADLINE_S).status_code for session in sessions} == {401, 429}
    assert proxy.session("127.0.0.8").get(url, headers=wrong, timeout=DEADLINE_S).status_code == 429
    right = {"X-API-Key": KEY, "Host": STOCK_NAME}
    assert proxy.session("127.0.0.8").get(url, headers=right, timeout=DEADLINE_S).status_code == 200
