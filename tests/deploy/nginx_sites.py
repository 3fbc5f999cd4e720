"""Runs nginx with the sites of deploy/ and with its stock `proxy_pass`, in front of started servers."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from tests.fixtures.ports import free_port
from tests.fixtures.server import ROOT, Server, new_server

DEPLOY = ROOT / "deploy"
KEY, NAME, STOCK_NAME = "k" * 20, "bench.example.org", "stock.example"
DEADLINE_S = 60
MAIN = """
daemon off; worker_processes 1; error_log stderr crit; pid {folder}/pid;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  ssl_certificate {folder}/fullchain.pem; ssl_certificate_key {folder}/key.pem;
  include {folder}/site-*.conf;
  {stock}
}}
"""
STOCK = "server {{ listen 127.0.0.1:{listen}; location / {{ proxy_pass http://127.0.0.1:{server}; }} }}"


@dataclass(frozen=True)
class Proxy:
    """The same server behind the plain site, the TLS site and two stock proxies; a keyless one behind another."""

    server: Server
    keyless: Server
    plain: str
    tls: str
    redirect: str
    stock: str
    stock_tls: str
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


@contextmanager
def run_nginx() -> Iterator[Proxy]:
    folder = Path(tempfile.mkdtemp(prefix="ng", dir="/tmp"))
    folder.chmod(0o711)  # nginx's worker, another user if root starts it, keeps large bodies there
    server = new_server(
        API_KEY=KEY, API_HOST="127.0.0.1", TRUSTED_PROXIES="127.0.0.1", API_ALLOWED_HOSTS=NAME,
        API_ALLOWED_ORIGINS=f"http://{STOCK_NAME},https://{STOCK_NAME}",
    )  # fmt: skip
    keyless = new_server()
    plain, redirect, tls, stock, stock_tls, stock_keyless = ports = [free_port() for _ in range(6)]
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        for started in (server, keyless):
            stack.callback(started.clean)
            started.start()
        server.add_admin()
        _create_certificate(folder)
        _write_site("nginx.conf", 0, folder, server, {"80": plain})
        _write_site("nginx-tls.conf", 1, folder, server, {"80": redirect, "443": tls})
        proxies = ((stock, server), (f"{stock_tls} ssl", server), (stock_keyless, keyless))
        lines = [STOCK.format(listen=listen, server=target.port) for listen, target in proxies]
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder, stock="\n".join(lines)))
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        nginx = subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "nginx.conf")])
        stack.callback(nginx.wait, DEADLINE_S)
        stack.callback(nginx.terminate)
        _wait_until_listening(nginx, ports)
        url, secure_url = "http://127.0.0.1:{}".format, "https://127.0.0.1:{}".format
        yield Proxy(
            server, keyless, url(plain), secure_url(tls), url(redirect), url(stock), secure_url(stock_tls),
            url(stock_keyless), str(folder / "fullchain.pem"),
        )  # fmt: skip


def _create_certificate(folder: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}",
         "-addext", f"subjectAltName=DNS:{NAME},IP:127.0.0.1", "-keyout", folder / "key.pem",
         "-out", folder / "fullchain.pem"],
        check=True, capture_output=True,
    )  # fmt: skip


def _write_site(name: str, number: int, folder: Path, server: Server, ports: dict[str, int]) -> None:
    """A file of deploy/ and its locations, with the ports, paths and names of this nginx."""
    text = (DEPLOY / name).read_text().replace("127.0.0.1:3100", f"127.0.0.1:{server.port}")
    text = text.replace("/etc/nginx/snippets/pm2site.conf", f"{folder}/locations-{number}.conf")
    text = text.replace("/etc/ssl/pm2site/", f"{folder}/")
    text = text.replace("listen 80;", f"listen 127.0.0.1:{ports['80']};")
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{ports.get('443', 0)} ssl;")
    text = text.replace("$pm2site_connection", f"$pm2site{number}_connection")
    text = text.replace("upstream pm2site {", f"upstream pm2site{number} {{")
    (folder / f"site-{number}.conf").write_text(text)
    locations = (DEPLOY / "nginx-locations.conf").read_text()
    for text in ("http://pm2site", "$pm2site"):
        locations = locations.replace(text, f"{text}{number}")
    (folder / f"locations-{number}.conf").write_text(locations)


def _wait_until_listening(nginx: subprocess.Popen[bytes], ports: list[int]) -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    for port in ports:
        while True:
            assert nginx.poll() is None, "nginx ended; its error is above"
            with suppress(requests.ConnectionError):
                requests.get(f"http://127.0.0.1:{port}/health", timeout=DEADLINE_S, allow_redirects=False)
                break
            assert time.monotonic() < deadline_s
            time.sleep(0.05)
