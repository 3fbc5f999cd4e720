"""The sites of deploy/ and nginx's stock `proxy_pass`, in front of started servers."""

from __future__ import annotations

import json
import re
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.fixtures.ports import free_port
from tests.fixtures.server import ROOT, Server, new_server

pytestmark = pytest.mark.real

DEPLOY = ROOT / "deploy"
KEY, NAME = "k" * 20, "bench.example.org"
DEADLINE_S = 60
MAIN = """
daemon off; worker_processes 1; error_log stderr crit; pid {folder}/pid;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  include {folder}/site-*.conf;
  {stock}
}}
"""
STOCK = "server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{server}; }} }}"


@dataclass(frozen=True)
class Proxy:
    """The same server behind the plain site, the TLS site and a stock proxy; a keyless one behind another."""

    server: Server
    keyless: Server
    plain: str
    tls: str
    redirect: str
    stock: str
    stock_keyless: str
    certificate: str

    def session(self, address: str = "127.0.0.1", **headers: str) -> requests.Session:
        """A browser or script at an address of its own, which sees the public name."""
        session = requests.Session()
        session.trust_env = False  # REQUESTS_CA_BUNDLE would win over the certificate
        session.verify = self.certificate
        session.headers.update({"Host": NAME, **headers})
        for scheme in ("http://", "https://"):
            session.mount(scheme, _From(address))
        return session


class _From(HTTPAdapter):
    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, source_address=(self.address, 0), **options)


def site(name: str, number: int, folder: Path, server: Server, ports: dict[str, int]) -> str:
    """A file of deploy/ with the ports and paths of this test."""
    text = (DEPLOY / name).read_text().replace("127.0.0.1:3100", f"127.0.0.1:{server.port}")
    text = text.replace("/etc/nginx/snippets/pm2site.conf", f"{folder}/locations-{number}.conf")
    text = text.replace("/etc/ssl/pm2site/", f"{folder}/")
    text = text.replace("listen 80;", f"listen 127.0.0.1:{ports['80']};")
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{ports.get('443', 0)} ssl;")
    text = text.replace("$pm2site_connection", f"$pm2site{number}_connection")
    return text.replace("upstream pm2site {", f"upstream pm2site{number} {{")


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    folder = Path(tempfile.mkdtemp(prefix="ng", dir="/tmp"))
    server = new_server(
        API_KEY=KEY, API_HOST="127.0.0.1", TRUSTED_PROXIES="127.0.0.1", API_ALLOWED_HOSTS=NAME,
        API_ALLOWED_ORIGINS="http://stock.example",
    )  # fmt: skip
    keyless = new_server()
    ports = [free_port() for _ in range(5)]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}",
         "-addext", f"subjectAltName=DNS:{NAME},IP:127.0.0.1", "-keyout", folder / "key.pem",
         "-out", folder / "fullchain.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    for number, (name, own) in enumerate(
        (("nginx.conf", {"80": ports[0]}), ("nginx-tls.conf", {"80": ports[1], "443": ports[2]}))
    ):
        (folder / f"site-{number}.conf").write_text(site(name, number, folder, server, own))
        locations = (DEPLOY / "nginx-locations.conf").read_text()
        for text in ("http://pm2site", "$pm2site"):
            locations = locations.replace(text, f"{text}{number}")
        (folder / f"locations-{number}.conf").write_text(locations)
    stock = [STOCK.format(port=ports[3], server=server.port), STOCK.format(port=ports[4], server=keyless.port)]
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, stock="\n".join(stock)))
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    nginx = None
    try:
        server.start().add_admin()
        keyless.start()
        nginx = subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "nginx.conf")])
        wait_until_listening(nginx, ports)
        yield Proxy(
            server, keyless, f"http://127.0.0.1:{ports[0]}", f"https://127.0.0.1:{ports[2]}",
            f"http://127.0.0.1:{ports[1]}", f"http://127.0.0.1:{ports[3]}", f"http://127.0.0.1:{ports[4]}",
            str(folder / "fullchain.pem"),
        )  # fmt: skip
    finally:
        if nginx is not None:
            nginx.terminate()
            nginx.wait(DEADLINE_S)
        server.clean()
        keyless.clean()
        shutil.rmtree(folder)


def wait_until_listening(nginx: subprocess.Popen[bytes], ports: list[int]) -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    for port in ports:
        while True:
            assert nginx.poll() is None, "nginx ended; its error is above"
            with suppress(requests.ConnectionError):
                requests.get(f"http://127.0.0.1:{port}/health", timeout=DEADLINE_S, allow_redirects=False)
                break
            assert time.monotonic() < deadline_s
            time.sleep(0.05)


