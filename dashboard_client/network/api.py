"""The server's REST API: one session a thread, a deadline for every call, one tree of errors. [io: requests]"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import requests
from urllib3.exceptions import HTTPError

from dashboard_client.config import Config
from dashboard_client.errors import Forbidden, NoAnswer, NotAuthenticated, Refused, Unreachable, Unsupported, WireError
from dashboard_client.network.endpoints import Answer, Endpoints
from dashboard_client.wire.decode import clean, decode

CONNECT_S = 3.05
MAX_ANSWER_BYTES = 64 * 2**20
CHUNK_BYTES = 64 * 1024
SHOWN = 200
DOWNLOAD_S = 600.0


class Api(Endpoints):
    """Threads may share it."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._local = threading.local()

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: Mapping[str, object] | None = None,
        at_least_s: float = 0.0,
        also: int | None = None,
    ) -> Answer:
        within_s = max(self.config.timeout_s, at_least_s)
        content = b"".join(self._pieces(method, path, query, body, within_s, MAX_ANSWER_BYTES, also))
        shape = decode(content)
        if not isinstance(shape, dict):
            raise WireError(f"{method} {path}: the answer is no JSON object.")
        return shape

    def download(self, path: str, query: Mapping[str, object], file: BinaryIO) -> int:
        size = 0
        for piece in self._pieces("GET", path, query, None, max(self.config.timeout_s, DOWNLOAD_S), None):
            size += file.write(piece)
        return size

    def _pieces(
        self,
        method: str,
        path: str,
        query: Mapping[str, object] | None,
        body: Mapping[str, object] | None,
        within_s: float,
        limit_bytes: int | None,
        also: int | None = None,
    ) -> Iterator[bytes]:
        ends_s = time.monotonic() + within_s
        try:
            with self._session().request(
                method,
                self.config.server + path,
                params={key: str(value) for key, value in (query or {}).items() if value is not None},
                json=None if body is None else {key: value for key, value in body.items() if value is not None},
                timeout=(min(CONNECT_S, within_s), within_s),
                allow_redirects=False,
                stream=True,
            ) as response:
                if response.status_code // 100 != 2 and response.status_code != also:
                    raise refusal(response, b"".join(_content(response, ends_s, MAX_ANSWER_BYTES)))
                yield from _content(response, ends_s, limit_bytes)
        except (requests.RequestException, HTTPError, OSError, _Late) as error:
            raise unreachable(self.config.server, error, within_s) from error
        except UnicodeError as error:  # a host name that DNS cannot carry
            raise Unreachable(f"Cannot connect to API server {self.config.server}: no such name") from error

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.headers["Accept"] = "application/json"
            session.headers["User-Agent"] = "pm2site-client"
            session.trust_env = not self.config.is_local  # a proxy of the environment would not reach this machine
            session.auth = _no_netrc
            if self.config.secret:
                session.headers["X-API-Key"] = self.config.secret
        return session


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """requests would send what ~/.netrc has for the host."""
    return request


class _Late(Exception):
    """The answer began in time and did not end in time."""


def _content(response: requests.Response, ends_s: float, limit_bytes: int | None) -> Iterator[bytes]:
    size = 0
    while piece := response.raw.read1(CHUNK_BYTES, decode_content=True):
        size += len(piece)
        if limit_bytes is not None and size > limit_bytes:
            raise WireError(f"The answer is larger than {limit_bytes // 2**20} MiB.")
        if time.monotonic() > ends_s:
            raise _Late
        yield piece


def refusal(response: requests.Response, content: bytes) -> Refused:
    """The server's own words when the answer is the server's, else whose answer it seems to be."""
    status = response.status_code
    shape = _object(content)
    said = shape.get("message")
    message = clean(said) if isinstance(said, str) and said else _foreign(response, content)
    code = _text(shape, "code")
    return _kind(status, code)(
        message,
        status=status,
        code=code,
        request_id=_text(shape, "requestId"),
        fields=shape["fields"] if isinstance(shape.get("fields"), dict) else None,
        retry_after_s=_seconds(response.headers.get("Retry-After", "")),
    )


def _kind(status: int, code: str) -> type[Refused]:
    if status == 405 or (status == 404 and code in ("", "not_found")):  # other codes: the thing, not the address
        return Unsupported
    return {401: NotAuthenticated, 403: Forbidden}.get(status, Refused)


def _foreign(response: requests.Response, content: bytes) -> str:
    """What to say of an error answer without a message of ours: a proxy, a login page, another program."""
    who = clean(response.headers.get("Server", "")).strip() or "something in between"
    first = clean(content[:SHOWN].decode(errors="replace")).strip()
    shown = "" if first.startswith("<") else f": {first}"
    where = clean(response.headers.get("Location", ""))
    to = f" and points to {where}" if where else ""
    return f"{response.url} answered {response.status_code}{to}, and not as an API server does ({who}){shown}"


def _object(content: bytes) -> dict[str, Any]:
    try:
        shape = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return shape if isinstance(shape, dict) else {}


def _text(shape: Mapping[str, object], key: str) -> str:
    value = shape.get(key)
    return clean(value) if isinstance(value, str) else ""


def _seconds(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


def unreachable(server: str, error: Exception, within_s: float) -> Unreachable:
    """`Cannot connect to API server http://…: connection refused`."""
    is_read = isinstance(error, (_Late, requests.ReadTimeout)) or "Read timed out" in str(error)
    if is_read and "handshake" not in _said(error):
        return NoAnswer(f"API server {server} did not answer within {within_s:g} s (API_TIMEOUT)")
    return Unreachable(f"Cannot connect to API server {server}: {reason(error)}")


# What the library says, in small letters → what people say. The first that fits.
_REASONS = (
    ("connection refused", "connection refused"),
    ("connecttimeout", "no answer to the connection (a firewall?)"),
    ("handshake operation timed out", "no TLS there: use http:// instead of https://"),
    ("timed out", "no answer to the connection (a firewall?)"),
    ("name or service not known", "no such name"),
    ("failed to resolve", "no such name"),
    ("getaddrinfo", "no such name"),
    ("failed to parse", "no such name"),
    ("temporary failure in name resolution", "names cannot be looked up just now"),
    ("no route to host", "no route to host"),
    ("network is unreachable", "the network is unreachable"),
    ("wrong version number", "no TLS there: use http:// instead of https://"),
    ("certificate verify failed", "its certificate is not trusted"),
    ("ssl", "TLS failed"),
    ("proxyerror", "the proxy of the environment (HTTP_PROXY) failed"),
    ("reset by peer", "connection reset"),
    ("remote end closed", "the connection was closed without an answer"),
    ("remotedisconnected", "the connection was closed without an answer"),
    ("badstatusline", "no HTTP there"),
    ("incompleteread", "the connection broke in the middle of the answer"),
)


def reason(error: BaseException) -> str:
    """Why a connection failed, in words."""
    said = _said(error)
    return next((words for part, words in _REASONS if part in said), clean(str(error))[:SHOWN])


def _said(error: BaseException | None) -> str:
    """The error with those behind it, in small letters: the libraries wrap what the system said."""
    said = []
    while error is not None:
        said.append(f"{type(error).__name__} {error}".lower())
        error = error.__cause__ or error.__context__
    return " ".join(said)
