"""What the methods for the endpoints are built on: a call with a JSON response, and a download."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

Json = dict[str, Any]  # a decoded JSON object


class Calls:
    """Both raise the errors of `dashboard_client.errors`."""

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
        """Send one request; `None` values in query and body are omitted. `at_least_s`: extends API_TIMEOUT;
        `accept_status`: a status accepted besides 2xx."""
        raise NotImplementedError

    def download(self, path: str, query: Mapping[str, object], media_type: str, file: BinaryIO) -> int:
        """Write a response of any size to `file`; returns the number of bytes. `media_type`: the expected one; another
        raises WireError before anything is written."""
        raise NotImplementedError