def code(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json().get("code", "")


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
def test_a_browser_logs_in_and_acts(proxy: Proxy, scheme: str, is_secure: bool) -> None:
    url = getattr(proxy, scheme)
    origin = f"{'https' if is_secure else 'http'}://{NAME}"
    browser = proxy.session()
    form = browser.get(url + "/login", timeout=DEADLINE_S)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text)
    assert token
    fields = {"username": "tester", "password": proxy.server.admin_password, "csrfmiddlewaretoken": token[1]}
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies)

    def log_in(page: str) -> requests.Response:
        headers = {"Origin": page, "Referer": page + "/login", "Cookie": cookies}
        return browser.post(url + "/login", fields, headers=headers, timeout=DEADLINE_S, allow_redirects=False)

    assert log_in("https://evil.example").status_code == 403
    response = log_in(origin)
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    set_cookies = response.raw.headers.getlist("Set-Cookie")
    assert [("secure" in cookie.lower()) for cookie in set_cookies] == [is_secure] * len(set_cookies)
    known = "; ".join(cookie.split(";")[0] for cookie in set_cookies)
    page = proxy.session().get(url + "/api/pm2/stats", headers={"Cookie": known}, timeout=DEADLINE_S)
    assert page.json()["daemon"]["state"] == "down"


@pytest.mark.parametrize("scheme", ["plain", "tls"])
def test_the_websocket_passes(proxy: Proxy, scheme: str) -> None:
    url = getattr(proxy, scheme).replace("http", "ws", 1) + "/ws"
    context = ssl.create_default_context(cafile=proxy.certificate) if scheme == "tls" else None
    headers = {"X-API-Key": KEY}

    with connect(url, additional_headers=headers, ssl=context, open_timeout=DEADLINE_S) as socket:
        assert json.loads(socket.recv(DEADLINE_S))["type"] == "connected"
        socket.send('{"type":"subscribe","stream":"system:metrics","interval":250}')
        kinds = [json.loads(socket.recv(DEADLINE_S))["type"] for _ in range(3)]
    assert kinds == ["subscribed", "metric", "metric"]


def test_the_plain_port_of_the_tls_site_redirects(proxy: Proxy) -> None:
    response = proxy.session().get(proxy.redirect + "/api/docs?x=1", timeout=DEADLINE_S, allow_redirects=False)

    assert (response.status_code, response.headers["Location"]) == (301, f"https://{NAME}/api/docs?x=1")


def test_wrong_keys_of_one_address_do_not_lock_out_another(proxy: Proxy) -> None:
    guesser, other = proxy.session("127.0.0.2"), proxy.session("127.0.0.3")
    wrong, url = {"X-API-Key": "wrong"}, proxy.plain + "/api/pm2/stats"

    guesses = [guesser.get(url, headers=wrong, timeout=DEADLINE_S).status_code for _ in range(12)]
    assert guesses == [401] * 10 + [429] * 2
    forged = {**wrong, "X-Forwarded-For": "127.0.0.9"}
    assert guesser.get(url, headers=forged, timeout=DEADLINE_S).status_code == 429
    assert other.get(url, headers=wrong, timeout=DEADLINE_S).status_code == 401
    assert guesser.get(url, headers={"X-API-Key": KEY}, timeout=DEADLINE_S).status_code == 200


def test_behind_a_stock_proxy_nobody_passes_for_this_machine(proxy: Proxy) -> None:
    stats, stop = "/api/pm2/stats", "/api/pm2/stop"
    visitor = proxy.session(Host="stock.example")

    assert code(visitor.get(proxy.stock_keyless + stats, timeout=DEADLINE_S)) == (401, "not_authenticated")
    assert code(visitor.post(proxy.stock_keyless + stop, json={"name": "x"}, timeout=DEADLINE_S)) == (
        401, "not_authenticated",
    )  # fmt: skip
    direct = requests.get(proxy.keyless.url + stats, timeout=DEADLINE_S)
    assert (direct.status_code, direct.json()["daemon"]["state"]) == (200, "down")
    curl = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", proxy.keyless.url + stats]
    assert subprocess.run(curl, capture_output=True, text=True, timeout=DEADLINE_S).stdout == "200"
    assert visitor.get(proxy.stock + stats, timeout=DEADLINE_S).status_code == 401
    assert visitor.get(proxy.stock + stats, headers={"X-API-Key": KEY}, timeout=DEADLINE_S).status_code == 200


def test_a_stock_proxy_replaces_host_and_drops_the_upgrade(proxy: Proxy) -> None:
    """Log-in needs the page's origin in API_ALLOWED_ORIGINS there, and clients poll instead of using /ws."""
    visitor = proxy.session(Host="stock.example")
    form = visitor.get(proxy.stock + "/login", timeout=DEADLINE_S)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text)
    assert token
    fields = {"username": "tester", "password": proxy.server.admin_password, "csrfmiddlewaretoken": token[1]}
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in visitor.cookies)

    def log_in(page: str) -> int:
        headers = {"Origin": page, "Referer": page + "/login", "Cookie": cookies}
        return visitor.post(
            proxy.stock + "/login", fields, headers=headers, timeout=DEADLINE_S, allow_redirects=False
        ).status_code

    assert (log_in("http://other.example"), log_in("http://stock.example")) == (403, 302)
    with pytest.raises(InvalidStatus) as refused:
        connect(proxy.stock.replace("http", "ws") + "/ws", additional_headers={"X-API-Key": KEY}).close()
    assert refused.value.response.status_code in (400, 404, 426)
