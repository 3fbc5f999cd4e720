"""A browser behind nginx: it logs in by the form, and sends what the front page's script sends."""

from __future__ import annotations

import re
from http.cookiejar import DefaultCookiePolicy

import requests

from tests.deploy.nginx_sites import DEADLINE_S, NAME, Proxy


class Browser:
    """At `url` of the proxy, showing pages of `origin`. `cookies`: as sent; `set_cookies`: of the log-in's answer.

    They are sent by hand: the jar of requests has its own idea of which belong to 127.0.0.1 and another Host.
    """

    def __init__(self, proxy: Proxy, url: str, origin: str, address: str = "127.0.0.1", host: str = NAME) -> None:
        self.session, self.url, self.origin = proxy.session(address, Host=host), url, origin
        self.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.password = proxy.server.admin_password
        self.cookies = self.csrf_token = ""
        self.set_cookies: list[str] = []

    def log_in(self, password: str = "", origin: str = "") -> requests.Response:
        """The answer to the form, by default with the right password from the page's own origin."""
        page = self.session.get(self.url + "/login", timeout=DEADLINE_S)
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        assert token, page.text
        fields = {"username": "tester", "password": password or self.password, "csrfmiddlewaretoken": token[1]}
        page_origin = origin or self.origin
        response = self.session.post(
            self.url + "/login", fields, timeout=DEADLINE_S, allow_redirects=False,
            headers={"Origin": page_origin, "Referer": page_origin + "/login", "Cookie": cookies_of(page)},
        )  # fmt: skip
        if response.status_code == 302:
            self.set_cookies = response.raw.headers.getlist("Set-Cookie")
            self.cookies = cookies_of(response)
        return response

    def get(self, path: str) -> requests.Response:
        headers = {"Cookie": self.cookies, "Accept": "text/html"}
        return self.session.get(self.url + path, headers=headers, timeout=DEADLINE_S)

    def act(self, verb: str, **changed: str) -> requests.Response:
        """A button of the front page; `changed` replaces headers, and "" leaves one out."""
        token = re.search(r'<meta name="csrf-token" content="(\w+)"', self.get("/").text)
        assert token
        headers = {"Cookie": self.cookies, "Origin": self.origin, "X-CSRFToken": token[1], **changed}
        sent = {name: value for name, value in headers.items() if value}
        return self.session.post(self.url + f"/api/pm2/{verb}", json={"pmId": 0}, headers=sent, timeout=DEADLINE_S)


def cookies_of(response: requests.Response) -> str:
    return "; ".join(cookie.split(";")[0] for cookie in response.raw.headers.getlist("Set-Cookie"))
