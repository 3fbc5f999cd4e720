"""REST client: one session per thread, a deadline for every call, errors mapped to ClientError. [io: requests]"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import requests
from requests.adapters import HTTPAdapter
from urllib3 import ProxyManager
from urllib3.exceptions import HTTPError

from dashboard_client.config import Config
from dashboard_client.errors import (
    Forbidden,
    NotAuthenticated,
    Refused,
    ResponseTimeout,
    Unreachable,
    Unsupported,
    WireError,
)
from dashboard_client.network import response_deadline
from dashboard_client.network.calls import Json
from dashboard_client.network.endpoints import Endpoints
from dashboard_client.wire.decode import clean, parse_json

CONNECT_TIMEOUT_S = 3.05
MAX_RESPONSE_BYTES = 64 * 2**20
CHUNK_BYTES = 64 * 1024
EXCERPT_CHARS = 200
DOWNLOAD_TIMEOUT_S = 600.0


class Api(Endpoints):
    """Thread-safe. `for_all_s`: a deadline for all calls together, besides those for each."""

    def __init__(self, config: Config, *, for_all_s: float | None = None) -> None:
        self.config, self._for_all_s = config, for_all_s
        self._ends_s = math.inf if for_all_s is None else time.monotonic() + for_all_s
        self._local = threading.local()

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: Mapping[str, object] | None = None,
        at_least_s: float = 0.0,
        accept_status: int | None = None,
    ) -> Json:
        within_s = max(self.config.timeout_s, at_least_s)
        content = b"".join(self._stream_body(method, path, query, body, within_s, MAX_RESPONSE_BYTES, accept_status))
        payload = parse_json(content)
        if not isinstance(payload, dict):
            raise WireError(f"{method} {path}: the response is not a JSON object.")
        return payload

    def download(self, path: str, query: Mapping[str, object], media_type: str, file: BinaryIO) -> int:
        size, within_s = 0, max(self.config.timeout_s, DOWNLOAD_TIMEOUT_S)
        for chunk in self._stream_body("GET", path, query, None, within_s, None, media_type=media_type):
            size += file.write(chunk)
        return size

    def _stream_body(
        self,
        method: str,
        path: str,
        query: Mapping[str, object] | None,
        body: Mapping[str, object] | None,
        within_s: float,
        limit_bytes: int | None,
        accept_status: int | None = None,
        media_type: str = "",
    ) -> Iterator[bytes]:
        deadline_s = min(time.monotonic() + within_s, self._ends_s)
        remaining_s = max(0.001, deadline_s - time.monotonic())
        response_deadline.deadline_s.set(deadline_s)
        try:
            with self._session().request(
                method,
                self.config.server + path,
                params={key: str(value) for key, value in (query or {}).items() if value is not None},
                json=None if body is None else {key: value for key, value in body.items() if value is not None},
                timeout=(min(CONNECT_TIMEOUT_S, remaining_s), remaining_s),
                allow_redirects=False,
                stream=True,
            ) as response:
                if response.status_code // 100 != 2 and response.status_code != accept_status:
                    raise error_from_response(response, b"".join(_read_body(response, deadline_s, MAX_RESPONSE_BYTES)))
                _check_media_type(response, path, media_type)
                yield from _read_body(response, deadline_s, limit_bytes)
        except (requests.RequestException, HTTPError, OSError, _DeadlineExceeded) as error:
            raise connection_error(self.config.server, error, self._for_all_s or within_s) from error
        except UnicodeError as error:  # a host name that cannot be encoded for DNS
            raise Unreachable(f"Cannot connect to API server {self.config.server}: unknown host") from error

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.mount("http://", _Adapter())
            session.mount("https://", _Adapter())
            session.headers["Accept"] = "application/json"
            session.headers["User-Agent"] = "pm2site-client"
            session.trust_env = not self.config.is_local  # a proxy from the environment cannot reach this machine
            session.auth = _no_netrc
            if self.config.secret:
                session.headers["X-API-Key"] = self.config.secret
        return session


class _Adapter(HTTPAdapter):
    """With deadlines for whole responses."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = response_deadline.POOL_CLASSES

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*args, **options)
        if type(manager) is ProxyManager:  # the one for SOCKS has connections of its own
            manager.pool_classes_by_scheme = response_deadline.POOL_CLASSES
        return manager


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps requests from sending credentials from ~/.netrc."""
    return request


class _DeadlineExceeded(Exception):
    """The response started in time but did not finish in time."""


def _read_body(response: requests.Response, deadline_s: float, limit_bytes: int | None) -> Iterator[bytes]:
    size = 0
    while chunk := response.raw.read1(CHUNK_BYTES, decode_content=True):
        size += len(chunk)
        if limit_bytes is not None and size > limit_bytes:
            raise WireError(f"The response is larger than {limit_bytes // 2**20} MiB.")
        if time.monotonic() > deadline_s:
            raise _DeadlineExceeded
        yield chunk


def _check_media_type(response: requests.Response, path: str, expected: str) -> None:
    received = response.headers.get("Content-Type", "").partition(";")[0].strip()
    if expected not in ("", received):
        raise WireError(f"GET {path}: the response is {clean(received) or 'of no type'}, not {expected}.")


def error_from_response(response: requests.Response, content: bytes) -> Refused:
    """Uses the server's own message, or describes the responding program if it is not the server."""
    status = response.status_code
    payload = _parse_object(content)
    detail = payload.get("message")
    message = clean(detail) if isinstance(detail, str) and detail else _describe_foreign_response(response, content)
    code = _text_field(payload, "code")
    return _error_class(status, code)(
        message,
        status=status,
        code=code,
        request_id=_text_field(payload, "requestId"),
        fields=payload["fields"] if isinstance(payload.get("fields"), dict) else None,
        retry_after_s=_parse_retry_after(response.headers.get("Retry-After", "")),
    )


