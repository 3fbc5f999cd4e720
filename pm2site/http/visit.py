"""One request as the ASGI layer decided it: its head, its client and its id. Django reads it from the scope."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from django.conf import settings

from pm2site.access import auth, permissions
from pm2site.access.auth import Credential
from pm2site.access.request_head import RequestHead, is_loopback
from pm2site.errors import new_request_id

SCOPE_KEY = "pm2site.visit"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def choose_request_id(header: str) -> str:
    """The client's own `X-Request-ID` if it is safe to echo, else a new one."""
    return header if _REQUEST_ID.fullmatch(header) else new_request_id()


def route_path(path: str) -> str:
    """The path that URLs are matched with: without a trailing slash, but in the admin and below /static/."""
    if len(path) > 1 and not path.startswith(("/admin/", "/static/")):
        return path.rstrip("/") or "/"
    return path


@dataclass(frozen=True, slots=True)
class Visit:
    """`path`: as URLs are matched; `is_loopback`: whether details of errors may be shown."""

    head: RequestHead
    request_id: str
    path: str
    is_loopback: bool
    credential: Credential | None = field(default=None)

    @property
    def actor(self) -> str | None:
        return self.credential.actor if self.credential else None

    def identified(self) -> Visit:
        """The same visit with its credential. Raises what `auth.identify` raises; may read the database."""
        return replace(self, credential=auth.identify(self.head))

    def check_access(self) -> None:
        """Raises CredentialMissing, ReadOnly."""
        permissions.check_access(self.credential, self.head.method, self.path.rstrip("/") or "/")

    @property
    def is_page_view(self) -> bool:
        """Whether a browser asks for a page, so that a missing credential leads to the login page."""
        return self.head.method == "GET" and "text/html" in self.head.headers.get("accept", "")

    @property
    def login_url(self) -> str:
        query = f"?{self.head.query.decode('ascii', 'replace')}" if self.head.query else ""
        return f"{settings.LOGIN_URL}?{urlencode({'next': self.head.path + query})}"


def new_visit(head: RequestHead) -> Visit:
    """The visit before its client is identified."""
    request_id = choose_request_id(head.headers.get("x-request-id", ""))
    return Visit(head, request_id, route_path(head.path), is_loopback(head))
