"""CORS: lets pages of API_ALLOWED_ORIGINS call the API from a browser."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings

from pm2site.access.request_head import RequestHead

METHODS = "GET, HEAD, POST, PUT, DELETE"
REQUEST_HEADERS = "Authorization, Content-Type, If-None-Match, X-API-Key, X-Request-ID"
RESPONSE_HEADERS = "ETag, Retry-After, X-Request-ID"
MAX_AGE_S = 600


def _allowed_origin(head: RequestHead) -> str | None:
    return head.origins[0] if len(head.origins) == 1 and head.origins[0] in settings.API_ALLOWED_ORIGINS else None


def is_preflight(head: RequestHead) -> bool:
    """Whether a browser asks, on behalf of an allowed page, whether it may send a request."""
    return (
        head.method == "OPTIONS"
        and "access-control-request-method" in head.headers
        and _allowed_origin(head) is not None
    )


def response_headers(head: RequestHead) -> Mapping[str, str]:
    """The headers that every response to an allowed page carries. Cookies are not shared: pages send a key."""
    origin = _allowed_origin(head)
    if origin is None:
        return {"Vary": "Origin"} if settings.API_ALLOWED_ORIGINS else {}
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": RESPONSE_HEADERS, "Vary": "Origin"}


def preflight_headers() -> Mapping[str, str]:
    """The response to a preflight, besides `response_headers`."""
    return {
        "Access-Control-Allow-Methods": METHODS,
        "Access-Control-Allow-Headers": REQUEST_HEADERS,
        "Access-Control-Max-Age": str(MAX_AGE_S),
    }