def _error_class(status: int, code: str) -> type[Refused]:
    # 404 with another code: the resource is missing, not the endpoint.
    if status == 405 or (status == 404 and code in ("", "not_found")):
        return Unsupported
    return {401: NotAuthenticated, 403: Forbidden}.get(status, Refused)


def _describe_foreign_response(response: requests.Response, content: bytes) -> str:
    """Describe an error response of a proxy, a login page or another program."""
    server_name = clean(response.headers.get("Server", "")).strip() or "unknown server"
    excerpt = clean(content[:EXCERPT_CHARS].decode(errors="replace")).strip()
    suffix = "" if excerpt.startswith("<") else f": {excerpt}"
    location = clean(response.headers.get("Location", ""))
    redirect = f" and redirects to {location}" if location else ""
    status = response.status_code
    return f"{response.url} answered {status}{redirect}, not an API server's response ({server_name}){suffix}"


def _parse_object(content: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return payload if isinstance(payload, dict) else {}


def _text_field(payload: Mapping[str, object], key: str) -> str:
    value = payload.get(key)
    return clean(value) if isinstance(value, str) else ""


def _parse_retry_after(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


def connection_error(server: str, error: Exception, within_s: float) -> Unreachable:
    """`Cannot connect to API server http://…: connection refused`."""
    is_read_timeout = isinstance(error, (_DeadlineExceeded, requests.ReadTimeout)) or "Read timed out" in str(error)
    if is_read_timeout and "handshake" not in _error_chain_text(error):
        return ResponseTimeout(f"API server {server} did not answer within {within_s:g} s (API_TIMEOUT)")
    return Unreachable(f"Cannot connect to API server {server}: {failure_reason(error)}")


# Part of the lower-cased library error → message. The first match is used.
_FAILURE_REASONS = (
    ("connection refused", "connection refused"),
    ("connecttimeout", "connection timed out (a firewall?)"),
    ("handshake operation timed out", "the server does not use TLS: use http:// instead of https://"),
    ("timed out", "connection timed out (a firewall?)"),
    ("name or service not known", "unknown host"),
    ("failed to resolve", "unknown host"),
    ("getaddrinfo", "unknown host"),
    ("failed to parse", "unknown host"),
    ("temporary failure in name resolution", "name resolution failed temporarily"),
    ("no route to host", "no route to host"),
    ("network is unreachable", "network unreachable"),
    ("wrong version number", "the server does not use TLS: use http:// instead of https://"),
    ("certificate verify failed", "the certificate is not trusted"),
    ("ssl", "TLS failed"),
    ("proxyerror", "the proxy (HTTP_PROXY) failed"),
    ("reset by peer", "connection reset"),
    ("remote end closed", "the server closed the connection without a response"),
    ("remotedisconnected", "the server closed the connection without a response"),
    ("badstatusline", "the server does not speak HTTP"),
    ("incompleteread", "the connection was lost during the response"),
)


def failure_reason(error: BaseException) -> str:
    """Describe why a connection failed."""
    detail = _error_chain_text(error)
    return next(
        (description for part, description in _FAILURE_REASONS if part in detail), clean(str(error))[:EXCERPT_CHARS]
    )


def _error_chain_text(error: BaseException | None) -> str:
    """The error and its causes in lower case; libraries wrap the system's error."""
    chain = []
    while error is not None:
        chain.append(f"{type(error).__name__} {error}".lower())
        error = error.__cause__ or error.__context__
    return " ".join(chain)
