"""Sends results to a server, and saves them in files until a server has accepted them. [io: HTTP, files]"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.errors import NotDelivered
from system.lib import files

TIMEOUT_S = 15.0
PATH = "/api/benchmark/add"


@dataclass(frozen=True, slots=True)
class Server:
    """`key`: an API key or a token, empty for none."""

    url: str
    key: str


class Outbox:
    """The folder of results that no server has accepted yet: one file each, readable by the owner only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, entry: dict[str, Any], url: str) -> Path:
        """Save before sending, so that no measurement is lost."""
        files.make_folder(self.folder)
        file = self.folder / f"{entry['id']}.json"
        files.write_atomically(file, [json.dumps({"server": url, "entry": entry})])
        return file

    def pending(self) -> Iterator[tuple[Path, str, dict[str, Any]]]:
        """File, server and entry of every saved result, oldest first; unreadable files are skipped."""
        files = sorted(self.folder.glob("*.json"), key=lambda file: file.stat().st_mtime)
        for file in files:
            try:
                saved = json.loads(file.read_text(encoding="utf-8"))
                yield file, str(saved["server"]), dict(saved["entry"])
            except (OSError, ValueError, KeyError, TypeError):
                continue


def send_result(entry: dict[str, Any], server: Server) -> None:
    """Post one result; idempotent, because the server recognises its id. Raises NotDelivered."""
    if urlsplit(server.url).scheme not in ("http", "https"):
        raise NotDelivered(server.url, "the address does not begin with http:// or https://.")
    headers = {"Content-Type": "application/json"} | ({"X-API-Key": server.key} if server.key else {})
    request = urllib.request.Request(  # noqa: S310 - the scheme was checked
        server.url.rstrip("/") + PATH, json.dumps(entry).encode(), headers, method="POST"
    )
    try:
        with _opener.open(request, timeout=TIMEOUT_S) as response:
            response.read()
    except urllib.error.HTTPError as error:
        with error:
            raise NotDelivered(server.url, f"{error.code}: {_error_message(error.read())}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise NotDelivered(server.url, f"{getattr(reason, 'strerror', None) or reason}.") from error


# Restricts urllib: a redirect could send the key to another server, or lead to a file or ftp URL.
class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect())


def _error_message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return "no reason given."
